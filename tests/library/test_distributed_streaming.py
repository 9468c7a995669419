"""One stream, two training processes with two workers each, started by torchrun (lessons 07 and 18)."""

import json
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from stream_over_ranks import LOADERS, SIZE, STOP
from torch import distributed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32" or not distributed.is_gloo_available(),
        reason="needs gloo, and a count of the peak memory",
    ),
]
PROGRAM = Path(__file__).with_name("stream_over_ranks.py")


def torchrun(folder, *tasks):
    """Run tasks in two ranks, and return what each rank wrote for each of them."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, str(PROGRAM), ",".join(tasks), str(folder)], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return [[json.loads((folder / f"{task}.{rank}.json").read_text()) for rank in range(2)] for task in tasks]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return what the ranks saw: whole epochs, an endless stream, and an epoch in two programs."""
    folder = tmp_path_factory.mktemp("ranks")
    epochs, endless, before = torchrun(folder, "two_epochs", "endless", "stop_in_the_middle")
    (after,) = torchrun(folder, "go_on")
    return {"epochs": epochs, "endless": endless, "before": before, "after": after}


@pytest.mark.parametrize("loader", LOADERS)
def test_every_record_exactly_once_per_epoch(loader, runs):
    for epoch in range(2):
        ranks = [list(chain.from_iterable(rank[loader][epoch])) for rank in runs["epochs"]]
        assert sorted(ranks[0] + ranks[1]) == list(range(SIZE))
        assert abs(len(ranks[0]) - len(ranks[1])) <= 2, "one for each worker at most"
    first, second = (rank[loader] for rank in runs["epochs"])
    assert first[0] != first[1], "each epoch has an order of its own"
    assert second[0] != second[1]


@pytest.mark.parametrize("loader", LOADERS)
def test_bounded_memory_on_an_endless_source(loader, runs):
    """Every worker reads 200 MB, and holds 20 elements of a quarter of a megabyte."""
    numbers = [rank[loader]["numbers"] for rank in runs["endless"]]
    assert [len(set(one)) for one in numbers] == [400, 400]
    assert set(numbers[0]) & set(numbers[1]) == set()
    for rank in runs["endless"]:
        assert rank[loader]["growth"] < 40 * 2**20


def test_exact_resume_in_a_new_program(runs):
    for whole, before, after in zip(runs["epochs"], runs["before"], runs["after"]):
        first, second = whole["ours"]
        assert before == first[:STOP]
        assert after == [first[STOP:], second]

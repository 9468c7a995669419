"""The benchmarks run, compare the same work, and say what they measured. No test says how fast it is."""

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import course_lib
from benchmarks import __main__ as benchmark
from benchmarks import caching
from benchmarks.machine import stolen_seconds
from benchmarks.measure import (
    OURS,
    Result,
    Spread,
    Workload,
    compare,
    first_batch_of,
    passes_over,
    spread,
    was_disturbed,
)
from benchmarks.peers import against_peers
from benchmarks.report import Run, describe_host, markdown_table, read_json, write_json
from benchmarks.same import check_equal
from benchmarks.tensors import images
from course_lib import AutoOptimizedDataset

COURSE = Path(course_lib.__file__).parents[1]


@pytest.fixture(autouse=True)
def little_to_collect() -> Iterator[None]:
    """Collecting garbage before each run would look through whatever other tests have left behind."""
    gc.freeze()
    yield
    gc.unfreeze()


def run(*words: str, folder: Path = COURSE) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)


def check_report(path: Path, rounds: int) -> list[Result]:
    """Hold a JSON file against itself: everything in it follows from the rounds that it lists."""
    machine, stored_rounds, results = read_json(path)
    assert {"processor", "cores", "load", "python", "torch", "numpy", "measured"} <= machine.keys()
    assert stored_rounds == rounds
    for result in results:
        assert {OURS, *result.ratios} == result.measured.keys()
        assert set(result.floors) <= set(result.ratios)
        assert all(0 < len(values) <= rounds and min(values) > 0 for values in result.measured.values())
        for opponent, ratio in result.ratios.items():
            pairs = zip(result.measured[opponent], result.measured[OURS], strict=True)
            assert ratio == spread([theirs / ours for theirs, ours in pairs])
    return results


def test_a_small_run_reports_what_it_measured(tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "small.json"
    groups = ("mnist", "mapped", "sequences", "memory")
    done = run("-m", "benchmarks", "--small", "--only", *groups, "--rounds", "2", "--out", str(out))
    assert done.returncode == 0, done.stderr
    results = check_report(out, 2)
    names = [result.name for result in results]
    assert len(set(names)) == len(names)
    assert {"s", "MiB"} == {result.unit for result in results}
    for words in ("digits", "memory map", "lists", "packed", "bucketed"):
        assert any(words in name for name in names)
    assert all(f"{name} …" in done.stdout for name in names)
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")

    table = run("-m", "benchmarks.report", str(out), "--plot", str(tmp_path / "again.png")).stdout
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == sum(1 + len(result.ratios) for result in results)
    assert all(name in table for name in names)
    assert (tmp_path / "again.png").exists()


@pytest.mark.slow
def test_course_bench_runs_every_group(tmp_path: Path) -> None:
    done = run("-m", "course_lib.cli", "bench")
    assert done.returncode == 0, done.stderr
    for words in ("uint8", "JPEG", "first batch", "private memory", "peers", "start of the next epoch"):
        assert words in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="compares on one core")
def test_grading_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "grading.json"
    done = run("-m", "benchmarks.grading", "--rounds", "1", "--submissions", "4", "--out", str(out))
    assert done.returncode == 0, done.stderr
    measured = json.loads(out.read_text(encoding="utf-8"))
    assert measured["class"]["submissions"] == 4
    assert len(measured["check_seconds"]) == 20
    assert all(seconds > 0 for taken in measured["one_core"]["measured"].values() for seconds in taken)


def test_course_bench_without_benchmarks_says_so(tmp_path: Path) -> None:
    shutil.copytree(COURSE / "course_lib", tmp_path / "course_lib", ignore=shutil.ignore_patterns("*.pyc"))
    done = run("-m", "course_lib.cli", "bench", folder=tmp_path)
    assert done.returncode == 2
    assert "no folder benchmarks/" in done.stderr
    assert "Traceback" not in done.stderr


def idle_host() -> float:
    return 0.0


def counting(log: list[str], name: str, values: list[float]):
    def measure() -> float:
        log.append(name)
        return values[log.count(name) - 1]

    return measure


@pytest.mark.parametrize("warm_up", [0, 1, 4])
def test_contestants_take_turns_and_the_warm_up_does_not_count(warm_up: int) -> None:
    log: list[str] = []
    contestants = {
        OURS: counting(log, OURS, [99] * warm_up + [1, 2, 4]),
        "torch": counting(log, "torch", [99] * warm_up + [10, 10, 20]),
        "limit": counting(log, "limit", [99] * warm_up + [1, 1, 1]),
    }
    result = compare(Workload("work", contestants, {"torch": 3.0}, 7, warm_up=warm_up), 3, idle_host)
    assert result.measured == {OURS: [1, 2, 4], "torch": [10, 10, 20], "limit": [1, 1, 1]}
    assert result.ratios == {"torch": Spread(5, 5, 7.5), "limit": Spread(0.5, 0.375, 0.75)}
    assert (result.name, result.samples, result.floors, result.unit) == ("work", 7, {"torch": 3.0}, "s")
    rounds = [log[start : start + 3] for start in range(0, len(log), 3)]
    assert all(sorted(names) == sorted(contestants) for names in rounds)
    assert {names[0] for names in rounds[warm_up:]} == set(contestants), "each has been the first of a round"


def test_long_work_has_few_rounds_and_fresh_interpreters_no_warm_up() -> None:
    log: list[str] = []
    contestants = {OURS: counting(log, OURS, [2.0] * 9), "list": counting(log, "list", [6.0] * 9)}
    result = compare(Workload("work", contestants, unit="MiB", most_rounds=2, warm_up=0), 9, idle_host)
    assert len(log) == 4
    assert result.ratios == {"list": Spread(3, 3, 3)}


class BusyHost:
    """A host that takes all processors in the numbered rounds, in each for much longer than in those before.

    It is asked before and after each round.
    """

    def __init__(self, busy: set[int]) -> None:
        self._busy, self._asked, self._stolen = busy, 0, 0.0

    def __call__(self) -> float:
        number, is_after = divmod(self._asked, 2)
        self._asked += 1
        if is_after and number in self._busy:
            self._stolen += 3600.0 * 100**number
        return self._stolen


def measure_on(host: BusyHost, unit: str = "s") -> Result:
    log: list[str] = []
    numbers = [float(number + 1) for number in range(9)]
    contestants = {OURS: counting(log, OURS, numbers), "torch": counting(log, "torch", numbers)}
    return compare(Workload("work", contestants, unit=unit, warm_up=0), 3, host)


def test_rounds_that_the_host_disturbed_are_repeated() -> None:
    result = measure_on(BusyHost({0, 2}))
    assert result.measured == {OURS: [2, 4, 5], "torch": [2, 4, 5]}
    assert (result.stolen, result.repeated) == ([0, 0, 0], 2)
    assert not was_disturbed(result)
    assert "repeated: 2." in describe_host([result])
    assert "kept" not in describe_host([result])


def test_on_a_host_that_stays_busy_the_least_disturbed_rounds_are_kept_and_named() -> None:
    result = measure_on(BusyHost(set(range(9)) - {4, 7}))
    assert result.measured[OURS] == [1, 5, 8]
    assert result.repeated == 6
    assert was_disturbed(result)
    assert "kept: work." in describe_host([result])


def test_memory_is_measured_once_on_a_busy_host() -> None:
    result = measure_on(BusyHost({0, 1, 2}), "MiB")
    assert result.measured[OURS] == [1, 2, 3]
    assert result.repeated == 0
    assert not was_disturbed(result)


def test_what_the_host_takes_grows_and_is_zero_where_it_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    before = stolen_seconds()
    assert 0 <= before <= stolen_seconds()
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert stolen_seconds() == 0


def test_a_pass_consumes_every_batch_and_a_start_ends_its_pass() -> None:
    seen: list[int] = []
    assert passes_over(lambda: iter([1, 2, 3]), seen.append)() > 0
    assert seen == [1, 2, 3]
    batches = iter([4, 5, 6])
    seconds, first = first_batch_of(batches)
    assert seconds > 0
    assert first == 4
    assert list(batches) == []


def test_results_survive_the_file(tmp_path: Path) -> None:
    results = [
        Result("a | b", 3, {OURS: [0.001], "torch": [0.002]}, {"torch": Spread(2, 1.5, 3)}, {"torch": 2.5}),
        Result(
            "memory", 0, {OURS: [2.0], "list": [50.0]}, {"list": Spread(25, 25, 25)}, {"list": 9.0}, "MiB"
        ),
    ]
    write_json(tmp_path / "x.json", {"cores": 2}, 1, results)
    assert read_json(tmp_path / "x.json") == ({"cores": 2}, 1, results)
    contents = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert contents["results"][0]["ratios"]["torch"]["median"] == 2


def test_a_table_shows_machines_side_by_side() -> None:
    floors = {"torch": 2.5}

    def result(name: str, ratio: float, unit: str = "s") -> Result:
        measured = {OURS: [0.001], "torch": [ratio / 1000]}
        return Result(name, 3, measured, {"torch": Spread(ratio, 1.5, 30)}, floors, unit)

    here = Run(
        {"processor": "Maker(R) Processor 5", "cores": 2}, 1, [result("a_b", 2), result("only here", 3)]
    )
    there = Run({"processor": "Other"}, 7, [result("a_b", 2.5)])
    lines = markdown_table([here, there]).splitlines()
    assert lines[:6] == [
        "| workload |  | at least | Maker 5 | Other |",
        "|---|---|---|---|---|",
        r"| a\_b | ours |  | 1.0 ms (1.0 to 1.0) | 1.0 ms (1.0 to 1.0) |",
        "|  | torch ÷ ours | 2.5 | 2.00 (1.50 to 30.00) | **2.50 (1.50 to 30.00)** |",  # bold: reached
        "| only here | ours |  | 1.0 ms (1.0 to 1.0) |  |",
        "|  | torch ÷ ours | 2.5 | **3.00 (1.50 to 30.00)** |  |",
    ]
    assert "Maker 5: medians of 1 rounds" in lines[7]
    assert "cores 2" in lines[7]
    assert "Other: medians of 7 rounds" in lines[10]
    memory = Run({}, 1, [result("memory", 3, "MiB")])
    assert "| memory | ours |  | 0.0 MiB (0.0 to 0.0) |" in markdown_table([memory])


def test_the_readme_shows_what_is_stored() -> None:
    stored = [COURSE / "benchmarks" / "results" / name for name in ("loader.json", "loader-xeon.json")]
    table, _, _ = markdown_table([read_json(path) for path in stored]).partition("\n\n")
    assert table in (COURSE / "README.md").read_text(encoding="utf-8")


def test_a_run_that_is_broken_off_keeps_what_it_has_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> float:
        raise KeyboardInterrupt

    def workloads(small: bool) -> Iterator[Workload]:
        yield Workload("first", {"ours": lambda: 1.0, "torch": lambda: 2.0}, {})
        yield Workload("second", {"ours": interrupted, "torch": lambda: 2.0}, {})

    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)  # It is for the whole process,
    monkeypatch.setattr(gc, "freeze", lambda: None)  # and so is this: here other tests follow.
    monkeypatch.setitem(benchmark.GROUPS, "memory", workloads)
    words = ["--small", "--only", "memory", "--out", str(tmp_path / "all.json")]
    with pytest.raises(KeyboardInterrupt):
        benchmark.main(words)
    assert [path.name for path in tmp_path.iterdir()] == ["all.part.json"]
    assert [result.name for result in read_json(tmp_path / "all.part.json")[2]] == ["first"]
    with pytest.raises(SystemExit, match="no workload's name contains 'third'"):
        benchmark.main([*words, "--name", "third"])


def test_contestants_of_different_work_are_refused() -> None:
    one = [{"x": torch.ones(2)}, (torch.zeros(3), [torch.ones(1)])]
    check_equal(one, [{"x": torch.ones(2) + 5e-7}, (torch.zeros(3), [torch.ones(1)])])
    for other in (
        [{"x": torch.ones(2)}],
        [{"x": torch.ones(2) + 1e-5}, one[1]],
        [{"y": torch.ones(2)}, one[1]],
        [{"x": torch.ones(1)}, one[1]],
        [one[0], (torch.zeros(3), [])],
    ):
        with pytest.raises(ValueError, match="Contestant 1 gives other batches"):
            check_equal(one, other)


def test_a_missing_peer_is_left_out_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    tensors = images(200, torch.float32)
    peers = {"nobody": ("no_such_module_anywhere", lambda tensors, workers: None)}
    workload = against_peers(tensors, 0, peers)  # type: ignore[arg-type]
    assert set(workload.contestants) == {OURS, "torch"}
    assert "nobody is not installed" in capsys.readouterr().out


def test_a_peer_that_loses_samples_is_refused() -> None:
    tensors = images(200, torch.float32)
    peers = {"lossy": ("torch", lambda tensors, workers: lambda: [(tensors[0][:64], tensors[1][:64])])}
    with pytest.raises(ValueError, match="A peer gives 1 batches"):
        against_peers(tensors, 0, peers)


class Greedy(AutoOptimizedDataset):
    """A cache that takes twice the room it was given."""

    def __init__(self, dataset: Any, cache_bytes: int) -> None:
        super().__init__(dataset, 2 * cache_bytes)


def test_a_cache_past_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cached = [workload for workload in caching.workloads(small=True) if "each sample once" in workload.name]
    assert [workload.floors for workload in cached] == [{"no cache": 0.95}]
    assert cached[0].contestants[OURS]() > 0
    monkeypatch.setattr(caching, "AutoOptimizedDataset", Greedy)
    with pytest.raises(ValueError, match="may hold 147,456"):
        cached[0].contestants[OURS]()

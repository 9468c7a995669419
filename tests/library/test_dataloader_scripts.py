"""Loaders in a script of a user's: what its workers find, as with torch's loader (lesson 11)."""

import multiprocessing
import subprocess
import sys
import textwrap

import pytest

METHODS = [method for method in multiprocessing.get_all_start_methods() if method != "fork"]

SCRIPT = """
import collections, multiprocessing, sys, threading
import torch
from course_lib import DataLoader

LOCK = threading.Lock()
Pair = collections.namedtuple("Pair", "first, second")
STATE = {"answer": 0}


class Base:
    def __len__(self):
        return 4


class Locked(Base):
    def __getitem__(self, index):
        with LOCK:
            return index


class Stateful(Base):
    def __getitem__(self, index):
        return STATE["answer"]


class Opened(Base):
    pickled = 0
    connection = None

    def open(self, worker_id):
        self.connection = worker_id + 10

    def __getitem__(self, index):
        return self.connection

    def collate(self, batch):
        return batch, self.connection

    def __getstate__(self):
        type(self).pickled += 1
        return vars(self)


class Shared(Base):
    def __init__(self, **shared):
        vars(self).update(shared)

    def __getitem__(self, index):
        with self.lock, self.counter.get_lock():
            self.counter.value += 1
        self.queue.put(index)
        return self.array[index], self.event.is_set()


def main(method):
    workers = {"num_workers": 2, "multiprocessing_context": method}
    assert [batch.tolist() for batch in DataLoader(Locked(), 2, **workers)] == [[0, 1], [2, 3]]

    STATE["answer"] = 7
    assert torch.cat(list(DataLoader(Stateful(), 2, **workers))).tolist() == [0] * 4, "a module run anew"
    assert list(DataLoader(range(4), 2, collate_fn=lambda batch: sum(batch), **workers)) == [1, 5]

    dataset = Opened()
    batches = list(DataLoader(dataset, 2, collate_fn=dataset.collate, worker_init_fn=dataset.open, **workers))
    assert batches == [([10, 10], 10), ([11, 11], 11)], batches
    assert Opened.pickled == 1

    context = multiprocessing.get_context(method)
    shared = Shared(
        lock=context.Lock(),
        counter=context.Value("i", 3),
        queue=context.SimpleQueue(),
        array=context.Array("d", [1.0, 2.0, 3.0, 4.0]),
        event=context.Event(),
    )
    values = torch.cat([batch[0] for batch in DataLoader(shared, 2, **workers)])
    assert values.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert shared.counter.value == 7
    assert sorted(shared.queue.get() for _ in range(4)) == [0, 1, 2, 3]


if __name__ == "__main__":

    class Guarded(Base):
        def __getitem__(self, index):
            return add_one(index), Pair(index, index)

    def add_one(number):
        return number + 1

    loader = DataLoader(Guarded(), 2, collate_fn=list, num_workers=1, multiprocessing_context=sys.argv[1])
    batch = next(iter(loader))
    assert batch == [(1, (0, 0)), (2, (1, 1))]
    assert type(batch[0][1]) is Pair
    main(sys.argv[1])
    print("well")
"""


@pytest.mark.parametrize(
    "method",
    [pytest.param(method, marks=pytest.mark.slow if method == "spawn" else ()) for method in METHODS],
)
def test_workers_find_the_script_and_what_it_shares(method, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    run = subprocess.run(
        [sys.executable, str(script), method], capture_output=True, text=True, timeout=120, check=False
    )
    assert (run.returncode, run.stdout) == (0, "well\n"), run.stderr

"""Worker processes give torch's batches in torch's order, under every start method (lesson 11)."""

import gc
import multiprocessing
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from collections import namedtuple
from functools import cache, partial

import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import IterableDataset

from course_lib import DataLoader, get_worker_info

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
METHODS = multiprocessing.get_all_start_methods()
EVERY_METHOD = [
    pytest.param(method, marks=pytest.mark.slow if method == "spawn" else ()) for method in METHODS
]
Sample = namedtuple("Sample", "index, worker")


class WhoLoads:
    """Tells for every sample which worker loaded it."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return Sample(index, get_worker_info().id)


class Shard(IterableDataset):
    """Worker w of n yields w, w + n, … and `lengths[w]` samples in all."""

    def __init__(self, lengths):
        self.lengths = lengths

    def __iter__(self):
        worker = get_worker_info()
        for step in range(self.lengths[worker.id]):
            yield worker.id + step * worker.num_workers


class Shards(Shard):
    """Other lengths in every pass over a worker's copy."""

    def __iter__(self):
        lengths, *self.lengths = self.lengths
        return iter(Shard(lengths))


class Telling:
    """A sample tells which worker loaded it, the value of that one's copy, and its random numbers."""

    def __init__(self):
        self.value = 0

    def __len__(self):
        return 12

    def __getitem__(self, index):
        numbers = torch.rand(()).item(), np.random.rand(), random.random()
        return index, get_worker_info().id, self.value, *numbers


class Overtaken(WhoLoads):
    """Sample 0 waits for sample 4, which is ordered only when another batch has been handed out."""

    def __init__(self, signal):
        super().__init__(8)
        self.signal = signal

    def __getitem__(self, index):
        if index == 4:
            self.signal.touch()
        while index == 0 and not self.signal.exists():
            time.sleep(0.01)
        return super().__getitem__(index)


class OfTwo:
    def __len__(self):
        return 2


def indices(loader):
    return [batch.index.tolist() for batch in loader]


@pytest.fixture(scope="module")
def fork_server():
    """Start what stays until this process ends: the fork server, and the tracker of resources with it."""
    if "forkserver" in METHODS:
        list(DataLoader(range(1), num_workers=1, multiprocessing_context="forkserver"))


@pytest.fixture
def nothing_left():
    """Hold the number of processes, threads and open files against those before the test."""
    gc.collect()
    before = count_resources()
    yield
    gc.collect()
    after = count_resources()
    # What an earlier test has left may have gone meanwhile.
    assert all(now <= then for now, then in zip(after, before)), f"{before} before, {after} after"


def count_resources():
    files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    return len(multiprocessing.active_children()), threading.active_count(), files


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [None, 1, 4])
def test_same_batches_as_torch(workers, batch_size):
    arguments = {"batch_size": batch_size, "shuffle": True, "num_workers": workers}
    data = torch.arange(30.0)
    ours = DataLoader(data, **arguments, generator=torch.Generator().manual_seed(3))
    theirs = TorchLoader(data, **arguments, generator=torch.Generator().manual_seed(3))
    for _ in range(2):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def two_epochs(loader_class, persistent, **arguments):
    """Return what the samples of two shuffled epochs tell. Between the two the dataset changes."""
    dataset, generator = Telling(), torch.Generator().manual_seed(3)
    arguments |= {"num_workers": 2, "persistent_workers": persistent, "generator": generator}
    loader = loader_class(dataset, 2, shuffle=True, **arguments)
    told = []
    for dataset.value in (0, 1):
        for batch in loader:
            told += zip(*(column.tolist() for column in batch))
    return told


two_epochs_of_torch = cache(partial(two_epochs, TorchLoader))


@pytest.mark.usefixtures("fork_server", "nothing_left")
@pytest.mark.parametrize("method", EVERY_METHOD)
@pytest.mark.parametrize("persistent", [False, True])
def test_order_seeds_and_copies_of_the_dataset_are_torchs_under_every_start_method(persistent, method):
    told = two_epochs(DataLoader, persistent, multiprocessing_context=method)
    assert told == two_epochs_of_torch(persistent)
    indices, workers, values, *numbers = zip(*told)
    assert sorted(indices[:12]) == sorted(indices[12:]) == list(range(12)) != list(indices[:12])
    assert workers == (0, 0, 1, 1) * 6
    assert values == (0,) * 12 + (0 if persistent else 1,) * 12
    assert len({number for column in numbers for number in column}) == 3 * 24


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("prefetch_factor", [1, 2, 5])
def test_batch_i_comes_from_worker_i_modulo_n(workers, prefetch_factor):
    loader = DataLoader(WhoLoads(20), 2, num_workers=workers, prefetch_factor=prefetch_factor)
    for number, batch in enumerate(loader):
        assert batch.index.tolist() == [2 * number, 2 * number + 1]
        assert batch.worker.tolist() == [number % workers] * 2


@pytest.mark.parametrize("lengths", [(5, 5), (0, 4), (7, 1), (3, 0, 4), (0, 0)])
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("drop_last", [False, True])
def test_streams_alternate_as_in_torch(lengths, batch_size, drop_last):
    arguments = {"batch_size": batch_size, "drop_last": drop_last and batch_size is not None}
    arguments["num_workers"] = len(lengths)
    ours = [torch.as_tensor(batch).tolist() for batch in DataLoader(Shard(lengths), **arguments)]
    theirs = [torch.as_tensor(batch).tolist() for batch in TorchLoader(Shard(lengths), **arguments)]
    assert ours == theirs


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_persistent_streams_are_torchs_under_every_start_method(method):
    passes = [(5, 5), (0, 4), (7, 1), (0, 0), (2, 3)]
    arguments = {"num_workers": 2, "persistent_workers": True}
    ours = DataLoader(Shards(passes), 2, multiprocessing_context=method, **arguments)
    theirs = TorchLoader(Shards(passes), 2, **arguments)
    for lengths in passes:
        batches = [batch.tolist() for batch in ours]
        assert batches == [batch.tolist() for batch in theirs]
        assert sum(map(len, batches)) == sum(lengths)


@pytest.mark.parametrize(
    ("loader_class", "method"),
    [
        (TorchLoader, METHODS[0]),
        *(pytest.param(DataLoader, *method.values, marks=method.marks) for method in EVERY_METHOD),
    ],
)
def test_out_of_order_a_slow_batch_lets_others_pass(tmp_path, loader_class, method):
    arguments = {"in_order": False, "timeout": 60, "multiprocessing_context": method}
    loader = loader_class(Overtaken(tmp_path / "overtaken"), num_workers=2, **arguments)
    numbers = [index for (index,) in indices(loader)]
    assert sorted(numbers) == list(range(8))
    assert numbers[0] != 0


@pytest.mark.usefixtures("fork_server", "nothing_left")
@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_break_and_an_exception_of_the_consumer_leave_nothing_under_every_start_method(method):
    def consume(loader):
        for _ in loader:
            raise KeyboardInterrupt

    loader = DataLoader(
        torch.arange(40.0), num_workers=2, persistent_workers=True, multiprocessing_context=method
    )
    for batch in loader:
        assert batch.item() == 0
        break
    assert [batch.item() for batch in loader] == list(range(40))
    with pytest.raises(KeyboardInterrupt):
        consume(loader)
    assert [batch.item() for batch in loader] == list(range(40))
    del loader, batch


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("persistent", [False, True])
def test_early_break_leaves_nothing(persistent):
    loader = DataLoader(torch.arange(40.0), num_workers=2, persistent_workers=persistent)
    for _ in range(3):
        for batch in loader:
            assert batch.item() == 0
            break
    del loader, batch


@pytest.mark.usefixtures("nothing_left")
def test_a_full_epoch_leaves_nothing():
    assert len(list(DataLoader(torch.arange(9.0), 2, num_workers=2))) == 5


@pytest.mark.usefixtures("nothing_left")
def test_an_exception_of_the_consumer_leaves_nothing():
    def consume():
        for _ in DataLoader(WhoLoads(9), num_workers=2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()


@pytest.mark.usefixtures("nothing_left")
def test_samples_larger_than_a_pipe_block_nobody():
    loader = DataLoader(["x" * 300_000] * 12, 2, num_workers=2, collate_fn=list)
    for batch in loader:
        assert [len(text) for text in batch] == [300_000] * 2
        break
    huge = [[0] * 100_000] * 8  # tasks that do not fit a pipe, either
    assert len(list(DataLoader(["y" * 9], batch_sampler=huge, collate_fn="".join, num_workers=2))) == 8


def test_a_system_without_poll_waits_by_other_means(monkeypatch):
    monkeypatch.setattr("course_lib.loader.pipes.make_poll", lambda descriptors: None)
    loader = DataLoader(torch.arange(40.0), 3, num_workers=2, persistent_workers=True)
    for _ in range(2):
        assert torch.equal(torch.cat(list(loader)), torch.arange(40.0))


def test_several_loaders_interleaved():
    loaders = [DataLoader(range(start, start + 6), 2, num_workers=2) for start in (0, 100, 200)]
    rows = [[batch.tolist() for batch in row] for row in zip(*loaders)]
    assert rows[1] == [[2, 3], [102, 103], [202, 203]]


@pytest.mark.slow
@pytest.mark.usefixtures("fork_server", "nothing_left")
def test_loaders_of_every_start_method_interleaved():
    contexts = [*METHODS, *map(multiprocessing.get_context, METHODS)]
    loaders = [
        DataLoader(range(start, start + 6), 2, num_workers=1, multiprocessing_context=context)
        for start, context in enumerate(contexts)
    ]
    rows = [[batch.tolist() for batch in row] for row in zip(*loaders, strict=True)]
    assert rows == [
        [[start + step, start + step + 1] for start in range(len(contexts))] for step in (0, 2, 4)
    ]


def test_persistent_workers_are_the_same_processes():
    class Pid(OfTwo):
        def __getitem__(self, index):
            return os.getpid()

    loader = DataLoader(Pid(), num_workers=2, persistent_workers=True)
    epochs = [[batch.item() for batch in loader] for _ in range(3)]
    assert epochs[0] == epochs[1] == epochs[2]
    assert len(set(epochs[0])) == 2


def test_a_persistent_stream_begins_anew():
    loader = DataLoader(Shard((3, 2)), None, num_workers=2, persistent_workers=True)
    assert [list(loader) for _ in range(2)] == [[0, 1, 2, 3, 4]] * 2


def test_workers_use_one_thread():
    class Threads(OfTwo):
        def __getitem__(self, index):
            return torch.get_num_threads()

    assert next(iter(DataLoader(Threads(), num_workers=1))).item() == 1


def test_torch_knows_our_workers():
    class Ask(OfTwo):
        def __getitem__(self, index):
            worker = torch.utils.data.get_worker_info()
            return worker.id, worker.num_workers

    assert [[part.item() for part in batch] for batch in DataLoader(Ask(), num_workers=2)] == [[0, 2], [1, 2]]


@pytest.mark.parametrize("method", METHODS)
def test_what_no_module_holds_works_under_every_start_method(method):
    class Item:
        def __init__(self, value):
            self.value = value

    class Local:
        scale = None

        def __len__(self):
            return 5

        def __getitem__(self, index):
            return self.scale * index

    def set_scale(worker_id, dataset_class):
        dataset_class.scale = torch.tensor(10.0 + worker_id)

    def make_item(samples):
        return Item(torch.stack(samples))

    loader = DataLoader(
        Local(),
        2,
        num_workers=1,
        collate_fn=make_item,
        worker_init_fn=partial(set_scale, dataset_class=Local),
        multiprocessing_context=method,
        generator=torch.Generator().manual_seed(0),
    )
    batches = list(loader)
    assert torch.cat([batch.value for batch in batches]).tolist() == [0, 10, 20, 30, 40]
    if method != "fork":  # a forked worker has no way to name the class that a function of its parent holds
        assert all(type(batch) is Item for batch in batches)


@pytest.mark.skipif("forkserver" not in METHODS, reason="there is no fork server on this system")
def test_a_dataset_of_many_tensors_needs_no_file_per_tensor():
    data = [torch.tensor(float(number)) for number in range(3000)]
    loader = DataLoader(data, 1000, num_workers=1, multiprocessing_context="forkserver")
    assert torch.cat(list(loader)).sum().item() == sum(range(3000))


class CountsItsCopies:
    """Larger than a pipe, and aware of how often it is pickled."""

    pickled = 0

    def __init__(self):
        self.values = torch.arange(100_000)

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return self.values[index]

    def __getstate__(self):
        CountsItsCopies.pickled += 1
        return vars(self)


@pytest.mark.parametrize("method", [method for method in METHODS if method != "fork"])
def test_a_large_dataset_is_pickled_once_for_all_workers(method):
    before = CountsItsCopies.pickled
    loader = DataLoader(CountsItsCopies(), batch_size=2, num_workers=3, multiprocessing_context=method)
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4, 5]]
    assert CountsItsCopies.pickled == before + 1


def test_what_cannot_be_pickled_is_named():
    loader = DataLoader(
        [threading.Lock()], num_workers=1, multiprocessing_context="spawn", collate_fn=lambda batch: batch
    )
    with pytest.raises(TypeError, match=r"loader's dataset \(a list\) was pickled"):
        iter(loader)


LITTLE = """
    import resource, sys, torch
    from course_lib import DataLoader, TensorDataset

    class Batches:
        def __len__(self):
            return 400
        def __getitem__(self, index):
            return index * torch.ones(100)

    if __name__ == "__main__":
        loader = DataLoader(Batches(), num_workers=2, batch_size=1, multiprocessing_context=sys.argv[1])
        list(loader)  # whatever is imported late is open now
        resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
        kept = []
        try:
            for batch in loader:
                {keep}
        except (OSError, RuntimeError) as error:
            print(type(error).__name__, str(error))
        else:
            print("all there", sum(batch.sum().item() for batch in kept))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="this system has no such limit")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("keep", ["pass", "kept.append(batch)"])
def test_a_low_limit_of_open_files_is_enough_or_explained(tmp_path, method, keep):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(LITTLE).format(limit=100, keep=keep))
    done = subprocess.run(
        [sys.executable, str(script), method], capture_output=True, text=True, timeout=100, check=False
    )
    if keep == "pass":
        assert done.stdout == "all there 0\n", done.stderr
    else:
        assert "ulimit -n" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("method", "cycles"), [("fork", 1000), ("spawn", 20)])
def test_starts_and_stops_leave_no_file_and_no_memory(method, cycles):
    if method not in METHODS:
        pytest.skip(f"this system has no {method}")
    process = psutil.Process()

    def cycle(times):
        for number in range(times):
            loader = DataLoader(
                torch.arange(8.0),
                2,
                num_workers=1,
                multiprocessing_context=method,
                persistent_workers=number % 2 == 0,
            )
            for _ in loader:
                break
        del loader
        gc.collect()

    cycle(50 if method == "fork" else 2)
    files, memory = process.num_fds(), process.memory_info().rss
    cycle(cycles)
    assert process.num_fds() <= files
    assert process.memory_info().rss - memory < 16 * 2**20
    assert not multiprocessing.active_children()

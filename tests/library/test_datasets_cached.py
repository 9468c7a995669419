"""A cache that keeps what is worth most, within its limit, for all workers."""

import multiprocessing
import os
import pickle
import threading
import time

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import AutoOptimizedDataset, DataLoader, Dataset, ListDataset, TensorDataset, default_collate
from course_lib.datasets.sample_bytes import pack_sample, unpack_sample
from course_lib.datasets.sample_cache import SampleCache

START_METHODS = multiprocessing.get_all_start_methods()
either_loader = pytest.mark.parametrize(
    "loader_class", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"]
)


class Slow(Dataset[tuple[torch.Tensor, int]]):
    """Samples of about a kilobyte that take a few milliseconds each."""

    def __init__(self, n, seconds=0.006):
        self.n, self.seconds = n, seconds
        self.reads = []

    def __getitem__(self, index):
        self.reads.append(index)
        time.sleep(self.seconds)
        return torch.full((250,), float(index)), index

    def __len__(self):
        return self.n


def files(dataset):
    folder = dataset._cache.folder
    return [path for path in folder.iterdir() if path.suffix in (".sample", ".part")]


def bytes_on_disk(dataset):
    total = 0
    for path in files(dataset):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


SIZE = len(pack_sample((torch.zeros(250), 0)))


def test_samples_are_those_of_the_dataset():
    dataset = AutoOptimizedDataset(Slow(12), 2**20)
    for _ in range(3):
        values, labels = default_collate(dataset.__getitems__([3, 3, 11, -1, 0]))
        assert labels.tolist() == [3, 3, 11, 11, 0]
        assert torch.equal(values[:, 7].long(), labels)
    assert dataset[3][1] == 3
    with pytest.raises(IndexError, match="12"):
        dataset.__getitems__([0, 12])
    assert dataset.__getitems__([]) == []


def test_each_reading_gives_a_copy():
    dataset = AutoOptimizedDataset(Slow(3), 2**20)
    dataset[1]
    first, second = dataset.__getitems__([1, 1])
    first[0].zero_()
    assert second[0].eq(1).all()
    assert dataset[1][0].eq(1).all()


def test_only_what_is_missing_is_loaded_at_once():
    class Batched(Slow):
        def __getitems__(self, indices):
            self.reads.append(list(indices))
            time.sleep(0.003 * len(indices))
            return [(torch.zeros(2), index) for index in indices]

    dataset = AutoOptimizedDataset(Batched(10), 2**20)
    dataset.__getitems__([1, 2])
    dataset.__getitems__([0, 1, 2, 3])
    dataset.__getitems__([3, 2, 1, 0])
    assert dataset.dataset.reads == [[1, 2], [0, 3]]


def test_trap_the_cache_has_no_bound():
    limit = 20 * SIZE + 7
    dataset = AutoOptimizedDataset(Slow(100, 0.005), limit)
    for index in range(100):
        dataset[index]
        assert bytes_on_disk(dataset) <= limit
    statistics = dataset.statistics()
    assert statistics.samples_kept == 20
    assert statistics.bytes_kept == bytes_on_disk(dataset)


@settings(max_examples=30, deadline=None)
@given(
    accesses=st.lists(st.integers(0, 14), max_size=60),
    sizes=st.lists(st.integers(0, 400), min_size=15, max_size=15),
    costs=st.lists(st.floats(0.001, 1), min_size=15, max_size=15),
    limit=st.integers(1, 2000),
)
def test_the_books_agree_with_the_folder(accesses, sizes, costs, limit):
    cache = SampleCache(15, limit)
    for position in accesses:
        kept = cache.read([position])
        cache.note([*kept], 1e-5, [] if kept else [position], costs[position])
        if kept:
            assert unpack_sample(kept[position]) == bytes(sizes[position])
        elif cache.choose([position]) == [True]:
            cache.offer(position, bytes(sizes[position]))
        on_disk = {int(path.stem): path.stat().st_size for path in cache.folder.glob("*.sample")}
        assert sum(on_disk.values()) == cache.totals["bytes"][0] <= limit
        assert set(np.flatnonzero(cache.rows["slot"])) == set(on_disk)
        assert sorted(cache.rows["kept"][: len(on_disk)]) == sorted(on_disk)
        assert all(cache.rows["size"][one] == size for one, size in on_disk.items())
    assert cache.totals["hits"] + cache.totals["misses"] == len(accesses)


@either_loader
@pytest.mark.parametrize(
    "method", [START_METHODS[0], *(pytest.param(m, marks=pytest.mark.slow) for m in START_METHODS[1:])]
)
def test_trap_the_cache_lives_in_each_worker_and_dies_with_it(loader_class, method):
    """What one worker has loaded, all have, in later epochs and in the parent too."""
    dataset = AutoOptimizedDataset(Slow(60, 0.02), 2**20)
    for epoch in range(3):
        loader = loader_class(
            dataset,
            batch_size=5,
            # Each sample comes to another worker in each epoch.
            sampler=[(index + 5 * epoch) % 60 for index in range(60)],
            num_workers=2,
            multiprocessing_context=method,
        )
        assert sorted(label for _, labels in loader for label in labels.tolist()) == list(range(60))
    statistics = dataset.statistics()
    assert (statistics.hits, statistics.misses) == (120, 60)
    assert statistics.hit_rate == pytest.approx(2 / 3)
    assert len(dataset.__getitems__(list(range(60)))) == 60
    assert dataset.dataset.reads == []


def test_trap_what_is_worth_more_is_kept():
    """Frequency and cost decide: the often used and the slow samples stay."""

    class Uneven(Slow):
        def __getitem__(self, index):
            time.sleep(0.08 if index == 39 else 0.004)
            return torch.full((250,), float(index)), index

    dataset = AutoOptimizedDataset(Uneven(40), 6 * SIZE + 7)
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        dataset.__getitems__([0, 1, 2])
        dataset.__getitems__(torch.randint(3, 39, (4,), generator=generator))
        dataset[39]
    assert set(np.flatnonzero(dataset._cache.rows["slot"])) >= {0, 1, 2, 39}
    assert dataset.statistics().costs[39] > 3 * dataset.statistics().costs[0]  # on a busy machine, too


def test_the_cache_follows_when_other_samples_come_into_use():
    dataset = AutoOptimizedDataset(Slow(30, 0.003), 5 * SIZE + 7)
    for first in (0, 10):
        for _ in range(60):
            dataset.__getitems__(list(range(first, first + 5)))
        assert set(np.flatnonzero(dataset._cache.rows["slot"])) == set(range(first, first + 5))


def test_equal_use_moves_nothing():
    """Over epochs of every sample once, a cache that swaps would lose its samples before they come again."""
    cache = SampleCache(50, 25 * 100)
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        for index in torch.randperm(50, generator=generator).tolist():
            seconds = 0.005 + 0.002 * float(torch.rand((), generator=generator))
            kept = cache.read([index])
            cache.note([*kept], 1e-5, [] if kept else [index], seconds)
            cache.offer(index, bytes(100 - len(pack_sample(bytes(100))) + 100))
    assert cache.totals["kept"] == 25
    assert cache.totals["hits"] == 4 * 25


def test_fast_samples_are_not_kept():
    dataset = AutoOptimizedDataset(TensorDataset(torch.arange(3000)), 2**20)
    for _ in range(3):
        list(DataLoader(dataset, batch_size=100))
    assert dataset.statistics().samples_kept == 0


def test_a_row_of_a_tensor_is_kept_without_the_tensor():
    big = torch.arange(100_000.0).view(1000, 100)
    assert len(pack_sample(big[3])) < 1000
    assert torch.equal(unpack_sample(pack_sample((big[3], "x")))[0], big[3])
    assert unpack_sample(pack_sample(big[3].clone().requires_grad_())).requires_grad


class Unpicklable:
    def __reduce__(self):
        raise TypeError("no")


def test_samples_that_cannot_be_pickled_pass_through():
    class Source(Slow):
        def __getitem__(self, index):
            time.sleep(self.seconds)
            return Unpicklable()

    dataset = AutoOptimizedDataset(Source(3), 2**20)
    assert isinstance(dataset[0], Unpicklable)
    assert isinstance(dataset[0], Unpicklable)
    assert files(dataset) == []


def test_an_error_of_the_dataset_passes_through():
    class Source(Slow):
        def __getitem__(self, index):
            raise OSError(f"no sample {index}")

    dataset = AutoOptimizedDataset(Source(3), 2**20)
    with pytest.raises(OSError, match="no sample 2"):
        dataset[2]


def test_a_kept_file_that_vanishes_is_loaded_again():
    dataset = AutoOptimizedDataset(Slow(4), 2**20)
    dataset.__getitems__([0, 1, 2, 3])
    for path in files(dataset):
        path.unlink()
    for _ in range(2):
        assert [label for _, label in dataset.__getitems__([0, 1, 2, 3])] == [0, 1, 2, 3]
    assert len(files(dataset)) == dataset.statistics().samples_kept == 4


def test_a_folder_that_cannot_be_written_costs_only_the_cache():
    dataset = AutoOptimizedDataset(Slow(4), 2**20)
    for index in range(4):  # a folder in the place of each file: also the superuser cannot write these
        (dataset._cache.folder / f"{index}.part").mkdir()
    for _ in range(2):
        assert [label for _, label in dataset.__getitems__([0, 1, 2, 3])] == [0, 1, 2, 3]
    assert dataset.statistics().bytes_kept == 0


def read_for_ever(dataset):
    generator = torch.Generator().manual_seed(os.getpid())
    while True:
        dataset.__getitems__(torch.randint(len(dataset), (3,), generator=generator))


def test_four_processes_and_kill_9_never_exceed_the_limit():
    limit = 15 * SIZE + 7
    dataset = AutoOptimizedDataset(Slow(60, 0.004), limit)
    context = multiprocessing.get_context(START_METHODS[0])
    processes = [context.Process(target=read_for_ever, args=(dataset,), daemon=True) for _ in range(4)]
    for process in processes:
        process.start()
    deadline = time.monotonic() + 120
    while dataset.statistics().hits + dataset.statistics().misses < 800 and time.monotonic() < deadline:
        assert bytes_on_disk(dataset) <= limit
        time.sleep(0.002)
    for process in processes:
        process.kill()
        process.join()
    before = dataset.statistics()
    assert before.hits + before.misses >= 800
    for _ in range(3):
        for index in range(60):
            assert dataset[index][1] == index
            assert bytes_on_disk(dataset) <= limit
    assert dataset.statistics().hits > before.hits


def test_threads_share_it():
    dataset = AutoOptimizedDataset(Slow(40, 0.003), 10 * SIZE + 7)
    errors = []

    def read():
        try:
            for _ in range(5):
                assert [label for _, label in dataset.__getitems__(list(range(40)))] == list(range(40))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert bytes_on_disk(dataset) == dataset.statistics().bytes_kept <= dataset.cache_bytes


def test_it_can_be_pickled_and_the_folder_goes_with_its_owner():
    dataset = AutoOptimizedDataset(Slow(4), 2**20)
    folder = dataset._cache.folder
    twin = pickle.loads(pickle.dumps(dataset))
    twin.__getitems__([0, 1])
    assert dataset.statistics().misses == 2
    content = pickle.dumps(dataset)
    del dataset
    assert not folder.exists()
    late = pickle.loads(content)
    assert [label for _, label in late.__getitems__([0, 1])] == [0, 1]
    assert late.statistics().misses == 2


def test_the_statistics_read_well():
    dataset = AutoOptimizedDataset(Slow(4), 2**20)
    dataset.__getitems__([0, 1])
    dataset.__getitems__([0, 1])
    assert str(dataset.statistics()).startswith("50% of 4 samples came from the cache")
    assert dataset.statistics().uses.tolist() == [2, 2, 0, 0]


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "1GB"])
def test_bad_sizes(size):
    with pytest.raises(ValueError, match="cache_bytes got"):
        AutoOptimizedDataset(ListDataset([1]), size)


def test_a_stream_cannot_be_cached():
    with pytest.raises(TypeError, match="AutoOptimizedDataset"):
        AutoOptimizedDataset(torch_data.ChainDataset([]))


def test_an_empty_dataset():
    dataset = AutoOptimizedDataset(ListDataset([]))
    assert list(dataset) == list(DataLoader(dataset)) == []
    assert dataset.statistics().hit_rate == 0

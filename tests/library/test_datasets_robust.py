"""Datasets of which some samples cannot be read."""

import copy
import errno
import multiprocessing
import os
import pickle
import time
from itertools import pairwise

import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import (
    CustomImageDataset,
    DataLoader,
    Dataset,
    ListDataset,
    RobustDataset,
    Subset,
    TensorDataset,
    TransformDataset,
    default_collate,
    random_split,
)
from course_lib.datasets.shared_table import SharedTable
from course_lib.datasets.transient import is_transient

START_METHODS = multiprocessing.get_all_start_methods()
either_loader = pytest.mark.parametrize(
    "loader_class", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"]
)


class Broken(Dataset[int]):
    """The numbers from 0 to n - 1; some cannot be read."""

    def __init__(self, n, bad=(), error=ValueError):
        self.n, self.bad, self.error = n, set(bad), error
        self.reads = []

    def __getitem__(self, index):
        self.reads.append(index)
        if index in self.bad:
            raise self.error(f"number {index} is broken")
        return index

    def __len__(self):
        return self.n


class Passing(Broken):
    """Each bad number fails a few times and then no more."""

    def __init__(self, n, bad, times, error=TimeoutError):
        super().__init__(n, bad, error)
        self.left = dict.fromkeys(bad, times)

    def __getitem__(self, index):
        if self.left.get(index):
            self.left[index] -= 1
            raise self.error("not now")
        return index


def quick(dataset, *arguments, **options):
    return RobustDataset(dataset, *arguments, backoff=0, **options)


def failures(dataset):
    return {one.index: one.times for one in dataset.report().failures}


@either_loader
@pytest.mark.parametrize("workers", [0, 2])
def test_trap_skip_ends_the_epoch(loader_class, workers):
    """StopIteration for a bad sample would end the epoch there, without an error."""
    bad = {13, 40, 41, 99}
    dataset = quick(Broken(100, bad))
    for epoch in (1, 2):
        batches = list(loader_class(dataset, batch_size=8, num_workers=workers))
        assert len(batches) == 13
        assert torch.cat(batches).tolist() == [index for index in range(100) if index not in bad]
        assert failures(dataset) == dict.fromkeys(bad, epoch)


@either_loader
@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_that_failed_whole_raises(loader_class, workers):
    dataset = quick(Broken(12, range(4, 8)))
    batches = iter(loader_class(dataset, batch_size=4, num_workers=workers))
    assert next(batches).tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="number 4 is broken"):
        next(batches)
    assert next(batches).tolist() == [8, 9, 10, 11]
    assert failures(dataset) == dict.fromkeys(range(4, 8), 1)
    with pytest.raises(ValueError, match="number 5 is broken"):
        dataset[5]


def test_iterating_skips_too():
    assert list(quick(Broken(5, {0, 3}))) == [1, 2, 4]


def test_trap_random_can_never_succeed():
    dataset = quick(Broken(50, {7, 8}), fallback="random", generator=torch.Generator().manual_seed(0))
    seen = set()
    for _ in range(60):
        batch = dataset.__getitems__([6, 7, 8, 9])
        assert [batch[0], batch[3]] == [6, 9]
        assert len(set(batch)) == 4
        seen |= set(batch)
    assert len(seen) > 30
    assert seen.isdisjoint({7, 8})


def test_random_leaves_the_global_generator_alone_and_repeats_with_a_seed():
    before = torch.get_rng_state()
    runs = [
        [
            quick(Broken(50, {1}), fallback="random", generator=torch.Generator().manual_seed(3))[1]
            for _ in range(2)
        ]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert torch.equal(before, torch.get_rng_state())


def test_random_differs_between_workers_and_repeats_between_runs():
    def substitutes():
        dataset = quick(
            Broken(10_000, range(8)), fallback="random", generator=torch.Generator().manual_seed(0)
        )
        loader = DataLoader(dataset, 4, num_workers=2, generator=torch.Generator().manual_seed(1))
        batches = iter(loader)
        return next(batches).tolist(), next(batches).tolist()

    first, second = substitutes()
    assert first != second
    assert substitutes() == (first, second)


@pytest.mark.parametrize("fallback", ["skip", "random", "previous", "raise"])
def test_broken_altogether_raises_and_ends(fallback):
    dataset = quick(Broken(40, range(40)), fallback=fallback)
    with pytest.raises(ValueError, match="number 3 is broken"):
        dataset.__getitems__([3, 4])


def test_trap_a_bad_sample_duplicates_its_neighbour():
    """What stands in comes from another batch, and two failures get two different ones."""
    dataset = quick(Broken(12, {5, 6}), fallback="previous")
    assert dataset.__getitems__([0, 1, 2, 3]) == [0, 1, 2, 3]
    batch = dataset.__getitems__([4, 5, 6, 7])
    assert len(set(batch)) == 4
    assert set(batch[1:3]) <= {0, 1, 2, 3}
    assert quick(Broken(4, {2}), fallback="previous").__getitems__([0, 1, 2, 3]) == [0, 1, 0, 3]


@pytest.mark.parametrize("fallback", ["random", "previous"])
@either_loader
def test_substitutes_keep_the_shape_of_every_batch(fallback, loader_class):
    dataset = quick(Broken(64, range(3, 64, 5)), fallback=fallback)
    batches = list(loader_class(dataset, batch_size=8, num_workers=2))
    assert [len(batch) for batch in batches] == [8] * 8
    for number, batch in enumerate(batches):
        for place, value in enumerate(batch.tolist()):
            index = number * 8 + place
            assert value not in dataset.dataset.bad
            assert index in dataset.dataset.bad or value == index


def test_raise_raises():
    dataset = quick(Broken(4, {2}), fallback="raise")
    with pytest.raises(ValueError, match="number 2 is broken") as caught:
        dataset.__getitems__([0, 1, 2, 3])
    assert caught.value.__notes__ == ["This happened while sample 2 was loaded."]


def test_trap_one_transient_error_blacklists_a_sample():
    dataset = quick(Passing(4, {1}, times=5), max_retries=2)
    assert dataset.__getitems__([0, 1, 2]) == [0, 2]
    assert dataset.__getitems__([0, 1, 2]) == [0, 1, 2]
    report = dataset.report()
    assert failures(dataset) == {1: 1}
    assert report.recovered == 1


@given(times=st.integers(0, 5), retries=st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_retries_bridge_as_many_errors_as_they_are(times, retries):
    dataset = quick(Passing(3, {1}, times), max_retries=retries)
    assert dataset.__getitems__([0, 1, 2]) == ([0, 1, 2] if times <= retries else [0, 2])
    assert dataset.report().recovered == (0 < times <= retries)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (OSError(errno.EIO, "input/output error"), True),
        (OSError(errno.EBUSY, "busy"), True),
        (FileNotFoundError(errno.ENOENT, "no such file"), False),
        (PermissionError(errno.EACCES, "no"), False),
        (OSError("a picture is cut off"), False),
        (ValueError(), False),
    ],
)
def test_which_errors_may_pass(error, passes):
    assert is_transient(error) == passes


def test_retries_are_only_for_errors_that_may_pass():
    dataset = quick(Broken(3, {1}), max_retries=5)
    assert dataset.__getitems__([0, 1]) == [0]
    assert dataset.dataset.reads == [0, 1]
    chosen = quick(Broken(3, {1}), max_retries=5, transient=lambda error: isinstance(error, ValueError))
    assert chosen.__getitems__([0, 1]) == [0]
    assert chosen.dataset.reads == [0] + [1] * 6


def test_each_retry_waits_longer_than_the_one_before():
    times = []

    def transient(error):
        times.append(time.perf_counter())
        return True

    RobustDataset(Broken(2, {1}), 3, transient=transient, backoff=0.02).__getitems__([0, 1])
    waits = [later - earlier for earlier, later in pairwise([*times, time.perf_counter()])]
    assert len(times) == 3
    assert all(wait >= 0.02 * 2**number for number, wait in enumerate(waits))


def test_trap_the_length_shrinks():
    dataset = quick(Broken(10, range(5)))
    list(DataLoader(dataset, batch_size=10))
    assert len(dataset) == 10


@pytest.mark.parametrize("error", [IndexError, KeyError, StopIteration])
def test_errors_with_a_meaning_for_loops_are_failures_like_others(error):
    dataset = quick(Broken(6, {2}, error))
    assert list(dataset) == [0, 1, 3, 4, 5]
    assert torch.cat(list(DataLoader(dataset, batch_size=2))).tolist() == [0, 1, 3, 4, 5]
    assert set(failures(dataset)) == {2}


def test_an_index_out_of_range_is_the_callers_mistake():
    dataset = quick(Broken(6))
    for index in (6, -7):
        with pytest.raises(IndexError, match=str(index)):
            dataset.__getitems__([0, index])
    assert dataset[-1] == 5
    assert dataset.report().failures == ()


def test_running_out_of_memory_is_raised_at_once():
    with pytest.raises(MemoryError):
        quick(Broken(6, {2}, MemoryError)).__getitems__([1, 2])


class Counting(TensorDataset):
    """Counts how often a batch is fetched at once."""

    batches = 0

    def __getitems__(self, indices):
        self.batches += 1
        return super().__getitems__(indices)


def test_a_batch_without_failures_is_fetched_at_once():
    dataset = quick(Counting(torch.arange(10)))
    batch = dataset.__getitems__([4, 2, 4])
    assert default_collate(batch)[0].tolist() == [4, 2, 4]
    assert dataset.dataset.batches == 1


class WrongCount(Broken):
    def __getitems__(self, indices):
        return [0] if len(indices) > 1 else [self[indices[0]]]


def test_a_batch_fetch_that_loses_samples_is_replaced_by_single_ones():
    assert quick(WrongCount(10, {3})).__getitems__([1, 2, 3]) == [1, 2]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda dataset: Subset(dataset, range(4)),
        lambda dataset: random_split(dataset, [4, 0])[0],
        lambda dataset: dataset + Broken(4),
        lambda dataset: TransformDataset(dataset, abs),
    ],
    ids=["Subset", "random_split", "+", "TransformDataset"],
)
@pytest.mark.filterwarnings("ignore:Length of split at index 1 is 0")
def test_what_lies_around_it_says_that_it_belongs_outermost(wrap):
    whole = wrap(quick(Broken(4)))
    assert sorted(whole.__getitems__([0, 1, 2, 3])) == [0, 1, 2, 3]
    shorter = wrap(quick(Broken(4, {2})))
    with pytest.raises(
        ValueError, match=r"Expected 4, got 3 samples.*outermost, as in RobustDataset\(Subset"
    ):
        shorter.__getitems__([0, 1, 2, 3])
    outermost = quick(wrap(Broken(4, {2})))
    assert sorted(outermost.__getitems__([0, 1, 2, 3])) == [0, 1, 3]


def test_outermost_it_catches_failing_transforms():
    def invert(value):
        return 1 / value

    dataset = quick(TransformDataset(ListDataset([1.0, 0.0, 2.0]), invert))
    assert list(dataset) == [1.0, 0.5]
    assert dataset.report().failures[0].reason == "ZeroDivisionError: float division by zero"


def test_inside_another_dataset_a_short_batch_is_refused():
    inner = quick(Broken(4, {2}))
    with pytest.raises(ValueError, match=r"Expected 4, got 3 samples from RobustDataset"):
        TransformDataset(inner, float).__getitems__([0, 1, 2, 3])
    same_size = quick(Broken(4, {2}), fallback="previous")
    assert len(TransformDataset(same_size, float).__getitems__([0, 1, 2, 3])) == 4


def test_files_that_vanish_between_index_and_read(tmp_path):
    from PIL import Image

    for number in range(4):
        Image.new("RGB", (2, 2), (number, 0, 0)).save(tmp_path / f"{number}.png")
    dataset = quick(CustomImageDataset(tmp_path, transform=lambda picture: picture.getpixel((0, 0))[0]))
    (tmp_path / "1.png").unlink()
    (tmp_path / "3.png").write_bytes(b"no picture")
    assert dataset.__getitems__([0, 1, 2, 3]) == [0, 2]
    (missing, damaged) = dataset.report().failures
    assert missing.reason.startswith("FileNotFoundError")
    assert "3.png" in damaged.reason


@pytest.mark.slow
@either_loader
@pytest.mark.parametrize("method", START_METHODS)
def test_the_report_is_complete_in_the_parent(loader_class, method):
    bad = set(range(0, 90, 7))
    dataset = quick(Broken(90, bad))
    loader = loader_class(dataset, batch_size=6, num_workers=2, multiprocessing_context=method)
    assert sum(len(batch) for batch in loader) == 90 - len(bad)
    report = dataset.report()
    assert {one.index: one.reason for one in report.failures} == {
        index: f"ValueError: number {index} is broken" for index in bad
    }
    assert report.samples == 90


def test_workers_that_are_threads_report_too():
    dataset = quick(Broken(90, range(0, 90, 7)))
    for _ in range(3):
        list(DataLoader(dataset, batch_size=6, num_workers=2, worker_type="thread"))
    assert failures(dataset) == dict.fromkeys(range(0, 90, 7), 3)


def test_the_report_reads_well():
    dataset = quick(Broken(30, range(25)))
    assert str(dataset.report()) == "0 of 30 samples failed; 0 readings succeeded when they were tried again."
    list(dataset)
    text = str(dataset.report())
    assert text.startswith("25 of 30 samples failed")
    assert "ValueError: number 3 is broken" in text
    assert text.endswith("… and 5 more")
    dataset = quick(Broken(2, {0}, lambda text: ValueError("<script>" + "x" * 10_000)))
    list(dataset)
    page = dataset.report()._repr_html_()
    assert "<script>" not in page
    assert len(page) < 2000


def test_copies_share_the_report_while_the_first_lives():
    dataset = quick(Broken(5, {1}))
    twin = pickle.loads(pickle.dumps(dataset))
    list(twin)
    assert failures(dataset) == {1: 1}
    list(copy.deepcopy(dataset))
    assert failures(twin) == {1: 2}


def test_the_shared_file_goes_with_its_owner():
    dataset = quick(Broken(5, {1}))
    folder = dataset._record._table.folder
    content = pickle.dumps(dataset)
    list(dataset)
    assert folder.exists()
    del dataset
    assert not folder.exists()
    late = pickle.loads(content)
    list(late)
    assert failures(late) == {1: 1}


def test_a_forked_child_leaves_the_file_alone():
    if "fork" not in START_METHODS:
        pytest.skip("this system cannot fork")
    table = SharedTable(3, "i8")

    def child():
        table.rows[1] = 5
        globals().pop("table", None)
        table._mapped = None
        raise SystemExit

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert table.rows.tolist() == [0, 5, 0]
    assert os.path.exists(table.folder)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"max_retries": -1}, ValueError, "max_retries got -1"),
        ({"max_retries": 1.5}, ValueError, "max_retries got 1.5"),
        ({"fallback": "neighbour"}, ValueError, "'skip', 'random', 'previous', 'raise'"),
        ({"backoff": -1}, ValueError, "backoff got -1"),
        ({"backoff": float("nan")}, ValueError, "backoff got nan"),
        ({"transient": 5}, TypeError, "transient got 5"),
        ({"generator": 5}, TypeError, "generator got a int"),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(error, match=words):
        RobustDataset(Broken(3), **options)


def test_a_stream_is_no_map_style_dataset():
    with pytest.raises(TypeError, match="RobustDataset"):
        RobustDataset(torch_data.ChainDataset([]))


def test_an_empty_dataset():
    dataset = quick(Broken(0))
    assert list(dataset) == list(DataLoader(dataset)) == []
    assert dataset.report().failures == ()

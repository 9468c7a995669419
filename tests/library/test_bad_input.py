"""Bad input and faults: each gives a clear error or what is documented, and nothing is lost (lesson 17)."""

import math
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from PIL import Image

from course_lib import (
    AutoOptimizedDataset,
    BalancedBatchSampler,
    BatchSampler,
    BucketBatchSampler,
    ChainDataset,
    CloudStorageDataset,
    ConcatDataset,
    CustomImageDataset,
    DatabaseDataset,
    DataLoader,
    DistributedSampler,
    DynamicBatchSampler,
    ImageFolderDataset,
    IterableDataset,
    ListDataset,
    LoadBalancedDistributedSampler,
    MemoryEfficientDataset,
    MemoryMappedDataset,
    PackedSequences,
    PackedStrings,
    PrioritySampler,
    RandomSampler,
    RobustDataset,
    SequentialSampler,
    StackDataset,
    StratifiedSampler,
    StreamingDataset,
    Subset,
    SubsetRandomSampler,
    SyntheticImages,
    SyntheticText,
    TensorDataset,
    TimeSeriesDataset,
    TransformDataset,
    WeightedRandomSampler,
    random_split,
    stratified_split,
)
from course_lib.platform import can_fork

LOADERS = {"ours": DataLoader, "torch": torch_data.DataLoader}
either_loader = pytest.mark.parametrize("loader_class", LOADERS.values(), ids=LOADERS)
with_and_without_workers = pytest.mark.parametrize("workers", [0, 2])


def nothing():
    return ListDataset([])


# Datasets that may be empty.
EMPTY = {
    "ListDataset": lambda folder: nothing(),
    "TensorDataset": lambda folder: TensorDataset(torch.empty(0, 2)),
    "ConcatDataset": lambda folder: ConcatDataset([nothing(), nothing()]),
    "StackDataset": lambda folder: StackDataset(nothing(), nothing()),
    "Subset": lambda folder: Subset(ListDataset([1]), []),
    "random_split": lambda folder: random_split(ListDataset([1]), [0, 1])[0],
    "stratified_split": lambda folder: stratified_split(ListDataset([1]), [0], [0, 1])[0],
    "TransformDataset": lambda folder: TransformDataset(nothing(), abs),
    "TransformDataset batched": lambda folder: TransformDataset(
        TensorDataset(torch.empty(0, 2)), torch.abs, batched=True
    ),
    "PackedSequences": lambda folder: PackedSequences([]),
    "PackedStrings": lambda folder: PackedStrings([]),
    "DatabaseDataset": lambda folder: DatabaseDataset.create(folder / "empty.db", []),
    "AutoOptimizedDataset": lambda folder: AutoOptimizedDataset(nothing()),
    "RobustDataset": lambda folder: RobustDataset(nothing()),
}
# Those that cannot do without a sample, and a word of what they say.
NEVER_EMPTY = {
    "ConcatDataset": (lambda folder: ConcatDataset([]), "at least one dataset"),
    "StackDataset": (lambda folder: StackDataset(), "At least one dataset"),
    "SyntheticImages": (lambda folder: SyntheticImages(0), "n=0"),
    "SyntheticText": (lambda folder: SyntheticText(0), "n=0"),
    "TimeSeriesDataset": (lambda folder: TimeSeriesDataset([], 2), "0 steps"),
    "MemoryMappedDataset": (
        lambda folder: MemoryMappedDataset.create(folder / "data", folder / "labels.npy", []),
        "no sample",
    ),
    "MemoryEfficientDataset": (lambda folder: MemoryEfficientDataset(folder, np.load), "no file"),
    "CustomImageDataset": (lambda folder: CustomImageDataset(folder), "no picture"),
    "ImageFolderDataset": (lambda folder: ImageFolderDataset(folder), "no folder"),
    "CloudStorageDataset": (lambda folder: CloudStorageDataset([], folder / "cache"), "no URL"),
}


@pytest.mark.filterwarnings("ignore:Length of split at index 0 is 0:UserWarning")
@either_loader
@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY)
def test_an_empty_dataset_gives_no_batch_and_says_why_it_cannot_be_shuffled(make, loader_class, tmp_path):
    dataset = make(tmp_path)
    assert (len(dataset), list(dataset)) == (0, [])
    for index in (0, -1):
        with pytest.raises(IndexError):
            dataset[index]
    loader = loader_class(dataset, batch_size=2)
    assert (len(loader), list(loader)) == (0, [])
    with pytest.raises(ValueError, match="num_samples=0"):
        list(loader_class(dataset, shuffle=True))


@pytest.mark.filterwarnings("ignore:Length of split at index 0 is 0:UserWarning")
@either_loader
def test_workers_of_an_empty_dataset_end(loader_class):
    assert list(loader_class(Subset(range(3), []), num_workers=2)) == []


@pytest.mark.parametrize(("make", "words"), NEVER_EMPTY.values(), ids=NEVER_EMPTY)
def test_where_nothing_makes_no_sense_it_is_refused(make, words, tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        make(tmp_path)


@either_loader
@with_and_without_workers
def test_an_empty_stream(loader_class, workers):
    for stream in (StreamingDataset([]), StreamingDataset([], shuffle=True), ChainDataset([])):
        assert list(loader_class(stream, batch_size=2, num_workers=workers)) == []


def test_samplers_of_nothing():
    for sampler in (
        SequentialSampler([]),
        SubsetRandomSampler([]),
        BatchSampler([], 2, False),
        DistributedSampler([], 2, 1),
        LoadBalancedDistributedSampler([], [], 2, 1),
    ):
        assert (list(sampler), len(sampler)) == ([], 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomSampler([]),
        lambda: WeightedRandomSampler([], 1),
        lambda: PrioritySampler([]),
        lambda: StratifiedSampler([], 2),
        lambda: BalancedBatchSampler([], 1),
        lambda: BucketBatchSampler([], 2),
        lambda: DynamicBatchSampler([], 1, 2, 3),
    ],
)
def test_what_cannot_be_drawn_from_nothing_is_refused(make):
    with pytest.raises(ValueError, match=r"at least one sample|not empty|shape \(0,\)"):
        list(make())


SINGLE = {
    "TensorDataset": lambda folder: TensorDataset(torch.ones(1, 2)),
    "SyntheticImages": lambda folder: SyntheticImages(1, size=8),
    "SyntheticText": lambda folder: SyntheticText(1),
    "TimeSeriesDataset": lambda folder: TimeSeriesDataset(torch.arange(3.0), 2),
    "PackedStrings": lambda folder: PackedStrings(["one"]),
    "MemoryMappedDataset": lambda folder: MemoryMappedDataset.create(
        folder / "data", folder / "labels.npy", [([1.0, 2.0], 0)]
    ),
    "DatabaseDataset": lambda folder: DatabaseDataset.create(folder / "one.db", [(torch.ones(2), 0)]),
    "ConcatDataset": lambda folder: ConcatDataset([nothing(), ListDataset([1]), nothing()]),
    "AutoOptimizedDataset": lambda folder: AutoOptimizedDataset(ListDataset([1])),
    "RobustDataset": lambda folder: RobustDataset(ListDataset([1])),
}


@either_loader
@pytest.mark.parametrize("make", SINGLE.values(), ids=SINGLE)
def test_one_sample_is_an_epoch_and_a_batch_may_ask_for_more(make, loader_class, tmp_path):
    dataset = make(tmp_path)
    for arguments in ({}, {"shuffle": True}, {"batch_size": 100}):
        assert len(list(loader_class(dataset, **arguments))) == 1
    assert list(loader_class(dataset, batch_size=2, drop_last=True)) == []


def test_samplers_of_one_sample():
    for sampler in (
        StratifiedSampler([7], 4),
        BalancedBatchSampler([7], 1),
        BucketBatchSampler([5], 4),
        DynamicBatchSampler([5], 1, 4, 100),
    ):
        assert (list(sampler), len(list(sampler))) == ([[0]], 1)
    assert list(WeightedRandomSampler([0.1], 3)) == [0, 0, 0]
    assert list(PrioritySampler([0.1])) == [0]


def test_one_class_alone():
    for sampler in (StratifiedSampler(["cat"] * 7, 3), BalancedBatchSampler(["cat"] * 7, 3)):
        batches = list(sampler)
        assert len(batches) == len(sampler) == 3
        assert set().union(*batches) == set(range(7))
    parts = stratified_split(range(7), ["cat"] * 7, [3, 4])
    assert sorted(index for part in parts for index in part.indices) == list(range(7))


WEIGHTED = {
    "WeightedRandomSampler": lambda weights: WeightedRandomSampler(weights, 4),
    "PrioritySampler": lambda weights: PrioritySampler(weights, num_samples=4),
    "PrioritySampler updated": lambda weights: updated(weights),
    "LoadBalancedDistributedSampler": lambda weights: LoadBalancedDistributedSampler(range(3), weights, 1, 0),
}


def updated(weights):
    sampler = PrioritySampler([1.0, 1.0, 1.0], num_samples=4)
    sampler.update_priorities(range(3), weights)
    return sampler


@pytest.mark.parametrize("make", WEIGHTED.values(), ids=WEIGHTED)
@pytest.mark.parametrize("wrong", [-1.0, -1e-30, math.nan, math.inf, -math.inf])
def test_a_weight_that_is_none_is_named_with_its_place(make, wrong):
    with pytest.raises(ValueError, match=rf"\[2\].* is {wrong}"):
        list(make([1.0, 2.0, wrong]))


@pytest.mark.parametrize("name", [name for name in WEIGHTED if name != "LoadBalancedDistributedSampler"])
def test_a_weight_of_zero_is_never_drawn_and_one_must_be_above_it(name):
    assert set(WEIGHTED[name]([0.0, 1.0, 0.0])) == {1}
    with pytest.raises(ValueError, match="0"):
        list(WEIGHTED[name]([0.0, 0.0, 0.0]))


def test_a_cost_of_zero_is_no_reason_to_lose_the_sample():
    for costs in ([0.0, 0.0, 0.0], [0.0, 5.0, 0.0]):
        shares = [list(LoadBalancedDistributedSampler(range(3), costs, 3, rank)) for rank in range(3)]
        assert sorted(index for share in shares for index in share) == [0, 1, 2]


def test_labels_that_are_nan_are_named():
    for sampler_class in (StratifiedSampler, BalancedBatchSampler):
        with pytest.raises(ValueError, match=r"labels\[1\] is nan"):
            sampler_class([1.0, math.nan], 1)


@pytest.mark.parametrize(("samples", "ranks"), [(1, 4), (3, 8), (7, 8)])
def test_more_ranks_than_samples(samples, ranks):
    """Every rank has as many steps; what is missing is filled up, or left out if the rest is dropped."""
    makers = [
        lambda rank, **options: DistributedSampler(range(samples), ranks, rank, **options),
        lambda rank, **options: LoadBalancedDistributedSampler(
            range(samples), range(1, samples + 1), ranks, rank, **options
        ),
    ]
    for make in makers:
        shares = [list(make(rank)) for rank in range(ranks)]
        assert [len(share) for share in shares] == [1] * ranks
        assert {index for share in shares for index in share} == set(range(samples))
        assert [list(make(rank, drop_last=True)) for rank in range(ranks)] == [[]] * ranks
    stream = [list(StreamingDataset(range(samples), rank=rank, num_replicas=ranks)) for rank in range(ranks)]
    assert sorted(sum(stream, [])) == list(range(samples))  # noqa: RUF017


@either_loader
@with_and_without_workers
def test_a_batch_larger_than_the_dataset(loader_class, workers):
    data = TensorDataset(torch.arange(3))
    arguments = {"num_workers": workers}
    assert [len(batch) for (batch,) in loader_class(data, 100, **arguments)] == [3]
    assert [len(batch) for (batch,) in loader_class(data, 100, shuffle=True, **arguments)] == [3]
    assert list(loader_class(data, 100, drop_last=True, **arguments)) == []
    for sampler in (
        StratifiedSampler([0, 1, 0], 100),
        BucketBatchSampler([1, 2, 3], 100),
        DynamicBatchSampler([1, 2, 3], 50, 100, 1000),
    ):
        (batch,) = list(loader_class(data, batch_sampler=sampler, **arguments))
        assert sorted(batch[0].tolist()) == [0, 1, 2]


class Broken(IterableDataset):
    """Twelve numbers, and then the line is cut."""

    def __iter__(self):
        return lines()


def lines():
    yield from range(12)
    raise ConnectionError("the line was cut")


@either_loader
@with_and_without_workers
@pytest.mark.parametrize(
    "make",
    [
        lambda: StreamingDataset(lines),
        lambda: StreamingDataset(lines, 5, shuffle=True),
        lambda: StreamingDataset(lines, 100, shuffle=True),
        lambda: StreamingDataset(lines()),
        lambda: ChainDataset([StreamingDataset(range(100, 104)), StreamingDataset(lines, 3, True)]),
    ],
)
def test_a_stream_that_raises_in_the_middle_loses_nothing_that_came_before(make, workers, loader_class):
    """Above all not what waits in the shuffle buffer. Every worker tells of the error once."""
    method = "fork" if workers and can_fork() else None  # A generator cannot be sent to another process.
    iterator = iter(
        loader_class(make(), batch_size=None, num_workers=workers, multiprocessing_context=method)
    )
    seen, errors = [], 0
    while True:
        try:
            seen.append(int(next(iterator)))
        except ConnectionError:
            errors += 1
        except StopIteration:
            break
    assert [number for number in sorted(seen) if number < 100] == list(range(12))
    assert errors == max(1, workers)


def test_a_generator_that_raises_while_a_dataset_is_made():
    for make in (PackedSequences, PackedStrings, ConcatDataset, lambda indices: Subset(range(20), indices)):
        with pytest.raises(ConnectionError, match="the line was cut"):
            make(value if make is not PackedStrings else str(value) for value in rows(make))


def rows(make):
    for number in lines():
        yield {PackedSequences: [number], ConcatDataset: [range(3)]}.get(make, number)


@either_loader
def test_a_sampler_that_raises_in_the_middle(loader_class):
    class Cut(torch_data.Sampler):
        def __iter__(self):
            return lines()

    iterator = iter(loader_class(range(20), sampler=Cut(), batch_size=None))
    assert [int(next(iterator)) for _ in range(12)] == list(range(12))
    with pytest.raises(ConnectionError, match="the line was cut"):
        next(iterator)
    assert list(BatchSampler(range(5), 2, False)) == [[0, 1], [2, 3], [4]]


@pytest.fixture
def vanishing(tmp_path):
    """Return datasets of files, the file of whose sample 1 has vanished, by name."""
    for number in range(3):
        (tmp_path / "cats").mkdir(exist_ok=True)
        Image.new("RGB", (2, 2)).save(tmp_path / "cats" / f"{number}.png")
        np.save(tmp_path / f"{number}.npy", np.full(2, number))
    datasets = {
        "images": CustomImageDataset(tmp_path / "cats", np.array),
        "folders": ImageFolderDataset(tmp_path, np.array),
        "on demand": MemoryEfficientDataset(tmp_path, np.load, (".npy",)),
        "cloud": CloudStorageDataset([f"file://{tmp_path}/{n}.npy" for n in range(3)], tmp_path / "cache"),
    }
    (tmp_path / "cats" / "1.png").unlink()
    (tmp_path / "1.npy").unlink()
    return datasets


@with_and_without_workers
@pytest.mark.parametrize("name", ["images", "folders", "on demand", "cloud"])
def test_a_file_that_vanishes_between_index_and_read(vanishing, name, workers):
    """It is named, the other samples come, and RobustDataset goes on without it and reports it."""
    dataset = vanishing[name]
    iterator = iter(DataLoader(dataset, num_workers=workers))
    seen, errors = 0, []
    while True:
        try:
            next(iterator)
            seen += 1
        except FileNotFoundError as error:
            errors.append(error)
        except StopIteration:
            break
    assert (seen, len(errors)) == (2, 1)
    assert "1.png" in str(errors[0]) or "1.npy" in str(errors[0])
    robust = RobustDataset(dataset)
    assert sum(len(batch) for batch in DataLoader(robust, 2, collate_fn=list, num_workers=workers)) == 2
    assert [failure.index for failure in robust.report().failures] == [1]


# In a namespace of its own an ordinary user may mount a small file system, or one that cannot be written.
FULL_DISK = """
    import json, subprocess, sys
    from pathlib import Path
    import torch
    from course_lib import DatabaseDataset, DataLoader, ImageFolderDataset, MemoryMappedDataset, mnist

    folder = Path(sys.argv[1])
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]).returncode:
        sys.exit(77)
    files = folder / "data.bin", folder / "labels.npy"
    old = MemoryMappedDataset.create(*files, [(torch.full((3,), 5.0), 5)])
    many_values = ((torch.ones(50_000), n) for n in range(100))
    many_labels = ((1.0, torch.ones(2_000)) for n in range(1_000))
    for name, samples in (("data.bin", many_values), ("labels.npy", many_labels)):
        try:
            MemoryMappedDataset.create(*files, samples)
            raise SystemExit("it fitted")
        except OSError as error:
            assert error.errno == 28 and error.filename == str(folder / name), error
            assert "Free some" in str(error), error
    again = MemoryMappedDataset(*files, (3,))
    assert again[0][0].tolist() == [5.0] * 3 and sorted(p.name for p in folder.iterdir()) == [
        "data.bin", "labels.npy"]
    assert len(mnist(folder / "digits", download=False)) == 1437
    database = DatabaseDataset.create(folder / "samples.db", [(torch.ones(3), n) for n in range(4)])
    if subprocess.run(["mount", "-o", "remount,ro", str(folder)]).returncode:
        sys.exit(77)
    for workers in (0, 2):
        digits = mnist(folder / "more", batched=True, download=False)
        for dataset in (again, DatabaseDataset(folder / "samples.db"), digits):
            loader = DataLoader(dataset, 64, num_workers=workers)
            assert sum(len(labels) for _, labels in loader) == len(dataset)
    try:
        MemoryMappedDataset.create(*files, [(torch.ones(3), 1)])
        raise SystemExit("it was written")
    except OSError as error:
        assert "data.bin" in str(error), error
    print("all well")
"""


@pytest.mark.slow
def test_a_full_disk_and_a_folder_that_can_only_be_read(tmp_path):
    program = textwrap.dedent(FULL_DISK)
    command = ["unshare", "-rm", sys.executable, "-c", program, str(tmp_path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        pytest.skip("this system has no unshare")
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("this system lets nobody mount a small tmpfs")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "all well"

"""Every dataset and every sampler of the course, in both loaders, under every start method (lesson 10).

Starting a worker can take seconds, so the cases share their workers: for each loader and start method one
pass over all map-style datasets joined end to end, and one over all streams. Where starting is cheap, by
fork, each case has its own loader as well.
"""

import multiprocessing
from functools import cache, partial
from itertools import accumulate, pairwise

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from PIL import Image

import course_lib
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
    Dataset,
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
    Sampler,
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
    default_collate,
    get_worker_info,
    mnist,
    pad_sequence_collate,
    random_split,
    stratified_split,
)


class Squares(Dataset[int]):
    """The least that is a dataset."""

    def __getitem__(self, index):
        return index**2

    def __len__(self):
        return 10


class Numbers(IterableDataset[int]):
    """The least that is a stream and shares itself out."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __iter__(self):
        info = get_worker_info()
        return iter(self.numbers[info.id :: info.num_workers] if info else self.numbers)


class Backwards(Sampler[int]):
    """The least that is a sampler."""

    def __iter__(self):
        return iter(range(9, -1, -1))

    def __len__(self):
        return 10


def seeded():
    return torch.Generator().manual_seed(0)


def double(value):
    return value * 2


def to_tensor(picture):
    # Not torchvision's: every worker that is spawned would import it.
    return torch.from_numpy(np.array(picture))


def pairs():
    return TensorDataset(torch.arange(24.0).view(12, 2), torch.arange(12))


LENGTHS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
LABELS = [0, 1, 0, 0, 2, 1, 0, 2, 0, 0]

# The first word is the public name.
DATASETS = {
    "Dataset": lambda root: Squares(),
    "ListDataset": lambda root: ListDataset([float(number) for number in range(10)]),
    "TensorDataset": lambda root: pairs(),
    "ConcatDataset": lambda root: ConcatDataset([pairs(), pairs()]),
    "StackDataset": lambda root: StackDataset(x=pairs(), y=ListDataset("abcdefghijkl")),
    "Subset": lambda root: Subset(Subset(pairs(), range(11)), [9, 1, 1]),
    "random_split": lambda root: random_split(pairs(), [0.5, 0.5], seeded())[0],
    "stratified_split": lambda root: stratified_split(pairs(), [0, 1] * 6, [8, 4], seeded())[1],
    "TransformDataset": lambda root: TransformDataset(pairs(), double),
    "TransformDataset batched": lambda root: TransformDataset(pairs(), double, batched=True),
    "SyntheticImages": lambda root: SyntheticImages(8, size=8),
    "SyntheticText": lambda root: SyntheticText(9),
    "mnist": lambda root: Subset(mnist(root, transform=to_tensor, download=False), range(9)),
    "mnist batched": lambda root: Subset(mnist(root, batched=True, download=False), range(9)),
    "PackedSequences": lambda root: PackedSequences([list(range(length)) for length in LENGTHS]),
    "PackedStrings": lambda root: PackedStrings(["ä" * length for length in LENGTHS]),
    "MemoryMappedDataset": lambda root: MemoryMappedDataset(root / "data.bin", root / "labels.npy", (2, 3)),
    "DatabaseDataset": lambda root: DatabaseDataset(root / "samples.db"),
    "TimeSeriesDataset": lambda root: TimeSeriesDataset(torch.arange(28.0).view(14, 2), 4, stride=2),
    "MemoryEfficientDataset": lambda root: MemoryEfficientDataset(root / "arrays", np.load),
    "CustomImageDataset": lambda root: CustomImageDataset(root / "pictures" / "red", to_tensor),
    "ImageFolderDataset": lambda root: ImageFolderDataset(root / "pictures", to_tensor),
    "CloudStorageDataset": lambda root: CloudStorageDataset(
        [f"file://{root}/arrays/{number}.npy" for number in range(7)], root / "cache"
    ),
    "AutoOptimizedDataset": lambda root: AutoOptimizedDataset(DatabaseDataset(root / "samples.db"), 2**20),
    "RobustDataset": lambda root: RobustDataset(
        DatabaseDataset(root / "samples.db"), fallback="random", generator=seeded()
    ),
}
# Each has its own twelve numbers: as many for each of two workers.
STREAMS = {
    "IterableDataset": lambda numbers: Numbers(numbers),
    "StreamingDataset": lambda numbers: StreamingDataset(partial(iter, numbers)),
    "StreamingDataset shuffled": lambda numbers: StreamingDataset(numbers, 4, True, seeded()),
    "ChainDataset": lambda numbers: ChainDataset(
        [StreamingDataset(numbers[:4]), Numbers(numbers[4:10]), StreamingDataset(numbers[10:])]
    ),
}
SAMPLERS = {
    "Sampler": lambda: Backwards(),
    "SequentialSampler": lambda: SequentialSampler(range(10)),
    "RandomSampler": lambda: RandomSampler(range(10), generator=seeded()),
    "RandomSampler with replacement": lambda: RandomSampler(range(10), True, 17, seeded()),
    "SubsetRandomSampler": lambda: SubsetRandomSampler([3, 5, 9], seeded()),
    "WeightedRandomSampler": lambda: WeightedRandomSampler(LENGTHS, 6, generator=seeded()),
    "WeightedRandomSampler without replacement": lambda: WeightedRandomSampler(LENGTHS, 6, False, seeded()),
    "PrioritySampler": lambda: PrioritySampler(LENGTHS, generator=seeded(), num_samples=11),
    "DistributedSampler": lambda: DistributedSampler(range(10), 3, 2),
    "LoadBalancedDistributedSampler": lambda: LoadBalancedDistributedSampler(range(10), LENGTHS, 3, 2),
}
BATCH_SAMPLERS = {
    "BatchSampler": lambda: BatchSampler(RandomSampler(range(10), generator=seeded()), 3, True),
    "StratifiedSampler": lambda: StratifiedSampler(LABELS, 4, seeded()),
    "BalancedBatchSampler": lambda: BalancedBatchSampler(LABELS, 2, seeded()),
    "BucketBatchSampler": lambda: BucketBatchSampler(LENGTHS, 3, generator=seeded()),
    "DynamicBatchSampler": lambda: DynamicBatchSampler(LENGTHS, 1, 4, 12, seeded()),
}
CASES = [*DATASETS, *STREAMS, *SAMPLERS, *BATCH_SAMPLERS]
LOADERS = {"ours": DataLoader, "torch": torch_data.DataLoader}
METHODS = multiprocessing.get_all_start_methods()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Return a folder with what the datasets read."""
    folder = tmp_path_factory.mktemp("data")
    DatabaseDataset.create(folder / "samples.db", zip(torch.arange(18.0).view(9, 2), range(9)))
    arrays = [np.full((2, 3), number, np.float32) for number in range(7)]
    MemoryMappedDataset.create(folder / "data.bin", folder / "labels.npy", zip(arrays, range(7)))
    (folder / "arrays").mkdir()
    for number, array in enumerate(arrays):
        np.save(folder / "arrays" / f"{number}.npy", array)
    for colour in ("red", "blue"):
        (folder / "pictures" / colour).mkdir(parents=True)
        for number in range(5):
            picture = Image.new("RGB", (4, 3), colour)
            picture.putpixel((number % 4, 0), (number, 100, 200))
            picture.save(folder / "pictures" / colour / f"{number}.png")
    return folder


def collate(samples):
    """Pad what has different lengths: the only samples of one dimension are those of PackedSequences."""
    first = samples[0]
    return (
        pad_sequence_collate(samples)
        if isinstance(first, torch.Tensor) and first.ndim == 1
        else default_collate(samples)
    )


def plain(value):
    """Return what can be compared by `==`, types included."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def in_fours(size):
    return [list(range(start, min(start + 4, size))) for start in range(0, size, 4)]


def map_style(root):
    """Return the dataset and the batches of indices of every case that is no stream."""
    cases = {name: (make(root), None) for name, make in DATASETS.items()}
    cases = {name: (dataset, in_fours(len(dataset))) for name, (dataset, _) in cases.items()}
    numbers = ListDataset(list(range(10)))
    for name, make in SAMPLERS.items():
        cases[name] = numbers, BatchSampler(make(), 4, False)
    for name, make in BATCH_SAMPLERS.items():
        cases[name] = numbers, make()
    return cases


def streams():
    return {
        name: make(list(range(100 * place, 100 * place + 12)))
        for place, (name, make) in enumerate(STREAMS.items())
    }


class OneAfterTheOther(Sampler[list[int]]):
    """Yield the batches of several cases, for their datasets joined end to end; count those of each."""

    def __init__(self, cases):
        self.cases = cases
        self.counts = {}

    def __iter__(self):
        start = 0
        for name, (dataset, batches) in self.cases.items():
            self.counts[name] = 0
            for batch in batches:
                self.counts[name] += 1
                yield [start + index for index in batch]
            start += len(dataset)


def load_together(root, loader_class, workers):
    """Return the batches of every case, loaded by two loaders only."""
    cases, results = map_style(root), {}
    joined = ConcatDataset([dataset for dataset, _ in cases.values()])
    sampler = OneAfterTheOther(cases)
    batches = [
        plain(batch) for batch in loader_class(joined, batch_sampler=sampler, collate_fn=collate, **workers)
    ]
    stops = [0, *accumulate(sampler.counts.values())]
    for name, (start, stop) in zip(sampler.counts, pairwise(stops)):
        results[name] = batches[start:stop]
    assert stops[-1] == len(batches)
    samples = list(loader_class(ChainDataset(list(streams().values())), batch_size=None, **workers))
    for place, name in enumerate(STREAMS):
        results[name] = [int(sample) for sample in samples if sample // 100 == place]
    return results


def load_alone(root, name, loader_class, workers):
    """Return the batches of one case from a loader of its own."""
    if name in STREAMS:
        return [int(sample) for sample in loader_class(streams()[name], batch_size=None, **workers)]
    arguments = {"collate_fn": collate, **workers}
    if name in DATASETS:
        arguments |= {"dataset": DATASETS[name](root), "batch_size": 4}
    elif name in SAMPLERS:
        arguments |= {"dataset": range(10), "sampler": SAMPLERS[name](), "batch_size": 4}
    else:
        arguments |= {"dataset": range(10), "batch_sampler": BATCH_SAMPLERS[name]()}
    return [plain(batch) for batch in loader_class(**arguments)]


def expected(root, name):
    """Return the batches of one case without any loader."""
    if name in STREAMS:
        return list(streams()[name])
    dataset, batches = map_style(root)[name]
    return [plain(collate([dataset[index] for index in batch])) for batch in batches]


@pytest.fixture(scope="module")
def together(root):
    """Return a function of a loader's name and a start method (None: no workers) that loads only once."""
    if "forkserver" in METHODS:
        # Where no server runs yet: it then imports torch once, and not every worker for itself. Only modules
        # that are installed: the server of Python 3.11 does not know where pytest finds this one.
        systems = [f"course_lib.{home}" for home in course_lib._HOMES if home.startswith(("data", "samp"))]
        multiprocessing.set_forkserver_preload(["__main__", "course_lib.loader.workers", *systems])

    @cache
    def load(loader, method):
        workers = {"num_workers": 2, "multiprocessing_context": method} if method else {}
        try:
            return load_together(root, LOADERS[loader], workers)
        except Exception as error:  # kept too, or each case would fail anew and slowly
            return error

    def results(loader, method):
        loaded = load(loader, method)
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    return results


def in_comparable_order(name, batches):
    return sorted(batches) if name == "StreamingDataset shuffled" else batches


def test_no_dataset_and_no_sampler_without_a_case():
    systems = set()
    for name in course_lib.__all__:
        value = getattr(course_lib, name)
        if isinstance(value, type) and issubclass(value, torch_data.Dataset | torch_data.Sampler):
            systems.add(name)
    assert len(systems) > 30
    assert systems - {name.split()[0] for name in CASES} == set()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("loader", "method"),
    [
        # Torch's workers import torch one after the other.
        pytest.param(loader, method, marks=pytest.mark.slow if (loader, method) == ("torch", "spawn") else ())
        for loader in LOADERS
        for method in [None, *METHODS]
    ],
)
def test_every_system_with_no_and_with_two_workers(name, loader, method, root, together):
    batches = together(loader, method)[name]
    assert len(batches) > 0
    assert in_comparable_order(name, batches) == in_comparable_order(name, expected(root, name))


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", CASES)
def test_without_workers_in_a_loader_of_its_own(name, loader, root, together):
    assert load_alone(root, name, LOADERS[loader], {}) == together(loader, None)[name]


@pytest.mark.skipif("fork" not in METHODS, reason="this system cannot fork")
@pytest.mark.parametrize("loader", ["ours", pytest.param("torch", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_two_workers_of_its_own(name, loader, root, together):
    workers = {"num_workers": 2, "multiprocessing_context": "fork"}
    batches = load_alone(root, name, LOADERS[loader], workers)
    assert in_comparable_order(name, batches) == in_comparable_order(name, together(loader, None)[name])

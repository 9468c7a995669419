"""Everything of ours runs in torch's loader, and everything of torch's and torchvision's in ours."""

import multiprocessing
import pickle
from itertools import chain

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
import torchvision

from course_lib import (
    AutoOptimizedDataset,
    BatchSampler,
    ChainDataset,
    CloudStorageDataset,
    ConcatDataset,
    DatabaseDataset,
    DataLoader,
    IterableDataset,
    ListDataset,
    LoadBalancedDistributedSampler,
    MemoryEfficientDataset,
    PrioritySampler,
    RandomSampler,
    RobustDataset,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    SyntheticImages,
    SyntheticText,
    TensorDataset,
    TransformDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    mnist,
    random_split,
    stratified_split,
)


def seeded():
    return torch.Generator().manual_seed(0)


def double(value):
    return value * 2


class Shard(IterableDataset[int]):
    """Share the numbers from `start` to `stop` out among the workers."""

    def __init__(self, start, stop):
        self.start, self.stop = start, stop

    def __iter__(self):
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        return iter(range(self.start + first, self.stop, step))


class TorchShard(torch_data.IterableDataset):
    def __iter__(self):
        info = torch_data.get_worker_info()
        return iter(range(info.id, 8, info.num_workers) if info else range(8))


def pairs():
    return TensorDataset(torch.arange(12).float().view(12, 1), torch.arange(12))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    mnist(folder, download=False)
    DatabaseDataset.create(folder / "samples.db", zip(torch.arange(18.0).view(9, 2), range(9)))
    (folder / "arrays").mkdir()
    for number in range(7):
        np.save(folder / "arrays" / f"{number}.npy", np.full((2, 2), number))
    return folder


LOADERS = {"torch's loader": torch_data.DataLoader, "our loader": DataLoader}
either_loader = pytest.mark.parametrize("loader_class", LOADERS.values(), ids=LOADERS)

DATASETS = {
    "list": lambda root: ListDataset(list(range(10))),
    "tensors": lambda root: pairs(),
    "concat": lambda root: ConcatDataset([pairs(), pairs()]),
    "stack": lambda root: StackDataset(x=pairs(), y=ListDataset("abcdefghijkl")),
    "subset": lambda root: Subset(Subset(pairs(), range(11)), [9, 1, 1]),
    "random split": lambda root: random_split(pairs(), [0.5, 0.5], seeded())[0],
    "stratified split": lambda root: stratified_split(pairs(), [0, 1] * 6, [8, 4], seeded())[1],
    "transform": lambda root: TransformDataset(pairs(), double),
    "batched transform": lambda root: TransformDataset(pairs(), double, batched=True),
    "synthetic": lambda root: SyntheticImages(8, size=8),
    "mnist": lambda root: Subset(mnist(root, batched=True, download=False), range(9)),
    "text": lambda root: SyntheticText(9),
    "database": lambda root: DatabaseDataset(root / "samples.db"),
    "files on demand": lambda root: MemoryEfficientDataset(root / "arrays", np.load),
    "cloud": lambda root: CloudStorageDataset(
        [f"file://{root}/arrays/{number}.npy" for number in range(7)], root / "cache"
    ),
    "cached": lambda root: AutoOptimizedDataset(DatabaseDataset(root / "samples.db"), 2**20),
    "robust": lambda root: RobustDataset(DatabaseDataset(root / "samples.db"), fallback="raise"),
    "torch's tensors": lambda root: torch_data.TensorDataset(torch.arange(6.0), torch.arange(6)),
    "torch's split": lambda root: torch_data.random_split(pairs(), [5, 7], seeded())[1],
    "torchvision's MNIST": lambda root: torch_data.Subset(
        torchvision.datasets.MNIST(root / "digits", transform=torchvision.transforms.ToTensor()), range(9)
    ),
    "torchvision's fake data": lambda root: torchvision.datasets.FakeData(
        5, (3, 8, 8), transform=torchvision.transforms.ToTensor()
    ),
    "of torch's": lambda root: Subset(
        ConcatDataset([torch_data.TensorDataset(torch.arange(4)), torch_data.Subset(pairs(), [1])]), [3, 0]
    ),
    "of torchvision's": lambda root: TransformDataset(
        Subset(torchvision.datasets.MNIST(root / "digits"), range(7)), torchvision.transforms.ToTensor()
    ),
    "torch's of ours": lambda root: torch_data.Subset(torch_data.ConcatDataset([pairs(), pairs()]), [20, 3]),
    "torch's stack of ours": lambda root: torch_data.StackDataset(pairs(), Subset(pairs(), range(12))),
}


def flatten(batch):
    """Return the leaves of a batch, tensors as lists."""
    if isinstance(batch, torch.Tensor):
        return [batch.tolist()]
    if isinstance(batch, dict):
        batch = list(batch.values())
    if isinstance(batch, list | tuple):
        return list(chain.from_iterable(flatten(part) for part in batch))
    return [batch]


def expected_batches(dataset, size):
    samples = [dataset[index] for index in range(len(dataset))]
    return [
        flatten(torch_data.default_collate(samples[start : start + size]))
        for start in range(0, len(samples), size)
    ]


@either_loader
@pytest.mark.parametrize(
    "collate", [torch_data.default_collate, default_collate], ids=["torch's collate", "our collate"]
)
@pytest.mark.parametrize("make", DATASETS.values(), ids=DATASETS)
def test_every_dataset_and_collate_runs_in_either_loader(make, collate, loader_class, root):
    dataset = make(root)
    loader = loader_class(dataset, batch_size=4, collate_fn=collate)
    assert [flatten(batch) for batch in loader] == expected_batches(dataset, 4)


@pytest.mark.slow
@either_loader
@pytest.mark.parametrize("make", DATASETS.values(), ids=DATASETS)
def test_every_dataset_runs_in_the_workers_of_either_loader(make, loader_class, root):
    dataset = make(root)
    loader = loader_class(dataset, batch_size=4, collate_fn=default_collate, num_workers=2)
    assert [flatten(batch) for batch in loader] == expected_batches(dataset, 4)


@pytest.mark.parametrize("make", DATASETS.values(), ids=DATASETS)
def test_every_dataset_can_be_pickled(make, root):
    dataset = make(root)
    assert expected_batches(pickle.loads(pickle.dumps(dataset)), 4) == expected_batches(dataset, 4)


@pytest.mark.slow
@either_loader
@pytest.mark.parametrize("name", ["concat", "batched transform", "mnist", "cloud"])
def test_datasets_survive_spawn(name, loader_class, root):
    dataset = DATASETS[name](root)
    loader = loader_class(
        dataset,
        batch_sampler=BatchSampler(SequentialSampler(dataset), 4, False),
        collate_fn=default_collate,
        num_workers=2,
        multiprocessing_context="spawn",
    )
    assert [flatten(batch) for batch in loader] == expected_batches(dataset, 4)


@either_loader
@pytest.mark.parametrize("workers", [0, 2])
def test_streams_run_in_either_loader(workers, loader_class):
    stream = Shard(0, 5) + Shard(5, 12)
    assert isinstance(stream, ChainDataset)
    loader = loader_class(stream, batch_size=2, num_workers=workers, collate_fn=default_collate)
    assert sorted(torch.cat(list(loader)).tolist()) == list(range(12))
    loader = loader_class(
        ChainDataset([TorchShard()]), batch_size=None, num_workers=workers, collate_fn=default_convert
    )
    assert sorted(loader) == list(range(8))


SAMPLERS = {
    "sequential": lambda: SequentialSampler(range(10)),
    "random": lambda: RandomSampler(range(10), generator=seeded()),
    "with replacement": lambda: RandomSampler(range(10), True, 17, seeded()),
    "subset": lambda: SubsetRandomSampler([3, 5, 9], seeded()),
    "weighted": lambda: WeightedRandomSampler([1.0] * 10, 6, generator=seeded()),
    "priority": lambda: PrioritySampler(range(10), generator=seeded(), num_samples=11),
    "balanced ranks": lambda: LoadBalancedDistributedSampler(range(10), range(10), 2, 1),
    "torch's random": lambda: torch_data.RandomSampler(range(10), generator=seeded()),
    "torch's subset": lambda: torch_data.SubsetRandomSampler([3, 5, 9], seeded()),
    "torch's weighted": lambda: torch_data.WeightedRandomSampler([1.0] * 10, 6, generator=seeded()),
    "torch's distributed": lambda: torch_data.DistributedSampler(range(10), num_replicas=2, rank=1),
}


@either_loader
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_every_sampler_runs_in_either_loader(make, workers, loader_class):
    data = ListDataset(list(range(10)))
    expected = list(make())
    loader = loader_class(data, batch_size=4, sampler=make(), num_workers=workers)
    assert torch.cat(list(loader)).tolist() == expected
    loader = loader_class(data, batch_sampler=BatchSampler(make(), 3, True), num_workers=workers)
    assert [batch.tolist() for batch in loader] == [
        expected[start : start + 3] for start in range(0, len(expected) - 2, 3)
    ]


def test_torchs_samplers_run_in_our_batches():
    for sampler in (
        torch_data.RandomSampler(range(7), generator=seeded()),
        torch_data.SubsetRandomSampler([4, 2], seeded()),
        torch_data.WeightedRandomSampler([1.0, 2.0], 5, generator=seeded()),
        torch_data.DistributedSampler(range(9), num_replicas=2, rank=1),
    ):
        batches = list(BatchSampler(sampler, 2, False))
        assert len(list(chain.from_iterable(batches))) == len(sampler)
        assert len(batches) == len(BatchSampler(sampler, 2, False))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize(
    ("loader_class", "method"),
    [
        (torch_data.DataLoader, None),
        *(
            pytest.param(DataLoader, method, marks=pytest.mark.slow if method == "spawn" else ())
            for method in multiprocessing.get_all_start_methods()
        ),
    ],
)
def test_nested_tensors_are_refused_in_a_worker_too(loader_class, method):
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    arguments = {"batch_size": 2, "num_workers": 1, "multiprocessing_context": method}
    loader = loader_class(ListDataset([nested, nested]), collate_fn=default_collate, **arguments)
    with pytest.raises(RuntimeError, match="nested tensors are not currently supported"):
        next(iter(loader))

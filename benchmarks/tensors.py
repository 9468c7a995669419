"""Workloads on tensors in memory, in this process and with two workers."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import TensorDataset as TorchTensorDataset

from benchmarks.measure import OURS, Measure, Workload, passes_over
from benchmarks.opponents import GatheredTensors, IndexedTensors, bare_gather, expert_loader
from benchmarks.same import check_equal
from course_lib import DataLoader, TensorDataset
from course_lib.platform import available_cores

Tensors = tuple[torch.Tensor, torch.Tensor]
WORKERS = {"num_workers": 2, "persistent_workers": True}


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workloads; loaders live only as long as their workload is looked at."""
    size = 6_000 if small else 60_000
    floors = {torch.float32: {"torch": 9.0, "expert torch": 2.0}, torch.uint8: {"torch": 15.0}}
    for dtype, batch_size in product(floors, (64, 256)):
        yield in_process(images(size, dtype), batch_size, {**floors[dtype], "limit": 0.85})
    tensors = images(size, torch.float32)
    for batch_size in (64, 256) if available_cores() > 1 else ():
        yield in_process(tensors, batch_size, {**floors[torch.float32], "limit": 0.85}, available_cores())
    for batch_size in (64, 256):
        yield with_workers(tensors, batch_size)
    for workers in (0, 2):
        yield plain_dataset(images(size // 10, torch.float32), workers)
    pictures = torch.rand(64 if small else 512, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    for dataset in (TorchTensorDataset(pictures), TensorDataset(pictures)):
        yield large_batches(dataset)


def images(size: int, dtype: torch.dtype) -> Tensors:
    """Return images of shape (size, 1, 28, 28) and labels of shape (size,).

    They begin as NumPy arrays, as most data sets do. That shows: for large arrays NumPy asks the system for
    huge pages, and rows at random places are found faster in these, by all contestants.
    """
    generator = np.random.default_rng(0)
    pixels = generator.integers(256, size=(size, 1, 28, 28), dtype=np.uint8)
    images = torch.from_numpy(pixels.astype(str(dtype).removeprefix("torch.")))
    return images, torch.from_numpy(generator.integers(10, size=size))


def in_process(tensors: Tensors, batch_size: int, floors: dict[str, float], threads: int = 1) -> Workload:
    """Shuffled batches of rows, without workers.

    One thread computes in all measurements, because two that meet busy cores wait for each other. By itself
    torch takes one for each core; so what users get is measured as well.
    """
    arguments: dict[str, Any] = {"batch_size": batch_size, "shuffle": True}
    ours = DataLoader(TensorDataset(*tensors), **arguments)
    theirs = TorchLoader(TorchTensorDataset(*tensors), **arguments)
    expert = expert_loader(GatheredTensors(*tensors), **arguments)
    usual = expert_loader(IndexedTensors(*tensors), **arguments)
    check_equal(ours, theirs, expert, usual)
    contestants = {
        OURS: passes_over(lambda: ours),
        "torch": passes_over(lambda: theirs),
        "expert torch": passes_over(lambda: expert),
        "torch, batches fetched by tensor[indices]": passes_over(lambda: usual),
        "limit": passes_over(lambda: bare_gather(tensors, batch_size)),
    }
    name = f"{_kind(tensors)}, shuffled, batch {batch_size}"
    if threads > 1:
        name += f", torch's default of {threads} threads"
        contestants = {who: with_threads(threads, run) for who, run in contestants.items()}
    return Workload(name, contestants, floors, len(tensors[0]))


def with_threads(threads: int, run: Measure) -> Measure:
    """Let torch use so many threads for the time of a run."""

    def measure() -> float:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return run()
        finally:
            torch.set_num_threads(before)

    return measure


def with_workers(tensors: Tensors, batch_size: int) -> Workload:
    """The same with two persistent workers."""
    arguments: dict[str, Any] = {"batch_size": batch_size, "shuffle": True, **WORKERS}
    ours = DataLoader(TensorDataset(*tensors), **arguments)
    theirs = TorchLoader(TorchTensorDataset(*tensors), **arguments)
    expert = expert_loader(GatheredTensors(*tensors), **arguments)
    check_equal(ours, theirs, expert)
    contestants = {
        OURS: passes_over(lambda: ours),
        "torch": passes_over(lambda: theirs),
        "expert torch": passes_over(lambda: expert),
    }
    name = f"{_kind(tensors)}, 2 persistent workers, batch {batch_size}"
    return Workload(name, contestants, {"torch": 12.0, "expert torch": 8.0}, len(tensors[0]))


class PlainDataset:
    """A dataset as everyone writes it: one sample at a time, with a little work for each."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.images[index] / 255, int(self.labels[index])


def plain_dataset(tensors: Tensors, workers: int) -> Workload:
    """A dataset that has only `__getitem__`, the same for both loaders."""
    arguments: dict[str, Any] = {"batch_size": 64, "shuffle": True, **(WORKERS if workers else {})}
    dataset: Any = PlainDataset(*tensors)
    ours, theirs = DataLoader(dataset, **arguments), TorchLoader(dataset, **arguments)
    check_equal(ours, theirs)
    contestants = {OURS: passes_over(lambda: ours), "torch": passes_over(lambda: theirs)}
    floors = {"torch": 1.8 if workers else 1.0}
    return Workload(f"__getitem__ only, {workers} workers, batch 64", contestants, floors, len(tensors[0]))


def large_batches(dataset: Any) -> Workload:
    """Batches of 36.8 MiB: what 64 pictures are that a network for ImageNet takes."""
    arguments: dict[str, Any] = {"batch_size": 64, "shuffle": True}
    ours, theirs = DataLoader(dataset, **arguments), TorchLoader(dataset, **arguments)
    check_equal(ours, theirs)
    contestants = {OURS: passes_over(lambda: ours), "torch": passes_over(lambda: theirs)}
    fetched = "by rows" if isinstance(dataset, TensorDataset) else "one by one"
    name = f"{len(dataset)} × 3 × 224 × 224 float32, shuffled, batch 64, fetched {fetched}"
    return Workload(name, contestants, samples=len(dataset))


def _kind(tensors: Tensors) -> str:
    return f"{len(tensors[0]):,} × 1 × 28 × 28 {str(tensors[0].dtype).removeprefix('torch.')}"

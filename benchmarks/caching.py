"""Workloads on a slow source, where some samples are asked for more often than others, or all alike."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks.measure import OURS, Workload
from course_lib import AutoOptimizedDataset, DataLoader, Dataset

SECONDS = 0.005
SHAPE = (3, 32, 32)
EPOCHS = 4
BATCH = 8


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workloads. Each pass of ours begins with an empty cache, and counts with it."""
    size = 60 if small else 300
    ranks = torch.arange(1, size + 1).double()
    yield cached("skewed (Zipf 1.2)", ranks**-1.2, size, {"no cache": 2.0})
    yield cached("uniform", torch.ones(size), size, {"no cache": 0.95})


class SlowSource(Dataset[torch.Tensor]):
    """Pictures from far away: each takes a while to come, and no time of this machine."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(SECONDS)
        return torch.full(SHAPE, float(index))


def cached(name: str, weights: torch.Tensor, size: int, floors: dict[str, float]) -> Workload:
    """Draw samples by weight, as many as in some epochs, with room for a fifth of them in the cache."""
    generator = torch.Generator().manual_seed(0)
    order: list[int] = torch.multinomial(weights, EPOCHS * size, True, generator=generator).tolist()
    room = size // 5 * torch.empty(SHAPE).nbytes

    def read(dataset: Callable[[], Any]) -> Callable[[], float]:
        def measure() -> float:
            start = time.perf_counter()
            loader = DataLoader(dataset(), batch_size=BATCH, sampler=order, num_workers=2)
            for batch, first in zip(loader, order[::BATCH]):
                if batch[0, 0, 0, 0] != first:
                    raise AssertionError(f"sample {first} came as another")
            return time.perf_counter() - start

        return measure

    contestants = {
        OURS: read(lambda: AutoOptimizedDataset(SlowSource(size), room)),
        "no cache": read(lambda: SlowSource(size)),
    }
    description = f"5 ms a sample, {name}, cache for a fifth, 2 workers"
    return Workload(description, contestants, floors, len(order), most_rounds=5)

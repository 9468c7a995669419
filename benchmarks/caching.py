"""Workloads on a slow source: some samples are asked for more often, or all alike, or each of them once."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks.measure import OURS, Workload
from course_lib import AutoOptimizedDataset, DataLoader, Dataset
from course_lib.datasets.cached import CacheStatistics

SECONDS = 0.005
SHAPE = (3, 32, 32)
EPOCHS = 4
BATCH = 8


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workloads. Each pass of ours begins with an empty cache, and counts with it."""
    size = 60 if small else 300
    ranks = torch.arange(1, size + 1).double()
    yield cached("skewed (Zipf 1.2)", _drawn(ranks**-1.2), size, {"no cache": 2.0})
    yield cached("uniform", _drawn(torch.ones(size)), size, {"no cache": 0.95})
    # Nothing comes again, so the cache is pure cost.
    size *= 1 if small else EPOCHS
    once = torch.randperm(size, generator=torch.Generator().manual_seed(0)).tolist()
    yield cached("each sample once", once, size, {"no cache": 0.95})


class SlowSource(Dataset[torch.Tensor]):
    """Pictures from far away: each takes a while to come, and no time of this machine."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(SECONDS)
        return torch.full(SHAPE, float(index))


def _drawn(weights: torch.Tensor) -> list[int]:
    """Draw samples by weight, as many as in some epochs."""
    generator = torch.Generator().manual_seed(0)
    drawn: list[int] = torch.multinomial(weights, EPOCHS * len(weights), True, generator=generator).tolist()
    return drawn


def cached(name: str, order: list[int], size: int, floors: dict[str, float]) -> Workload:
    """Read samples in an order, with room for a fifth of all in the cache."""
    room = size // 5 * torch.empty(SHAPE).nbytes

    def read(make: Callable[[], Any]) -> Callable[[], float]:
        def measure() -> float:
            start = time.perf_counter()
            dataset = make()
            loader = DataLoader(dataset, batch_size=BATCH, sampler=order, num_workers=2)
            for batch, first in zip(loader, order[::BATCH]):
                if batch[0, 0, 0, 0] != first:
                    raise AssertionError(f"sample {first} came as another")
                if isinstance(dataset, AutoOptimizedDataset):
                    check_limit(dataset.statistics(), room)
            return time.perf_counter() - start

        return measure

    contestants = {
        OURS: read(lambda: AutoOptimizedDataset(SlowSource(size), room)),
        "no cache": read(lambda: SlowSource(size)),
    }
    description = f"5 ms a sample, {name}, cache for a fifth, 2 workers"
    return Workload(description, contestants, floors, len(order), most_rounds=5)


def check_limit(statistics: CacheStatistics, room: int) -> None:
    """Raise a ValueError if a cache holds more than it may: then its time counts for nothing."""
    if statistics.bytes_kept > room:
        raise ValueError(
            f"The cache holds {statistics.bytes_kept:,} bytes and may hold {room:,}. A cache that breaks its "
            "limit is no contestant. Mend it before you measure."
        )

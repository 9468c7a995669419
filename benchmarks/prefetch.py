"""Accesses to a slow source, one after the other: with a pattern to learn, and without one."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from benchmarks.caching import SHAPE, SlowSource
from benchmarks.measure import OURS, Measure, Workload
from course_lib import DataLoader, LearnedPrefetchDataLoader

_SAMPLE_BYTES = 4 * SHAPE[0] * SHAPE[1] * SHAPE[2]
_MAX_AHEAD = 16
_DRAWS = 600


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workloads. Each pass of ours begins without having learned anything."""
    size = 60 if small else 300
    generator = random.Random(0)
    order = generator.sample(range(size), size)
    yield _asked("every third sample, as one page follows another", [*range(0, 3 * size, 3)] * 2, 2.0)
    yield _asked("the same order 6 times", order * 6, 2.0)
    # No floor: of every five the first two cannot be known (a random start, then its step): 2.5 is the most
    # there could be, and the third often waits for threads that still fetch past the end of the last five.
    yield _asked("neighbours of random samples", _neighbours(size, generator), None)
    yield _asked("random", generator.choices(range(size), k=size if small else _DRAWS), 0.95)


def _neighbours(size: int, generator: random.Random) -> list[int]:
    """Return random indices, each followed by the four after it."""
    starts = generator.choices(range(size - 4), k=size // 4)
    return [start + step for start in starts for step in range(5)]


def _asked(name: str, order: Sequence[int], floor: float | None) -> Workload:
    """Ask for samples one by one; workers, for comparison, know the whole order before."""
    source = SlowSource(max(order) + 1)

    def by_index(make: Callable[[], Any]) -> Measure:
        return _measure(order, lambda dataset: (dataset[index] for index in order), make)

    def ours() -> LearnedPrefetchDataLoader:
        room = _MAX_AHEAD * _SAMPLE_BYTES
        return LearnedPrefetchDataLoader(source, max_ahead=_MAX_AHEAD, max_bytes=room)

    def workers() -> DataLoader[Any]:
        return DataLoader(source, batch_size=None, sampler=order, num_workers=2)

    contestants = {
        OURS: by_index(ours),
        "none": by_index(lambda: source),
        "2 workers that know the order": _measure(order, iter, workers),
    }
    floors = {} if floor is None else {"none": floor}
    description = f"5 ms a sample, asked for one by one: {name}"
    return Workload(description, contestants, floors, len(order), most_rounds=5, warm_up=0)


def _measure(
    order: Sequence[int], samples: Callable[[Any], Iterable[Any]], make: Callable[[], Any]
) -> Measure:
    def measure() -> float:
        loader = make()
        start = time.perf_counter()
        for index, sample in zip(order, samples(loader), strict=True):
            if sample[0, 0, 0] != index:
                raise RuntimeError(f"sample {index} came as another. Something is wrong with the loader.")
        seconds = time.perf_counter() - start
        if isinstance(loader, LearnedPrefetchDataLoader):
            loader.close()
            _check_limit(loader)
        return seconds

    return measure


def _check_limit(loader: LearnedPrefetchDataLoader) -> None:
    statistics = loader.statistics()
    if statistics.most_bytes > statistics.max_bytes:
        raise RuntimeError(f"Past its limit: {statistics}")

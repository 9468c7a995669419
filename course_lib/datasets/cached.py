"""Keep what is slow to load and often asked for (lesson 19)."""

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Self

import numpy as np

from course_lib.datasets.base import (
    Dataset,
    Indices,
    check_map_style,
    dataset_length,
    fetch_samples,
    plain_index,
)
from course_lib.datasets.sample_bytes import unpack_sample
from course_lib.datasets.sample_cache import SampleCache


@dataclass(frozen=True, repr=False)
class CacheStatistics:
    """What a cache has done so far, over all workers.

    Attributes:
        hits, misses: samples that came from the cache, and that were loaded.
        seconds_saved: estimated from what loading took when these samples were loaded.
        samples_kept, bytes_kept: what is in the cache now.
        cache_bytes: its limit.
        costs: seconds that loading each sample takes; 0 where it was never loaded. Shape (n,).
        uses: how often each sample was asked for, old times counting less. Shape (n,).
    """

    hits: int
    misses: int
    seconds_saved: float
    samples_kept: int
    bytes_kept: int
    cache_bytes: int
    costs: np.ndarray[Any, Any]
    uses: np.ndarray[Any, Any]

    @property
    def hit_rate(self) -> float:
        """The share of samples that came from the cache; 0 before the first."""
        return self.hits / max(1, self.hits + self.misses)

    def __str__(self) -> str:
        return (
            f"{self.hit_rate:.0%} of {self.hits + self.misses} samples came from the cache, which saved "
            f"about {self.seconds_saved:.1f} s; it keeps {self.samples_kept} samples, {self.bytes_kept:,} of "
            f"{self.cache_bytes:,} bytes"
        )

    __repr__ = __str__


class AutoOptimizedDataset(Dataset[Any]):
    """Keep the samples that are worth most in a cache of bounded size (lesson 19).

    It measures how long each sample takes to load and counts how often it is asked for. All workers share the
    cache, and it lasts as long as the dataset: over epochs, and whether or not the workers persist. Samples
    that load about as fast as the cache reads are not kept. Each reading gives a copy.

    Put transforms that draw random numbers around it, not inside: a kept sample is always the same. It needs
    a batch fetch that returns every sample, so RobustDataset belongs around it as well.

    Args:
        dataset: a map-style dataset; its samples can be pickled, or they are not kept.
        cache_bytes: how large the cache may become.

    Raises:
        ValueError: if `cache_bytes` is no positive integer.
        TypeError: if `dataset` cannot be indexed.
        OSError: if the temporary folder of this system cannot be written.
    """

    accepts_index_tensor = True

    def __init__(self, dataset: Any, cache_bytes: int = 2**30) -> None:
        check_map_style(dataset, "AutoOptimizedDataset")
        if not isinstance(cache_bytes, int) or isinstance(cache_bytes, bool) or cache_bytes <= 0:
            raise ValueError(
                f"cache_bytes got {cache_bytes!r}. It is the size that the cache may reach. Pass a positive "
                "integer, such as 2**30 for a gibibyte."
            )
        self.dataset = dataset
        self.cache_bytes = cache_bytes
        self._length = dataset_length(dataset)
        self._cache = SampleCache(self._length, cache_bytes)

    def __getitem__(self, index: int) -> Any:
        return AutoOptimizedDataset.__getitems__(self, [plain_index(index, self._length)])[0]

    def __getitems__(self, indices: Indices) -> Sequence[Any]:
        """Return the samples at `indices`: from the cache, and the others by one batch fetch."""
        positions = [plain_index(index, self._length) for index in np.asarray(indices).tolist()]
        if not positions:
            return []
        started = time.perf_counter()
        contents = self._cache.read(positions)
        hits = [position for position in positions if position in contents]
        kept = [unpack_sample(contents[position]) for position in hits]
        looked = time.perf_counter()
        misses = [position for position in positions if position not in contents]
        loaded = fetch_samples(self.dataset, misses) if misses else []
        ended = time.perf_counter()
        self._cache.note(hits, looked - started, misses, ended - looked)
        chosen = self._cache.choose(misses)
        if any(chosen):
            for position, sample in compress(zip(misses, loaded), chosen):
                self._cache.offer(position, sample)
        if not hits:
            return loaded
        from_cache, from_source = iter(kept), iter(loaded)
        return [next(from_cache if position in contents else from_source) for position in positions]

    def __len__(self) -> int:
        return self._length

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy with a cache of its own: what it wraps may be changed, and its samples with it."""
        copied = copy.copy(self)
        copied._cache = SampleCache(self._length, self.cache_bytes)
        memo |= {id(self): copied, id(self._cache): copied._cache}
        vars(copied).update(copy.deepcopy(vars(self), memo))
        return copied

    def statistics(self) -> CacheStatistics:
        """Say what the cache has done so far, for this process and all workers."""
        totals, rows = self._cache.totals[0], self._cache.rows
        return CacheStatistics(
            hits=int(totals["hits"]),
            misses=int(totals["misses"]),
            seconds_saved=float(totals["saved"]),
            samples_kept=int(totals["kept"]),
            bytes_kept=int(totals["bytes"]),
            cache_bytes=self.cache_bytes,
            costs=rows["cost"].copy(),
            uses=rows["uses"].copy(),
        )

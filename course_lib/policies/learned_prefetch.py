"""A loader that learns which samples come next and fetches them ahead (lesson 19).

When the order of an epoch is known, there is nothing to learn: workers read the sampler ahead and are never
wrong. Learning is for an order that nobody can know ahead, because what is asked for next is decided when
the sample before has been seen: a person who pages through data, a search that follows links, a sampler
that looks at the latest losses, a dataset that reads its neighbours.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from operator import index as as_integer
from typing import Any

import torch

from course_lib.datasets.base import check_map_style, dataset_length, plain_index
from course_lib.datasets.position import Position
from course_lib.loader.dataloader import DataLoader
from course_lib.loader.fetch import Fetcher, make_fetcher
from course_lib.policies.access_model import AccessPatternModel, FirstOrderModel
from course_lib.policies.samples_ahead import DROPPED, SamplesAhead


@dataclass(frozen=True)
class PrefetchStatistics:
    """What fetching ahead has brought so far.

    Attributes:
        hits: samples that were there, or on their way, when they were asked for.
        late: those of the hits that had to be waited for.
        misses: samples that nobody had predicted, or had begun to load.
        fetched: samples that were loaded ahead, asked for later or not.
        dropped: those of the fetched that were too large to keep.
        bytes_kept, most_bytes: bytes booked for samples ahead, now and at most so far.
        max_bytes: their limit.
    """

    hits: int
    late: int
    misses: int
    fetched: int
    dropped: int
    bytes_kept: int
    most_bytes: int
    max_bytes: int

    @property
    def hit_rate(self) -> float:
        """The share of samples that were fetched ahead, of those asked for; 0 before the first."""
        return self.hits / max(1, self.hits + self.misses)

    def __str__(self) -> str:
        return (
            f"{self.hit_rate:.0%} of {self.hits + self.misses} samples were fetched ahead, {self.late} of "
            f"them late; {self.fetched} were fetched in all; at most {self.most_bytes:,} of "
            f"{self.max_bytes:,} bytes were booked"
        )

    __repr__ = __str__


class LearnedPrefetchDataLoader(DataLoader[Any]):
    """Learn the pattern of accesses and fetch ahead in threads (lesson 19).

    `loader[index]` returns one sample; `for batch in loader` asks the sampler for the indices of one batch at
    a time, no sooner than that batch is asked for. Either way every access teaches the model, and what it
    predicts with a probability of one half or more is loaded in the background.

    It helps where loading waits (for a disk, a network) and accesses have a pattern: strides, loops, an order
    that is repeated, one sample that often follows another. On random accesses nothing is predicted and
    nothing is fetched; where samples are asked for again and again in no order, AutoOptimizedDataset helps.
    With a sampler that can be read ahead, `DataLoader` with workers is better from the first batch on,
    whatever the order; the same holds for work in Python, which threads cannot share out.

    Samples are read one by one, also by several threads at once, so a dataset must allow that. A sample that
    draws random numbers draws them when it is fetched, not when it is asked for. Threads end with `close()`,
    or with the loader.

    Args:
        dataset: a map-style dataset of n samples.
        batch_size, shuffle, sampler, batch_sampler, collate_fn, pin_memory, drop_last, generator: as for
            `DataLoader`.
        access_pattern_model: has `observe(index)` and `predict(count)`; None takes a `FirstOrderModel`. What
            it predicts outside the dataset is ignored.
        max_ahead: how many samples may be fetched ahead, at most.
        max_bytes: how many bytes these may take. A sample that is larger than all before it is dropped if
            it does not fit.
        num_threads: how many samples are fetched at once, at most.
        least_seconds: samples that load faster are not worth a thread; 0 fetches all.

    Raises:
        ValueError: a number is out of its range, or as for `DataLoader`.
        TypeError: the dataset is a stream, the model lacks a method, or as for `DataLoader`.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        generator: torch.Generator | None = None,
        *,
        access_pattern_model: AccessPatternModel | None = None,
        max_ahead: int = 16,
        max_bytes: int = 2**28,
        num_threads: int = 4,
        least_seconds: float = 5e-4,
    ) -> None:
        check_map_style(dataset, "LearnedPrefetchDataLoader")
        numbers = {"max_ahead": max_ahead, "max_bytes": max_bytes, "num_threads": num_threads}
        for name, number in numbers.items():
            _check_count(name, number)
        _check_seconds(least_seconds)
        super().__init__(
            dataset,
            batch_size,
            shuffle,
            sampler,
            batch_sampler,
            collate_fn=collate_fn,
            pin_memory=pin_memory,
            drop_last=drop_last,
            generator=generator,
        )
        length = dataset_length(dataset)
        model = FirstOrderModel(length) if access_pattern_model is None else access_pattern_model
        _check_model(model)
        ahead = SamplesAhead(dataset.__getitem__, num_threads, max_ahead, max_bytes)
        self._source = PrefetchedSamples(ahead, model, length, least_seconds)

    def __getitem__(self, index: int) -> Any:
        """Return the sample at an index, and learn from the access."""
        return self._source[index]

    @property
    def access_pattern_model(self) -> AccessPatternModel:
        """The model that learns."""
        return self._source.model

    def statistics(self) -> PrefetchStatistics:
        """Say what fetching ahead has brought so far."""
        return self._source.statistics()

    def close(self) -> None:
        """End the threads and drop what they have fetched. What the model has learned stays."""
        self._source.ahead.close()

    def _make_fetcher(self, start: Position | None) -> Fetcher:
        return make_fetcher(
            self._source,
            start=start,
            streaming=False,
            batched=self.batch_sampler is not None,
            collate_fn=self.collate_fn,
            drop_last=self.drop_last,
        )


class PrefetchedSamples:
    """The samples of a dataset, some of them fetched before they are asked for.

    Args:
        ahead: fetches and keeps them.
        model: predicts what comes.
        length: of the dataset.
        least_seconds: samples that load faster are not fetched ahead.
    """

    def __init__(
        self, ahead: SamplesAhead, model: AccessPatternModel, length: int, least_seconds: float
    ) -> None:
        self.ahead = ahead
        self.model = model
        self._length = length
        self._least_seconds = least_seconds
        self._hits = self._late = self._misses = 0

    def __getitem__(self, index: int) -> Any:
        position = plain_index(index, self._length)
        with self.ahead.lock:
            fetched = self.ahead.take(position)
            self.model.observe(position)
            seconds = self.ahead.seconds
            if seconds is not None and seconds >= self._least_seconds:
                self.ahead.order(self._predict())
        # The threads have their orders; only now is anything waited for.
        sample = DROPPED if fetched is None else self._wait_for(fetched)
        if sample is not DROPPED:
            return sample
        with self.ahead.lock:
            self._misses += 1
        return self.ahead.load_now(position)

    def __len__(self) -> int:
        return self._length

    def statistics(self) -> PrefetchStatistics:
        """Say what fetching ahead has brought so far."""
        ahead = self.ahead
        with ahead.lock:
            return PrefetchStatistics(
                self._hits,
                self._late,
                self._misses,
                ahead.fetched,
                ahead.dropped,
                ahead.size,
                ahead.largest_size,
                ahead.max_bytes,
            )

    def _wait_for(self, fetched: "Future[Any]") -> Any:
        is_late = not fetched.done()
        try:
            sample = fetched.result()
        finally:
            del fetched  # An error refers to this frame: without it there is no circle.
        if sample is not DROPPED:
            with self.ahead.lock:
                self._hits += 1
                self._late += is_late
        return sample

    def _predict(self) -> list[int]:
        predicted = list(islice(self.model.predict(self.ahead.max_samples), self.ahead.max_samples))
        try:
            return [index for index in map(as_integer, predicted) if 0 <= index < self._length]
        except TypeError:
            raise TypeError(
                f"{type(self.model).__name__}.predict returned {predicted!r}. It says which samples come "
                "next, by their indices: integers. Let it return a list of ints, empty where it knows none."
            ) from None


def _check_count(name: str, number: Any) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(
            f"{name} is {number!r}. It is a number of threads, samples or bytes to fetch ahead with, so it "
            "must be an integer of 1 or more. Give one, or use DataLoader to fetch nothing ahead."
        )


def _check_seconds(seconds: Any) -> None:
    if not isinstance(seconds, int | float) or not seconds >= 0:
        raise ValueError(
            f"least_seconds is {seconds!r}. It is the time that a sample must take to load to be worth a "
            "thread: a number of seconds of 0 or more. Give one, such as 0.001."
        )


def _check_model(model: Any) -> None:
    for method in ("observe", "predict"):
        if not callable(getattr(model, method, None)):
            raise TypeError(
                f"access_pattern_model is a {type(model).__name__} without a method {method}. A model learns "
                "by observe(index) and says by predict(count) which indices come next. Write both, or leave "
                "it out for a FirstOrderModel."
            )

"""Go on when a sample cannot be read (lesson 17).

Wrap it around everything else, transforms included: what fails inside is caught here. A batch that lost a
sample (`fallback="skip"`) is shorter than what was asked for, and only a loader can live with that; datasets
that build on others (`TransformDataset`, `StackDataset`, …) refuse it, because they could not tell which one
is missing.
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any, Literal, get_args

import torch

from course_lib.datasets.base import (
    Dataset,
    Indices,
    check_map_style,
    dataset_length,
    fetch_samples,
    plain_index,
    samples_fetch,
)
from course_lib.datasets.failures import FailureRecord, FailureReport
from course_lib.datasets.generators import pack_generator, unpack_generator
from course_lib.datasets.transient import is_transient
from course_lib.samplers.draws import integers
from course_lib.samplers.order import check_generator
from course_lib.worker_info import get_worker_info

Fallback = Literal["skip", "random", "previous", "raise"]

_DRAWS = 16  # if so many samples in a row fail, the data are broken, not one sample of them
_MISSING = object()


class RobustDataset(Dataset[Any]):
    """Read samples, retry where that can help, and replace one that cannot be read (lesson 17).

    No sample is given up for good: each time it is asked for it is tried again. The length stays that of the
    dataset. Every failure is recorded, whichever worker saw it. Running out of memory is no fault of a sample
    and is raised at once.

    Args:
        dataset: a map-style dataset.
        max_retries: further tries after an error that `transient` holds for one that may pass.
        fallback: what comes in place of a sample that cannot be read.
            "skip": nothing; the batch is shorter. A batch of which nothing is left raises the error, and so
            does a single sample (`dataset[i]`, or a loader with `batch_size=None`).
            "random": another sample of the dataset, drawn anew each time, none of the same batch.
            "previous": one that this process read in the batch before, a different one for each failure. In
            the first batch, one of the same batch.
            "raise": the error.
        transient: takes an exception, returns whether trying again may help.
        backoff: seconds before the first retry; each further one waits twice as long.
        generator: the source of the random draws; in a worker process it is seeded anew from the worker's
            seed. None uses torch's global generator.

    Raises:
        ValueError: if `max_retries` or `backoff` is negative, or `fallback` is another word.
        TypeError: if `dataset` cannot be indexed, or an argument is of another kind.
        Exception: on reading, the dataset's own, where there is nothing to fall back to.
    """

    def __init__(
        self,
        dataset: Any,
        max_retries: int = 3,
        fallback: Fallback = "skip",
        *,
        transient: Callable[[Exception], bool] = is_transient,
        backoff: float = 0.05,
        generator: torch.Generator | None = None,
    ) -> None:
        check_map_style(dataset, "RobustDataset")
        check_generator(generator)
        _check_arguments(max_retries, fallback, transient, backoff)
        self.dataset = dataset
        self.max_retries = max_retries
        self.fallback = fallback
        self.transient = transient
        self.backoff = backoff
        self.generator = generator
        self._length = dataset_length(dataset)
        self._record = FailureRecord(self._length)
        self._earlier: Sequence[Any] = ()
        self._seed: int | None = None

    def __getitem__(self, index: int) -> Any:
        return RobustDataset.__getitems__(self, [index])[0]

    def __getitems__(self, indices: Indices) -> Sequence[Any]:
        """Return the samples at `indices`; with "skip" without those that cannot be read."""
        positions = [plain_index(index, self._length) for index in indices]
        samples = self._fetch_at_once(positions)
        if samples is None:
            samples = self._fetch_one_by_one(positions)
        if self.fallback == "previous" and len(samples):
            self._earlier = _copy_of(samples)  # The consumer may write into what it gets.
        return samples

    def __iter__(self) -> Iterator[Any]:
        """Yield every sample in order, or what stands in for it; "skip" leaves out what cannot be read."""
        for index in range(self._length):
            sample = self._read(index) if self.fallback == "skip" else self[index]
            if not isinstance(sample, _Failure):
                yield sample

    def __len__(self) -> int:
        return self._length

    def report(self) -> FailureReport:
        """Say what has failed so far, in this process and in all workers."""
        return self._record.report()

    def __getstate__(self) -> dict[str, Any]:
        return pack_generator({**vars(self), "_earlier": (), "_seed": None})

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(unpack_generator(state))

    def _fetch_at_once(self, positions: list[int]) -> Sequence[Any] | None:
        if samples_fetch(self.dataset) is None:
            return None
        try:
            return fetch_samples(self.dataset, positions)
        except MemoryError:
            raise
        except Exception:  # Which sample it was, and whether it passes, shows one by one.
            return None

    def _fetch_one_by_one(self, positions: list[int]) -> Sequence[Any]:
        outcomes = []
        for position in positions:
            outcomes.append(self._read(position))
            if self.fallback == "raise" and isinstance(outcomes[-1], _Failure):
                raise outcomes[-1].error
        if any(isinstance(outcome, _Failure) for outcome in outcomes):
            return self._substitute(positions, outcomes)
        return outcomes

    def _read(self, position: int) -> Any:
        """Read one sample: the sample, or the failure, which is recorded."""
        for attempt in range(self.max_retries + 1):
            try:
                sample = fetch_samples(self.dataset, [position])[0]
            except MemoryError:
                raise
            except Exception as error:
                if attempt < self.max_retries and self.transient(error):
                    time.sleep(self.backoff * 2**attempt)
                    continue
                error.add_note(f"This happened while sample {position} was loaded.")
                self._record.add(position, error)
                return _Failure(error)
            if attempt > 0:
                self._record.add_recovery(position)
            return sample
        raise AssertionError("the last attempt returns")  # pragma: no cover

    def _substitute(self, positions: list[int], outcomes: list[Any]) -> list[Any]:
        """Put substitutes in the places of failures, or take the failures out."""
        good = [outcome for outcome in outcomes if not isinstance(outcome, _Failure)]
        error = next(outcome.error for outcome in outcomes if isinstance(outcome, _Failure))
        if self.fallback == "raise" or (self.fallback == "skip" and not good):
            raise error
        if self.fallback == "skip":
            return good
        earlier = self._earlier if len(self._earlier) else good
        substitutes = self._draw(positions) if self.fallback == "random" else cycle(earlier)
        samples = [next(substitutes, _MISSING) if isinstance(one, _Failure) else one for one in outcomes]
        if any(sample is _MISSING for sample in samples):
            error.add_note(f"RobustDataset found nothing to put in its place (fallback={self.fallback!r}).")
            raise error
        return samples

    def _draw(self, positions: list[int]) -> Iterator[Any]:
        """Yield samples drawn at random, none of them from the batch, until too many fail in a row."""
        batch = set(positions)
        failed = 0
        while failed < _DRAWS and len(batch) < self._length:
            position = int(integers(self._length, (), self._own_generator()))
            if position in batch:
                continue
            batch.add(position)
            sample = self._read(position)
            failed = failed + 1 if isinstance(sample, _Failure) else 0
            if not failed:
                yield sample

    def _own_generator(self) -> torch.Generator | None:
        worker = get_worker_info()
        if self.generator is None or worker is None or worker.worker_type == "thread":
            return self.generator
        # Each worker process has a copy of the generator in the same state: they would all draw the same.
        if self._seed != worker.seed:
            self._seed = worker.seed
            self.generator = torch.Generator().manual_seed(
                (self.generator.initial_seed() + worker.seed) % 2**63
            )
        return self.generator


def _copy_of(samples: Sequence[Any]) -> Sequence[Any]:
    try:
        return copy.deepcopy(samples)
    except Exception:  # such as a tensor that belongs to a graph: whatever a sample's own class raises
        return samples


class _Failure:
    """Stands for a sample that could not be read."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _check_arguments(max_retries: Any, fallback: Any, transient: Any, backoff: Any) -> None:
    if not isinstance(max_retries, int) or isinstance(max_retries, bool) or max_retries < 0:
        raise ValueError(
            f"max_retries got {max_retries!r}. It is how often a sample is tried again. Pass 0 or more."
        )
    if fallback not in get_args(Fallback):
        raise ValueError(
            f"fallback got {fallback!r}. The choice is: {', '.join(map(repr, get_args(Fallback)))}. Pass one "
            "of these."
        )
    if not callable(transient):
        raise TypeError(
            f"transient got {transient!r}, which cannot be called. It takes an exception and returns a bool. "
            "Pass a function, or leave it out."
        )
    if not isinstance(backoff, int | float) or not 0 <= backoff < float("inf"):
        raise ValueError(f"backoff got {backoff!r}. It is a time in seconds. Pass a number of 0 or more.")

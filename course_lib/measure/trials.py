"""One number of workers on trial: passes with new loaders, under the same conditions for all (lesson 12)."""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from course_lib.measure.candidates import WorkerMeasurement
from course_lib.measure.passes import Pass, seconds_per_batch, time_pass

# Only workers have these: without workers they are left out.
_NEED_WORKERS = ("prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout")
_LEAST_TIMEOUT = 10.0
# Rounds of one batch from every worker: the first tells about the start, the others about the rest.
_ROUNDS = 4


@dataclass(frozen=True)
class Conditions:
    """What is the same for all candidates.

    Attributes:
        dataset: as for the loader.
        loader_class: makes a loader of a dataset, `num_workers` and the arguments.
        arguments: the loader's other arguments.
        consume: what the consumer does with a batch.
        pass_seconds: a pass is broken off after this time, if it is far enough.
        end: when time is over, by `time.perf_counter`.
    """

    dataset: Any
    loader_class: Callable[..., Any]
    arguments: dict[str, Any]
    consume: Callable[[Any], object]
    pass_seconds: float
    end: float

    @property
    def remaining(self) -> float:
        """Seconds that are left."""
        return self.end - time.perf_counter()

    def make_loader(self, workers: int) -> Any:
        """Make a new loader with this number of workers."""
        arguments = dict(self.arguments)
        if isinstance(arguments.get("generator"), torch.Generator):
            # A copy: the caller's generator stays where it is, and all passes get the same order.
            arguments["generator"] = arguments["generator"].clone_state()
        if workers == 0:
            for name in _NEED_WORKERS:
                arguments.pop(name, None)
        else:
            # Without a timeout, a candidate that hangs would hold the search for ever.
            arguments.setdefault("timeout", max(self.remaining, _LEAST_TIMEOUT))
        return self.loader_class(self.dataset, num_workers=workers, **arguments)


class Candidate:
    """A number of workers, with what its passes have shown so far.

    Args:
        workers: the number.
        conditions: those of all candidates.
    """

    def __init__(self, workers: int, conditions: Conditions) -> None:
        self.workers = workers
        self.failure: Exception | None = None
        self.batches: int | None = None
        self._conditions = conditions
        self._passes: list[Pass] = []

    def run(self, latest: float = math.inf) -> None:
        """Make one pass. A failure is kept, and ends the candidate's part in the search.

        Args:
            latest: seconds after which the pass is broken off and thrown away, if it is not far enough.
        """
        conditions = self._conditions
        with _undisturbed():
            loader = conditions.make_loader(self.workers)
            self.batches = _length(loader)
            enough = _ROUNDS * max(1, self.workers)
            try:
                result = time_pass(loader, conditions.consume, conditions.pass_seconds, enough, latest)
            except Exception as error:
                self.failure = error
                return
        if not result.arrivals:
            self.failure = ValueError("the loader gave no batch at all")
        elif result.is_enough:  # Else the start of the workers would be taken for the time of a batch.
            self._passes.append(result)

    @property
    def seconds(self) -> tuple[float, ...]:
        """Seconds per batch, one for every pass."""
        counts_start = not self._conditions.arguments.get("persistent_workers")
        return tuple(seconds_per_batch(one, self.workers, self.batches, counts_start) for one in self._passes)

    def measurement(self) -> WorkerMeasurement | None:
        """Return what is known; None if nothing is."""
        if self.failure is not None:
            return WorkerMeasurement(
                self.workers, failure=_describe(self.failure), lost=_is_loss(self.failure)
            )
        if not self._passes:
            return None
        first = median(one.arrivals[0] for one in self._passes)
        memory = max((one.memory for one in self._passes if one.memory is not None), default=None)
        return WorkerMeasurement(self.workers, self.seconds, first, memory)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep torch's random state, and be silent about more workers than cores: trying them is the purpose."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"This DataLoader will create \d+ worker processes")
        yield


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:
        return None


def _describe(error: BaseException) -> str:
    words = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _is_loss(error: BaseException) -> bool:
    """Whether a worker died or fell silent. Both loaders raise RuntimeError for that, with the same words."""
    words = str(error)
    return isinstance(error, RuntimeError) and ("DataLoader worker (pid" in words or "timed out" in words)

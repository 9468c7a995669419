"""Find the number of workers by measurement (lesson 12).

The rule of thumb, half of the cores, is where the search begins and not where it ends: what helps depends on
what a sample costs, on the machine, and on what the consumer does with a batch meanwhile.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from course_lib.loader.dataloader import DataLoader
from course_lib.measure.candidates import WorkerMeasurement, choose_workers, next_candidate
from course_lib.measure.passes import Pass, seconds_per_batch, time_pass
from course_lib.measure.tuning_report import WorkerTuning
from course_lib.platform import available_cores

# Only workers have these: without workers they are left out.
_NEED_WORKERS = ("prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout")
_LONGEST_PASS = 1.0
_EXPECTED_CANDIDATES = 8
_HOPELESS = 1.5
_LEAST_TIMEOUT = 10.0
_LEAST_PASSES = 2
# Rounds of one batch from every worker: the first tells about the start, the others about the rest.
_ROUNDS = 4


def tune_num_workers(
    dataset: Any,
    *,
    candidates: Sequence[int] | None = None,
    repeats: int = 5,
    max_seconds: float = 60.0,
    max_workers: int | None = None,
    step_seconds: float = 0.0,
    consume: Callable[[Any], object] | None = None,
    loader_class: Callable[..., Any] = DataLoader,
    **loader_arguments: Any,
) -> WorkerTuning:
    """Measure how long a batch takes with different numbers of workers, and choose one.

    The search begins at half of the cores that this process may use, looks at 0, and walks on while a
    neighbour is better. A candidate that fails (a worker is killed, an exception, too little shared memory)
    is recorded with its reason, and smaller numbers are tried. torch's global random state stays as it is.

    Args:
        dataset: as for the loader.
        candidates: measure exactly these numbers, in this order, instead of searching. Each gets its share of
            the time, and two passes at least: a single one has no spread.
        repeats: passes per candidate, each with a new loader; hopeless candidates get two.
        max_seconds: the search ends then with what it has. A pass is broken off after a second or less.
        max_workers: the largest number to try; by default four times the cores, and 8 at least.
        step_seconds: the consumer sleeps so long for each batch, like a program that waits for its GPU.
        consume: what the consumer does with each batch, instead of sleeping.
        loader_class: called as `loader_class(dataset, num_workers=…, **loader_arguments)`: the course's
            loader, or `torch.utils.data.DataLoader`.
        **loader_arguments: all other arguments of the loader, such as `batch_size`.

    Returns:
        The measurements and the choice. It prints as a table, and shows as a plot in a notebook.

    Raises:
        TypeError: `num_workers` is among the arguments.
        ValueError: an argument is out of range, or both `step_seconds` and `consume` are given.
        RuntimeError: not a single candidate came through.
    """
    _check(candidates, repeats, max_seconds, max_workers, step_seconds, consume, loader_arguments)
    cores = available_cores()
    trial = _Trial(dataset, loader_class, loader_arguments, consume or _sleeper(step_seconds))
    end = time.perf_counter() + max_seconds
    trial.pass_seconds = min(_LONGEST_PASS, max_seconds / repeats / _EXPECTED_CANDIDATES)
    most = max_workers if max_workers is not None else max(8, 4 * cores)
    propose = _in_turn(candidates) if candidates is not None else _search(min(max(1, cores // 2), most), most)
    measured: dict[int, WorkerMeasurement] = {}
    stopped = "no neighbour of the best is better" if candidates is None else "all were measured"
    while (workers := propose(measured)) is not None:
        remaining = end - time.perf_counter()
        share = 1 if candidates is None else 1 / (len(set(candidates)) - len(measured))
        trial.deadline = time.perf_counter() + remaining * share
        best = min((m.median for m in measured.values()), default=float("inf"))
        measurement = trial.measure(workers, repeats, best, required=not measured or candidates is not None)
        if measurement is None:
            stopped = f"{max_seconds:g} seconds were over"
            break
        measured[workers] = measurement
    return _report(measured, cores, trial.batches, stopped)


@dataclass
class _Trial:
    """The conditions under which every candidate runs."""

    dataset: Any
    loader_class: Callable[..., Any]
    arguments: dict[str, Any]
    consume: Callable[[Any], object]
    deadline: float = 0.0
    pass_seconds: float = _LONGEST_PASS
    batches: int | None = None

    def measure(self, workers: int, repeats: int, best: float, required: bool) -> WorkerMeasurement | None:
        """Measure one candidate; None if time was up before there was anything to tell.

        Args:
            workers: number of workers.
            repeats: number of passes.
            best: the shortest time per batch so far; infinite for the first candidate.
            required: let two passes go as far as they must, whatever the time.
        """
        passes: list[Pass] = []
        seconds: list[float] = []
        for _ in range(repeats):
            latest = self.deadline - time.perf_counter()
            if required and len(passes) < _LEAST_PASSES:
                latest = float("inf")
            if latest <= 0 or (len(seconds) > 1 and min(seconds) > _HOPELESS * best):
                break
            with _undisturbed():
                loader = self._make_loader(workers)
            enough = _ROUNDS * max(1, workers)
            try:
                with _undisturbed():
                    passes.append(time_pass(loader, self.consume, self.pass_seconds, enough, latest))
            except Exception as error:
                return WorkerMeasurement(workers, failure=_describe(error), lost=_is_loss(error))
            if not passes[-1].is_enough:
                break  # The start of the workers would be taken for the time of a batch.
            if not passes[-1].arrivals:
                return WorkerMeasurement(workers, failure="the loader gave no batch at all")
            seconds.append(self._cost(loader, passes[-1], workers))
        if not seconds:
            return None
        first = median(one.arrivals[0] for one in passes)
        memory = max((one.memory for one in passes if one.memory is not None), default=None)
        return WorkerMeasurement(workers, tuple(seconds), first, memory)

    def _make_loader(self, workers: int) -> Any:
        arguments = dict(self.arguments)
        if isinstance(arguments.get("generator"), torch.Generator):
            # A copy: the caller's generator stays where it is, and all candidates get the same order.
            arguments["generator"] = arguments["generator"].clone_state()
        if workers == 0:
            for name in _NEED_WORKERS:
                arguments.pop(name, None)
        else:
            # Without a timeout, a candidate that hangs would hold the search for ever.
            remaining = self.deadline - time.perf_counter()
            arguments.setdefault("timeout", max(remaining, _LEAST_TIMEOUT))
        return self.loader_class(self.dataset, num_workers=workers, **arguments)

    def _cost(self, loader: Any, result: Pass, workers: int) -> float:
        try:
            self.batches = len(loader)
        except TypeError:
            self.batches = None
        counts_start = not self.arguments.get("persistent_workers")
        return seconds_per_batch(result, workers, self.batches, counts_start)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep torch's random state, and be silent about more workers than cores: trying them is the purpose."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"This DataLoader will create \d+ worker processes")
        yield


def _search(start: int, most: int) -> Callable[[dict[int, WorkerMeasurement]], int | None]:
    return lambda measured: next_candidate(measured, start, most)


def _in_turn(candidates: Sequence[int]) -> Callable[[dict[int, WorkerMeasurement]], int | None]:
    return lambda measured: next((number for number in candidates if number not in measured), None)


def _sleeper(seconds: float) -> Callable[[Any], object]:
    return lambda batch: time.sleep(seconds) if seconds else None


def _describe(error: BaseException) -> str:
    words = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _is_loss(error: BaseException) -> bool:
    """Whether a worker died or fell silent. Both loaders raise RuntimeError for that, with the same words."""
    words = str(error)
    return isinstance(error, RuntimeError) and ("DataLoader worker (pid" in words or "timed out" in words)


def _report(
    measured: dict[int, WorkerMeasurement], cores: int, batches: int | None, stopped: str
) -> WorkerTuning:
    measurements = tuple(sorted(measured.values(), key=lambda m: m.workers))
    failures = [f"{m.workers} workers: {m.failure}" for m in measurements if m.failure]
    if len(failures) == len(measurements):
        raise RuntimeError(
            "No number of workers came through: " + "; ".join(failures) + ". A loader that fails with every "
            "number cannot be tuned. Run it with num_workers=0 to see the error where it happens."
        )
    return WorkerTuning(measurements, choose_workers(measurements), cores, batches, stopped)


def _check(
    candidates: Sequence[int] | None,
    repeats: int,
    max_seconds: float,
    max_workers: int | None,
    step_seconds: float,
    consume: Callable[[Any], object] | None,
    loader_arguments: dict[str, Any],
) -> None:
    if "num_workers" in loader_arguments:
        raise TypeError(
            f"num_workers is {loader_arguments['num_workers']}, and it is what this function searches. Leave "
            "it out; max_workers bounds the search, candidates names the numbers to measure."
        )
    if candidates is not None and not (candidates and all(number >= 0 for number in candidates)):
        raise ValueError(
            f"candidates is {candidates!r}. They are numbers of workers, so each is 0 or more, and there "
            "must be one. Give (0, 1, 2), for example, or leave candidates out to search."
        )
    for name, value, least in (("repeats", repeats, 1), ("max_workers", max_workers, 1)):
        if value is not None and value < least:
            raise ValueError(f"{name} is {value}. There must be {least} at least. Give a larger number.")
    if not max_seconds > 0 or not step_seconds >= 0:
        raise ValueError(
            f"max_seconds is {max_seconds} and step_seconds is {step_seconds}. The first must be above 0, "
            "the second may be 0. Give times in seconds."
        )
    if consume is not None and step_seconds:
        raise ValueError(
            f"Both consume and step_seconds={step_seconds} were given. Each says what happens to a batch. "
            "Leave one out."
        )

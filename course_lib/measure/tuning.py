"""Find the number of workers by measurement (lesson 12).

The rule of thumb, half of the cores, is where the search begins and not where it ends: what helps depends on
what a sample costs, on the machine, and on what the consumer does with a batch meanwhile.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from course_lib.loader.dataloader import DataLoader
from course_lib.measure.candidates import WorkerMeasurement, choose_workers, next_candidate
from course_lib.measure.trials import Candidate, Conditions
from course_lib.measure.tuning_report import WorkerTuning
from course_lib.measure.words import counted
from course_lib.platform import available_cores

_LONGEST_PASS = 1.0
_EXPECTED_CANDIDATES = 8
# A single pass has no spread.
_LEAST_PASSES = 2
# Who takes so many times as long as the best is measured twice and no more.
_HOPELESS = 1.5


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
    """Measure how long a batch takes with different numbers of workers, and choose one (lesson 12).

    The search begins at half of the cores that this process may use, looks at 0, and walks on while a
    neighbour is better. A candidate that fails (a worker is killed, an exception, too little shared memory)
    is recorded with its reason, and smaller numbers are tried. torch's global random state stays as it is.

    Args:
        dataset: as for the loader.
        candidates: measure exactly these numbers, in turns, instead of searching. Each gets two passes at
            least, whatever the time.
        repeats: passes per candidate, each with a new loader; hopeless candidates get two.
        max_seconds: the search ends then with what it has. A pass is broken off after a second or less.
        max_workers: the largest number to try; by default four times the cores, and 8 at least.
        step_seconds: the consumer sleeps so long for each batch, like a program that waits for its GPU; by
            default it does nothing.
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
    conditions = Conditions(
        dataset,
        loader_class,
        loader_arguments,
        consume or (lambda batch: time.sleep(step_seconds) if step_seconds else None),
        pass_seconds=min(_LONGEST_PASS, max_seconds / repeats / _EXPECTED_CANDIDATES),
        end=time.perf_counter() + max_seconds,
    )
    if candidates is not None:
        field = [Candidate(workers, conditions) for workers in dict.fromkeys(candidates)]
        is_over = not _run_in_turns(field, conditions, repeats)
    else:
        most = max(8, 4 * cores) if max_workers is None else max_workers
        field, is_over = _search(min(max(1, cores // 2), most), most, conditions, repeats)
    stopped = "all were measured" if candidates is not None else "no neighbour of the best is better"
    return _report(field, cores, f"{max_seconds:g} seconds were over" if is_over else stopped)


def _run_in_turns(field: Sequence[Candidate], conditions: Conditions, repeats: int) -> bool:
    """Let all candidates make a pass in every round: a machine is never equally fast for long.

    Returns:
        Whether there was time for all passes.
    """
    for number in range(repeats):
        best = _shortest(field)
        for candidate in field:
            is_due = number < _LEAST_PASSES
            if candidate.failure is not None or (not is_due and _is_hopeless(candidate, best)):
                continue
            if not is_due and conditions.remaining <= 0:
                return False
            candidate.run(math.inf if is_due else conditions.remaining)
    return True


def _search(start: int, most: int, conditions: Conditions, repeats: int) -> tuple[list[Candidate], bool]:
    """Measure one candidate after the other, until the search or the time is over.

    Returns:
        The candidates, and whether time was over first.
    """
    field: list[Candidate] = []
    while (workers := next_candidate(_known(field), start, most)) is not None:
        candidate, best = Candidate(workers, conditions), _shortest(field)
        for number in range(repeats):
            is_first = not field and number == 0
            if not is_first and conditions.remaining <= 0:
                break
            candidate.run(math.inf if is_first else conditions.remaining)
            if candidate.failure is not None or (number > 0 and _is_hopeless(candidate, best)):
                break
        if candidate.measurement() is None:
            return field, True
        field.append(candidate)
    return field, False


def _known(field: Iterable[Candidate]) -> dict[int, WorkerMeasurement]:
    measurements = (candidate.measurement() for candidate in field)
    return {one.workers: one for one in measurements if one is not None}


def _shortest(field: Iterable[Candidate]) -> float:
    """Return the shortest time per batch so far; infinite if there is none."""
    return min((one.median for one in _known(field).values()), default=math.inf)


def _is_hopeless(candidate: Candidate, best: float) -> bool:
    return min(candidate.seconds, default=0.0) > _HOPELESS * best


def _report(field: Sequence[Candidate], cores: int, stopped: str) -> WorkerTuning:
    measurements = tuple(sorted(_known(field).values(), key=lambda one: one.workers))
    failures = [f"{counted(m.workers, 'worker')}: {m.failure}" for m in measurements if m.failure]
    if len(failures) == len(measurements):
        raise RuntimeError(
            "No number of workers came through: " + "; ".join(failures) + ". A loader that fails with every "
            "number cannot be tuned. Run it with num_workers=0 to see the error where it happens."
        )
    return WorkerTuning(measurements, choose_workers(measurements), cores, field[0].batches, stopped)


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

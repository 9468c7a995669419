"""How far a stream was read, and how to go on from there (lessons 07 and 11).

A dataset knows its place if it has `state_dict()` and `load_state_dict(state)`, and so does its iterator;
what both say is kept. An iterator with `state_dict` alone speaks for its dataset, of which threads may have
several iterators. A stream that knows nothing of its place is read again up to where it was.

A dataset may also remember passes that are over, to give each an order of its own. So the place where a pass
ended says, too, how the next one begins.
"""

import copy
import threading
import traceback
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from inspect import GEN_CREATED, getgeneratorstate, isgeneratorfunction, signature
from itertools import chain, islice, repeat
from types import GeneratorType
from typing import Any, NamedTuple

from course_lib.worker_info import get_worker_info

_ONE_AT_A_TIME = threading.Lock()
_NOTHING = object()


class Position(NamedTuple):
    """How far a stream was read.

    Attributes:
        samples: how many samples it gave, or failed to give.
        dataset_state: what the dataset says of its place; None if it does not know.
        iterator_state: the same of its iterator.
        has_ended: this pass has no more samples.
        is_past: this pass is over, ended or left; of the one that follows nothing is known yet.
        problem: why the stream cannot tell its place. It is an error only if somebody wants to know.
    """

    samples: int
    dataset_state: Any = None
    iterator_state: Any = None
    has_ended: bool = False
    is_past: bool = False
    problem: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes in the present pass."""
        return self.has_ended and not self.is_past

    def once_past(self, has_ended: bool) -> "Position":
        """Return the same place when the next pass begins; `has_ended`: this one has come to its end."""
        return self._replace(is_past=True, has_ended=self.has_ended or has_ended)

    def to_dict(self) -> dict[str, Any]:
        """Return its parts by name, for `from_dict`.

        Raises:
            RuntimeError: the stream cannot tell its place.
        """
        if self.problem:
            raise RuntimeError(
                "There is no state of this pass, because a stream cannot tell its place. Batches can be "
                f"loaded all the same. Asking it failed:\n{self.problem}"
            )
        return {name: value for name, value in self._asdict().items() if name != "problem"}

    @classmethod
    def from_dict(cls, parts: Any) -> "Position":
        """Undo `to_dict`.

        Raises:
            ValueError: `parts` is no place of a stream.
        """
        known = set(cls._fields) - {"problem"}
        samples = parts.get("samples") if isinstance(parts, Mapping) and parts.keys() <= known else None
        if not isinstance(samples, int) or samples < 0:
            raise ValueError(
                f"The place of a stream is a dict with the keys {', '.join(sorted(known))}, and samples is a "
                f"count; got {parts!r}. It may come from another version of this library. Pass on what "
                "state_dict() has returned, unchanged"
            )
        return cls(**parts)


class TrackedStream:
    """A stream that is read some samples at a time, and tells how far it was read.

    Args:
        dataset: an iterable dataset.
        start: where to go on; None begins a pass.

    Attributes:
        has_ended: it has no more samples.
    """

    def __init__(self, dataset: Iterable[Any], start: Position | None) -> None:
        self._dataset = dataset
        self._start = start
        self._stream = open_at(dataset, start)
        self._samples = samples_before(start)
        self._is_silent = not _can_load(dataset) and not _can_load(self._stream)
        self.has_ended = start is not None and start.is_over

    def take(self, size: int) -> list[Any]:
        """Return the next samples: `size` of them, or fewer when the stream ends."""
        samples = list[Any]()
        try:
            # A stream that has ended must not be asked again: some iterators start over or fail.
            samples += () if self.has_ended else islice(map(next, repeat(self._stream)), size)
        except Exception:
            self._samples += 1
            raise
        finally:
            self._samples += len(samples)
        self.has_ended = len(samples) < size
        return samples

    def position(self) -> Position | None:
        """Say how far it was read; None if it was opened at its beginning and has done nothing yet."""
        if self._is_silent:
            return Position(self._samples, has_ended=self.has_ended)
        if self._start is not None and self._start.is_over:
            return self._start
        position = position_of(self._dataset, self._stream, self._samples, self._start)
        return position._replace(has_ended=True) if position and self.has_ended else position


def position_of(dataset: Any, stream: Iterator[Any], samples: int, start: Position | None) -> Position | None:
    """Return how far a stream was read; None if it was opened at its beginning and has done nothing yet.

    Args:
        dataset: an iterable dataset.
        stream: what `iter(dataset)` or `open_at` has returned.
        samples: how many samples of the pass were read.
        start: where the stream was opened.
    """
    if _has_not_run(dataset, stream) or (start is not None and start.is_past and samples == 0):
        return start  # What the dataset says is of the pass before, or one sample ahead.
    try:
        position = Position(samples, *_states_of(dataset, stream))
        # What a thread goes on with may change before anybody looks at it.
        return copy.deepcopy(position) if _threads() else position
    except Exception:
        return Position(samples, problem=traceback.format_exc())


def open_at(dataset: Any, start: Position | None) -> Iterator[Any]:
    """Open a stream where it was left: by its own means, or by reading what was read already.

    Args:
        dataset: an iterable dataset.
        start: the position to go on from; None begins a pass.

    Raises:
        Exception: whatever the stream raises, if nothing comes after it.
    """
    if start is None:
        return iter(dataset)
    if not start.has_ended and not start.is_past:
        return _go_on(dataset, start)
    if start.dataset_state is None:  # It remembers nothing.
        return iter(dataset) if start.is_past else iter(())
    before: Any = _NOTHING
    with suppress(Exception):
        before = copy.deepcopy(_state_of(dataset))
    _leave_behind(dataset, start)
    return _begin_next(dataset, start, before) if start.is_past else iter(())


def samples_before(start: Position | None) -> int:
    """Return how many samples a pass has given that is opened at `start`."""
    return 0 if start is None or start.is_past else start.samples


def _leave_behind(dataset: Any, past: Position) -> None:
    """Bring a dataset to where a pass has left it, so that it begins the next one now."""
    sample, stream = _NOTHING, _go_on(dataset, past)
    if isinstance(stream, GeneratorType):  # It may take in the state it was given with its first step only.
        with suppress(Exception):
            sample = next(stream, _NOTHING)
    if past.has_ended and sample is not _NOTHING:  # At its end it had already gone on to the next pass.
        dataset.load_state_dict(copy.deepcopy(past.dataset_state))


def _begin_next(dataset: Any, past: Position, before: Any) -> Iterator[Any]:
    """Begin the pass after one that is over; `before` is what the dataset said before it was told of it."""
    stream: Iterator[Any] = iter(dataset)
    if not isinstance(stream, GeneratorType) or not past.has_ended or past.samples == 0:
        return stream
    first = list(islice(stream, 1))
    if first:
        return chain(first, stream)
    # It begins every pass where it was told to begin one, as Hugging Face's streams do within an epoch.
    if before is not _NOTHING:
        dataset.load_state_dict(before)
    stream = iter(dataset)
    return stream


def _go_on(dataset: Any, start: Position) -> Iterator[Any]:
    # Copies, because whoever gets a state may go on changing it.
    if start.dataset_state is not None and _can_load(dataset):
        with _ONE_AT_A_TIME:  # Threads share the dataset, and each has a state of its own to load.
            dataset.load_state_dict(copy.deepcopy(start.dataset_state))
            stream: Iterator[Any] = iter(dataset)
    else:
        stream = iter(dataset)
    if start.iterator_state is not None and _can_load(stream):
        stream.load_state_dict(copy.deepcopy(start.iterator_state))  # type: ignore[attr-defined]
    elif start.dataset_state is None:
        _skip(stream, start.samples)
    return stream


def _has_not_run(dataset: Any, stream: Iterator[Any]) -> bool:
    """Tell whether not even the first line of `__iter__` was run."""
    is_fresh = isinstance(stream, GeneratorType) and getgeneratorstate(stream) == GEN_CREATED
    return is_fresh and isgeneratorfunction(type(dataset).__iter__)


def _states_of(dataset: Any, stream: Iterator[Any]) -> tuple[Any, Any]:
    """Return what the dataset says, and what its iterator says; None for one that does not know.

    Raises:
        TypeError: several threads share a dataset that keeps its place in itself.
        Exception: what their `state_dict` raises.
    """
    if not _can_load(dataset):
        return None, _state_of(stream)
    if _can_tell(stream) and not _can_load(stream):
        return stream.state_dict(), None  # type: ignore[attr-defined]
    if _threads() > 1 and not _can_load(stream):
        raise TypeError(
            f"{type(dataset).__name__} keeps its place in itself, and several worker threads share it, so "
            "its state_dict() cannot tell where each of them is. Give its iterator state_dict() and "
            "load_state_dict(), or take processes as workers."
        )
    return _state_of(dataset), None if stream is dataset else _state_of(stream)


def _threads() -> int:
    """Return how many worker threads share the dataset; 0 outside of such a thread."""
    worker = get_worker_info()
    return worker.num_workers if worker is not None and worker.worker_type == "thread" else 0


def _can_load(source: Any) -> bool:
    return hasattr(source, "load_state_dict")


def _can_tell(source: Any) -> bool:
    return hasattr(source, "state_dict") and not _wants_arguments(type(source))  # type: ignore[arg-type]


def _state_of(source: Any) -> Any:
    return source.state_dict() if _can_load(source) and _can_tell(source) else None


@lru_cache(maxsize=64)
def _wants_arguments(kind: Hashable) -> bool:
    """Tell whether `state_dict` is another method than the one meant here: one that needs to be told more."""
    try:
        signature(kind.state_dict).bind(None)  # type: ignore[attr-defined]
    except (AttributeError, ValueError):  # It belongs to the object alone, or is written in C.
        return False
    except TypeError:
        return True
    return False


def _skip(stream: Iterator[Any], samples: int) -> None:
    """Read samples again, those that fail included. One after which nothing comes is a new failure."""
    failure: Exception | None = None
    for _ in range(samples):
        try:
            next(stream)
            failure = None
        except StopIteration:
            if failure is not None:
                raise failure from None
            return
        except Exception as error:
            failure = error

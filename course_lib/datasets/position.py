"""How far a stream was read, and how to go on from there (lessons 07 and 11).

A stream that knows its place has `state_dict()` and `load_state_dict(state)`, on the dataset or on its
iterator. Any other is read again up to where it was.
"""

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

_ONE_AT_A_TIME = threading.Lock()


class Position(NamedTuple):
    """How far a stream was read.

    Attributes:
        samples: how many samples it gave, or failed to give.
        state: what its iterator's or dataset's `state_dict()` says of it; None where there is no such method.
    """

    samples: int
    state: Any


def state_of(dataset: Any, stream: Iterator[Any]) -> Any:
    """Return what a stream, or the dataset that it reads, says of its place; None if neither knows it."""
    source = stream if hasattr(stream, "state_dict") else dataset
    return source.state_dict() if hasattr(source, "state_dict") else None


def open_at(dataset: Any, start: Position) -> Iterator[Any]:
    """Open a stream where it was left: by its own means, or by reading what was read already.

    Args:
        dataset: an iterable dataset.
        start: the position to go on from.

    Raises:
        Exception: whatever the stream raises, if nothing comes after it.
    """
    if start.state is not None and hasattr(dataset, "load_state_dict"):
        with _ONE_AT_A_TIME:  # Threads share the dataset, and each has a state of its own to load.
            dataset.load_state_dict(start.state)
            stream: Iterator[Any] = iter(dataset)
            return stream
    stream = iter(dataset)
    if start.state is not None and hasattr(stream, "load_state_dict"):
        stream.load_state_dict(start.state)
    else:
        _skip(stream, start.samples)
    return stream


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

"""`trace(loader)`: iterate as before, and keep the time of everything (lesson 12)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Generic, TypeVar

from course_lib.loader.times import BatchTimes
from course_lib.measure.live import LiveView
from course_lib.measure.spans import Event
from course_lib.measure.timeline import Timeline

BatchT = TypeVar("BatchT")


def trace(loader: Iterable[BatchT], *, live: bool = False) -> "TracedLoader[BatchT]":
    """Wrap a loader so that every epoch leaves a timeline (lesson 12).

    Args:
        loader: a `course_lib.DataLoader`. Any other iterable of batches works, too, `torch`'s loader for
            example; from these only waiting and computing are seen.
        live: show throughput, waiting and memory while the epoch runs.

    Returns:
        A loader that gives the same batches. Its `timeline` is that of the latest epoch.

    Raises:
        TypeError: `loader` cannot be iterated over.
    """
    if isinstance(loader, TracedLoader):
        loader = loader.loader
    if not hasattr(loader, "__iter__") and not hasattr(loader, "__getitem__"):
        raise TypeError(
            f"loader is {loader!r}, of type {type(loader).__name__}. A loader gives batches in a for loop. "
            "Give a DataLoader, or another iterable of batches."
        )
    return TracedLoader(loader, live)


class TracedLoader(Generic[BatchT]):
    """A loader under observation; everything but the timelines is the loader's own.

    Attributes:
        loader: the loader itself.
    """

    def __init__(self, loader: Iterable[BatchT], live: bool) -> None:
        self.loader = loader
        self._live = live
        self._recordings: list[Recording] = []

    def __iter__(self) -> "TracedIterator[BatchT]":
        recording = Recording(self.loader, self._live)
        iterator = TracedIterator(self.loader, recording)
        self._recordings.append(recording)
        return iterator

    def __len__(self) -> int:
        return len(self.loader)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # While this object is unpickled there is none yet.
            raise AttributeError(name)
        return getattr(self.loader, name)

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Mark copies to a device in the loop: `with traced.copying(): images = images.to(device)`.

        Copies that nobody waits for (`non_blocking=True`) take only the time to order them.
        """
        begin = perf_counter()
        yield
        if self._recordings:
            self._recordings[-1].note_event("copy", begin)

    @property
    def timelines(self) -> tuple[Timeline, ...]:
        """The timelines of all epochs so far. One that is going on ends with its last batch."""
        return tuple(recording.timeline() for recording in self._recordings)

    @property
    def timeline(self) -> Timeline:
        """The timeline of the latest epoch.

        Raises:
            RuntimeError: there was no epoch yet.
        """
        if not self._recordings:
            raise RuntimeError(
                "Nothing is traced yet. A timeline is made by an epoch: iterate over what trace(loader) "
                "returned, then ask for its timeline."
            )
        return self._recordings[-1].timeline()


class Recording:
    """What is noted while an epoch runs. It begins when this is made."""

    def __init__(self, loader: Iterable[Any], live: bool) -> None:
        self.num_workers = getattr(loader, "num_workers", 0)
        self.persistent_workers = getattr(loader, "persistent_workers", False)
        self.stages_known = False
        self._batches: list[BatchTimes] = []
        self._events: list[Event] = []
        self._live = LiveView(self.num_workers) if live else None
        self.begin = perf_counter()

    def note(self, times: BatchTimes) -> None:
        """Note that a batch was handed out."""
        self._batches.append(times)
        if self._live is not None:
            self._live.update(times, self.stages_known)

    def note_unknown(self, asked: float) -> None:
        """Note a batch of which nothing is known but how long it was waited for, until now."""
        number, handed = len(self._batches), perf_counter()
        self.note(BatchTimes(number, None, asked, asked, asked, asked, asked, asked, asked, handed))

    def note_event(self, stage: str, begin: float) -> None:
        """Note a copy, or a wait that brought no batch; it has ended now."""
        self._events.append(Event(stage, begin, perf_counter()))

    def close(self) -> None:
        """Leave the live view as it is."""
        if self._live is not None:
            self._live.close()
            self._live = None

    def timeline(self) -> Timeline:
        """Return the timeline up to what was noted last."""
        batches, events = tuple(self._batches), tuple(self._events)
        ends = [*(times.handed for times in batches[-1:]), *(event.end for event in events[-1:])]
        end = max([self.begin, *ends])
        workers = self.num_workers, self.stages_known, self.persistent_workers
        return Timeline(batches, events, self.begin, end, *workers)


class TracedIterator(Generic[BatchT]):
    """One epoch under observation."""

    def __init__(self, loader: Iterable[BatchT], recording: Recording) -> None:
        self._recording = recording
        self._ended = False
        self._iterator: Iterator[BatchT] = iter(loader)
        recording.note_event("start", recording.begin)
        recording.stages_known = hasattr(self._iterator, "observer")
        if recording.stages_known:
            # The recording, not this object: a loader's iterator must not keep alive who iterates over it.
            self._iterator.observer = recording.note  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[BatchT]:
        return self

    def __len__(self) -> int:
        return len(self._iterator)  # type: ignore[arg-type]

    def __next__(self) -> BatchT:
        asked = perf_counter()
        try:
            batch = next(self._iterator)
        except StopIteration:
            self._note_end(asked)
            raise
        except BaseException:
            self._recording.note_event("wait", asked)
            raise
        if not self._recording.stages_known:
            self._recording.note_unknown(asked)
        return batch

    def _note_end(self, asked: float) -> None:
        if not self._ended:
            self._ended = True
            self._recording.note_event("stop", asked)
            self._recording.close()

    def __del__(self) -> None:
        self._recording.close()
        # Persistent workers keep their iterator, and the next epoch may be one that nobody traces.
        iterator = getattr(self, "_iterator", None)
        if iterator is not None and getattr(iterator, "observer", None) == self._recording.note:
            iterator.observer = None

"""A monitor for memory: how much, since when, and does it grow (lesson 16; lesson 12 looks at one, too)."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Any

from course_lib.memory import MemoryUse, format_bytes, measure_memory

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class MemorySample:
    """Memory in use at one moment.

    Attributes:
        seconds: since the monitor was made.
        epoch: number of the epoch, from 0.
        use: the memory of the process and its workers.
    """

    seconds: float
    epoch: int
    use: MemoryUse


@dataclass(frozen=True)
class MemoryEvent:
    """The moment when memory in use rose above the limit.

    Attributes:
        seconds: since the monitor was made.
        used: bytes in use then.
        limit: bytes that were to be enough.
    """

    seconds: float
    used: int
    limit: int


class MemoryMonitor:
    """Watch the memory of this process and its workers (lesson 16).

    As a context manager it measures in the background, `with MemoryMonitor() as monitor: …`; without `with`
    it measures whenever `measure()` is called. `print(monitor)` shows a table, a notebook cell a plot.

    GPU memory is another memory: table and plot show it, `gpu_peak` tells the most, and it counts neither for
    `peak` nor for the limit.

    Args:
        interval: seconds between two measurements in the background; None measures only by hand.
        limit: bytes of main memory; rising above it is recorded as an event, once for every time it happens.
        on_limit: called with each event, in the thread that has measured.

    Attributes:
        history: all samples, oldest first.
        events: all times that memory rose above the limit.

    Raises:
        ValueError: `interval` or `limit` is not a positive number.
    """

    def __init__(
        self,
        interval: float | None = 0.5,
        limit: int | None = None,
        on_limit: Callable[[MemoryEvent], None] | None = None,
    ) -> None:
        _require_positive("interval", interval, "seconds between two measurements")
        _require_positive("limit", limit, "bytes that may be in use")
        self.interval = interval
        self.limit = limit
        self.on_limit = on_limit
        self.history: list[MemorySample] = []
        self.events: list[MemoryEvent] = []
        self._began = time.perf_counter()
        self._epoch = 0
        self._above = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def __enter__(self) -> "MemoryMonitor":
        self.measure()
        if self.interval is not None and self._thread is None:
            self._stop = threading.Event()
            # The thread holds the monitor weakly: one that is forgotten without `with` ending still ends.
            arguments = (weakref.ref(self), self._stop, self.interval)
            self._thread = threading.Thread(target=_keep_measuring, args=arguments, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.measure()

    def __getstate__(self) -> dict[str, Any]:
        # What was recorded can travel; a running thread and a lock cannot.
        return self.__dict__ | {"_lock": None, "_thread": None, "_stop": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock, self._stop = threading.Lock(), threading.Event()

    def measure(self) -> MemorySample:
        """Measure now, and record it."""
        with self._lock:
            use = measure_memory()
            sample = MemorySample(time.perf_counter() - self._began, self._epoch, use)
            self.history.append(sample)
            event = self._notice(sample)
        if event is not None and self.on_limit is not None:
            self.on_limit(event)
        return sample

    def end_epoch(self) -> None:
        """Measure, and count what follows as the next epoch."""
        self.measure()
        self._epoch += 1

    @property
    def peak(self) -> int:
        """The most bytes of main memory in use at once, over all samples; 0 without any."""
        return max((sample.use.used for sample in self.history), default=0)

    @property
    def gpu_peak(self) -> int | None:
        """The most bytes of GPU memory that torch held at once, over all samples; None if it used no GPU."""
        return max((sample.use.gpu for sample in self.history if sample.use.gpu is not None), default=None)

    @property
    def peak_per_epoch(self) -> list[int]:
        """The most bytes in use at once in every epoch that has samples, in their order."""
        peaks: dict[int, int] = {}
        for sample in self.history:
            peaks[sample.epoch] = max(peaks.get(sample.epoch, 0), sample.use.used)
        return [peaks[epoch] for epoch in sorted(peaks)]

    @property
    def growth_per_epoch(self) -> list[int]:
        """How far, in bytes, the peak of each epoch lies above the one before (or above the first sample).

        Numbers that stay positive from epoch to epoch are the mark of a leak.
        """
        first = [self.history[0].use.used] if self.history else []
        return [later - earlier for earlier, later in pairwise(first + self.peak_per_epoch)]

    def plot(self) -> "Figure":
        """Draw the history; see `course_lib.plots.memory.plot_memory`."""
        from course_lib.plots.memory import plot_memory

        return plot_memory(self.history, limit=self.limit)

    def __str__(self) -> str:
        if not self.history:
            return "MemoryMonitor: nothing measured yet. Use it in a `with`, or call measure()."
        last = self.history[-1].use
        kind = "RSS, shared pages counted in every process" if last.pss is None else "PSS, every page once"
        workers = max(len(sample.use.workers) for sample in self.history)
        lines = [
            f"Memory of this process and up to {workers} child processes ({kind})",
            f"  now   {format_bytes(last.used):>10}",
            f"  peak  {format_bytes(self.peak):>10}   of {len(self.history)} samples",
        ]
        if last.gpu is not None:
            lines.append(f"  GPU   {format_bytes(last.gpu):>10}   peak {format_bytes(self.gpu_peak or 0)}")
        if self._epoch:
            grown = ", ".join(f"{growth / 2**20:+.0f}" for growth in self.growth_per_epoch)
            lines.append(f"  growth of the peak per epoch, MiB: {grown}")
        for event in self.events:
            lines.append(
                f"  ! after {event.seconds:.1f} s: {format_bytes(event.used)}, more than the limit of "
                f"{format_bytes(event.limit)}"
            )
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_png_(self) -> bytes | None:
        from course_lib.plots.style import CourseFigure

        figure = self.plot() if self.history else None
        return figure._repr_png_() if isinstance(figure, CourseFigure) else None

    def _notice(self, sample: MemorySample) -> MemoryEvent | None:
        """Return an event if this sample is the first above the limit since memory was below it."""
        was_above, used = self._above, sample.use.used
        self._above = self.limit is not None and used > self.limit
        if self.limit is None or was_above or not self._above:
            return None
        event = MemoryEvent(sample.seconds, used, self.limit)
        self.events.append(event)
        return event


def _keep_measuring(monitor: "weakref.ref[MemoryMonitor]", stop: threading.Event, interval: float) -> None:
    while not stop.wait(interval):
        present = monitor()
        if present is None:
            return
        present.measure()
        del present  # so that waiting does not keep it alive


def _require_positive(name: str, value: float | None, meaning: str) -> None:
    if value is not None and not value > 0:
        raise ValueError(f"{name} is {value}. It is {meaning}, so it must be above 0. Give more, or None.")

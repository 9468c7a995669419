"""A live view of an epoch: throughput, waiting, busy workers, memory (lesson 12).

It is refreshed when a batch is handed out, four times a second at most: it needs no thread, and costs next
to nothing in between.
"""

from collections import deque
from time import perf_counter

from course_lib.loader.times import BatchTimes
from course_lib.measure.displays import Display, Reading, make_display
from course_lib.measure.report import percent
from course_lib.memory import format_bytes, measure_memory

REFRESH = 0.25  # seconds
# To look at the memory takes some milliseconds for each process: no more than this share of the time.
MEMORY_SHARE = 0.005
# The view tells about the latest batches, so many at most.
RECENT = 200


class LiveView:
    """Shows how an epoch goes while it goes.

    Args:
        num_workers: number of workers of the loader.
        display: where to show it; by default a notebook's output or the terminal.
    """

    def __init__(self, num_workers: int, display: Display | None = None) -> None:
        self._num_workers = num_workers
        self._display = display or make_display()
        self._recent: deque[BatchTimes] = deque(maxlen=RECENT)
        self._count = 0
        self._stages_known = True
        self._next_refresh = 0.0
        # The first look loads what it needs: it comes before the epoch, the next when the workers are there.
        self._memory = describe_memory()
        self._next_look = 0.0

    def update(self, times: BatchTimes, stages_known: bool = True) -> None:
        """Take in one more batch, and refresh if it is time."""
        self._recent.append(times)
        self._count += 1
        self._stages_known = stages_known
        if times.handed >= self._next_refresh:
            self._next_refresh = times.handed + REFRESH
            self._refresh()

    def close(self) -> None:
        """Show the last state, which then stays."""
        self._refresh()
        self._display.close()

    def _refresh(self) -> None:
        workers = self._num_workers if self._stages_known else 0
        readings = [Reading("batches", str(self._count)), *describe(tuple(self._recent), workers)]
        self._display.show([*readings, Reading("memory", self._look_at_memory())])

    def _look_at_memory(self) -> str:
        now = perf_counter()
        if now >= self._next_look:
            self._memory = describe_memory()
            self._next_look = now + (perf_counter() - now) / MEMORY_SHARE
        return self._memory


def describe(batches: tuple[BatchTimes, ...], num_workers: int) -> list[Reading]:
    """Describe how the latest batches went.

    Args:
        batches: times of the batches, in the order in which they were handed out.
        num_workers: number of workers; 0 if nothing is known of them.

    Returns:
        Throughput, share of time waited, share of the workers' time at work; nothing for a single batch.
    """
    window = batches[-1].handed - batches[0].handed if batches else 0.0
    if window <= 0:
        return []
    waited = sum(times.handed - times.asked for times in batches[1:]) / window
    throughput = f"{(len(batches) - 1) / window:.1f} batches/s"
    readings = [Reading("throughput", throughput), Reading("waiting", percent(waited), waited)]
    if num_workers:
        busy = _busy_share(batches, num_workers)
        readings.append(Reading("workers busy", percent(busy), busy))
    return readings


def describe_memory() -> str:
    """Describe the memory of this process and its workers."""
    memory = measure_memory()
    sizes = [size.rss if size.pss is None else size.pss for size in (memory.main, *memory.workers)]
    text = format_bytes(sizes[0])
    if memory.workers:
        text += f" + {format_bytes(sum(sizes[1:]))} in {len(memory.workers)} other processes"
    return text if memory.gpu is None else f"{text}, {format_bytes(memory.gpu)} on the GPU"


def _busy_share(batches: tuple[BatchTimes, ...], num_workers: int) -> float:
    window = max(times.sent for times in batches) - min(times.begun for times in batches)
    worked = sum(times.sent - times.begun for times in batches)
    return worked / (window * num_workers) if window > 0 else 0.0

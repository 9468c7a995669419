"""What the steady part of an epoch adds up to (lesson 12)."""

from functools import cached_property
from itertools import pairwise
from statistics import mean, median

from course_lib.loader.times import BatchTimes

# Workers that idle more than this while the network waits are held up by something.
IDLE_SHARE = 0.4


class Steady:
    """What the steady part of an epoch adds up to. All times are in seconds."""

    def __init__(self, batches: tuple[BatchTimes, ...]) -> None:
        self.batches = batches[1:]
        self.window = batches[-1].handed - batches[0].handed
        self.waited = sum(times.handed - times.asked for times in self.batches)

    @cached_property
    def waited_share(self) -> float:
        """Share of the time that the network waited."""
        return self.waited / self.window if self.window > 0 else 0.0

    @cached_property
    def compute(self) -> float:
        """Seconds that the network computes for each batch."""
        return (self.window - self.waited) / len(self.batches)

    @cached_property
    def stages(self) -> dict[str, float]:
        """Seconds of each stage of loading for each batch."""
        return {
            "fetch": mean(times.fetched - times.begun for times in self.batches),
            "collate": mean(times.collated - times.fetched for times in self.batches),
            "pack": mean(times.sent - times.collated for times in self.batches),
            "pin": mean(times.pinned - times.received for times in self.batches),
        }

    @cached_property
    def waited_for(self) -> dict[str, float]:
        """Where awaited batches were while the network waited for them: seconds in all."""
        places = dict.fromkeys(("workers", "transport", "pinning", "receiving"), 0.0)
        for times in self.batches:
            begin = times.asked
            ends = (times.sent, times.received, times.pinned, times.handed)
            for place, end in zip(places, ends):
                places[place] += max(0.0, end - begin)
                begin = max(begin, end)
        return places

    def worker_time(self) -> float:
        """Seconds that a worker spends on a batch."""
        return mean(times.sent - times.begun for times in self.batches)

    def idle_share(self, num_workers: int) -> float:
        """Share of the workers' time without work, from the first task to the last batch sent."""
        span = max(times.sent for times in self.batches) - min(times.begun for times in self.batches)
        return 1 - self.worker_time() * len(self.batches) / (num_workers * span) if span > 0 else 0.0

    def is_uneven(self, num_workers: int) -> bool:
        """Whether a few slow batches hold the others up, so that workers idle while the network waits."""
        if len(self.batches) < 4 * num_workers or self.idle_share(num_workers) < IDLE_SHARE:
            return False
        if any(later.number < earlier.number for earlier, later in pairwise(self.batches)):
            return False  # They are taken as they come: no order is held up.
        times = [times.sent - times.begun for times in self.batches]
        return max(times) > 3 * median(times)

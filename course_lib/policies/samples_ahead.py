"""Samples that threads load before anybody asks for them, within a number of bytes (lesson 19).

How large a sample is shows only when it is loaded. So room for the largest one so far is booked before a
load begins; one that turns out larger, and does not fit, is dropped at once.
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.util import register_after_fork
from typing import Any

import torch

from course_lib.policies.sizes import size_in_bytes

DROPPED = object()  # in the place of a sample that was too large


@dataclass
class _Booking:
    size: int
    future: "Future[Any] | None" = None
    is_settled: bool = False  # loaded, and booked with what it really takes


class SamplesAhead:
    """Load samples in the background and keep them until they are taken.

    It has threads once something was ordered. They end with `close()`, or when this object is garbage.

    Args:
        load: returns the sample at an index; called in threads.
        num_threads: how many samples are loaded at once, at most.
        max_samples: how many may be kept and on their way.
        max_bytes: how many bytes these may take.

    Attributes:
        lock: held while anything here changes.
        size: bytes that are booked now; `largest_size`, the most that ever were.
        fetched, dropped: samples that threads have loaded, and those of them that were too large to keep.
        seconds: that loading one sample takes, averaged, later ones counting more; None before the first.
    """

    _executor: ThreadPoolExecutor | None

    def __init__(
        self, load: Callable[[int], Any], num_threads: int, max_samples: int, max_bytes: int
    ) -> None:
        self._load = load
        self._num_threads = num_threads
        self.max_samples = max_samples
        self.max_bytes = max_bytes
        self.largest_size = self.fetched = self.dropped = 0
        self.seconds: float | None = None
        self._largest_sample = 0
        self._begin_anew()
        # A forked process has no threads: what they were loading will never come there.
        register_after_fork(self, SamplesAhead._begin_anew)

    def __len__(self) -> int:
        return len(self._bookings)

    def take(self, index: int) -> "Future[Any] | None":
        """Give up a sample that is loaded or being loaded; None if there is none.

        Its future holds the sample, the error of loading it, or `DROPPED`.
        """
        with self.lock:
            booking = self._bookings.pop(index, None)
            if booking is None or booking.future is None:
                return None
            is_begun = not booking.future.cancel()  # whoever asks loads it sooner than a busy thread
            if booking.is_settled or not is_begun:
                self._release(booking)
            return booking.future if is_begun else None

    def order(self, indices: Iterable[int]) -> None:
        """Begin to load samples, the first ones first, as far as there is room.

        What is not among them makes room where it is needed, the oldest first.
        """
        with self.lock:
            wanted = dict.fromkeys(indices)
            others = [index for index in self._bookings if index not in wanted]
            others.reverse()
            for index in wanted:
                if index not in self._bookings and not self._book(index, others):
                    break

    def load_now(self, index: int) -> Any:
        """Load a sample in this thread, for one who waits."""
        return self._load_measured(index)[0]

    def close(self) -> None:
        """End the threads, after the samples they are loading, and forget all samples."""
        with self.lock:
            executor, self._executor = self._executor, None
            for booking in self._bookings.values():
                if booking.future is not None:
                    booking.future.cancel()
        if executor is not None:
            executor.shutdown(cancel_futures=True)
        with self.lock:
            for index in list(self._bookings):
                self._release(self._bookings.pop(index))

    def _begin_anew(self) -> None:
        self.lock = threading.RLock()
        self.size = 0
        self._bookings: dict[int, _Booking] = {}
        self._executor = None

    def __getstate__(self) -> dict[str, Any]:
        own = {"lock", "size", "_bookings", "_executor"}
        return {name: value for name, value in self.__dict__.items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin_anew()
        register_after_fork(self, SamplesAhead._begin_anew)

    def _book(self, index: int, others: list[int]) -> bool:
        """Begin to load a sample, if there is room or what is in `others` can make it."""
        size = self._largest_sample
        while len(self._bookings) >= self.max_samples or self.size + size > self.max_bytes:
            if not others:
                return False
            self._forget(others.pop())
        booking = self._bookings[index] = _Booking(size)
        self._add(size)
        if self._executor is None:
            self._executor = ThreadPoolExecutor(
                self._num_threads, "prefetch", initializer=torch.set_num_threads, initargs=(1,)
            )
        booking.future = self._executor.submit(self._fetch, index, booking)
        return True

    def _forget(self, index: int) -> None:
        booking = self._bookings.pop(index)
        # One that is being loaded takes its room until it is there.
        if booking.future is not None and (booking.is_settled or booking.future.cancel()):
            self._release(booking)

    def _fetch(self, index: int, booking: _Booking) -> Any:
        """Load a sample; the work of a thread."""
        try:
            sample, size = self._load_measured(index)
        except BaseException:
            self._settle(index, booking, 0)
            raise
        return sample if self._settle(index, booking, size) else DROPPED

    def _settle(self, index: int, booking: _Booking, size: int) -> bool:
        """Book what a loaded sample really takes; tell whether it may stay."""
        with self.lock:
            self.fetched += 1
            booking.is_settled = True
            if self._bookings.get(index) is not booking:  # taken by one who waits for it, or forgotten
                self._release(booking)
                return True
            fits = self.size - booking.size + size <= self.max_bytes
            self.dropped += not fits
            self._add((size if fits else 0) - booking.size)
            booking.size = size if fits else 0
            return fits

    def _load_measured(self, index: int) -> tuple[Any, int]:
        begun = time.perf_counter()
        sample = self._load(index)
        seconds, size = time.perf_counter() - begun, size_in_bytes(sample)
        with self.lock:
            self.seconds = seconds if self.seconds is None else 0.9 * self.seconds + 0.1 * seconds
            self._largest_sample = max(self._largest_sample, size)
        return sample, size

    def _release(self, booking: _Booking) -> None:
        self._add(-booking.size)
        booking.size = 0

    def _add(self, size: int) -> None:
        self.size += size
        self.largest_size = max(self.largest_size, self.size)

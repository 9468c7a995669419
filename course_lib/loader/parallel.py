"""Loading in worker processes: who fetches which batch, and in which order batches come out (lesson 11).

Batch i is worker i mod n's. Every worker works ahead by `prefetch_factor` batches: whenever one batch is
asked for, one more is ordered. Batches that arrive before their turn wait.
"""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch

from course_lib.datasets.position import Position
from course_lib.loader.exceptions import ExceptionWrapper, WorkerDiedError
from course_lib.loader.iterator import LoaderIterator
from course_lib.loader.pinning import PinningThread
from course_lib.loader.pool import WorkerPool
from course_lib.loader.repetition import RepetitionCheck
from course_lib.loader.workers import Report, StreamEnd, Task

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader

T = TypeVar("T")


class Arrival(NamedTuple):
    """An answer that has come from a worker: its report, the outcome, and when it came."""

    report: Report
    outcome: Any
    received: float


class ParallelIterator(LoaderIterator):
    """Order batches from workers ahead of time and hand them out in turn."""

    def __init__(self, loader: "DataLoader[Any]") -> None:
        self._epoch = 0
        self._failure = ""  # why the workers were ended before their time
        self._pid = os.getpid()  # A process that was forked from this one has no workers.
        self._num_workers = loader.num_workers
        super().__init__(loader)
        self._window = loader.num_workers * (loader.prefetch_factor or 1)
        self._in_order = loader.in_order
        # Before the batch that was asked for has come, if it is known by then who will make another one.
        self._orders_early = loader.in_order and not loader._streaming
        self._timeout = loader.timeout
        self._persistent = loader.persistent_workers
        self._pool: WorkerPool = loader._make_pool(self._progress.base_seed)
        # On another device than the consumer's, the thread would take memory there.
        self._pinning = PinningThread(torch.accelerator.current_device_index()) if self._pins else None
        self._guard(self._start)

    @property
    def usable(self) -> bool:
        """Whether the workers can serve another pass."""
        return not self._failure and self._pid == os.getpid()

    def restart(self, loader: "DataLoader[Any]") -> None:
        """Begin another pass with the same workers. What is left of the pass before is dropped."""
        self._begin_pass(loader, draw_seed=False)
        self._guard(partial(self._order_ahead, self._window))

    def close(self) -> None:
        """End the workers and the pinning thread."""
        self._pool.close()
        if self._pinning is not None:
            self._pinning.close()

    def _begin_pass(self, loader: "DataLoader[Any]", draw_seed: bool) -> None:
        super()._begin_pass(loader, draw_seed)
        self._epoch += 1
        self._turn = self._progress.turn % self._num_workers  # There may have been more.
        self._owner: dict[int, int] = {}  # batch number -> worker, for every batch ordered and not handed out
        self._arrived: dict[int, Arrival] = {}  # by batch number
        self._ended = {worker for worker, place in self._progress.places.items() if place.is_over}
        repeats = loader._streaming and loader.num_workers > 1
        self._repetition = RepetitionCheck(self._dataset_name) if repeats else None

    def _next_batch(self) -> Any:
        return self._guard(self._hand_out)

    def _guard(self, step: Callable[[], T]) -> T:
        """Run a step. After a death or an interrupt the pipes are in no certain state: end the workers."""
        if self._failure:
            raise RuntimeError(self._failure)
        try:
            return step()
        except WorkerDiedError as error:
            self._failure = str(error)
            self.close()
            raise
        except KeyboardInterrupt:
            self._failure = "This pass was interrupted. Begin another: iter(loader)."
            self.close()
            raise

    # Ordering batches

    def _start(self) -> None:
        ordered = 0
        for worker in self._pool.start():
            # Its first batch while the next is started; a resumed pass may begin with a later worker.
            if worker == self._turn and worker not in self._ended:
                self._order_ahead(1)
                ordered += 1
        self._order_ahead(self._window - ordered)

    def _order_ahead(self, batches: int) -> None:
        for order in islice(self._orders, batches):
            self._order(*order)

    def _order(self, number: int, indices: Any) -> None:
        worker = self._choose_in_turn() if self._in_order else self._choose_free()
        if worker is not None:
            self._owner[number] = worker
            start = self._progress.untold.pop(worker, None)
            self._pool.send(worker, Task(self._epoch, number, indices, start))

    def _choose_in_turn(self) -> int | None:
        for _ in range(self._num_workers):
            worker, self._turn = self._turn, (self._turn + 1) % self._num_workers
            if worker not in self._ended:
                return worker
        return None

    def _choose_free(self) -> int | None:
        load = Counter(self._owner.values())
        active = (worker for worker in range(self._num_workers) if worker not in self._ended)
        return min(active, key=lambda worker: load[worker], default=None)

    # Handing batches out

    def _hand_out(self) -> Any:
        while self._owner:
            # An error of the sampler comes before anything is taken.
            if self._orders_early and len(self._owner) <= self._window:
                self._order_ahead(1)
            number = self._wait_for_next()
            upcoming = None if self._orders_early else next(self._orders, None)
            worker, arrival = self._owner.pop(number), self._arrived.pop(number)
            is_end = isinstance(arrival.outcome, StreamEnd)
            if is_end:
                self._ended.add(worker)
            self._note(worker, number, arrival.report, is_end)
            if upcoming is not None:
                self._order(*upcoming)
            if not is_end:
                return self._open(worker, arrival)
        if not self._persistent:
            self.close()
        self._finish()

    def _note(self, worker: int, number: int, report: Report, is_end: bool) -> None:
        self._progress.turn = (worker + 1) % self._num_workers
        self._progress.hand_out(number)
        self._progress.samples += report.samples
        position = (report.position or Position(0))._replace(has_ended=True) if is_end else report.position
        if position is not None:
            self._progress.places[worker] = position

    def _open(self, worker: int, arrival: Arrival) -> Any:
        report, batch, received = arrival
        pinned = received
        if isinstance(batch, ExceptionWrapper):
            batch.reraise()
        if self._pinning is not None and isinstance(batch, Future):
            batch, pinned = batch.result()
        if self._repetition is not None:
            self._repetition.look_at(worker, batch)
        self._latest = report.number, worker, *report.stages, received, pinned
        return batch

    def _wait_for_next(self) -> int:
        """Wait until the next batch to hand out has arrived; return its number."""
        if self._pinning is not None:
            self._collect(0)  # Whatever has come meanwhile is pinned while the consumer works.
        while (number := self._next_number()) not in self._arrived:
            if not self._collect(self._timeout or None):
                raise RuntimeError(
                    f"DataLoader timed out after {self._timeout} seconds: no worker sent a batch in that "
                    "time. Give a larger timeout, or look for a sample that takes so long."
                )
        return number

    def _next_number(self) -> int:
        return next(iter(self._owner if self._in_order else self._arrived), -1)

    def _collect(self, timeout: float | None) -> bool:
        """Receive what workers have sent; return whether there was anything."""
        received = False
        for report, outcome in self._pool.receive(timeout):
            received, now = True, perf_counter()
            if report.epoch == self._epoch:
                self._arrived[report.number] = Arrival(report, self._pin(outcome), now)
        return received

    def _pin(self, outcome: Any) -> Any:
        if self._pinning is None or isinstance(outcome, StreamEnd | ExceptionWrapper):
            return outcome
        return self._pinning.submit(outcome)

"""Loading in worker processes: who fetches which batch, and in which order batches come out (lesson 11).

Batch i is worker i mod n's. Every worker works ahead by `prefetch_factor` batches: whenever one batch is
handed out, one more is ordered. Batches that arrive before their turn wait.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count, islice
from typing import TYPE_CHECKING, Any, TypeVar

from course_lib.loader.exceptions import ExceptionWrapper, WorkerDiedError
from course_lib.loader.fetch import Fetched
from course_lib.loader.iterator import LoaderIterator
from course_lib.loader.pinning import PinningThread
from course_lib.loader.pool import WorkerPool
from course_lib.loader.workers import StreamEnd

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader

T = TypeVar("T")


class ParallelIterator(LoaderIterator):
    """Order batches from workers ahead of time and hand them out in turn."""

    def __init__(self, loader: "DataLoader[Any]") -> None:
        self._epoch = 0
        self._failure = ""  # why the workers were ended before their time
        super().__init__(loader)
        self._num_workers = loader.num_workers
        self._window = loader.num_workers * (loader.prefetch_factor or 1)
        self._in_order = loader.in_order
        self._timeout = loader.timeout
        self._persistent = loader.persistent_workers
        self._pool: WorkerPool = loader._make_pool(self._base_seed)
        self._pinning = None if self._pinning_device is None else PinningThread(self._pinning_device)
        self._guard(self._fill_window)

    @property
    def usable(self) -> bool:
        """Whether the workers can serve another pass."""
        return not self._failure

    def restart(self, loader: "DataLoader[Any]") -> None:
        """Begin another pass with the same workers. What is left of the pass before is dropped."""
        self._begin_pass(loader)
        self._guard(self._fill_window)

    def close(self) -> None:
        """End the workers and the pinning thread."""
        self._pool.close()
        if self._pinning is not None:
            self._pinning.close()

    def _begin_pass(self, loader: "DataLoader[Any]") -> None:
        super()._begin_pass(loader)
        self._epoch += 1
        self._numbers = count()
        self._turn = 0
        self._owner: dict[int, int] = {}  # batch number -> worker, for every batch ordered and not handed out
        self._arrived: dict[int, tuple[int, Any]] = {}  # batch number -> samples and outcome
        self._ended: set[int] = set()  # workers whose stream has ended

    def _next_fetched(self) -> Fetched | None:
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

    def _fill_window(self) -> None:
        for indices in islice(self._indices, self._window):
            self._order(indices)

    def _order(self, indices: Any) -> None:
        worker = self._choose_in_turn() if self._in_order else self._choose_free()
        if worker is None:
            return
        number = next(self._numbers)
        self._owner[number] = worker
        self._pool.send(worker, self._epoch, number, indices)

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

    def _hand_out(self) -> Fetched | None:
        while self._owner:
            number = self._wait_for_next()
            upcoming = list(
                islice(self._indices, 1)
            )  # An error of the sampler comes before anything is taken.
            worker, (samples, outcome) = self._owner.pop(number), self._arrived.pop(number)
            if isinstance(outcome, StreamEnd):
                self._ended.add(worker)
            for indices in upcoming:
                self._order(indices)
            if not isinstance(outcome, StreamEnd):
                return _open(outcome), samples
        if not self._persistent:
            self.close()
        return None

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
        for answer, outcome in self._pool.receive(timeout):
            received = True
            if answer.epoch == self._epoch:
                self._arrived[answer.number] = answer.samples, self._pin(outcome)
        return received

    def _pin(self, outcome: Any) -> Any:
        if self._pinning is None or isinstance(outcome, StreamEnd | ExceptionWrapper):
            return outcome
        return self._pinning.submit(outcome)


def _open(outcome: Any) -> Any:
    if isinstance(outcome, ExceptionWrapper):
        outcome.reraise()
    return outcome.result() if isinstance(outcome, Future) else outcome

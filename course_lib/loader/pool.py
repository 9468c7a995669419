"""The worker processes of a loader: started, fed, listened to and ended (lesson 11).

Every worker has two pipes of its own, one for tasks and one for answers. Nothing is shared between workers:
one that dies in the middle of a message spoils no other, and its death shows at once, as the end of its pipe.
A worker reads its tasks between batches. So that the main process never waits for that, it sends no more
than a pipe holds, and keeps the rest back until answers come.
"""

import pickle
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize, register_after_fork
from typing import Any, Protocol

from course_lib.copy_on_write import CopyOnWriteMemory
from course_lib.loader.exceptions import ExceptionWrapper, WorkerDiedError, describe_death
from course_lib.loader.pickling import Contents, explain_file_limit, pack_contents, pack_indices, unpack
from course_lib.loader.pipes import Watch, receive, send
from course_lib.loader.ring import Lender, Packed
from course_lib.loader.workers import STOP, Report, Role, Task, run_worker
from course_lib.platform import memory_kills

_GRACE_SECONDS = 5.0
_REAP_SECONDS = 0.5
_NO_SHARED_MEMORY = (
    "There is no shared memory left for the batches of DataLoader's workers, so they are copied through "
    "pipes, which is slower. /dev/shm is full, or small as in most containers: enlarge it (in Docker with "
    "--shm-size=2g), or use fewer workers, a smaller prefetch_factor or smaller batches."
)
_PIPE_HOLDS = 8192  # bytes; as much as the smallest pipe of any system


class WorkerPool(Protocol):
    """The workers that load for one iterator, or for all epochs where they are persistent."""

    def start(self) -> Iterator[int]:
        """Start the workers. Yield the number of each, so that it can be given work while others start."""

    def send(self, worker_id: int, task: Task) -> None:
        """Order a batch from a worker. It never waits.

        Raises:
            WorkerDiedError: the worker is dead.
        """

    def receive(self, timeout: float | None) -> Iterator[tuple[Report, Any]]:
        """Wait for answers; yield the report and the outcome of those that have come.

        Args:
            timeout: seconds to wait; None waits until something comes.

        Raises:
            WorkerDiedError: a worker is dead.
        """

    def close(self) -> None:
        """End all workers. A second call does nothing."""


@dataclass(frozen=True)
class Worker:
    """A worker process and what the main process needs to talk to it.

    Attributes:
        tasks, answers: this process's ends of its pipes.
        lender: lends its slots.
        kept_back: tasks, packed, that its pipe has no room for.
        unanswered: the size in bytes of each task that was sent and is not answered.
    """

    process: BaseProcess
    tasks: Connection
    answers: Connection
    lender: Lender
    kept_back: deque[bytes] = field(default_factory=deque)
    unanswered: deque[int] = field(default_factory=deque)


class ProcessPool:
    """Workers that are processes.

    They end with `close()`, when the pool is garbage, or when the interpreter exits: whichever comes first.

    Args:
        context: how processes are started.
        roles: one per worker.
        contents: what every worker starts with.
        slots: number of slots of shared memory for each worker.
    """

    def __init__(self, context: BaseContext, roles: Sequence[Role], contents: Contents, slots: int) -> None:
        self._context = context
        self._roles = roles
        self._contents = contents
        self._slots = slots
        self._forked = context.get_start_method() == "fork"
        self._has_warned = False
        self._memory_kills = memory_kills()
        self._workers: list[Worker] = []
        # Finalize runs in this process only: a forked copy of the pool must not stop the workers.
        self._close = Finalize(self, _shut_down, args=(self._workers,), exitpriority=10)
        register_after_fork(self, ProcessPool._drop_inherited_pipes)

    def start(self) -> Iterator[int]:
        """Start the workers; yield the number of each."""
        try:
            if self._forked:
                for role in self._roles:
                    self._start(role, self._contents)
                    yield role.worker_id
            else:
                yield from self._start_side_by_side()
        except BaseException as error:
            self.close()
            explain_file_limit(error)
            raise
        sources = [(worker.answers, worker.process.sentinel) for worker in self._workers]
        self._watch = Watch([source for pair in sources for source in pair])

    def _start_side_by_side(self) -> Iterator[int]:
        """Start workers that need time, for their imports, before they can take what they start with."""
        _preload_fork_server(self._context)
        with closing(CopyOnWriteMemory()) as memory:
            for role in self._roles:
                self._start(role, memory)
            packed, only_once = b"", True
            for role, worker in zip(self._roles, self._workers):
                if only_once:
                    packed, only_once = pack_contents(self._contents, memory)
                try:
                    send(worker.tasks, packed)
                except OSError as error:
                    raise self._death_of(worker) from error
                yield role.worker_id

    def send(self, worker_id: int, task: Task) -> None:
        """Order a batch from a worker."""
        worker = self._workers[worker_id]
        indices = pack_indices(task.indices, forked=self._forked)
        message = (task.epoch, task.number, indices, task.start, worker.lender.borrow())
        worker.kept_back.append(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        self._pass_on(worker)

    def receive(self, timeout: float | None) -> Iterator[tuple[Report, Any]]:
        """Wait for answers; yield those that have come."""
        ready = self._watch.ready(timeout)
        for worker in self._workers:
            has_ended = worker.process.sentinel in ready
            if has_ended or worker.answers in ready:
                report, slot, packed = self._read(worker, has_ended)
                worker.unanswered.popleft()
                self._pass_on(worker)
                yield Report(*report), self._open(worker, slot, Packed(*packed))

    def close(self) -> None:
        """End all workers. A second call does nothing."""
        self._close()

    def _start(self, role: Role, contents: Contents | CopyOnWriteMemory) -> None:
        task_reader, task_writer = self._context.Pipe(duplex=False)
        answer_reader, answer_writer = self._context.Pipe(duplex=False)
        process = self._context.Process(  # type: ignore[attr-defined]
            target=run_worker,
            args=(contents, role, task_reader, answer_writer),
            name=f"DataLoader worker {role.worker_id}",
            daemon=True,
        )
        self._workers.append(Worker(process, task_writer, answer_reader, Lender(self._slots)))
        try:
            process.start()
        finally:
            # The worker's ends: as long as they are open here, the end of the worker would go unnoticed.
            task_reader.close()
            answer_writer.close()

    def _pass_on(self, worker: Worker) -> None:
        """Send as many tasks as the worker's pipe surely holds. An idle worker takes one of any size."""
        try:
            while worker.kept_back and (
                not worker.unanswered or sum(worker.unanswered) + len(worker.kept_back[0]) <= _PIPE_HOLDS
            ):
                packed = worker.kept_back.popleft()
                worker.unanswered.append(len(packed))
                send(worker.tasks, packed)
        except OSError as error:
            raise self._death_of(worker) from error

    def _read(self, worker: Worker, has_ended: bool) -> Any:
        try:
            # A grandchild may hold the pipe of a dead worker open: reading it would never return.
            if has_ended and not worker.answers.poll():
                raise EOFError
            return unpack(receive(worker.answers))
        except (EOFError, OSError) as error:
            raise self._death_of(worker) from error

    def _open(self, worker: Worker, slot: int | None, packed: Packed) -> Any:
        if packed.is_short_of_memory and not self._has_warned:
            self._has_warned = True
            warnings.warn(_NO_SHARED_MEMORY, stacklevel=9)
        try:
            return worker.lender.open(slot, packed)
        except Exception as error:
            worker.process.join(_REAP_SECONDS)
            if worker.process.exitcode is not None:  # A dead worker takes its shared memory along.
                raise self._death_of(worker) from error
            return ExceptionWrapper(where="in the main process, on receiving a batch from a worker")

    def _death_of(self, worker: Worker) -> WorkerDiedError:
        worker.process.join(_GRACE_SECONDS)
        number = self._workers.index(worker)
        before = self._memory_kills
        ran_out = None if before is None else memory_kills() != before
        return WorkerDiedError(describe_death(number, worker.process.pid, worker.process.exitcode, ran_out))

    def _drop_inherited_pipes(self) -> None:
        """Close a forked process's copies of these ends, so that only their owner holds them."""
        for worker in self._workers:
            worker.tasks.close()
            worker.answers.close()


def _preload_fork_server(context: BaseContext) -> None:
    """Let the fork server import torch once, instead of every worker for itself.

    It works until the server has started, and leaves a list that the user has set as it is.
    """
    if context.get_start_method() == "forkserver":
        server = import_module("multiprocessing.forkserver")._forkserver
        if server._preload_modules == ["__main__"]:
            context.set_forkserver_preload(["__main__", run_worker.__module__])


def _shut_down(workers: list[Worker]) -> None:
    running = [worker for worker in workers if worker.process.pid is not None]
    for worker in running:
        with suppress(OSError):
            worker.tasks.send_bytes(STOP)
    _drain_until_ended(running, time.monotonic() + _GRACE_SECONDS)
    for end in ("terminate", "kill"):
        for worker in running:
            if worker.process.is_alive():
                getattr(worker.process, end)()
                worker.process.join(1.0)
    while workers:
        worker = workers.pop()  # first: what another thread forks would close whatever has its number by then
        worker.tasks.close()
        worker.answers.close()
    for worker in running:
        with suppress(ValueError):  # Not even the system can end it at the moment.
            worker.process.close()


def _drain_until_ended(workers: list[Worker], deadline: float) -> None:
    """Throw away what the workers still send, so that none waits for a reader, until all have ended."""
    sources: dict[Connection | int, Worker] = {worker.process.sentinel: worker for worker in workers}
    sources |= {worker.answers: worker for worker in workers}
    while any(isinstance(source, int) for source in sources):
        ready = wait(list(sources), max(0.0, deadline - time.monotonic()))
        if not ready:
            return
        for source in ready:
            try:
                if isinstance(source, int):
                    raise EOFError
                source.recv_bytes()  # type: ignore[union-attr]
            except (EOFError, OSError):
                del sources[source]  # type: ignore[arg-type]

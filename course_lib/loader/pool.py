"""The worker processes of a loader: started, fed, listened to and ended (lesson 11).

Every worker has two pipes of its own, one for tasks and one for answers. Nothing is shared between workers:
one that dies in the middle of a message spoils no other, and its death shows at once, as the end of its pipe.
"""

import pickle
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize, register_after_fork
from typing import Any, NamedTuple

from course_lib.loader.exceptions import ExceptionWrapper, WorkerDiedError, describe_death
from course_lib.loader.pickling import Parcel, pack_indices, unpack
from course_lib.loader.ring import Lender
from course_lib.loader.workers import STOP, Answer, Role, Task, run_worker

_GRACE_SECONDS = 5.0
_REAP_SECONDS = 0.5


class Worker(NamedTuple):
    """A worker process, this process's ends of its pipes, and who lends its slots."""

    process: BaseProcess
    tasks: Connection
    answers: Connection
    lender: Lender


class WorkerPool:
    """The processes that load for one iterator, or for all epochs where workers are persistent.

    They end with `close()`, when the pool is garbage, or when the interpreter exits: whichever comes first.

    Args:
        context: how processes are started.
        roles: one per worker.
        parcel: what every worker starts with.
        slots: number of slots of shared memory for each worker.
    """

    def __init__(self, context: BaseContext, roles: Sequence[Role], parcel: Parcel, slots: int) -> None:
        self._slots = slots
        self._forked = context.get_start_method() == "fork"
        self._workers: list[Worker] = []
        # Finalize runs in this process only: a forked copy of the pool must not stop the workers.
        self._close = Finalize(self, _shut_down, args=(self._workers,), exitpriority=10)
        register_after_fork(self, WorkerPool._drop_inherited_pipes)
        _preload_fork_server(context)
        try:
            for role in roles:
                self._start(context, role, parcel)
        except BaseException:
            self.close()
            raise

    def send(self, worker_id: int, epoch: int, number: int, indices: Any) -> None:
        """Order a batch from a worker: the one of this number in this epoch, made of these indices.

        Raises:
            WorkerDiedError: the worker is dead.
        """
        packed = pack_indices(indices, forked=self._forked)
        worker = self._workers[worker_id]
        task = Task(epoch, number, packed, worker.lender.borrow())
        try:
            worker.tasks.send_bytes(pickle.dumps(tuple(task), pickle.HIGHEST_PROTOCOL))
        except OSError as error:
            raise self._death_of(worker) from error

    def receive(self, timeout: float | None) -> Iterator[tuple[Answer, Any]]:
        """Wait for answers and yield those that have come, each with its opened outcome.

        Args:
            timeout: seconds to wait; None waits until something comes.

        Raises:
            WorkerDiedError: a worker is dead.
        """
        sources = [source for worker in self._workers for source in (worker.answers, worker.process.sentinel)]
        ready = wait(sources, timeout)
        for worker in self._workers:
            if worker.answers in ready or worker.process.sentinel in ready:
                answer = self._read(worker)
                yield answer, self._open(worker, answer)

    def close(self) -> None:
        """End all workers. A second call does nothing."""
        self._close()

    def _start(self, context: BaseContext, role: Role, parcel: Parcel) -> None:
        task_reader, task_writer = context.Pipe(duplex=False)
        answer_reader, answer_writer = context.Pipe(duplex=False)
        process = context.Process(  # type: ignore[attr-defined]
            target=run_worker,
            args=(parcel, role, task_reader, answer_writer),
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

    def _read(self, worker: Worker) -> Answer:
        try:
            # A grandchild may hold the pipe of a dead worker open: reading it would never return.
            if not worker.answers.poll():
                raise EOFError
            return Answer(*unpack(worker.answers.recv_bytes()))
        except (EOFError, OSError) as error:
            raise self._death_of(worker) from error

    def _open(self, worker: Worker, answer: Answer) -> Any:
        try:
            return worker.lender.open(answer.slot, answer.new_memory, answer.outcome)
        except Exception as error:
            worker.process.join(_REAP_SECONDS)
            if worker.process.exitcode is not None:  # A dead worker takes its shared memory along.
                raise self._death_of(worker) from error
            return ExceptionWrapper(where="in the main process, on receiving a batch from a worker")

    def _death_of(self, worker: Worker) -> WorkerDiedError:
        worker.process.join(_GRACE_SECONDS)
        number = self._workers.index(worker)
        return WorkerDiedError(describe_death(number, worker.process.pid, worker.process.exitcode))

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
    for worker in workers:
        worker.tasks.close()
        worker.answers.close()
    for worker in running:
        with suppress(ValueError):  # Not even the system can end it at the moment.
            worker.process.close()
    workers.clear()


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

"""The life of a worker process: listen, fetch, answer (lesson 11).

    main process                             worker process
    WorkerPool  -- Task ------ pipe ------>  Inbox (a thread that listens)
                                                |  waiting tasks
                <-- Answer --- pipe -------  Desk.answer, one task after the other

A worker lives until it is told to stop or its parent is gone. Whatever goes wrong while it works is an
answer, too.
"""

import os
import pickle
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, NamedTuple

import torch

from course_lib.loader.exceptions import ExceptionWrapper
from course_lib.loader.fetch import EmptyStream, Fetcher, make_fetcher
from course_lib.loader.pickling import Parcel, pack_for_parent, unpack, unpack_indices
from course_lib.loader.ring import SlotWriter
from course_lib.loader.seeding import seed_everything
from course_lib.worker_info import WorkerInfo, set_worker_info

STOP = b""
_PARENT_CHECK_SECONDS = 5.0


class Task(NamedTuple):
    """An order for one batch: its epoch, its number in the epoch, its indices, packed, and a slot to fill."""

    epoch: int
    number: int
    indices: Any
    slot: int | None


class Answer(NamedTuple):
    """What became of a task: packed into `outcome` are the batch, an `ExceptionWrapper` or a `StreamEnd`.

    Every task gets one answer, so that every slot comes back.
    """

    epoch: int
    number: int
    samples: int
    slot: int | None
    new_memory: bytes | None
    outcome: bytes


@dataclass(frozen=True)
class StreamEnd:
    """The worker's stream has no more samples in this epoch."""


@dataclass(frozen=True)
class Role:
    """Which worker this is, and how it fetches."""

    worker_id: int
    num_workers: int
    base_seed: int
    streaming: bool
    batched: bool
    drop_last: bool


def run_worker(parcel: Parcel, role: Role, tasks: Connection, answers: Connection) -> None:
    """Answer tasks until told to stop: the main function of a worker process.

    Args:
        parcel: `dataset`, `collate_fn` and `worker_init_fn`.
        role: which worker this is.
        tasks: where tasks come in.
        answers: where answers go out.
    """
    # Ctrl-C reaches every process of a terminal. The main process decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # As many workers as cores, each with as many threads as cores, would only get into each other's way.
    torch.set_num_threads(1)
    desk = Desk(parcel, role)
    try:
        inbox = Inbox(tasks)
        for task in inbox:
            answer = desk.answer(task) if task.epoch == inbox.epoch else desk.decline(task)
            answers.send_bytes(pickle.dumps(tuple(answer), pickle.HIGHEST_PROTOCOL))
    except BrokenPipeError:
        pass  # The main process has left: there is nobody to tell.
    finally:
        set_worker_info(None)


class Inbox:
    """The tasks that wait in a worker, in the order they came.

    A thread listens to the pipe all the time. So the main process can always send, even to a worker that is
    busy or is itself waiting to send; and a stop, or the first task of a new epoch, is known before tasks
    that still wait.

    Attributes:
        epoch: epoch of the task that came last; tasks of earlier ones have become pointless.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: SimpleQueue[Task | None] = SimpleQueue()
        self.epoch = 0
        self._stopped = False
        self._parent = os.getppid()
        threading.Thread(target=self._listen, name="DataLoader inbox", daemon=True).start()

    def __iter__(self) -> Iterator[Task]:
        while (task := self._waiting.get()) is not None and not self._stopped:
            yield task

    def _listen(self) -> None:
        while (message := self._receive()) != STOP:
            task = Task(*unpack(message))
            self.epoch = task.epoch
            self._waiting.put(task)
        self._stopped = True
        self._waiting.put(None)

    def _receive(self) -> bytes:
        try:
            while not self._connection.poll(_PARENT_CHECK_SECONDS):
                # Another process may hold the pipe open after the parent was killed.
                if os.getppid() != self._parent:
                    raise EOFError
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            os._exit(1)  # Without a parent, whatever the worker is doing now is in vain.


class Desk:
    """The work itself: opens the parcel, seeds, and fetches one batch per task."""

    def __init__(self, parcel: Parcel, role: Role) -> None:
        self._role = role
        self._epoch = -1
        self._fetcher: Fetcher = EmptyStream()
        self._contents: dict[str, Any] = {}
        self._writer = SlotWriter()
        self._failure: ExceptionWrapper | None = None
        try:
            self._set_up(parcel)
        except Exception:
            self._failure = self._wrap_exception()

    def answer(self, task: Task) -> Answer:
        """Do one task. An error becomes the answer, to be raised where the batch is awaited."""
        samples, outcome = self._try_to_fetch(task)
        try:
            new_memory, packed = self._writer.pack(outcome, task.slot)
        except Exception:
            new_memory, packed = None, pack_for_parent(self._wrap_exception())
        return Answer(task.epoch, task.number, samples, task.slot, new_memory, packed)

    def decline(self, task: Task) -> Answer:
        """Give a task back undone."""
        return Answer(task.epoch, task.number, 0, task.slot, None, pack_for_parent(None))

    def _set_up(self, parcel: Parcel) -> None:
        role = self._role
        seed_everything(role.base_seed, role.worker_id)
        self._contents = parcel.open()
        dataset, init_fn = self._contents["dataset"], self._contents.pop("worker_init_fn")
        set_worker_info(
            WorkerInfo(role.worker_id, role.num_workers, role.base_seed + role.worker_id, dataset)
        )
        if init_fn is not None:
            init_fn(role.worker_id)

    def _try_to_fetch(self, task: Task) -> tuple[int, Any]:
        try:
            is_first = task.epoch != self._epoch
            if is_first:
                self._begin_epoch(task.epoch)
            # Without a start there is no batch; a stream says so once, and then that it has ended.
            if self._failure is not None and (is_first or not self._role.streaming):
                return 0, self._failure
            fetched = self._fetcher.fetch(unpack_indices(task.indices))
        except Exception:
            return 0, self._wrap_exception()
        return (0, StreamEnd()) if fetched is None else fetched[::-1]

    def _begin_epoch(self, epoch: int) -> None:
        self._epoch, self._fetcher = epoch, EmptyStream()
        if self._failure is None:
            role = self._role
            self._fetcher = make_fetcher(
                **self._contents, streaming=role.streaming, batched=role.batched, drop_last=role.drop_last
            )

    def _wrap_exception(self) -> ExceptionWrapper:
        return ExceptionWrapper(where=f"in DataLoader worker process {self._role.worker_id}")

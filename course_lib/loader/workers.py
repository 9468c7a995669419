"""The life of a worker: take an order, fetch, answer (lesson 11).

    main process                              worker process
    ProcessPool  -- Task -------- pipe ---->  Inbox
                                              Desk.work, one task after the other
                 <-- Report, batch -- pipe --

A worker lives until it is told to stop or its parent is gone. Whatever goes wrong while it works is an
answer, too. Worker threads have the same desks (`threads.py`).
"""

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from time import perf_counter
from typing import Any, Literal, NamedTuple

import torch

from course_lib.copy_on_write import CopyOnWriteMemory
from course_lib.datasets.position import Position
from course_lib.loader.exceptions import ExceptionWrapper
from course_lib.loader.fetch import EmptyStream, Fetcher, Stages, make_fetcher
from course_lib.loader.pickling import Contents, pack_for_parent, unpack, unpack_contents, unpack_indices
from course_lib.loader.pipes import Watch, receive, send
from course_lib.loader.ring import Packed, SlotWriter
from course_lib.loader.seeding import seed_everything
from course_lib.platform import give_way
from course_lib.worker_info import WorkerInfo, set_worker_info

STOP = b""
_PARENT_CHECK_SECONDS = 5.0


class Task(NamedTuple):
    """An order for one batch.

    Attributes:
        epoch: the epoch it belongs to.
        number: its number in the epoch.
        indices: what it is made of; packed for a process.
        start: where the worker's stream goes on, with the worker's first task of an epoch.
        slot: the slot to fill.
    """

    epoch: int
    number: int
    indices: Any
    start: Position | None = None
    slot: int | None = None


class Report(NamedTuple):
    """What is to be said of a task that was done. Every task gets one, so that every slot comes back.

    Attributes:
        epoch, number: those of the task.
        samples: how many samples a stream gave.
        stages: when the work began, the samples were read, they were collated, and the batch was sent.
        position: how far the worker's stream has been read.
    """

    epoch: int
    number: int
    samples: int
    stages: tuple[float, ...]
    position: Position | None


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
    worker_type: Literal["process", "thread"]


def run_worker(
    contents: Contents | CopyOnWriteMemory, role: Role, tasks: Connection, answers: Connection
) -> None:
    """Answer tasks until told to stop: the main function of a worker process.

    Args:
        contents: `dataset`, `collate_fn` and `worker_init_fn`; or memory with large parts of them, if they
            come packed before the first task.
        role: which worker this is.
        tasks: where tasks come in.
        answers: where answers go out.
    """
    # Ctrl-C reaches every process of a terminal. The main process decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="DataLoader parent watch", daemon=True).start()
    # As many workers as cores, each with as many threads as cores, would only get into each other's way.
    torch.set_num_threads(1)
    torch.set_default_device(None)  # A forked process can use no GPU that its parent has used.
    try:
        if isinstance(contents, CopyOnWriteMemory):
            opener: Callable[[], Contents] = partial(unpack_contents, receive(tasks), contents)
        else:
            opener = contents.copy
        desk, writer, epoch = Desk(opener, role), SlotWriter(), 0
        # Tasks of an epoch that was left are done, too: or timing would decide what is drawn in the next one.
        for task in Inbox(tasks):
            packed = _work(desk, task, writer)
            message = (tuple(desk.report(task)), task.slot, tuple(packed))
            send(answers, pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
            if task.epoch != epoch:  # For its first batch somebody waits, maybe for this very core.
                epoch = task.epoch
                give_way()
    except (BrokenPipeError, EOFError):
        pass  # The main process has left: there is nobody to tell.
    finally:
        set_worker_info(None)


def _work(desk: "Desk", task: Task, writer: SlotWriter) -> Packed:
    try:
        return writer.pack(task.slot, lambda: desk.work(task))
    except Exception:
        return Packed(pack_for_parent(desk.wrap_exception()))


def _end_with_parent() -> None:
    """End this process when its parent is gone: whatever it is doing then is in vain."""
    parent, pid = multiprocessing.parent_process(), os.getppid()
    sentinels = [] if parent is None else [parent.sentinel]
    # Another process may hold the sentinel's pipe open, so the parent's number is looked at, too.
    while not wait(sentinels, _PARENT_CHECK_SECONDS) and os.getppid() == pid:
        pass
    os._exit(1)


class Inbox:
    """The tasks that wait in a worker, in the order they came.

    After each task it takes in whatever has come meanwhile. So a stop is known before tasks that still wait.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._watch = Watch([connection])
        self._waiting: deque[Task] = deque()

    def __iter__(self) -> Iterator[Task]:
        while self._take_in():
            yield self._waiting.popleft()

    def _take_in(self) -> bool:
        """Wait for a task if there is none; tell whether to go on."""
        is_idle = not self._waiting
        while is_idle or self._watch.ready(0):
            try:
                message = receive(self._connection)
            except (EOFError, OSError):
                return False
            if message == STOP:
                return False
            epoch, number, indices, start, slot = unpack(message)
            self._waiting.append(Task(epoch, number, unpack_indices(indices), start, slot))
            if is_idle:  # Somebody waits for this batch: what comes behind it can wait until it is made.
                break
        return True


class Desk:
    """The work itself: opens what it starts with, seeds, and fetches one batch per task."""

    def __init__(self, open_contents: Callable[[], Contents], role: Role) -> None:
        self._role = role
        self._epoch = -1
        self._fetcher: Fetcher = EmptyStream()
        self._contents: Contents = {}
        self._failure: ExceptionWrapper | None = None
        self._samples = 0
        self._stages: Stages = []
        self._position: Position | None = None
        try:
            self._set_up(open_contents)
        except Exception:
            self._failure = self.wrap_exception()

    def work(self, task: Task) -> Any:
        """Do one task: return a batch or `StreamEnd`. An error is returned, too; the loader will raise it."""
        self._samples, self._stages = 0, []
        try:
            is_first = task.epoch != self._epoch
            if is_first:
                self._begin_epoch(task)
            # Without a start there is no batch; a stream says so once, and then that it has ended.
            if self._failure is not None and (is_first or not self._role.streaming):
                return self._failure
            try:
                fetched = self._fetcher.fetch(task.indices, self._stages)
            finally:  # What cannot be read has been passed, too.
                self._position = self._fetcher.position()
        except Exception:
            return self.wrap_exception()
        if fetched is None:
            return StreamEnd()
        batch, self._samples = fetched
        return batch

    def report(self, task: Task) -> Report:
        """Say what is to be said of the task that was just done."""
        now = perf_counter()
        stages = (*self._stages, now, now, now, now)[:4]  # Work that failed has not come to all of them.
        return Report(task.epoch, task.number, self._samples, stages, self._position)

    def wrap_exception(self) -> ExceptionWrapper:
        """Wrap the exception that is being handled, with its place."""
        role = self._role
        return ExceptionWrapper(where=f"in DataLoader worker {role.worker_type} {role.worker_id}")

    def _set_up(self, open_contents: Callable[[], Contents]) -> None:
        role = self._role
        if role.worker_type == "process":
            seed_everything(role.base_seed, role.worker_id)
        self._contents = open_contents()
        dataset, init_fn = self._contents["dataset"], self._contents.pop("worker_init_fn")
        seed = role.base_seed + role.worker_id
        set_worker_info(WorkerInfo(role.worker_id, role.num_workers, seed, dataset, role.worker_type))
        if init_fn is not None:
            init_fn(role.worker_id)

    def _begin_epoch(self, task: Task) -> None:
        self._epoch, self._fetcher, self._position = task.epoch, EmptyStream(task.start), task.start
        if self._failure is None:
            role = self._role
            self._fetcher = make_fetcher(
                **self._contents,
                streaming=role.streaming,
                batched=role.batched,
                drop_last=role.drop_last,
                start=task.start,
            )

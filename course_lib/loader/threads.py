"""Threads as workers: `worker_type="thread"` (lesson 11).

Threads share the memory of the process. Nothing is pickled, nothing is copied, and a thread starts in
microseconds. But only one thread runs Python at a time: threads load side by side only where loading waits
(for a disk, for a network) or computes in code that lets other threads run, as NumPy, torch and Pillow do.

What is shared is shared: there is one dataset, not a copy for each worker, and one random state of torch,
NumPy and `random`. So the loader seeds none of them in a thread. A dataset that draws random numbers makes a
generator of its own from `get_worker_info().seed`, and changes nothing in itself without a lock.
"""

import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import torch

from course_lib.loader.exceptions import WorkerDiedError
from course_lib.loader.pickling import Contents
from course_lib.loader.workers import Desk, Report, Role, Task
from course_lib.worker_info import set_worker_info

_GRACE_SECONDS = 5.0

Answers = SimpleQueue[tuple[Report, Any] | WorkerDiedError]
Tasks = SimpleQueue[Task | None]


class ThreadPool:
    """Workers that are threads.

    They end with `close()`, when the pool is garbage, or when the interpreter exits. A thread cannot be ended
    from outside: one that is in the middle of a batch finishes it first, and `close` waits seconds for it.

    Args:
        roles: one per worker.
        contents: what every worker starts with.
    """

    def __init__(self, roles: Sequence[Role], contents: Contents) -> None:
        self._answers: Answers = SimpleQueue()
        self._tasks: list[Tasks] = [SimpleQueue() for _ in roles]
        self._roles = roles
        self._threads = [
            Thread(target=run_worker_thread, args=(contents, role, tasks, self._answers), daemon=True)
            for role, tasks in zip(roles, self._tasks)
        ]
        self._close = weakref.finalize(self, _shut_down, self._threads, self._tasks)

    def start(self) -> Iterator[int]:
        """Start the workers; yield the number of each."""
        for role, thread in zip(self._roles, self._threads):
            thread.name = f"DataLoader worker {role.worker_id}"
            thread.start()
            yield role.worker_id

    def send(self, worker_id: int, task: Task) -> None:
        """Order a batch from a worker."""
        self._tasks[worker_id].put(task)

    def receive(self, timeout: float | None) -> Iterator[tuple[Report, Any]]:
        """Wait for answers; yield those that have come."""
        try:
            answer = self._answers.get(timeout=timeout)
            while True:
                if isinstance(answer, WorkerDiedError):
                    raise answer
                yield answer
                answer = self._answers.get_nowait()
        except Empty:
            return

    def close(self) -> None:
        """End all workers. A second call does nothing."""
        self._close()


def run_worker_thread(contents: Contents, role: Role, tasks: Tasks, answers: Answers) -> None:
    """Answer tasks until told to stop: the main function of a worker thread."""
    torch.set_num_threads(1)  # for this thread only
    try:
        desk = Desk(contents.copy, role)
        while (task := tasks.get()) is not None:
            outcome = desk.work(task)
            answers.put((desk.report(task), outcome))
            del outcome  # It belongs to the consumer now.
    except BaseException as error:  # not an Exception, which would have been an answer: sys.exit(), say
        died = WorkerDiedError(
            f"DataLoader worker thread {role.worker_id} was ended by {error!r}. Only the loader may do so. "
            "Raise an Exception where a sample cannot be read; sys.exit() is for the main program."
        )
        died.__cause__ = error
        answers.put(died)
    finally:
        set_worker_info(None)


def _shut_down(threads: list[Thread], queues: list[Tasks]) -> None:
    for tasks in queues:
        with suppress(Empty):
            while True:
                tasks.get_nowait()
        tasks.put(None)
    deadline = time.monotonic() + _GRACE_SECONDS
    for thread in threads:
        if thread.is_alive():
            thread.join(max(0.0, deadline - time.monotonic()))

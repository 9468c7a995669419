"""Judge on several cores: a thread here talks with each worker process, and replaces it when it dies."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import course_lib
from course_lib import platform
from course_lib.classroom.grading.jobs import Job, Order

#: A worker that dies over a submission is replaced and tries again; after so many times it is given up.
ATTEMPTS = 3
#: A worker that is silent for longer than all its deadlines together is stuck itself.
_SILENCE_SECONDS = 1800

#: A job and its answer: {"verdict": …}, {"trouble": why there is none}, {"refused": why there will be none}.
Answered = tuple[Job, dict[str, Any]]


class Worker:
    """One worker process, started when it is first needed.

    Args:
        order: what all its jobs have in common.
        stopping: set when nobody wants answers any more.
    """

    def __init__(self, order: Order, stopping: threading.Event | None = None) -> None:
        self._order = order
        self._stopping = stopping or threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def do(self, job: Job) -> dict[str, Any]:
        """Have a job done. A worker that dies is replaced, and the job done again."""
        trouble = ""
        for _ in range(ATTEMPTS):
            if self._stopping.is_set():
                break
            try:
                answer = self._ask(job)
            except (OSError, ValueError) as error:
                trouble = f"the judging process ended ({error or type(error).__name__})"
                self.close()
                continue
            if "trouble" not in answer:
                return answer
            trouble = str(answer.get("trouble"))
        return {"trouble": trouble}

    def kill(self) -> None:
        """End the process from another thread; whoever waits for its answer gets none."""
        process = self._process
        if process is not None:
            platform.kill_process_tree(process.pid)

    def close(self) -> None:
        """End the process, and with it all that it started."""
        if self._process is None:
            return
        platform.kill_process_tree(self._process.pid)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process = None

    def _ask(self, job: Job) -> dict[str, Any]:
        if self._process is None:
            self._process = _start(self._order)
            greeting = self._listen(self._process)
            if "refused" in greeting:
                self.close()
                return greeting
        process = self._process
        if process.stdin is None:
            raise OSError("it has no input")
        watch = threading.Timer(_SILENCE_SECONDS, platform.kill_process_tree, (process.pid,))
        watch.daemon = True
        watch.start()
        try:
            process.stdin.write(json.dumps(job.to_data()) + "\n")
            process.stdin.flush()
            return self._listen(process)
        finally:
            watch.cancel()

    def _listen(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            raise OSError(f"exit code {process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def do_all(jobs: Iterable[Job], order: Order, workers: int) -> Iterator[Answered]:
    """Do jobs on several workers; answers come in the order in which they are ready.

    `jobs` is read no further ahead than the workers need.
    """
    waiting: queue.Queue[Job | None] = queue.Queue(maxsize=workers)
    ready: queue.Queue[Answered] = queue.Queue()
    stopping = threading.Event()
    crew = [Worker(order, stopping) for _ in range(workers)]
    threads = [threading.Thread(target=_serve, args=(each, waiting, ready), daemon=True) for each in crew]
    for thread in threads:
        thread.start()
    given = taken = 0
    try:
        for job in jobs:
            waiting.put(job)
            given += 1
            while not ready.empty():
                taken += 1
                yield ready.get()
        while taken < given:
            taken += 1
            yield ready.get()
    finally:
        stopping.set()
        _drain(waiting)
        if taken < given:  # interrupted: nobody wants the answers any more
            for each in crew:
                each.kill()
        for _ in threads:
            waiting.put(None)
        for thread in threads:
            thread.join()


def _serve(worker: Worker, waiting: "queue.Queue[Job | None]", ready: "queue.Queue[Answered]") -> None:
    try:
        while (job := waiting.get()) is not None:
            try:
                ready.put((job, worker.do(job)))
            except Exception as error:
                ready.put((job, {"trouble": f"{type(error).__name__}: {error}"}))
    finally:
        worker.close()


def _drain(waiting: "queue.Queue[Job | None]") -> None:
    while not waiting.empty():
        try:
            waiting.get_nowait()
        except queue.Empty:
            return


def _start(order: Order) -> "subprocess.Popen[str]":
    library = str(Path(course_lib.__file__).parents[1])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    process = subprocess.Popen(
        [sys.executable, "-m", "course_lib.classroom.grading.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        **platform.process_group_arguments(),  # Ctrl-C is for the class run, which ends its workers
    )
    if process.stdin is not None:
        process.stdin.write(json.dumps(asdict(order)) + "\n")
        process.stdin.flush()
    return process

"""A process that judges: `python -m course_lib.classroom.grading.worker`, started by the class run.

It reads lines of JSON, first the order, then jobs, and writes a line for each. When its input ends, because
the class run ended or was killed, it ends at once, and with it all that it started.
"""

import json
import os
import queue
import sys
import threading

import psutil

from course_lib import platform
from course_lib.classroom.grading.jobs import Order, check_place, do_job, job_from_data
from course_lib.classroom.grading.session import Limits

_LEAST_MEMORY = 8 * 1024**3


def main() -> None:
    """Do jobs until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a check may print goes to the errors, not among the answers
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    order = Order(**json.loads(lines.get()))
    _bound_memory(Limits(**order.limits))
    try:
        exercise = order.exercise()
        check_place(order, exercise)
    except ValueError as error:
        print(json.dumps({"refused": str(error)}), file=answers, flush=True)
        return
    print(json.dumps({"ready": os.getpid()}), file=answers, flush=True)
    while True:
        job = job_from_data(json.loads(lines.get()))
        print(json.dumps(do_job(job, order, exercise)), file=answers, flush=True)


def _listen(lines: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        lines.put(line)
    _end_all()


def _bound_memory(limits: Limits) -> None:
    """Refuse this process more memory than any check needs: a submission's answer could ask for it."""
    platform.set_limits(memory_bytes=max(_LEAST_MEMORY, 2 * limits.memory_bytes))


def _end_all() -> None:
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.Error:
            continue
    os._exit(0)


if __name__ == "__main__":
    main()

"""Judge on a Dask cluster: `course grade … --scheduler ADDRESS`, with the optional packages `cluster`.

On each of the cluster's workers a judging process of ours is started, the same as on one machine, so grades
are the same. All machines need the course in the same version, at the same path; the judging process
refuses to work where checks or versions differ. What a worker loses by dying, another does again.
"""

import atexit
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from itertools import islice
from typing import Any

from course_lib.classroom.grading.jobs import Job, Order, job_from_data
from course_lib.classroom.grading.pool import Answered, Worker

_RETRIES = 5

#: In a cluster's worker: the judging processes that wait for work, by the order they serve.
_idle: dict[str, list[Worker]] = {}


def do_all_on_cluster(jobs: Iterator[Job], order: Order, address: str) -> Iterator[Answered]:
    """Do jobs on the workers of a Dask scheduler; answers come in the order in which they are ready.

    Raises:
        ValueError: when the packages are not installed, or no scheduler answers.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise ValueError(
            "--scheduler needs Dask, which is not installed: python -m pip install -e '.[cluster]'"
        ) from error
    try:
        client = distributed.Client(address, timeout=20)
    except (OSError, TimeoutError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        common = asdict(order)
        given: dict[str, Job] = {}

        def submit(job: Job) -> Any:
            future = client.submit(do_on_worker, job.to_data(), common, pure=False, retries=_RETRIES)
            given[future.key] = job
            return future

        ahead = 2 * max(1, sum(client.nthreads().values()))  # all submissions at once would fill the memory
        ready = distributed.as_completed([submit(job) for job in islice(jobs, ahead)])
        for future in ready:
            answer = _result(future)
            job = given.pop(future.key)
            future.release()
            ready.update([submit(each) for each in islice(jobs, 1)])
            yield job, answer


def do_on_worker(job: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """Do a job in a judging process of this machine; it is kept for the next one."""
    order = Order(**common)
    idle = _idle.setdefault(order.checks, [])
    if not _idle_closed_at_exit:
        _idle_closed_at_exit.append(atexit.register(_close_idle))
    worker = idle.pop() if idle else Worker(order)
    try:
        return worker.do(job_from_data(job))
    finally:
        idle.append(worker)


_idle_closed_at_exit: list[Any] = []


def _close_idle() -> None:
    for workers in _idle.values():
        for worker in workers:
            worker.close()


def _result(future: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = future.result()
    except Exception as error:
        return {"trouble": f"the cluster lost it: {type(error).__name__}: {error}"}
    return answer

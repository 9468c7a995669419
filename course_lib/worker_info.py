"""Ask which worker this code runs in (lesson 11).

A dataset that is a stream must know which worker it serves, or every worker would yield all of it. The
answer lives where torch keeps it too: streams written for torch shard inside our workers, and ours
inside torch's.
"""

import threading
from dataclasses import dataclass
from typing import Any, Literal

from torch.utils.data._utils import worker as torch_worker

_of_this_thread = threading.local()


@dataclass(frozen=True)
class WorkerInfo:
    """Say who a worker is (lesson 11).

    Attributes:
        id: the worker's number, from 0 to `num_workers - 1`.
        num_workers: how many workers serve the loader.
        seed: the seed of this worker's random generators.
        dataset: the dataset object that this worker reads: its own copy when the worker is a process.
        worker_type: "process" or "thread".

    Raises:
        ValueError: if `id` is not between 0 and `num_workers - 1`.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    worker_type: Literal["process", "thread"] = "process"

    def __post_init__(self) -> None:
        if not 0 <= self.id < self.num_workers:
            raise ValueError(
                f"WorkerInfo got id={self.id} with num_workers={self.num_workers}. Workers are numbered from "
                "0 to num_workers - 1. Pass an id in that range."
            )


def get_worker_info() -> WorkerInfo | None:
    """Return the identity of the worker that runs this code, or None in the main process (lesson 11).

    Works in the workers of `course_lib.DataLoader` and of `torch.utils.data.DataLoader`.
    """
    info: WorkerInfo | None = getattr(_of_this_thread, "info", None)
    of_process = torch_worker.get_worker_info()
    if info is not None or of_process is None:
        return info
    return WorkerInfo(of_process.id, of_process.num_workers, of_process.seed, of_process.dataset)


def worker_id() -> int | None:
    """Return the number of the worker that runs this code, or None in the main process."""
    worker = get_worker_info()
    return None if worker is None else worker.id


def set_worker_info(info: WorkerInfo | None) -> None:
    """Make `info` the identity of this worker; None when its work is over.

    A loader's worker calls this before it touches the dataset. A worker process tells torch as well, so
    that `torch.utils.data.get_worker_info()` answers too. A worker thread shares its process with others
    and therefore keeps the answer to itself.
    """
    if info is not None and info.worker_type == "thread":
        _of_this_thread.info = info
    elif info is None and getattr(_of_this_thread, "info", None) is not None:
        _of_this_thread.info = None
    else:
        _of_this_thread.info = None  # A process that a worker thread forked has inherited the thread's.
        torch_worker._worker_info = (
            None
            if info is None
            else torch_worker.WorkerInfo(
                id=info.id, num_workers=info.num_workers, seed=info.seed, dataset=info.dataset
            )
        )

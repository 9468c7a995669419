"""Set up the workers of a training with several processes (lessons 11 and 18).

Each training process, a *rank*, has data workers of its own. A launcher such as `torchrun` tells every rank
who it is by the environment variables RANK, LOCAL_RANK and WORLD_SIZE, and the workers inherit them.

A worker loads data and nothing else: it belongs to no process group. One that called `init_process_group`
would report itself under the number of its rank, which is taken, and wait for the others for good.
"""

import os
from collections.abc import Callable
from dataclasses import replace

import torch

from course_lib.loader.seeding import seed_worker
from course_lib.worker_info import WorkerInfo, get_worker_info, set_worker_info


def distributed_worker_init(
    worker_id: int, *, rank: int | None = None, open_resources: Callable[[WorkerInfo], object] | None = None
) -> None:
    """Set up a worker of one rank; give it to a loader as `worker_init_fn` (lesson 11).

    It seeds the worker, so that equal workers of two ranks draw different numbers though both ranks called
    `torch.manual_seed(0)`; it lets the worker see no other GPU than its rank's; then it calls
    `open_resources`. (A worker that is a thread shares generators and environment with the training: there
    only `get_worker_info().seed` changes.) Further arguments are set with `functools.partial`, which can be
    pickled:

        DataLoader(..., worker_init_fn=partial(distributed_worker_init, open_resources=connect))

    Args:
        worker_id: the worker's number within its rank; the loader passes it.
        rank: the number of the training process; None reads RANK, and takes 0 where there is none.
        open_resources: called with the worker's `WorkerInfo` (its `dataset` is the worker's own copy) to open
            what cannot be inherited from the parent, such as a connection to a database.

    Raises:
        RuntimeError: it was called outside a worker.
        TypeError: `worker_id` is no int.
        ValueError: `rank`, RANK or LOCAL_RANK is no number from 0 upwards.
    """
    worker = get_worker_info()
    if worker is None:
        raise RuntimeError(
            f"distributed_worker_init({worker_id!r}) was called outside a worker. It sets up the process "
            "that it runs in, which must not be the training itself. Pass the function to a loader with "
            "workers: DataLoader(..., num_workers=2, worker_init_fn=distributed_worker_init)."
        )
    rank = _number("RANK") if rank is None else _check_number("rank", rank)
    worker = replace(worker, seed=worker.seed + (rank or 0) * worker.num_workers)
    set_worker_info(worker)
    if worker.worker_type == "process":  # A thread shares generators and environment with the training.
        seed_worker(worker_id)
        _see_only_own_gpu()
    if open_resources is not None:
        open_resources(worker)


def choose_gpu(local_rank: int, visible: str | None, count: int) -> str | None:
    """Choose the GPU of a rank.

    Args:
        local_rank: the number of the rank on its machine.
        visible: CUDA_VISIBLE_DEVICES, a list such as "4,5"; None where it is not set.
        count: number of GPUs that torch finds.

    Returns:
        The entry of the list that is the rank's, or None where there is no GPU to choose. More ranks than
        GPUs take turns.
    """
    gpus = [str(number) for number in range(count)] if visible is None else visible.split(",")
    return gpus[local_rank % len(gpus)].strip() if count and gpus else None


def _see_only_own_gpu() -> None:
    local_rank = _number("LOCAL_RANK")
    # Counting GPUs does not occupy one, as torch.cuda.set_device would with hundreds of megabytes per worker.
    if local_rank is None or (count := torch.cuda.device_count()) == 0:
        return
    gpu = choose_gpu(local_rank, os.environ.get("CUDA_VISIBLE_DEVICES"), count)
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu


def _number(variable: str) -> int | None:
    text = os.environ.get(variable)
    if text is None:
        return None
    return _check_number(f"the environment variable {variable}", int(text) if text.isdecimal() else text)


def _check_number(name: str, value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(
            f"{name} is {value!r}. Ranks are numbered from 0 upwards. Start the training with torchrun, "
            "which sets RANK, LOCAL_RANK and WORLD_SIZE, or pass rank=0."
        )
    return value

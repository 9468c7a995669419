"""Seeds: other random numbers in every worker, the same in every run (lesson 11).

One number, the base seed, is drawn from the loader's generator for each set of workers. Worker `i` gets
`base seed + i`, for torch, for NumPy and for Python's `random`.
"""

import random

import numpy as np
import numpy.random  # now, and not in every worker: NumPy would import it at its first use
import torch

from course_lib.worker_info import get_worker_info

_WORD = 0xFFFF_FFFF


def numpy_seed(base_seed: int, worker_id: int) -> list[int]:
    """Mix base seed and worker id into four words of 32 bits, as `numpy.random.seed` takes them.

    NumPy refuses a seed beyond 32 bits, and its generator is the one that `random` uses, too: the same seed
    in both would give the same stream. `SeedSequence` mixes the bits, so that neither happens.
    """
    entropy = [worker_id, base_seed & _WORD, base_seed >> 32, 0]
    return [int(word) for word in np.random.SeedSequence(entropy).generate_state(4)]


def seed_everything(base_seed: int, worker_id: int) -> None:
    """Seed torch, NumPy and `random` of this process for one worker."""
    torch.manual_seed(base_seed + worker_id)
    random.seed(base_seed + worker_id)
    np.random.seed(numpy_seed(base_seed, worker_id))


def seed_worker(worker_id: int) -> None:
    """Seed torch, NumPy and `random` of a worker; give it to a loader as `worker_init_fn` (lesson 11).

    This library's loader does it by itself. The function serves older versions of torch's loader, and own
    worker functions that want to start again from the worker's seed. It follows the worker's seed, so the
    numbers differ between workers and epochs, and repeat when the loader's `generator` starts from the same
    seed.

    A generator that the *dataset holds* (`numpy.random.default_rng(0)` in its constructor) is not reached:
    every worker has a copy of it in the same state. Make such a generator in the worker, from
    `get_worker_info().seed`.

    In a worker that is a thread it does nothing: these generators belong to the whole process.

    Args:
        worker_id: number of the worker, from 0.

    Raises:
        ValueError: `worker_id` is negative.
        TypeError: `worker_id` is no int.
    """
    if not isinstance(worker_id, int):
        raise TypeError(
            f"worker_id is {worker_id!r}. It must be the number of a worker, an int. "
            "Pass the function itself: DataLoader(..., worker_init_fn=seed_worker)."
        )
    if worker_id < 0:
        raise ValueError(
            f"worker_id is {worker_id}. Workers are numbered from 0. Give a number from 0 upwards."
        )
    worker = get_worker_info()
    if worker is not None and worker.worker_type == "thread":
        return
    base_seed = torch.initial_seed() if worker is None else worker.seed - worker.id
    seed_everything(base_seed, worker_id)

"""From which generator a transform draws (lessons 04 and 11).

A transform that keeps a generator of its own repeats itself: every worker gets a copy of it in the same
state, and every epoch starts from that state again. So a transform owns none. It draws from torch's generator
of the process, which the loader seeds anew in every worker.

Workers that are threads share that generator, and which of them draws first is chance. Each therefore gets a
generator here, made from the seed that the loader gave to the worker.

A generator that the user gives has both troubles. So a worker does not draw from it, but from one that is
made from its state and the worker's seed.
"""

import threading

import torch

from course_lib.samplers.draws import new_seed
from course_lib.worker_info import get_worker_info

_of_this_thread = threading.local()


def generator_of_this_worker() -> torch.Generator | None:
    """Return the generator of this worker if it is a thread; None, for torch's global one, anywhere else."""
    worker = get_worker_info()
    if worker is None or worker.worker_type != "thread":
        return None
    if getattr(_of_this_thread, "seed", None) != worker.seed:
        _of_this_thread.seed = worker.seed
        _of_this_thread.generator = torch.Generator().manual_seed(worker.seed)
    generator: torch.Generator = _of_this_thread.generator
    return generator


def generator_for_worker(given: torch.Generator, worker_seed: int) -> torch.Generator:
    """Return a generator made from the state of the one given, which stays as it is, and a worker's seed."""
    return torch.Generator().manual_seed(new_seed(given.clone_state()) ^ worker_seed)

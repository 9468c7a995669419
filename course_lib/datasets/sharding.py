"""Which part of a stream belongs to whom (lessons 07 and 18).

A stream has no indices that a sampler could deal out. Every worker of every rank reads a stream of its own,
and has to leave out what belongs to the others. With R ranks of W workers there are R * W shards, numbered

    shard = rank * W + worker

and element i belongs to shard i modulo R * W: nothing comes twice and nothing is lost, wherever the stream
ends.
"""

import os
from dataclasses import dataclass

from torch import distributed

from course_lib.samplers.distributed import check_rank
from course_lib.worker_info import get_worker_info


@dataclass(frozen=True)
class Shard:
    """One of `count` equal parts of a stream: the elements whose number is `index` modulo `count`."""

    index: int
    count: int


def find_rank(rank: int | None, num_replicas: int | None) -> tuple[int, int]:
    """Find out which of how many training processes this is.

    Args:
        rank, num_replicas: known already, or None both: then the process group of `torch.distributed` is
            asked, or what `torchrun` has told this process; one process alone otherwise.

    Returns:
        The rank and the number of ranks.

    Raises:
        ValueError: if only one is given, or `rank` is none of the ranks.
        TypeError: if a number is no integer.
    """
    if rank is None and num_replicas is None:
        rank, num_replicas = _ask_surroundings()
    if rank is None or num_replicas is None:
        raise ValueError(
            f"Got rank={rank} and num_replicas={num_replicas}. A part of a stream is known by both numbers. "
            "Pass both, or neither to have them found out."
        )
    check_rank(rank, num_replicas)
    return rank, num_replicas


def shard_of_worker(rank: int, num_replicas: int) -> Shard:
    """Return the shard of the worker, ours or torch's, that runs this code; without one, the rank's."""
    worker = get_worker_info()
    if worker is None:
        return Shard(rank, num_replicas)
    return Shard(rank * worker.num_workers + worker.id, num_replicas * worker.num_workers)


def _ask_surroundings() -> tuple[int, int]:
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))

"""Share the samples of an epoch out among the processes of a distributed training (lesson 18).

Every process, a *rank*, trains on its own part. Nobody has to send anything: all ranks shuffle with the same
seed, so all of them hold the same order, and rank r takes every W-th index of it, from the r-th on.

    order of the epoch   4 0 3 1 2 | 4        W = 3 ranks, 5 samples, 1 padded
    rank 0               4 . . 1 . | .
    rank 1               . 0 . . 2 | .
    rank 2               . . 3 . . | 4

All ranks must take the same number of steps, because they wait for each other in each. So the order is padded
from its beginning, or cut with `drop_last`.
"""

from collections.abc import Iterator, Mapping, Sized

import torch
from torch import distributed

from course_lib.samplers.draws import permutation
from course_lib.samplers.order import Sampler, check_sized


class DistributedSampler(Sampler[int]):
    """Yield the indices of one rank: the same as `torch.utils.data.DistributedSampler` yields (lesson 18).

    Taking every W-th index, and not a block, mixes the data even where nothing is shuffled: sorted data in
    blocks would show each rank one part of the classes only.

    Args:
        dataset: anything with a length n, which may grow between epochs.
        num_replicas: the number of ranks W; None asks `torch.distributed`.
        rank: this process's number, from 0 to W - 1; None asks `torch.distributed`.
        shuffle: a new order in each epoch, provided that `set_epoch` is called.
        seed: the same in all ranks, or they would not share one order.
        drop_last: True leaves out the last n mod W samples of the order; False repeats its first samples
            until W divides it, as often as needed. An evaluation would count those twice: it leaves a rank's
            last sample out where `last_is_repeat`.

    Raises:
        TypeError: if `dataset` has no length, or a number is no integer.
        ValueError: if `rank` or `num_replicas` cannot be, or is missing without a process group.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        check_sized(dataset, "DistributedSampler")
        if num_replicas is None:
            num_replicas = _of_process_group("num_replicas", "get_world_size")
        if rank is None:
            rank = _of_process_group("rank", "get_rank")
        check_integer("seed", seed)
        check_rank(rank, num_replicas)
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.epoch = 0

    @property
    def num_samples(self) -> int:
        """How many indices each rank yields."""
        whole_rounds, rest = divmod(len(self.dataset), self.num_replicas)
        return whole_rounds if self.drop_last or rest == 0 else whole_rounds + 1

    @property
    def total_size(self) -> int:
        """How many indices all ranks yield together."""
        return self.num_samples * self.num_replicas

    @property
    def last_is_repeat(self) -> bool:
        """Whether this rank's last index is a repeat that pads the order; no other can be."""
        return self.total_size - self.num_replicas + self.rank >= len(self.dataset) > 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch. Call it before each, with the same number in all ranks.

        Raises:
            TypeError: if `epoch` is no integer.
        """
        check_integer("epoch", epoch)
        self.epoch = epoch

    def state_dict(self) -> dict[str, int]:
        """Return the epoch, for a loader that goes on in another process."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Choose the epoch of a state."""
        self.set_epoch(state["epoch"])

    def __iter__(self) -> Iterator[int]:
        size = len(self.dataset)
        # Places behind the end start over from the beginning: that is the padding.
        places = (torch.arange(self.num_samples, device="cpu") * self.num_replicas + self.rank) % max(size, 1)
        if not self.shuffle:
            return iter(places.tolist())
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        return iter(permutation(size, generator)[places].tolist())

    def __len__(self) -> int:
        return self.num_samples


def check_rank(rank: int, num_replicas: int) -> None:
    """Refuse a rank outside the group.

    Raises:
        TypeError: if a number is no integer.
        ValueError: if there is no rank, or `rank` is none of them.
    """
    check_integer("num_replicas", num_replicas)
    check_integer("rank", rank)
    if num_replicas < 1:
        raise ValueError(
            f"num_replicas got {num_replicas}. At least one process takes part. Pass the number of processes "
            "that train together."
        )
    if not 0 <= rank < num_replicas:
        raise ValueError(
            f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]: {num_replicas} "
            "processes take part, numbered from 0. Pass this process's number."
        )


def check_integer(name: str, value: object) -> None:
    """Refuse what is no integer with a TypeError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} got {value!r}. It is a number of things or steps. Pass an int, such as 0.")


def _of_process_group(name: str, question: str) -> int:
    if not distributed.is_available() or not distributed.is_initialized():
        raise ValueError(
            f"DistributedSampler got {name}=None, and there is no process group to ask. Each process has to "
            f"know its place among the others. Call torch.distributed.init_process_group first, or pass "
            "num_replicas and rank."
        )
    return int(getattr(distributed, question)())

"""Share a loader out among training processes, for trainers that know torch's loader only (lesson 18).

`accelerate` and `lightning` rebuild a loader of torch's class for several ranks, and leave any other iterable
as it is: every rank would then train on all the data. `share_of_rank` rebuilds ours, and `DeviceLoader` moves
the batches:

    accelerator = Accelerator()
    model, optimizer = accelerator.prepare(model, optimizer)
    share = share_of_rank(loader, accelerator.num_processes, accelerator.process_index)
    batches = DeviceLoader(share, accelerator.device)
    for epoch in range(epochs):
        share.sampler.set_epoch(epoch)
        for images, labels in batches: ...

With one process, `DeviceLoader(loader, accelerator.device)` is all.
"""

import inspect
from typing import Any

from torch.utils import data
from torch.utils.data import IterableDataset

from course_lib.loader.dataloader import DataLoader
from course_lib.samplers.distributed import DistributedSampler
from course_lib.samplers.order import RandomSampler, SequentialSampler

_SHUFFLED = (RandomSampler, data.RandomSampler)
_UNSHUFFLED = (SequentialSampler, data.SequentialSampler)


def share_of_rank(
    loader: DataLoader[Any], num_replicas: int | None = None, rank: int | None = None, seed: int = 0
) -> DataLoader[Any]:
    """Make a loader like another one that reads the share of one rank.

    Its sampler is a `DistributedSampler`: all ranks get equally many samples, none twice but for the few that
    pad the last round (none at all with `drop_last`). A loader that shuffles still does, in another order
    after each `sampler.set_epoch(epoch)`.

    Args:
        loader: with `batch_size` samples for each rank, and `shuffle` or not.
        num_replicas: number of ranks; None asks `torch.distributed`.
        rank: this process's number, from 0; None asks `torch.distributed`.
        seed: of the order, the same in all ranks.

    Raises:
        TypeError: `loader` is no plain `course_lib.DataLoader`, or its dataset is a stream.
        ValueError: it has a sampler of its own, whose order the ranks may not agree on; or no such rank.
    """
    if not isinstance(loader, DataLoader):
        raise TypeError(
            f"share_of_rank got a {type(loader).__name__}. It rebuilds a course_lib.DataLoader from its "
            "arguments. Pass the loader itself, and what wraps it, such as DeviceLoader, around the result."
        )
    if type(loader) is not DataLoader:
        raise TypeError(
            f"share_of_rank got a {type(loader).__name__}. It rebuilds a course_lib.DataLoader from its "
            "arguments, and what this one does beyond would be lost. Give it a DistributedSampler yourself."
        )
    if isinstance(loader.dataset, IterableDataset):
        raise TypeError(
            f"share_of_rank got a loader over {type(loader.dataset).__name__}, a stream, which has no "
            "indices to share out. A stream takes its share itself, as StreamingDataset does. "
            "Use the loader as it is."
        )
    by_own_batches = loader.batch_sampler is not None and loader.batch_size is None
    if by_own_batches or type(loader.sampler) not in _SHUFFLED + _UNSHUFFLED or _draws_anew(loader.sampler):
        raise ValueError(
            f"share_of_rank got a loader with the sampler {type(loader.sampler).__name__} and the batch "
            f"sampler {type(loader.batch_sampler).__name__}. All ranks must agree on one order, and that "
            "of shuffle=True and shuffle=False is known. Make a sampler that knows its rank, and give it "
            "to the loader."
        )
    sampler = DistributedSampler(
        loader.dataset,  # type: ignore[arg-type]
        num_replicas,
        rank,
        shuffle=type(loader.sampler) in _SHUFFLED,
        seed=seed,
        drop_last=loader.drop_last,
    )
    names = set(inspect.signature(DataLoader.__init__).parameters) - {"self", "shuffle", "batch_sampler"}
    return DataLoader(**{name: getattr(loader, name) for name in names} | {"sampler": sampler})


def _draws_anew(sampler: Any) -> bool:
    """Whether a pass of a random sampler is something else than every index once."""
    return getattr(sampler, "replacement", False) or len(sampler) != len(sampler.data_source)

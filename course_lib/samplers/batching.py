"""Cut a stream of indices into batches (lesson 09)."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import chain, islice, pairwise

import torch

from course_lib.samplers.order import Sampler, check_positive, index_blocks_of

# Somebody waits for the first batch: it is cut alone. Then come a few, and then many at a time.
_EARLY_CUT, _LATER_CUTS = 8, 1024


class BatchSampler(Sampler[list[int]]):
    """Yield lists of `batch_size` indices (lesson 09).

    Args:
        sampler: any iterable of indices, iterated anew in each epoch.
        batch_size: the number of indices in a batch, at least 1.
        drop_last: True leaves out a last batch that is too short; never do that in an evaluation.

    Raises:
        TypeError: if `sampler` cannot be iterated over, or `len()` is asked and the sampler has none.
        ValueError: if `batch_size` is not a positive integer or `drop_last` is no bool, as in torch.
    """

    draws_from = ("sampler",)

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not hasattr(sampler, "__iter__") and not hasattr(sampler, "__getitem__"):
            raise TypeError(
                f"BatchSampler got a {type(sampler).__name__} as sampler. It reads its indices by iterating "
                "over the sampler. Pass a sampler, a list or a range."
            )
        check_positive("batch_size", batch_size, "A batch holds at least one sample")
        if not isinstance(drop_last, bool):
            raise ValueError(
                f"drop_last should be a boolean value, but got drop_last={drop_last!r}. It says whether a "
                "short last batch is left out. Pass True or False."
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def tensors(self) -> Iterator[torch.Tensor] | None:
        """Return an iterator over the same batches as int64 tensors of shape (B,); None if there are none."""
        blocks = index_blocks_of(self.sampler)
        return None if blocks is None else chain.from_iterable(self._cut(blocks))

    def _cut(self, blocks: Iterator[torch.Tensor]) -> Iterator[Sequence[torch.Tensor]]:
        size, left = self.batch_size, None
        for block in blocks:
            if left is not None:
                block = torch.cat([left, block])
            batches = len(block) // size
            if batches > 0:
                yield (block[:size],)
            for first, end in pairwise([1, *range(_EARLY_CUT, batches, _LATER_CUTS), batches]):
                yield block[first * size : end * size].view(-1, size).unbind()
            left = block[batches * size :]
        if left is not None and len(left) > 0 and not self.drop_last:
            yield (left,)

    def __len__(self) -> int:
        if not isinstance(self.sampler, Sized):
            raise TypeError(
                f"BatchSampler has no length, because its sampler, a {type(self.sampler).__name__}, has "
                "none. The number of batches follows from the number of indices. Give the sampler a __len__."
            )
        whole_batches, rest = divmod(len(self.sampler), self.batch_size)
        return whole_batches if self.drop_last or rest == 0 else whole_batches + 1

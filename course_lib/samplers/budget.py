"""Batches by cost: as many samples as fit a budget of tokens (lesson 09).

A batch of B sequences is padded to its longest one and then holds B * longest tokens, padding included.
That number, not B, decides how much memory the batch takes. So short samples come in large batches and long
ones in small batches: the samples are sorted from the longest to the shortest, and each batch takes the
next ones, as many as the budget allows. The first of a batch is its longest, so its size is known at once.
"""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from course_lib.samplers.buckets import lengths_tensor
from course_lib.samplers.draws import permutation
from course_lib.samplers.order import Sampler, check_generator, check_positive


class DynamicBatchSampler(Sampler[list[int]]):
    """Yield batches whose padded size stays within a budget, every index once in an epoch (lesson 09).

    For each batch, `len(batch) * max(its lengths) <= max_tokens`, unless it holds a single sample. Each epoch
    shuffles the batches, and which samples of the same length (or bucket) stand in for each other. How many
    batches there are, and how large they are, is the same in all epochs.

    Args:
        lengths: the length of each sample in tokens: n integers, in a sequence, an array or a tensor of
            shape (n,).
        min_batch: batches are to have this many samples at least. The budget wins over it, and at the end of
            an epoch one batch may be smaller because nothing is left.
        max_batch: the most samples in a batch, however short they are.
        max_tokens: the budget, in tokens with padding. A sample that is longer goes alone, and a UserWarning
            says so.
        generator: the source of randomness; torch's global generator if None.
        bucket_width: samples whose lengths fall into the same bucket of this width are mixed, and each counts
            as long as the longest of its bucket. Width 1 fills the budget best; a wider one gives a batch
            other company in each epoch.

    Raises:
        ValueError: if there is no length, one is negative, `lengths` is not one-dimensional, another number
            is no positive integer, or `min_batch` exceeds `max_batch`.
        TypeError: if `lengths` holds anything but integers, or `generator` is of another kind.
    """

    def __init__(
        self,
        lengths: Sequence[int] | torch.Tensor,
        min_batch: int,
        max_batch: int,
        max_tokens: int,
        generator: torch.Generator | None = None,
        bucket_width: int = 1,
    ) -> None:
        self.lengths = lengths_tensor(lengths)
        check_positive("min_batch", min_batch, "A batch holds at least one sample")
        check_positive("max_batch", max_batch, "A batch holds at least one sample")
        check_positive("max_tokens", max_tokens, "A batch holds at least one token")
        check_positive(
            "bucket_width", bucket_width, "A bucket takes lengths that differ by less than its width"
        )
        check_generator(generator)
        if min_batch > max_batch:
            raise ValueError(
                f"min_batch={min_batch} is more than max_batch={max_batch}. A batch has from min_batch to "
                "max_batch samples. Lower min_batch or raise max_batch."
            )
        self.min_batch = min_batch
        self.max_batch = max_batch
        self.max_tokens = max_tokens
        self.generator = generator
        self.bucket_width = bucket_width
        self._cuts = self._cut()
        self._warn_of_the_too_long()

    def __iter__(self) -> Iterator[list[int]]:
        shuffled = permutation(len(self.lengths), self.generator)
        buckets = self.lengths[shuffled] // self.bucket_width
        order = shuffled[np.argsort(-buckets.numpy(), kind="stable")].tolist()
        for number in permutation(len(self), self.generator).tolist():
            start, stop = self._cuts[number]
            yield order[start:stop]

    def __len__(self) -> int:
        return len(self._cuts)

    def _cut(self) -> list[tuple[int, int]]:
        """Return where each batch starts and stops in the order from the longest to the shortest."""
        costs = self._costs()
        starts = [0]
        while (following := starts[-1] + self._batch_size(costs[starts[-1]])) < len(costs):
            starts.append(following)
        rest = len(costs) - starts[-1]
        if len(starts) > 1 and rest < self.min_batch:
            # A batch before a short rest hands over what it can spare. It fits: it did in the longer batch.
            before = starts[-1] - starts[-2]
            starts[-1] -= min(self.min_batch - rest, max(before - self.min_batch, 0))
        return list(zip(starts, [*starts[1:], len(costs)]))

    def _costs(self) -> list[int]:
        """Return the length that each place of the order counts with: the longest of its bucket."""
        longest_first = self.lengths.sort(descending=True).values
        _, sizes = torch.unique_consecutive(longest_first // self.bucket_width, return_counts=True)
        first_of_bucket = sizes.cumsum(0) - sizes
        return longest_first[first_of_bucket].repeat_interleave(sizes).tolist()

    def _batch_size(self, longest: int) -> int:
        if longest == 0:
            return self.max_batch
        return max(1, min(self.max_batch, self.max_tokens // longest))

    def _warn_of_the_too_long(self) -> None:
        too_long = int((self.lengths > self.max_tokens).sum())
        if too_long:
            warnings.warn(
                f"{too_long} of {len(self.lengths)} samples are longer than max_tokens={self.max_tokens}; "
                f"the longest, sample {int(self.lengths.argmax())}, has {int(self.lengths.max())} tokens. "
                "Each of them goes alone into a batch beyond the budget. Shorten or leave out these samples, "
                "or raise max_tokens.",
                stacklevel=3,
            )

"""Batches of samples of similar length (lesson 09).

A batch of sequences is padded to its longest one. Put together at random, one long sequence makes the whole
batch wide, and most of it is padding: computed on, and thrown away. Buckets bring similar lengths together:

    1. shuffle all samples;
    2. sort them by bucket, `length // bucket_width`; within a bucket they stay shuffled;
    3. cut this order into batches, and shuffle the batches.

The width is the dial between order and chance. Width 1 sorts by length: the least padding, and the same
neighbours in each epoch. A width beyond the longest sample is a plain random order.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from course_lib.arrays import tensor_of
from course_lib.samplers.draws import integers, permutation
from course_lib.samplers.order import Sampler, check_generator, check_positive

_BUCKETS_BY_DEFAULT = 20


class BucketBatchSampler(Sampler[list[int]]):
    """Yield batches of indices of samples of similar length, each index once in an epoch (lesson 09).

    Args:
        lengths: the length of each sample: n integers, in a sequence, an array or a tensor of shape (n,).
        batch_size: the number of indices in a batch, at least 1. One batch may be shorter; it can be any.
        bucket_width: samples whose lengths fall into the same bucket of this width are mixed. None makes 20
            buckets of the span of the lengths.
        generator: the source of randomness; torch's global generator if None.
        drop_last: True leaves the short batch out. Which samples it holds is chance, or it would always be
            the longest that are lost.

    Raises:
        ValueError: if there is no length, one is negative, `lengths` is not one-dimensional, or another
            number is no positive integer.
        TypeError: if `lengths` holds anything but integers, or `generator` is of another kind.
    """

    def __init__(
        self,
        lengths: Sequence[int] | torch.Tensor,
        batch_size: int,
        bucket_width: int | None = None,
        generator: torch.Generator | None = None,
        drop_last: bool = False,
    ) -> None:
        self.lengths = lengths_tensor(lengths)
        check_positive("batch_size", batch_size, "A batch holds at least one sample")
        if bucket_width is None:
            span = int(self.lengths.max() - self.lengths.min())
            bucket_width = span // _BUCKETS_BY_DEFAULT + 1
        check_positive(
            "bucket_width", bucket_width, "A bucket takes lengths that differ by less than its width"
        )
        check_generator(generator)
        # Numbers of 16 bits are sorted by their digits, ten times as fast as longer ones are compared.
        buckets = self.lengths // bucket_width
        self._buckets = buckets.to(torch.int16 if int(buckets.max()) < 2**15 else torch.int64)
        self.batch_size = batch_size
        self.bucket_width = bucket_width
        self.generator = generator
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.tensors():
            yield batch.tolist()

    def tensors(self) -> Iterator[torch.Tensor]:
        """Yield the same batches as int64 tensors of shape (B,): what a loader prefers, where it can."""
        sizes = self._sizes()
        batches = torch.split(self._order(), sizes)
        for place in permutation(len(sizes), self.generator).tolist():
            if not self.drop_last or len(batches[place]) == self.batch_size:
                yield batches[place]

    def __len__(self) -> int:
        whole_batches, rest = divmod(len(self.lengths), self.batch_size)
        return whole_batches if self.drop_last or rest == 0 else whole_batches + 1

    def _order(self) -> torch.Tensor:
        """Return all indices, sorted by bucket, shuffled within each."""
        shuffled = permutation(len(self.lengths), self.generator)
        # NumPy sorts in this thread. Torch uses several, which wait for each other where cores are busy.
        return shuffled[np.argsort(self._buckets[shuffled].numpy(), kind="stable")]

    def _sizes(self) -> list[int]:
        """Return the size of each batch: all the same, but for a short one somewhere among them."""
        whole_batches, rest = divmod(len(self.lengths), self.batch_size)
        sizes = [self.batch_size] * whole_batches
        if rest:
            sizes.insert(int(integers(whole_batches + 1, (), self.generator)), rest)
        return sizes


def padding_waste(lengths: Sequence[int] | torch.Tensor, batches: Iterable[Sequence[int]]) -> float:
    """Measure which share of the padded batches is padding (lesson 09).

    Args:
        lengths: the length of each sample, in a sequence, an array or a tensor of shape (n,).
        batches: the indices of each batch; any batch sampler.

    Returns:
        Padded places divided by all places, from 0 to 1; 0 without any place.

    Raises:
        ValueError, TypeError: as `BucketBatchSampler`.
    """
    sizes = lengths_tensor(lengths).tolist()
    padded = filled = 0
    for batch in batches:
        inside = [sizes[index] for index in batch]
        padded += max(inside, default=0) * len(inside)
        filled += sum(inside)
    return 1 - filled / padded if padded else 0.0


def lengths_tensor(lengths: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """Return lengths as an int64 tensor of shape (n,), or refuse them as `BucketBatchSampler` does."""
    try:
        values = tensor_of(lengths if hasattr(lengths, "shape") else list(lengths))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(_not_lengths(f"a {type(lengths).__name__} ({error})")) from error
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"lengths came in shape {tuple(values.shape)}. There is one length for each sample, and at least "
            "one sample. Pass shape (n,), such as [len(sequence) for sequence in sequences]."
        )
    if values.is_floating_point() or values.is_complex() or values.dtype == torch.bool:
        raise TypeError(_not_lengths(str(values.dtype)))
    if int(values.min()) < 0:
        place = int(values.argmin())
        raise ValueError(
            f"lengths[{place}] is {int(values[place])}. A length counts the steps of a sample and is never "
            "negative. Check how the lengths were made."
        )
    return values.to("cpu", torch.int64, copy=True)


def _not_lengths(seen: str) -> str:
    return (
        f"lengths came as {seen}. A length is an integer: the number of steps of a sample. Pass a list of "
        "ints, or an integer tensor or array."
    )

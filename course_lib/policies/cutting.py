"""Cut an order into batches whose size may change at any moment (lesson 19)."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from itertools import islice, repeat
from typing import Any

import torch

from course_lib.samplers.order import Sampler, index_blocks_of

Take = Callable[[int], Sequence[Any] | torch.Tensor]


class Cut(Iterator[Any]):
    """One pass: it asks for the size anew before each batch.

    Args:
        take: returns the next indices, as many as it is asked for, or what is left.
        size: returns the present size.
        drop_last: leave out a last batch that is shorter than its size.
        replay: the first sizes; what a pass had that is to be gone on with.

    Attributes:
        sizes: the size that every batch was to have, so far.
        samples: how many indices were cut.
        waiting: by number, the indices of batches that were cut and not handed out yet.
    """

    def __init__(self, take: Take, size: Callable[[], int], drop_last: bool, replay: Sequence[int]) -> None:
        self._take = take
        self._size = size
        self._drop_last = drop_last
        self._replay = replay
        self.sizes: list[int] = []
        self.samples = 0
        self.waiting: dict[int, Any] = {}

    def __next__(self) -> Any:
        number = len(self.sizes)
        size = self._replay[number] if number < len(self._replay) else self._size()
        indices = self._take(size)
        if len(indices) == 0 or (self._drop_last and len(indices) < size):
            raise StopIteration
        self.sizes.append(size)
        self.samples += len(indices)
        self.waiting[number] = indices
        return indices

    def hand_out(self, number: int) -> Any:
        """Return the indices of a batch that is handed out, and forget it and those before it.

        Raises:
            RuntimeError: it is no batch of this pass.
        """
        if number not in self.waiting:
            raise RuntimeError(
                "Another pass over this loader has begun, and its persistent workers serve only one. Finish "
                "a pass before the next one, or leave persistent_workers out."
            )
        indices = self.waiting[number]
        for earlier in [key for key in self.waiting if key <= number]:
            del self.waiting[earlier]
        return indices


class ResizableBatchSampler(Sampler[list[int]]):
    """Yield lists of as many indices as `size()` says just then; every index of the sampler once.

    Args:
        sampler: an iterable of indices.
        size: returns the present size, 1 or more.
        drop_last: leave out a last batch that is shorter than the size it was to have.

    Attributes:
        latest: the pass that was begun last.
        replay: sizes to begin the next pass with.
    """

    def __init__(self, sampler: Iterable[Any], size: Callable[[], int], drop_last: bool) -> None:
        self.sampler = sampler
        self.drop_last = drop_last
        self.latest: Cut | None = None
        self.replay: list[int] = []
        self._size = size

    def __iter__(self) -> Cut:
        indices = map(
            next, repeat(iter(self.sampler))
        )  # Some iterators begin anew when they are iterated over.
        return self._begin(lambda size: list(islice(indices, size)))

    def tensors(self) -> Cut | None:
        """Return an iterator over the same batches as int64 tensors of shape (B,); None if there are none."""
        blocks = index_blocks_of(self.sampler)
        return None if blocks is None else self._begin(_TensorTaker(blocks).take)

    def __len__(self) -> int:
        return self.batches(self._count())

    def batches(self, samples: int) -> int:
        """Return how many batches of the present size so many samples make."""
        whole, rest = divmod(samples, self._size())
        return whole if self.drop_last or rest == 0 else whole + 1

    def left(self) -> int:
        """Return how many batches the latest pass has still to give, at the present size."""
        if self.latest is None:
            return len(self)
        return len(self.latest.waiting) + self.batches(max(0, self._count() - self.latest.samples))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"latest": None}  # A pass that is going on cannot travel.

    def _begin(self, take: Take) -> Cut:
        self.latest = Cut(take, self._size, self.drop_last, self.replay)
        self.replay = []
        return self.latest

    def _count(self) -> int:
        if not isinstance(self.sampler, Sized):
            raise TypeError(
                f"This loader has no length, because its sampler, a {type(self.sampler).__name__}, has none. "
                "The number of batches follows from the number of indices. Give the sampler a __len__."
            )
        return len(self.sampler)


class _TensorTaker:
    """Take any number of indices at a time from blocks of them."""

    def __init__(self, blocks: Iterator[torch.Tensor]) -> None:
        self._blocks = blocks
        self._left = torch.empty(0, dtype=torch.int64, device="cpu")

    def take(self, size: int) -> torch.Tensor:
        while len(self._left) < size:
            block = next(self._blocks, None)
            if block is None:
                break
            self._left = torch.cat([self._left, block])
        taken, self._left = self._left[:size], self._left[size:]
        return taken

"""In which order an epoch visits the samples (lesson 08).

A sampler is an iterable of indices. It never sees the data, so one sampler serves any dataset. Random
orders come out as torch's do: the same generator gives the same indices.

Iterating over a sampler gives plain ints. The loader may ask for the same indices as tensors, in blocks: that
spares it one Python object for every sample.
"""

from collections.abc import Callable, Iterator, Sequence, Sized
from typing import Any, TypeVar

import torch
from torch.utils.data import Sampler as TorchSampler

from course_lib.inheritance import is_behind, remember_methods, was_replaced
from course_lib.samplers.draws import integers, new_seed, permutation

IndexT = TypeVar("IndexT", covariant=True)
_INDICES_PER_BLOCK = 65_536
_DRAWS_PER_CALL = 32  # torch's block size: a generator shared with other code then stays in step as well


class Sampler(TorchSampler[IndexT]):
    """Yield indices, or lists of indices, in the order in which they are to be loaded (lesson 08).

    A subclass writes `__iter__()`, and `__len__()` if it knows how many it yields.

    Attributes:
        index_blocks: None, or a method that yields the indices of a pass as int64 tensors of any length:
            those that `__iter__()` yields, with the same draws at the same moments.
        draws_from: None, or the names of the attributes that hold a generator or another sampler. It holds
            for this very class. Where a class does not say, all attributes are searched before each pass.
    """

    draws_from: tuple[str, ...] | None = None
    index_blocks: Callable[[], Iterator[torch.Tensor]] | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Inherited blocks would silently bypass an __iter__ that a class in front of them has changed.
        if is_behind(cls, "index_blocks", "__iter__"):
            cls.index_blocks = None
        remember_methods(cls, "__iter__")


class SequentialSampler(Sampler[int]):
    """Yield 0, 1, 2, ... up to the length of `data_source`, which may grow between epochs (lesson 08).

    Args:
        data_source: anything with a length n.

    Raises:
        TypeError: if `data_source` has no length.
    """

    draws_from = ()

    def __init__(self, data_source: Sized) -> None:
        check_sized(data_source, "SequentialSampler")
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def index_blocks(self) -> Iterator[torch.Tensor]:
        """Yield the indices as int64 tensors."""
        size = len(self.data_source)
        for start in range(0, size, _INDICES_PER_BLOCK):
            yield torch.arange(start, min(start + _INDICES_PER_BLOCK, size), device="cpu")

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Yield the indices of `data_source` in random order (lesson 08).

    Args:
        data_source: anything with a length n.
        replacement: True draws every index anew, so that some come twice and some never.
        num_samples: how many indices to yield; n if None. Without replacement, more than n gives whole
            passes, each in a new order, and a part of another.
        generator: the source of randomness. Without one, each epoch draws a seed from torch's global
            generator at its first index, so that iterators running side by side stay reproducible.

    Raises:
        TypeError: if `data_source` has no length, `replacement` is no bool or `generator` is of another kind.
        ValueError: if `num_samples` is not a positive integer, or there is nothing to draw from.
    """

    draws_from = ("generator",)

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        check_sized(data_source, "RandomSampler")
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement!r}. It says "
                "whether an index may be drawn again. Pass True or False."
            )
        check_generator(generator)
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples
        check_positive(
            "num_samples", self.num_samples, "RandomSampler draws at least one index from its source"
        )

    @property
    def num_samples(self) -> int:
        """How many indices an epoch yields."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        for block in RandomSampler.index_blocks(self):
            yield from block.tolist()

    def index_blocks(self) -> Iterator[torch.Tensor]:
        """Yield the indices as int64 tensors."""
        generator = self.generator or freshly_seeded_generator()
        size = len(self.data_source)
        check_positive(
            "the length of data_source", size, "An index can only be drawn from at least one sample"
        )
        yield from self._draws(size, generator) if self.replacement else self._passes(size, generator)

    def __len__(self) -> int:
        return self.num_samples

    def _draws(self, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
        for start in range(0, self.num_samples, _DRAWS_PER_CALL):
            count = min(_DRAWS_PER_CALL, self.num_samples - start)
            yield integers(size, (count,), generator)

    def _passes(self, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
        whole_passes, rest = divmod(self.num_samples, size)
        for _ in range(whole_passes):
            yield permutation(size, generator)
        # Drawn even if nothing is left to yield: torch does, and where the generator is the user's, the next
        # epoch's order depends on it.
        if rest > 0 or generator is self.generator:
            yield permutation(size, generator)[:rest]


class SubsetRandomSampler(Sampler[int]):
    """Yield the given indices in random order, each once (lesson 08).

    Args:
        indices: a sequence, tensor or array of indices.
        generator: the source of randomness; torch's global generator if None.

    Raises:
        TypeError: if `indices` is no sequence or `generator` is of another kind.
    """

    def __init__(self, indices: Sequence[int], generator: torch.Generator | None = None) -> None:
        check_sized(indices, "SubsetRandomSampler")
        if not hasattr(indices, "__getitem__"):
            raise TypeError(
                f"SubsetRandomSampler got a {type(indices).__name__} as indices. It picks indices by their "
                "position. Pass a list of them: list(indices)."
            )
        check_generator(generator)
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        to_plain_list = getattr(self.indices, "tolist", None)
        indices = to_plain_list() if to_plain_list is not None else self.indices
        for position in permutation(len(indices), self.generator).tolist():
            yield indices[position]

    def __len__(self) -> int:
        return len(self.indices)


def index_blocks_of(sampler: Any) -> Iterator[torch.Tensor] | None:
    """Begin a pass over the indices of a sampler in blocks, int64 tensors; None if it has plain ints only.

    A wrapper that passes on every attribute would pass on the blocks of what it wraps: so the class counts.
    """
    kind = type(sampler)
    known = getattr(kind, "index_blocks", None) is not None and not was_replaced(kind, "__iter__")
    return sampler.index_blocks() if known else None


def check_sized(data_source: Any, owner: str) -> None:
    """Refuse what has no length with a TypeError."""
    if not isinstance(data_source, Sized):
        raise TypeError(
            f"{owner} got a {type(data_source).__name__}, which has no length. It needs to know how many "
            "samples there are. Pass a dataset with __len__, a list or a range."
        )


def check_generator(generator: Any) -> None:
    """Refuse what is neither None nor a `torch.Generator` with a TypeError."""
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator got a {type(generator).__name__}. Random orders are drawn from a torch.Generator. "
            "Pass torch.Generator().manual_seed(0), or None for torch's global generator."
        )


def check_positive(name: str, value: Any, rule: str) -> None:
    """Refuse what is not an integer above zero with a ValueError, torch's choice for either mistake."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(
            f"{name} should be a positive integer value, but got {name}={value!r}. {rule}. Pass an integer "
            "of 1 or more, and check that the dataset is not empty."
        )


def freshly_seeded_generator() -> torch.Generator:
    """Return a generator whose seed is drawn from torch's global one."""
    return torch.Generator().manual_seed(new_seed())

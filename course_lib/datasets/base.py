"""The two contracts of a dataset: look up by index, or stream (lessons 02 and 07).

A map-style dataset answers `dataset[i]` and `len(dataset)`. It may answer a whole batch at once as well,
through `__getitems__(indices)`: that is where most of the speed of a loader comes from. A stream answers
only `iter(dataset)`. Both classes extend torch's, so that torch's loader takes them too.
"""

import operator
from collections.abc import Callable, Iterator, Sequence, Sized
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset as TorchIterableDataset

from course_lib.arrays import tensor_of
from course_lib.inheritance import is_behind, remember_methods, was_replaced

if TYPE_CHECKING:
    from course_lib.datasets.compose import ChainDataset, ConcatDataset

SampleT = TypeVar("SampleT", covariant=True)
Indices = Sequence[int] | torch.Tensor


class Dataset(TorchDataset[SampleT]):
    """Look samples up by index (lesson 02).

    A subclass writes `__getitem__(index)` and `__len__()`. It may write `__getitems__(indices)`, which
    returns the samples of a whole batch. Three properties make it a dataset: the same index gives the
    same sample, indices run from 0 to `len - 1`, and both hold in every process that has a copy.

    A dataset of tensors may write `__getbatch__(indices)` as well. It takes a tensor of shape (B,) with B > 0
    (int64, unless a batch sampler of your own yields tensors of another type), and returns what
    `default_collate` would make of those samples, or None to leave it to that. Our loader asks for it where
    it collates by default; torch's loader does not know it.

    Whatever was inherited gives way to what a subclass changes: where it writes `__getitem__` anew, an
    inherited `__getitems__` reads the samples one by one; where it writes either, there is no `__getbatch__`.

    Attributes:
        accepts_index_tensor: True if `__getitems__` takes an int64 tensor of shape (B,) as well as a list.

    Raises:
        NotImplementedError: on reading, if the subclass has no `__getitem__`.
        TypeError: on iterating, if it has no `__len__`.
    """

    accepts_index_tensor: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # What was inherited would silently bypass what a class in front of it has changed.
        if is_behind(cls, "__getitems__", "__getitem__"):
            cls.__getitems__ = _fetch_one_by_one  # type: ignore[attr-defined]
        if is_behind(cls, "__getbatch__", "__getitem__") or is_behind(cls, "__getbatch__", "__getitems__"):
            cls.__getbatch__ = None  # type: ignore[attr-defined]
        # A batch fetch of your own gets the list of ints that torch hands out, unless you say otherwise.
        if is_behind(cls, "accepts_index_tensor", "__getitems__"):
            cls.accepts_index_tensor = False
        remember_methods(cls, "__getitem__", "__getitems__")

    def __getitem__(self, index: Any) -> SampleT:
        raise NotImplementedError(
            f"{type(self).__name__} has no __getitem__. Subclasses of Dataset should implement __getitem__: "
            "it returns the sample at an index. Write `def __getitem__(self, index)` in your class."
        )

    def __iter__(self) -> Iterator[SampleT]:
        """Yield every sample in order, and stop after the last one, whatever `__getitem__` does then."""
        for index in range(dataset_length(self)):
            yield self[index]

    def __add__(self, other: TorchDataset[Any]) -> "ConcatDataset[Any]":  # type: ignore[override]
        from course_lib.datasets.compose import ConcatDataset

        return ConcatDataset([self, other])


class IterableDataset(Dataset[SampleT], TorchIterableDataset[SampleT]):
    """Yield samples one after the other (lesson 07).

    A subclass writes `__iter__()`. With several workers each of them iterates over a copy of its own: share
    the samples out with `get_worker_info()`, or every sample comes once per worker.

    Raises:
        NotImplementedError: on iterating, if the subclass has no `__iter__`.
    """

    def __iter__(self) -> Iterator[SampleT]:
        raise NotImplementedError(
            f"{type(self).__name__} has no __iter__. A stream is read by iterating over it. Write "
            "`def __iter__(self)` in your class; it yields the samples."
        )

    def __add__(self, other: TorchDataset[Any]) -> "ChainDataset[Any]":  # type: ignore[override]
        from course_lib.datasets.compose import ChainDataset

        return ChainDataset([self, other])


def dataset_length(dataset: Any) -> int:
    """Return `len(dataset)`.

    Raises:
        TypeError: if the dataset has no length.
    """
    if not isinstance(dataset, Sized):
        raise TypeError(
            f"{type(dataset).__name__} has no length. A map-style dataset says how many samples it holds. "
            "Write `def __len__(self)` in its class."
        )
    return len(dataset)


def known_length(dataset: Any) -> int | None:
    """Return `len(dataset)`; None if it has no length, or says so by raising."""
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return None


def check_map_style(dataset: Any, owner: str) -> None:
    """Refuse a dataset that cannot be indexed.

    Raises:
        TypeError: if `dataset` is a stream, or has no `__getitem__`.
    """
    if isinstance(dataset, TorchIterableDataset) or not hasattr(dataset, "__getitem__"):
        raise TypeError(
            f"{owner} got {type(dataset).__name__}, which cannot be indexed. {owner} looks samples up by "
            "their index, so it needs a map-style dataset. Pass a dataset with __getitem__ and __len__."
        )


def fetch_samples(dataset: Any, indices: Indices) -> Sequence[Any]:
    """Fetch the samples at `indices`, all at once if the dataset can.

    Args:
        dataset: any map-style dataset, ours or torch's.
        indices: a list of ints, or an int64 tensor of shape (B,).

    Returns:
        B samples, in the order of `indices`.

    Raises:
        ValueError: if the dataset's own batch fetch returns another number of samples.
    """
    if isinstance(indices, torch.Tensor) and not getattr(type(dataset), "accepts_index_tensor", False):
        indices = indices.tolist()
    fetch = samples_fetch(dataset)
    if fetch is None:
        return [dataset[index] for index in indices]
    samples = fetch(indices)
    if len(samples) != len(indices):
        raise ValueError(
            f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(samples)} samples "
            f"from {type(dataset).__name__}.__getitems__. A batch fetch returns one sample for each index, "
            f"in the same order. {_advice_on_size(dataset)}"
        )
    return samples


def samples_fetch(dataset: Any) -> Callable[[Any], Sequence[Any]] | None:
    """Return `dataset.__getitems__`; None if the dataset has none of its own.

    One that a wrapper passes on from what it wraps would bypass the wrapper's `__getitem__`.
    """
    kind, held = type(dataset), getattr(dataset, "__dict__", {})
    has_new_fetch = was_replaced(kind, "__getitems__") or "__getitems__" in held
    if was_replaced(kind, "__getitem__") and not has_new_fetch:
        return None
    is_own = hasattr(kind, "__getitems__") or "__getitems__" in held or not hasattr(kind, "__getitem__")
    fetch = getattr(dataset, "__getitems__", None) if is_own else None
    return fetch if callable(fetch) else None


def batch_fetch(dataset: Any) -> Callable[[torch.Tensor], Any] | None:
    """Return `dataset.__getbatch__`; None if its class has none, or somebody has changed what it stands for.

    A wrapper that passes on every attribute would pass on the batches of what it wraps: so the class counts.
    """
    kind = type(dataset)
    if getattr(kind, "__getbatch__", None) is None or "__getitems__" in getattr(dataset, "__dict__", {}):
        return None
    is_bypassed = was_replaced(kind, "__getitem__") or was_replaced(kind, "__getitems__")
    return None if is_bypassed else dataset.__getbatch__


def plain_index(index: Any, length: int) -> int:
    """Turn an index that may be negative into a position from 0 to `length - 1`.

    Raises:
        TypeError: if `index` is not an integer.
        IndexError: if it lies outside the dataset.
    """
    try:
        position = index.__index__()
    except (AttributeError, TypeError):
        raise TypeError(_no_integer(index)) from None
    if not -length <= position < length:
        rule = (
            f"Valid indices run from {-length} to {length - 1}" if length else "It holds nothing to look up"
        )
        raise IndexError(
            f"Index {position} is out of range for a dataset of {length} samples. {rule}. Check where the "
            "index comes from."
        )
    return int(position % length)


def as_index_tensor(indices: Indices) -> torch.Tensor:
    """Return indices as an int64 tensor of shape (B,).

    Raises:
        TypeError: if one of them is not an integer: a number with a fraction would be cut off unseen, and a
            mask of bools counted as zeros and ones.
    """
    try:
        tensor = tensor_of(indices)
        if tensor.dtype == torch.int64:
            return tensor
    except (TypeError, ValueError, RuntimeError):
        pass  # The loop finds the one that is to blame.
    values = indices.tolist() if isinstance(indices, torch.Tensor) else list(indices)
    plain = []
    for index in values:
        if isinstance(index, bool) or getattr(index, "dtype", None) in (torch.bool, bool):
            raise TypeError(
                f"A dataset got {index!r} as an index. A mask of bools says which samples to take, not where "
                "they are. Pass mask.nonzero().flatten()."
            )
        try:
            plain.append(operator.index(index))
        except TypeError:
            raise TypeError(_no_integer(index)) from None
    return torch.tensor(plain, dtype=torch.int64, device="cpu")


def _no_integer(index: object) -> str:
    return (
        f"A dataset got {index!r} as an index. It looks up one sample by an integer. Pass an int, or "
        "take several samples with Subset(dataset, indices)."
    )


def _advice_on_size(dataset: Any) -> str:
    from course_lib.datasets.robust import RobustDataset

    if isinstance(dataset, RobustDataset):
        return (
            "What cannot be read may be left out only by the outermost dataset. Put RobustDataset outermost, "
            "as in RobustDataset(Subset(...)), around each part of a split, or choose another fallback."
        )
    return "Look for indices that it skips or repeats."


def _fetch_one_by_one(self: Dataset[Any], indices: Indices) -> list[Any]:
    return [self[index] for index in (indices.tolist() if isinstance(indices, torch.Tensor) else indices)]

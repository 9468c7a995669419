"""Take parts of a dataset: a subset, a random split, a stratified split (lesson 03)."""

import math
import warnings
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, TypeVar

import numpy as np
import torch

from course_lib.datasets.apportion import apportion
from course_lib.datasets.base import (
    Dataset,
    Indices,
    batch_fetch,
    check_map_style,
    dataset_length,
    fetch_samples,
)
from course_lib.datasets.indices import IndexList
from course_lib.samplers.draws import permutation
from course_lib.samplers.order import check_generator

SampleT = TypeVar("SampleT", covariant=True)


class Subset(Dataset[SampleT]):
    """See a dataset through a list of indices; no sample is copied (lesson 03).

    Args:
        dataset: a map-style dataset.
        indices: which of its samples, in which order: ints, or a tensor of shape (n,); kept compactly, read
            as plain ints.

    Raises:
        TypeError: if `dataset` cannot be indexed, or an index is no integer.
        ValueError: if an index lies outside the dataset.
    """

    accepts_index_tensor = True

    def __init__(self, dataset: Any, indices: Iterable[int] | torch.Tensor) -> None:
        check_map_style(dataset, "Subset")
        self.dataset = dataset
        self.indices: Sequence[int] = IndexList(indices)
        self._check_range()

    def __getitem__(self, index: Any) -> SampleT:
        """Return one sample; a slice or a list of positions is passed on to the dataset, as in torch."""
        if isinstance(index, list):
            chosen: Any = [self.indices[position] for position in index]
        else:
            chosen = self.indices[index]
        sample: SampleT = self.dataset[chosen]
        return sample

    def __getitems__(self, indices: Indices) -> Sequence[SampleT]:
        """Return the samples at B positions of the subset with one batch fetch from the dataset."""
        return fetch_samples(self.dataset, IndexList(self.indices).take(indices))

    def __getbatch__(self, indices: torch.Tensor) -> Any:
        fetch = batch_fetch(self.dataset)
        return None if fetch is None else fetch(IndexList(self.indices).take(indices))

    def __len__(self) -> int:
        return len(self.indices)

    def _check_range(self) -> None:
        if len(self.indices) == 0 or not hasattr(self.dataset, "__len__"):
            return
        length = len(self.dataset)
        for index in (min(self.indices), max(self.indices)):
            if not -length <= index < length:
                raise ValueError(
                    f"Subset got index {index} for a dataset of {length} samples. Valid indices run from "
                    f"{-length} to {length - 1}. Check that the indices were made for this dataset."
                )


def random_split(
    dataset: Any, lengths: Iterable[int | float], generator: torch.Generator | None = None
) -> list[Subset[Any]]:
    """Split a dataset at random into parts that do not overlap (lesson 03).

    The same generator gives the same parts as torch. Whatever belongs together (windows that overlap,
    duplicates, several pictures of one patient) is torn apart by a random split and leaks from one part
    into the other: split the groups then, not the samples.

    Args:
        dataset: a map-style dataset of n samples.
        lengths: the sizes of the parts, which sum to n; or fractions, which sum to 1. Fractions are rounded
            down, and the samples left over go to the parts in turn, from the first on.
        generator: the source of randomness; torch's global generator if None.

    Returns:
        One Subset for each length.

    Raises:
        ValueError: if the lengths do not sum to n, or one of them is negative.
        TypeError: if a length is no number, the dataset is no map-style one or the generator of another kind.
    """
    check_map_style(dataset, "random_split")
    check_generator(generator)
    sizes = part_sizes(lengths, dataset_length(dataset))
    order = permutation(sum(sizes), generator)
    bounds = pairwise(accumulate(sizes, initial=0))
    return [Subset(dataset, order[start:stop]) for start, stop in bounds]


def stratified_split(
    dataset: Any,
    labels: Iterable[Any],
    lengths: Iterable[int | float],
    generator: torch.Generator | None = None,
) -> list[Subset[Any]]:
    """Split a dataset at random so that every part keeps the shares of the classes (lesson 03).

    A part of size m gets, of a class with c of the n samples, c * m / n samples rounded up or down; the
    sizes of the parts are exact.

    Args:
        dataset: a map-style dataset of n samples.
        labels: the class of each sample: n ints or strings.
        lengths: sizes or fractions, as for `random_split`.
        generator: the source of randomness; torch's global generator if None.

    Returns:
        One Subset for each length, in random order.

    Raises:
        ValueError: if there is not one label for each sample, or the lengths do not fit.
        TypeError: as for `random_split`.
    """
    check_map_style(dataset, "stratified_split")
    check_generator(generator)
    length = dataset_length(dataset)
    classes, counts = _class_numbers(labels, length)
    sizes = part_sizes(lengths, length)
    order = permutation(length, generator).numpy()
    table = apportion(counts, sizes)
    part_of = np.empty(length, dtype=np.int64)
    for number, row in enumerate(table):
        members = order[classes[order] == number]
        part_of[members] = np.repeat(np.arange(len(sizes)), row)
    return [Subset(dataset, torch.from_numpy(order[part_of[order] == part])) for part in range(len(sizes))]


def part_sizes(lengths: Iterable[int | float], total: int) -> list[int]:
    """Turn sizes or fractions into sizes that sum to `total`, by torch's rule.

    Raises:
        ValueError: if they do not sum to `total`, or to 1, or one is negative.
        TypeError: if one is no number.
    """
    lengths = list(lengths)
    for position, length in enumerate(lengths):
        if isinstance(length, bool) or not isinstance(length, int | float | np.integer | np.floating):
            raise TypeError(
                f"lengths[{position}] is {length!r}. A length is a number of samples or a fraction of them. "
                "Pass integers such as [800, 200], or fractions such as [0.8, 0.2]."
            )
        if not 0 <= length < math.inf:
            raise ValueError(
                f"lengths[{position}] is {length}. A part cannot have fewer than 0 samples: a fraction is "
                "between 0 and 1, a size between 0 and the length of the dataset. Mend that entry."
            )
    sizes = _sizes_of_fractions(lengths, total) if math.isclose(sum(lengths), 1) else lengths
    if sum(sizes) != total:
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset! The lengths {lengths} sum "
            f"to {sum(lengths)}, the dataset has {total} samples. Sizes sum to the length of the dataset, "
            "fractions to 1. Change the lengths; random_split(dataset, [size, len(dataset) - size]) always "
            "fits."
        )
    if any(size != int(size) or isinstance(size, float) for size in sizes):
        raise TypeError(
            f"The lengths are {lengths}. Sizes are integers; only fractions that sum to 1 may be floats. "
            f"Pass {[int(size) for size in sizes]}."
        )
    return [int(size) for size in sizes]


def _sizes_of_fractions(fractions: Sequence[float], total: int) -> list[int]:
    sizes = [math.floor(total * fraction) for fraction in fractions]
    for leftover in range(total - sum(sizes)):
        sizes[leftover % len(sizes)] += 1
    for position, size in enumerate(sizes):
        if size == 0:
            warnings.warn(
                f"Length of split at index {position} is 0. This might result in an empty dataset.",
                stacklevel=4,
            )
    return sizes


def _class_numbers(labels: Iterable[Any], length: int) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Number the classes from 0 in sorted order; return each sample's class, and each class's count."""
    values = np.asarray(labels if hasattr(labels, "__len__") else list(labels))
    if values.shape != (length,):
        raise ValueError(
            f"stratified_split got labels of shape {values.shape} for a dataset of {length} samples. There "
            "is one label for each sample. Pass a flat list of the labels, in the order of the dataset."
        )
    _, classes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return classes, counts.tolist()

"""What must hold for the samples of a dataset (lesson 17).

A rule looks at each sample where it is read, maybe in a worker, and notes something small; when all samples
have been seen, it judges the notes. Rules for single samples note what is wrong, rules about several samples
note a fingerprint.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from course_lib.datasets.base import check_map_style, dataset_length
from course_lib.measure.fingerprint import fingerprint

Note = tuple[int, Any]  # the index of a sample and what a rule noted about it
Verdict = tuple[int, str]  # the index of a sample and what is wrong with it
ReadNotes = Callable[[Any, Callable[[Any], Any]], Iterable[Note]]


@runtime_checkable
class Rule(Protocol):
    """A rule for a `DatasetValidator`."""

    @property
    def name(self) -> str:
        """How it is called in the report."""

    def inspect(self, sample: Any) -> Any:
        """Note something about a sample; None where there is nothing to note."""

    def judge(self, notes: Sequence[Note], read_notes: ReadNotes) -> Iterable[Verdict]:
        """Say which samples break the rule.

        Args:
            notes: for every sample that was read, its index and what `inspect` returned, unless None.
            read_notes: takes a dataset and a function of a sample; returns such notes for all its samples.
        """


@dataclass(frozen=True)
class SampleRule:
    """A rule for each sample by itself.

    Attributes:
        name: how it is called in the report.
        check: takes a sample. It returns None or True where all is well, else False or a sentence.
    """

    name: str
    check: Callable[[Any], Any]

    def inspect(self, sample: Any) -> str | None:
        """Note what is wrong."""
        answer = self.check(sample)
        if answer is None or isinstance(answer, str):
            return answer
        return None if bool(answer) else "the rule does not hold"

    def judge(self, notes: Sequence[Note], read_notes: ReadNotes) -> Iterable[Verdict]:
        """Pass the notes on: each is a verdict."""
        return notes


def shape_rule(shape: Sequence[int | None], field: Any = 0) -> SampleRule:
    """Make a rule: the values have this shape (lesson 17).

    Args:
        shape: the sizes; None stands for any size, as in (3, None, None).
        field: which part of a sample: the place in a tuple, the key of a dict; None for the whole sample.

    Raises:
        TypeError: if `shape` is no sequence of ints and Nones.
    """
    sizes = tuple(shape) if isinstance(shape, Sequence | torch.Size) else (shape,)
    if not all(size is None or (isinstance(size, int) and size >= 0) for size in sizes):
        raise TypeError(
            f"shape got {shape!r}. It is the shape of one sample. Pass a tuple such as (1, 28, 28); None "
            "stands for any size."
        )
    return SampleRule(f"shape {sizes}".replace("None", "any"), _Shape(sizes, field))


def range_rule(low: float, high: float, field: Any = 0) -> SampleRule:
    """Make a rule: all values lie between two numbers, which belong to the range; NaN never does (lesson 17).

    Args:
        low, high: the least and the greatest value allowed.
        field: which part of a sample: the place in a tuple, the key of a dict; None for the whole sample.

    Raises:
        ValueError: if `low` is above `high`.
    """
    if not low <= high:
        raise ValueError(
            f"low is {low} and high is {high}. A range goes from the smaller to the larger number. Swap them."
        )
    return SampleRule(f"range {low:g} to {high:g}", _Range(low, high, field))


def finite_rule(field: Any = None) -> SampleRule:
    """Make a rule: no value is NaN or infinite (lesson 17).

    Args:
        field: which part of a sample: the place in a tuple, the key of a dict; None for the whole sample.
    """
    return SampleRule("finite values", _Finite(field))


@dataclass(frozen=True)
class DuplicateRule:
    """No two samples are the same; made by `duplicate_rule`."""

    field: Any = 0
    name: str = "no duplicates"

    def inspect(self, sample: Any) -> bytes:
        """Note the fingerprint of a sample."""
        return fingerprint(choose_field(sample, self.field))

    def judge(self, notes: Sequence[Note], read_notes: ReadNotes) -> Iterator[Verdict]:
        """Find notes that come again."""
        first: dict[bytes, int] = {}
        for index, print_ in notes:
            if first.setdefault(print_, index) != index:
                yield index, f"the same as sample {first[print_]}"


def duplicate_rule(field: Any = 0) -> DuplicateRule:
    """Make a rule: no two of the samples that are checked are the same (lesson 17).

    Args:
        field: which part of a sample is compared: the place in a tuple, the key of a dict; None for the whole
            sample. The input alone shows an image that occurs with two labels as well.
    """
    return DuplicateRule(field)


@dataclass(frozen=True)
class LeakageRule:
    """No sample of the training data is in the test data; made by `leakage_rule`."""

    train: Any
    test: Any
    field: Any = 0
    name: str = "no leakage"

    def inspect(self, sample: Any) -> None:
        """Note nothing: both datasets are read in full at the end."""

    def judge(self, notes: Sequence[Note], read_notes: ReadNotes) -> Iterator[Verdict]:
        """Compare all samples of both datasets."""
        look = DuplicateRule(self.field).inspect
        in_test: defaultdict[bytes, list[int]] = defaultdict(list)
        for index, print_ in read_notes(self.test, look):
            in_test[print_].append(index)
        for index, print_ in read_notes(self.train, look):
            if print_ in in_test:
                yield index, f"sample {index} of train is sample {in_test[print_][0]} of test"


def leakage_rule(train: Any, test: Any, field: Any = 0) -> LeakageRule:
    """Make a rule: nothing is both in the training and in the test data (lesson 17).

    It reads both in full, whatever share of the samples is checked.
    Wrap datasets with the same transforms, or with none: augmented copies of a picture are not equal.

    Args:
        train, test: map-style datasets.
        field: which part of a sample is compared: the place in a tuple, the key of a dict; None for the whole
            sample.

    Raises:
        TypeError: if `train` or `test` cannot be indexed or has no length.
    """
    for dataset in (train, test):
        check_map_style(dataset, "leakage_rule")
        dataset_length(dataset)
    return LeakageRule(train, test, field)


def choose_field(sample: Any, field: Any) -> Any:
    """Return a part of a sample, or the sample itself where it has no parts or `field` is None.

    Raises:
        KeyError: if a sample has no such part.
    """
    if field is None or (field == 0 and not isinstance(sample, tuple | list | Mapping)):
        return sample
    try:
        return sample[field]
    except (LookupError, TypeError):
        raise KeyError(f"a sample, a {type(sample).__name__}, has no field {field!r}") from None


@dataclass(frozen=True)
class _Shape:
    sizes: tuple[int | None, ...]
    field: Any

    def __call__(self, sample: Any) -> str | None:
        value = choose_field(sample, self.field)
        shape = tuple(np.shape(value)) if not hasattr(value, "shape") else tuple(value.shape)
        fits = len(shape) == len(self.sizes) and all(
            wanted in (None, size) for wanted, size in zip(self.sizes, shape)
        )
        return None if fits else f"its shape is {shape}"


@dataclass(frozen=True)
class _Range:
    low: float
    high: float
    field: Any

    def __call__(self, sample: Any) -> str | None:
        for values in _numbers(choose_field(sample, self.field)):
            # Asked this way round, NaN is outside.
            outside = values[~((values >= self.low) & (values <= self.high))]
            if outside.numel():
                return (
                    f"{outside.numel()} of {values.numel()} values lie outside, such as {outside[0].item():g}"
                )
        return None


@dataclass(frozen=True)
class _Finite:
    field: Any

    def __call__(self, sample: Any) -> str | None:
        for values in _numbers(choose_field(sample, self.field)):
            bad = values[~torch.isfinite(values)]
            if bad.numel():
                return f"{bad.numel()} of {values.numel()} values are not finite, such as {bad[0].item()}"
        return None


def _numbers(value: Any) -> Iterator[torch.Tensor]:
    """Yield all numbers in a sample, as tensors of shape (n,)."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, bool | int | float):
        yield torch.tensor([_as_float(value)], dtype=torch.float64, device="cpu")
    elif isinstance(value, torch.Tensor):
        yield value.detach().reshape(-1)
    elif not isinstance(value, str | bytes) and value is not None:
        array = np.asarray(value)
        if array.dtype.kind in "biufc":
            yield torch.as_tensor(np.ascontiguousarray(array)).reshape(-1)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int of more digits than a float takes
        return math.copysign(math.inf, value > 0 or -1)

"""Change samples on their way out (lessons 03 and 04).

The transform is no part of the data: the same base can be wrapped twice, with augmentation for training
and without for validation. A dataset that carries its own augmentation hands it to both parts of a split.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from course_lib.collate import default_collate
from course_lib.datasets.base import Dataset, Indices, check_map_style, dataset_length, fetch_samples
from course_lib.datasets.columns import ColumnBatch

Transform = Callable[[Any], Any]


class TransformDataset(Dataset[Any]):
    """Apply a transform to each sample when it is read, never before (lesson 03).

    If the samples are tuples, `transform` gets the first field (the input) and `target_transform` the second
    (the target); other fields pass unchanged. If they are anything else, `transform` gets the whole sample.

    Args:
        dataset: a map-style dataset.
        transform: takes and returns one input; None leaves inputs as they are.
        target_transform: the same for targets.
        batched: True applies each transform once to a whole fetched batch: it gets the collated values, such
            as a tensor of shape (B, C, H, W), and returns B results. That is fast, but every random choice
            of a transform then holds for the whole batch. A single sample is passed as a batch of one.

    Raises:
        TypeError: if `dataset` cannot be indexed or a transform cannot be called; on reading, if there is a
            `target_transform` and the samples have no second field.
        ValueError: on reading, if a batched transform does not return one result for each sample.
        RuntimeError: on reading a batch, if there is a batched transform and samples differ in their number
            of fields.
    """

    accepts_index_tensor = True

    def __init__(
        self,
        dataset: Any,
        transform: Transform | None,
        target_transform: Transform | None = None,
        batched: bool = False,
    ) -> None:
        check_map_style(dataset, "TransformDataset")
        check_transform("transform", transform)
        check_transform("target_transform", target_transform)
        check_bool("batched", batched)
        self.dataset = dataset
        self.transform = transform
        self.target_transform = target_transform
        self.batched = batched

    def __getitem__(self, index: Any) -> Any:
        sample = self.dataset[index]
        return self._apply_to_batch([sample])[0] if self.batched else self._apply(sample)

    def __getitems__(self, indices: Indices) -> Sequence[Any]:
        """Return the transformed samples at `indices`; the dataset fetches them at once."""
        samples = fetch_samples(self.dataset, indices)
        return self._apply_to_batch(samples) if self.batched else [self._apply(sample) for sample in samples]

    def __len__(self) -> int:
        return dataset_length(self.dataset)

    def _apply(self, sample: Any) -> Any:
        self._check_target(sample)
        if not isinstance(sample, tuple):
            return sample if self.transform is None else self.transform(sample)
        fields = list(sample)
        for position, transform in self._by_field():
            fields[position] = transform(fields[position])
        return _like(sample)(fields)

    def _apply_to_batch(self, samples: Sequence[Any]) -> Sequence[Any]:
        if len(samples) == 0:
            return samples
        self._check_target(samples[0])
        if not isinstance(samples[0], tuple):
            return samples if self.transform is None else list(apply_to_column(self.transform, samples))
        sizes = {len(sample) for sample in samples} if not isinstance(samples, ColumnBatch) else set()
        if len(sizes) > 1:
            raise RuntimeError(
                f"Samples of one batch have {' and '.join(map(str, sorted(sizes)))} fields. Each element in "
                "list of batch should be of equal size: a field becomes one tensor. Mend the dataset."
            )
        columns = list(samples.columns if isinstance(samples, ColumnBatch) else zip(*samples))
        for position, transform in self._by_field():
            columns[position] = apply_to_column(transform, columns[position])
        make = _like(samples[0])
        return ColumnBatch(*columns) if make is tuple else [make(row) for row in zip(*columns)]

    def _by_field(self) -> list[tuple[int, Transform]]:
        transforms = (self.transform, self.target_transform)
        return [
            (position, transform) for position, transform in enumerate(transforms) if transform is not None
        ]

    def _check_target(self, sample: Any) -> None:
        if self.target_transform is not None and not (isinstance(sample, tuple) and len(sample) > 1):
            raise TypeError(
                f"TransformDataset has a target_transform, but a sample is a {type(sample).__name__} without "
                "a second field. The target is the second field of a tuple. Return (input, target) from the "
                "dataset, or leave the target_transform away."
            )


def _like(sample: tuple[Any, ...]) -> Callable[[Iterable[Any]], tuple[Any, ...]]:
    """Return what makes such a tuple of its fields: a named one stays named."""
    return getattr(type(sample), "_make", tuple)


def apply_to_column(transform: Transform, column: Any) -> Any:
    """Apply a transform to the collated values of B samples; return its B results.

    Raises:
        ValueError: if it does not return one result for each sample.
    """
    results = transform(column if hasattr(column, "shape") else default_collate(column))
    check_results(results, len(column))
    return results


def check_results(results: Any, count: int) -> None:
    """Refuse what a batched transform made of `count` values, unless it is as many, with a ValueError."""
    if not hasattr(results, "__len__") or isinstance(results, dict) or len(results) != count:
        raise ValueError(
            f"A batched transform got {count} values and returned {_describe(results)}. It returns one "
            "result for each value, in the same order. Mend the transform, or pass batched=False to apply "
            "it one by one."
        )


def check_transform(name: str, transform: Any) -> None:
    """Refuse what is neither None nor callable with a TypeError."""
    if transform is not None and not callable(transform):
        raise TypeError(
            f"{name} got {transform!r}, which cannot be called. A transform is a function of one value. Pass "
            "a function, a torchvision transform, or None."
        )


def check_bool(name: str, value: Any) -> None:
    """Refuse what is no bool with a TypeError."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} got {value!r}. It is a switch with two states. Pass True or False.")


def _describe(results: Any) -> str:
    size = f" of length {len(results)}" if hasattr(results, "__len__") else ""
    return f"a {type(results).__name__}{size}"

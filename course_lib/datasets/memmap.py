"""Samples in a file larger than memory (lesson 06).

A memory map makes a file look like an array. Nothing is read until it is touched; then the operating system
reads that page, keeps it while there is room, and gives all processes the same copy.

    data_file    | sample 0 | sample 1 | sample 2 | ...     raw values, all of one shape and type
    labels_file  a .npy file of n labels
"""

import errno
import io
import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

from course_lib.datasets.base import Dataset, Indices, plain_index
from course_lib.datasets.columns import ColumnBatch
from course_lib.datasets.memory import gather_rows

PathLike = str | os.PathLike[str]
_Array = np.ndarray[Any, Any]


class MemoryMappedDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Read samples and labels from memory-mapped files, a batch by one gather (lesson 06).

    Sample i is the pair (values, label): a tensor of shape `sample_shape` and one of shape (...). Both are
    copies, so that nothing a training does to them reaches the file. The files are mapped when the first
    sample is read, by each process for itself: pickled, a dataset is two paths and a shape. While a file is
    mapped it must not become shorter: POSIX ends a process that reads what is gone (SIGBUS), and no exception
    can tell. Write a new file beside it and rename it instead.

    Args:
        data_file: the values of all samples, row by row, without a header.
        labels_file: an array of shape (n, ...) as `numpy.save` writes it.
        sample_shape: the shape of one sample.
        dtype: the type of the values in `data_file`.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is damaged: `data_file` holds no sample, or is no multiple of one long;
            `labels_file` is no array; the numbers of samples and labels differ. When the first sample is
            read, if `data_file` holds another number of samples by then.
        TypeError: if torch has no such `dtype`, `sample_shape` is no shape, or labels are no numbers.
    """

    accepts_index_tensor = True

    def __init__(
        self,
        data_file: PathLike,
        labels_file: PathLike,
        sample_shape: tuple[int, ...],
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.data_file = Path(data_file)
        self.labels_file = Path(labels_file)
        self.sample_shape = _checked_shape(sample_shape)
        self.dtype = _checked_dtype(dtype)
        self._length = self._count_samples()
        self._mapped: tuple[torch.Tensor, torch.Tensor] | None = None
        labels = len(self._labels())
        if labels != self._length:
            raise ValueError(
                f"{self.data_file} holds {self._length} samples and {self.labels_file} {labels} labels. "
                "Every sample has one label. Check sample_shape, dtype, and that the files belong together."
            )

    @classmethod
    def create(
        cls,
        data_file: PathLike,
        labels_file: PathLike,
        samples: Iterable[tuple[Any, Any]],
        dtype: DTypeLike = np.float32,
    ) -> "MemoryMappedDataset":
        """Write the files, one sample after the other, and return the dataset on them.

        Only one sample and the labels are in memory at any time. The files appear when they are complete, the
        labels last: if something stops the work between the two, there are none, and never those of other
        samples.

        Args:
            data_file, labels_file: where to write; existing files are replaced.
            samples: pairs (values, label); the values are lists, arrays or tensors of one shape.
            dtype: the type in which the values are stored.

        Raises:
            ValueError: if there is no sample, or one or its label has another shape than the first.
            TypeError: if the values of a sample cannot become `dtype` without more change than rounding to
                a float, or its label is no number.
            OSError: if a disk is full or a folder cannot be written.
        """
        kind, data_file, labels_file = _checked_dtype(dtype), Path(data_file), Path(labels_file)
        with _folder_beside(data_file) as beside_data, _folder_beside(labels_file) as beside_labels:
            new_data, new_labels = Path(beside_data, "data"), Path(beside_labels, "labels")
            with _full_disk_named(data_file):
                labels, shape = _write_samples(new_data, samples, kind)
            with _full_disk_named(labels_file):
                _write_labels(new_labels, labels)
            _replace_both(new_data, data_file, new_labels, labels_file)
        return cls(data_file, labels_file, shape, kind)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        position = plain_index(index, self._length)
        values, labels = (tensor[position].clone() for tensor in self._tensors())
        return values, labels

    def __getitems__(self, indices: Indices) -> ColumnBatch:
        """Return the samples at `indices`: values of shape (B, *sample_shape), labels of shape (B, ...)."""
        return ColumnBatch(*gather_rows(self._tensors(), indices))

    def __getbatch__(self, indices: torch.Tensor) -> list[torch.Tensor]:
        return gather_rows(self._tensors(), indices)

    def __len__(self) -> int:
        return self._length

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_mapped": None}

    def _tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        if self._mapped is None:
            length = self._count_samples()
            if length != self._length:
                raise ValueError(
                    f"{self.data_file} holds {length} samples; it held {self._length} when this dataset was "
                    "made. Samples are found by counting bytes, so a file in use must not change. Make the "
                    "dataset again."
                )
            values = np.memmap(self.data_file, self.dtype, "r", shape=(length, *self.sample_shape))
            self._mapped = _tensor_on(values), _tensor_on(self._labels())
        return self._mapped

    def _labels(self) -> _Array:
        try:
            labels: _Array = np.load(self.labels_file, mmap_mode="r", allow_pickle=False)
            if labels.ndim == 0:
                raise ValueError("it holds one number")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                errno.ENOENT,
                "There are no labels. They are written after the samples, so the writing may have been "
                "interrupted. Check the path, or write both files again",
                str(self.labels_file),
            ) from error
        except (ValueError, EOFError) as error:
            raise ValueError(
                f"{self.labels_file} is no whole file of labels ({error}). Labels are an array of shape "
                "(n, ...) as numpy.save writes it. Write it again: it may be cut off, or of another kind."
            ) from error
        if labels.dtype.kind not in "biufc":
            raise TypeError(
                f"{self.labels_file} holds {labels.dtype}. Labels become tensors. Write class numbers, "
                "not names."
            )
        return labels

    def _count_samples(self) -> int:
        size = os.path.getsize(self.data_file)
        sample_size = math.prod(self.sample_shape) * self.dtype.itemsize
        length, rest = divmod(size, sample_size)
        if rest or not length:
            raise ValueError(
                f"{self.data_file} has {size:,} bytes: {length} samples of {sample_size:,} bytes each, and "
                f"{rest:,} bytes over. A file holds whole samples, at least one. Check sample_shape "
                f"{self.sample_shape} and dtype {self.dtype}, or write the file again: it may be cut off."
            )
        return length


class _Claim:
    """Claim of a read-only array that it may be written.

    Torch takes no read-only array without a warning. It would take one that is mapped copy-on-write, but for
    that the system wants memory for every page that might be written: it refuses a file larger than memory.
    """

    def __init__(self, array: _Array) -> None:
        self.array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def _tensor_on(array: _Array) -> torch.Tensor:
    """Look at a mapped array as a tensor, which is only to be read: writing would end the process."""
    return torch.from_numpy(np.asarray(_Claim(array)))


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple | list) or not all(isinstance(size, int) and size > 0 for size in shape):
        raise TypeError(
            f"sample_shape got {shape!r}. It is the shape of one sample, without the batch. Pass a tuple of "
            "positive ints, such as (3, 64, 64), or () for single numbers."
        )
    return tuple(shape)


def _checked_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
        torch.from_numpy(np.empty(0, kind))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"dtype got {dtype!r}. The values become tensors, and torch has no such type ({error}). Pass a "
            "NumPy type of numbers in this machine's byte order, such as numpy.float32."
        ) from error
    return kind


def _folder_beside(file: Path) -> tempfile.TemporaryDirectory[str]:
    # A file can take the place of another in one step only on the same file system.
    return tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-")


def _write_samples(
    file: Path, samples: Iterable[tuple[Any, Any]], kind: np.dtype[Any]
) -> tuple[list[_Array], tuple[int, ...]]:
    """Write the values of all samples; return their labels, and the shape of one sample."""
    labels: list[_Array] = []
    shape: tuple[int, ...] = ()
    with open(file, "wb") as stream:
        for position, (sample, label) in enumerate(samples):
            values = _to_array(sample, kind, position)
            shape = shape if labels else values.shape
            _check_same_shape(values.shape, shape, position)
            stream.write(values.tobytes())
            labels.append(_checked_label(label, labels, position))
    if not labels:
        raise ValueError(
            "MemoryMappedDataset.create got no sample. An empty file cannot be mapped. Check the "
            "iterable: a generator that was read before is empty."
        )
    return labels, shape


def _checked_label(label: Any, earlier: list[_Array], position: int) -> _Array:
    """Return a copy of a label: a generator may fill the same array again and again."""
    try:
        value = np.asarray(label).copy()
        torch.from_numpy(np.empty(0, value.dtype))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Sample {position} has the label {label!r}. Labels are kept as numbers in one array ({error}). "
            "Pass class numbers instead of names."
        ) from error
    if earlier and value.shape != earlier[0].shape:
        raise ValueError(
            f"The label of sample {position} has shape {value.shape}, that of sample 0 {earlier[0].shape}. "
            "They are kept in one array, so all have one shape. Make them agree."
        )
    return value


def _write_labels(file: Path, labels: list[_Array]) -> None:
    # Into a file numpy writes past Python, and of a full disk it tells a count of values, but no errno.
    content = io.BytesIO()
    np.save(content, np.stack(labels), allow_pickle=False)
    file.write_bytes(content.getbuffer())


def _replace_both(new_data: Path, data_file: Path, new_labels: Path, labels_file: Path) -> None:
    """Put new files in the places of old ones; between the two steps there are no labels."""
    old_labels = new_labels.with_name("old")
    try:
        with suppress(FileNotFoundError):
            os.replace(labels_file, old_labels)
        os.replace(new_data, data_file)
        os.replace(new_labels, labels_file)
    except BaseException:
        # The old labels may come back only where the old data still are.
        if new_data.exists() and old_labels.exists():
            os.replace(old_labels, labels_file)
        raise


@contextmanager
def _full_disk_named(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        raise OSError(
            errno.ENOSPC,
            "The disk filled up while this file was written; what was there before is as it was. Free some "
            "space, or choose a folder on another disk",
            str(file),
        ) from error


def _to_array(sample: Any, kind: np.dtype[Any], position: int) -> _Array:
    values = np.asarray(sample)
    try:
        with np.errstate(over="ignore"):
            stored = values.astype(kind)
    except (TypeError, ValueError):
        stored = None
    rounds_at_most = kind.kind in "fc" and np.can_cast(values.dtype, kind, "same_kind")
    if stored is not None and rounds_at_most:
        rounds_at_most = bool((np.isfinite(stored) | ~np.isfinite(values)).all())
    if stored is None or not (rounds_at_most or np.array_equal(stored, values)):
        raise TypeError(
            f"Sample {position} holds {values.dtype}, the file {kind}. Storing it would change its values. "
            "Pass a wider dtype, or convert the samples before."
        )
    return stored


def _check_same_shape(shape: tuple[int, ...], first: tuple[int, ...], position: int) -> None:
    if shape != first:
        raise ValueError(
            f"Sample {position} has shape {shape}, sample 0 has {first}. A sample is found by counting "
            "bytes, so all have one shape. Resize, crop or pad the samples before."
        )

"""MNIST, or handwritten digits in its place where it cannot be had (lessons 01 and 14).

The files have MNIST's own format and the layout that torchvision expects, so that torchvision's `MNIST`
reads them as well, from the same root; the digits that stand in for MNIST lie under `root/digits`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image

from course_lib.datasets.base import Dataset, Indices, as_index_tensor, plain_index
from course_lib.datasets.cache_folder import cache_folder
from course_lib.datasets.columns import ColumnBatch
from course_lib.datasets.digits import embedded_digits
from course_lib.datasets.download import try_download
from course_lib.datasets.idx import read_idx, write_idx
from course_lib.datasets.memory import gather_rows
from course_lib.datasets.transform import apply_to_column, check_bool, check_transform

Source = Literal["MNIST", "digits"]
Part = tuple[torch.Tensor, torch.Tensor]

_CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_IMAGES = {True: "train-images-idx3-ubyte", False: "t10k-images-idx3-ubyte"}
_LABELS = {True: "train-labels-idx1-ubyte", False: "t10k-labels-idx1-ubyte"}
_FILES = [*_IMAGES.values(), *_LABELS.values()]
_MESSAGES: dict[Source, str] = {
    "MNIST": "mnist(): using MNIST, 60,000 training and 10,000 test images.",
    "digits": (
        "mnist(): MNIST is not at hand; using scikit-learn's 1,797 handwritten digits instead, "
        "1,437 for training and 360 for testing."
    ),
}
_announced: set[Source] = set()


class HandwrittenDigits(Dataset[tuple[Any, Any]]):
    """Hold images of digits and their labels. `mnist()` makes it.

    One by one, sample i is what torchvision's `MNIST` gives: a PIL picture of mode "L", or what the transform
    makes of it, and the label as an int.

    With `batched=True` a sample is the image as a uint8 tensor of shape (1, 28, 28) and its label. A whole
    batch is one gather: images of shape (B, 1, 28, 28), which the transform gets all at once, and labels,
    int64 of shape (B,).

    Attributes:
        data: all images, uint8 of shape (n, 28, 28).
        targets: all labels, int64 of shape (n,).
        classes: the names of the labels, from "0 - zero" on.
        source: "MNIST", or "digits" for scikit-learn's.
        train: whether this is the training part.
    """

    accepts_index_tensor = True
    classes = tuple(f"{digit} - {name}" for digit, name in enumerate(_CLASSES))

    def __init__(
        self, part: Part, source: Source, train: bool, transform: Callable[[Any], Any] | None, batched: bool
    ) -> None:
        self.data, self.targets = part
        self.source = source
        self.train = train
        self.transform = transform
        self.batched = batched

    def __getitem__(self, index: int) -> tuple[Any, int]:
        position = plain_index(index, len(self))
        if self.batched:
            return self._gather([position])[0][0], int(self.targets[position])
        image = Image.fromarray(self.data[position].numpy())
        return image if self.transform is None else self.transform(image), int(self.targets[position])

    def __getitems__(self, indices: Indices) -> Sequence[tuple[Any, Any]]:
        """Return the samples at `indices`: gathered if `batched`, else one by one."""
        if self.batched:
            return ColumnBatch(*self._gather(indices))
        return [self[index] for index in as_index_tensor(indices).tolist()]

    def __len__(self) -> int:
        return len(self.targets)

    def __repr__(self) -> str:
        return f"mnist({'train' if self.train else 'test'}: {len(self):,} images from {self.source})"

    def _gather(self, indices: Indices) -> tuple[Any, torch.Tensor]:
        images, labels = gather_rows([self.data, self.targets], indices)
        images = images.unsqueeze(1)
        if self.transform is not None:
            images = apply_to_column(self.transform, images)
        return images, labels


def mnist(
    root: str | os.PathLike[str] | None = None,
    train: bool = True,
    transform: Callable[[Any], Any] | None = None,
    batched: bool = False,
    download: bool = True,
) -> HandwrittenDigits:
    """Load MNIST if it is at hand, else 1,797 real handwritten digits that look like it (lesson 14).

    The first call for either source prints one line that says which it is. Delete `download-failed.txt` in
    `root/MNIST` to try a failed download again within the day.

    Args:
        root: the folder with `MNIST/raw/train-images-idx3-ubyte` and its three companions, packed with
            gzip or not; the user's cache folder if None.
        train: True for the training part, False for the test part.
        transform: applied to each image when it is read; see `HandwrittenDigits` for what it gets.
        batched: True reads and transforms a whole batch at once, which is many times as fast. A transform
            with random choices then makes one choice for the whole batch.
        download: True tries to download MNIST into `root` if it is not there, for three seconds at most.
            Set the environment variable COURSE_OFFLINE=1 to prevent it everywhere.

    Returns:
        The dataset.

    Raises:
        TypeError: if an argument is of the wrong type.
        ValueError: if `root` is a file, or a file in it is damaged; the message names it.
    """
    check_bool("train", train)
    check_transform("transform", transform)
    check_bool("batched", batched)
    check_bool("download", download)
    part, source = _load(_check_root(root), train, download)
    if source not in _announced:
        _announced.add(source)
        print(_MESSAGES[source])
    return HandwrittenDigits(part, source, train, transform, batched)


def source_at_hand(root: Path) -> Source:
    """Return which digits `mnist(root, download=False)` takes, reading them once."""
    return _load(root, train=True, download=False)[1]


def _load(root: Path, train: bool, download: bool) -> tuple[Part, Source]:
    raw = root / "MNIST" / "raw"
    # All four files or none: MNIST for training and the other digits for testing would not go together.
    if all(_find(raw, name) for name in _FILES) or (download and try_download(raw, _FILES)):
        return _read(raw, train), "MNIST"
    return _load_digits(root / "digits" / "MNIST" / "raw", train), "digits"


def _load_digits(raw: Path, train: bool) -> Part:
    try:
        return _read(raw, train)
    except (OSError, ValueError):
        pass  # not written yet, or damaged: both are mended by writing them
    try:
        for part in (True, False):
            images, labels = embedded_digits(part)
            write_idx(raw / _IMAGES[part], images)
            write_idx(raw / _LABELS[part], labels)
    except OSError:
        pass  # a folder that cannot be written to: the digits are in memory anyway
    images, labels = embedded_digits(train)
    return images.clone(), labels.long()


def _read(raw: Path, train: bool) -> Part:
    images = read_idx(_find(raw, _IMAGES[train]) or raw / _IMAGES[train])
    labels = read_idx(_find(raw, _LABELS[train]) or raw / _LABELS[train])
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"{raw} holds images of shape {tuple(images.shape)} and labels of shape {tuple(labels.shape)}. "
            "MNIST has n images of 28 x 28 and n labels. Delete the files, so that they are fetched anew."
        )
    return images, labels.long()


def _find(raw: Path, name: str) -> Path | None:
    return next((path for path in (raw / name, raw / f"{name}.gz") if path.is_file()), None)


def _check_root(root: str | os.PathLike[str] | None) -> Path:
    if root is not None and not isinstance(root, str | os.PathLike):
        raise TypeError(
            f"mnist got root={root!r}. It is the folder that holds, or is to hold, the data. Pass a path, or "
            "None for the user's cache folder."
        )
    folder = cache_folder() if root is None else Path(root).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(
            f"mnist got root={str(root)!r}, which is a file. The data lie in a folder. Pass a folder."
        )
    return folder

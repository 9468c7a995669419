"""Pictures in folders (lesson 05).

The folder is read once, for the names; a picture is opened when it is asked for. The names are kept packed,
because a million of them in a Python list grow the memory of every worker.
"""

import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from course_lib.datasets.base import Dataset, Indices, plain_index
from course_lib.datasets.columns import ColumnBatch
from course_lib.datasets.memory import gather_rows
from course_lib.datasets.packed import PackedStrings
from course_lib.datasets.transform import Transform, check_bool, check_results, check_transform

PathLike = str | os.PathLike[str]
Loading = Callable[[str], Any]

# The same as torchvision's.
IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class CustomImageDataset(Dataset[Any]):
    """Read the pictures of one folder, in the order of their names (lesson 05).

    Sample i is an RGB picture of Pillow's, or what `transform` makes of it; with `label_of`, the pair of it
    and its label. Folders in the folder are not entered.

    Args:
        image_dir: the folder.
        transform: takes a picture, returns what the network gets, such as torchvision's `ToTensor()`.
        extensions: endings of the files to read, in any case.
        label_of: takes the path of a picture, returns its label; None for pictures without labels.
        batched: True gives `transform` the list of all pictures of a batch, such as `BatchedImageTransform`
            wants it; it returns one result for each.
        load: takes the path of a file, returns a picture; `load_image` if None. `load_image_turbo` is
            faster and returns tensors.

    Raises:
        FileNotFoundError: if there is no such folder, or no picture in it.
        TypeError: if `transform`, `label_of` or `load` cannot be called, or `extensions` is one string.
        OSError: on reading, if a file holds no whole picture; the message names it.

    Attributes:
        paths: the path of each picture.
    """

    accepts_index_tensor = True

    def __init__(
        self,
        image_dir: PathLike,
        transform: Transform | None = None,
        extensions: Iterable[str] = (".jpg", ".jpeg", ".png"),
        label_of: Callable[[Path], Any] | None = None,
        *,
        batched: bool = False,
        load: Loading | None = None,
    ) -> None:
        _check_reading(transform, batched, load)
        check_transform("label_of", label_of)
        endings = _endings(extensions)
        folder = _checked_folder(image_dir)
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
        self.paths = PackedStrings(os.path.join(folder, name) for name in names if _ends(name, endings))
        if len(self.paths) == 0:
            raise FileNotFoundError(
                f"{folder} holds no picture: none of its {len(names)} files ends in {', '.join(endings)}. A "
                "dataset needs at least one. Check the folder, or pass other extensions."
            )
        self.image_dir = folder
        self.label_of = label_of
        self.transform = transform
        self.batched = batched
        self.load = load

    def __getitem__(self, index: int) -> Any:
        return CustomImageDataset.__getitems__(self, [plain_index(index, len(self))])[0]

    def __getitems__(self, indices: Indices) -> Sequence[Any]:
        """Return the samples at `indices`."""
        paths = self.paths.__getitems__(indices)
        pictures = _read(self, paths)
        if self.label_of is None:
            return list(pictures)
        return ColumnBatch(pictures, [self.label_of(Path(path)) for path in paths])

    def __len__(self) -> int:
        return len(self.paths)


class ImageFolderDataset(Dataset[tuple[Any, int]]):
    """Read pictures labelled by their folder: the samples of torchvision's `ImageFolder` (lesson 05).

    Each folder in `root` is a class, and holds its pictures at any depth. Sample i is the pair of an RGB
    picture of Pillow's, or what `transform` makes of it, and its label, an int.

    Args:
        root: the folder of the classes.
        transform: takes a picture, returns what the network gets.
        extensions: endings of the files to read, in any case.
        batched: True gives `transform` the list of all pictures of a batch, such as `BatchedImageTransform`
            wants it; it returns one result for each.
        load: takes the path of a file, returns a picture; `load_image` if None. `load_image_turbo` is
            faster and returns tensors.

    Raises:
        FileNotFoundError: if there is no such folder, no class in it, or a class without a picture.
        TypeError: if `transform` or `load` cannot be called, or `extensions` is one string.
        OSError: on reading, if a file holds no whole picture; the message names it.

    Attributes:
        classes: the names of the classes, sorted; a label is a place in it.
        class_to_idx: the label of each name.
        targets: all labels, an int64 tensor of shape (n,).
        paths: the path of each picture.
    """

    accepts_index_tensor = True

    def __init__(
        self,
        root: PathLike,
        transform: Transform | None = None,
        extensions: Iterable[str] = IMAGE_EXTENSIONS,
        *,
        batched: bool = False,
        load: Loading | None = None,
    ) -> None:
        _check_reading(transform, batched, load)
        endings = _endings(extensions)
        self.root = _checked_folder(root)
        self.transform = transform
        self.batched = batched
        self.load = load
        self.classes = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir())
        if not self.classes:
            raise FileNotFoundError(
                f"{self.root} holds no folder. Each folder in it is a class. Pass the folder above those of "
                "the classes, or read a single folder with CustomImageDataset."
            )
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        counts: list[int] = []
        self.paths = PackedStrings(self._find(endings, counts))
        self.targets = torch.repeat_interleave(torch.tensor(counts, device="cpu"))

    @property
    def samples(self) -> list[tuple[str, int]]:
        """The path and the label of every sample, made into a list when asked for."""
        return list(zip(self.paths, self.targets.tolist()))

    def __getitem__(self, index: int) -> tuple[Any, int]:
        position = plain_index(index, len(self))
        return _read(self, [self.paths[position]])[0], int(self.targets[position])

    def __getitems__(self, indices: Indices) -> ColumnBatch:
        """Return the samples at `indices`."""
        pictures = _read(self, self.paths.__getitems__(indices))
        return ColumnBatch(pictures, *gather_rows([self.targets], indices))

    def __len__(self) -> int:
        return len(self.paths)

    def _find(self, endings: tuple[str, ...], counts: list[int]) -> Iterator[str]:
        """Yield all paths, class by class, and note how many there are in each."""
        for name in self.classes:
            paths = list(_pictures_below(os.path.join(self.root, name), endings))
            if not paths:
                raise FileNotFoundError(
                    f"Class {name!r} in {self.root} holds no picture: no file ends in {', '.join(endings)}. "
                    "A class without samples cannot be learnt. Remove the folder, or pass other extensions."
                )
            counts.append(len(paths))
            yield from paths


def load_image(path: PathLike) -> Image.Image:
    """Read a picture as RGB, whatever colours the file has.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it holds no whole picture; the message names the file.
    """
    try:
        with open(path, "rb") as file:
            return Image.open(file).convert("RGB")
    # Pillow's decoders tell of damage by several types of errors, most of them without the file's name.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's own, such as a missing file: the content is not to blame
        raise OSError(
            f"{os.fspath(path)} cannot be read as a picture: {error}. Pictures are decoded when they are "
            "asked for, so a cut-off or foreign file is found only then. Replace it or remove it."
        ) from error


def _read(dataset: CustomImageDataset | ImageFolderDataset, paths: list[str]) -> Sequence[Any]:
    """Load B files and transform them: a list, or what a batched transform makes of them all."""
    load, transform = dataset.load or load_image, dataset.transform
    if transform is None:
        return [load(path) for path in paths]
    if not dataset.batched:
        # One after the other: pictures before the transform are large, and only one of them is in memory.
        return [transform(load(path)) for path in paths]
    results: Sequence[Any] = transform([load(path) for path in paths])
    check_results(results, len(paths))
    return results


def _check_reading(transform: Any, batched: Any, load: Any) -> None:
    check_transform("transform", transform)
    check_bool("batched", batched)
    check_transform("load", load)


def _pictures_below(folder: str, endings: tuple[str, ...]) -> Iterator[str]:
    # Sorted, because the order in which a system lists a folder differs between machines.
    for place, _, names in sorted(os.walk(folder, followlinks=True)):
        yield from (os.path.join(place, name) for name in sorted(names) if _ends(name, endings))


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    return name.lower().endswith(endings)


def _endings(extensions: Iterable[str]) -> tuple[str, ...]:
    endings = () if isinstance(extensions, str) else tuple(extensions)
    if not endings or not all(isinstance(ending, str) and ending for ending in endings):
        raise TypeError(
            f"extensions got {extensions!r}. A file is read if its name ends in one of several. Pass a tuple "
            'of strings, such as (".jpg", ".png").'
        )
    return tuple(ending.lower() for ending in endings)


def _checked_folder(folder: PathLike) -> str:
    path = os.fspath(folder)
    if not os.path.isdir(path):
        raise FileNotFoundError(
            f"{path} is no folder. Pictures are looked for in a folder. Check the path; it is read from "
            f"{os.getcwd()} on."
        )
    return path

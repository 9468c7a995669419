"""An index that fits into memory, samples that need not (lessons 05 and 06).

The folder is walked once, for the names. A sample is loaded when it is asked for and kept by nobody.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from course_lib.datasets.base import Dataset, plain_index
from course_lib.datasets.packed import PackedStrings
from course_lib.datasets.transform import check_transform

PathLike = str | os.PathLike[str]


class MemoryEfficientDataset(Dataset[Any]):
    """Load the files of a folder one by one, each when it is asked for (lesson 06).

    Sample i is what `load` makes of the i-th file, in the order of the relative paths. Files are found at any
    depth; hidden ones (a name that begins with a dot) are left out. The index is one array of bytes: a
    million names cost some ten megabytes, and workers share them.

    Args:
        root: the folder.
        load: takes a path, returns the sample, such as `numpy.load` or `torch.load`.
        extensions: endings of the files to read, in any case; None for all files.

    Raises:
        FileNotFoundError: if there is no such folder, or no file in it; on reading, if a file has vanished.
        TypeError: if `load` cannot be called, or `extensions` is one string.
        Exception: on reading, what `load` raises, with a note that names the file.

    Attributes:
        paths: the paths of all files, relative to `root`, a dataset of strings.
    """

    def __init__(
        self, root: PathLike, load: Callable[[str], Any], extensions: Iterable[str] | None = None
    ) -> None:
        if load is None:
            raise TypeError("load got None. It turns a path into a sample. Pass a function of a path.")
        check_transform("load", load)
        self.root = os.path.abspath(root)
        self.load = load
        if not os.path.isdir(self.root):
            raise FileNotFoundError(
                f"{self.root} is no folder. Files are looked for in a folder. Check the path; it "
                f"is read from {os.getcwd()} on."
            )
        endings = _endings(extensions)
        self.paths = PackedStrings(sorted(_relative_paths(self.root, endings)))
        if len(self.paths) == 0:
            wanted = f"whose name ends in {', '.join(endings)}" if extensions is not None else "at all"
            raise FileNotFoundError(
                f"{self.root} holds no file {wanted}. A dataset of files needs at least one. Check "
                "the folder, or pass other extensions."
            )

    def __getitem__(self, index: int) -> Any:
        path = os.path.join(self.root, self.paths[plain_index(index, len(self))])
        try:
            return self.load(path)
        except Exception as error:
            if isinstance(error, FileNotFoundError) and not os.path.exists(path):
                raise FileNotFoundError(
                    error.errno,
                    "the file was there when the index was built and has vanished since. The index is built "
                    "once. Make the dataset again, or wrap it into RobustDataset",
                    path,
                ) from error
            error.add_note(f"This happened while {path} was loaded.")
            raise

    def __len__(self) -> int:
        return len(self.paths)


def _relative_paths(root: str, endings: tuple[str, ...]) -> Iterator[str]:
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".") and not _leads_back(folder, name)]
        for name in names:
            if not name.startswith(".") and name.lower().endswith(endings):
                # With "/" on every system: the order of the samples must not depend on it.
                yield Path(os.path.relpath(os.path.join(folder, name), root)).as_posix()


def _leads_back(folder: str, name: str) -> bool:
    """Tell whether a link leads to a folder that it lies in: following it would never end."""
    path = os.path.join(folder, name)
    if not os.path.islink(path):
        return False
    return Path(folder).resolve().is_relative_to(Path(path).resolve())


def _endings(extensions: Iterable[str] | None) -> tuple[str, ...]:
    if extensions is None:
        return ("",)
    endings = () if isinstance(extensions, str) else tuple(extensions)
    if not endings or not all(isinstance(ending, str) and ending for ending in endings):
        raise TypeError(
            f"extensions got {extensions!r}. A file is read if its name ends in one of several. Pass a tuple "
            'of strings, such as (".npy",), or None for all files.'
        )
    return tuple(ending.lower() for ending in endings)

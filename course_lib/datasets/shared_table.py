"""A small table that a process shares with its workers (lesson 17).

A worker has a copy of the dataset: what it writes into an attribute, nobody else sees, and it is gone with
the worker. A table in a memory-mapped file is the same memory in all of them, whatever started them.
"""

import os
import shutil
import tempfile
import weakref
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from course_lib.platform import file_lock


class SharedTable:
    """An array in a private temporary folder, mapped by every process that has a copy of this object.

    The folder may hold other files that belong to the table, and is removed with the object that made it. A
    copy that outlives it (unpickled later, or elsewhere) goes on with a new table of zeros.

    Args:
        rows: number of rows, all zero at first.
        dtype: the type of a row, usually with named fields.

    Raises:
        OSError: if the temporary folder cannot be written; with too little space already here, not later.
    """

    def __init__(self, rows: int, dtype: DTypeLike) -> None:
        self._count = rows
        self._dtype = np.dtype(dtype)
        self._mapped: np.ndarray[Any, Any] | None = None
        self._make()

    @property
    def rows(self) -> np.ndarray[Any, Any]:
        """The rows. What one process writes, all read."""
        is_gone = not self.folder.exists()
        if self._mapped is None or is_gone:
            if is_gone:
                self._make()
            stored = np.memmap(self.folder / "table", self._dtype, "r+", shape=(max(1, self._count),))
            self._mapped = stored.view(np.ndarray)[: self._count]
        return self._mapped

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes and threads out for the time of a `with`: a change is a read and a write."""
        self.rows  # noqa: B018 - makes the folder, if it is gone
        return file_lock(self.folder / "lock")

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_mapped": None}

    def _make(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="course-shared-"))
        # Only the process that made the folder removes it, and not the children that are forked from it.
        weakref.finalize(self, _remove, self.folder, os.getpid())
        # Written, not only made longer: a page of a file with holes needs space when it is first touched,
        # and on a full disk the system would then end the process.
        with open(self.folder / "table", "wb") as file:
            file.write(bytes(max(1, self._count) * self._dtype.itemsize))


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)

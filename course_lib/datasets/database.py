"""Samples in a SQLite database (lesson 06).

A row is found by its position, whatever its id is: ids have gaps where rows were deleted, and begin at 1 or
anywhere. The dataset notes the ids once; that fixes its length and order for every process that has a copy.
"""

import errno
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.datasets.array_bytes import decode_array, encode_array
from course_lib.datasets.base import Dataset, Indices, as_index_tensor, plain_index
from course_lib.datasets.sqlite_table import Row, SQLiteTable
from course_lib.datasets.transform import Transform, check_transform

PathLike = str | os.PathLike[str]


class DatabaseDataset(Dataset[tuple[Any, ...]]):
    """Read rows of a SQLite table, a batch by one query (lesson 06).

    Sample i is the tuple of the values in `columns` of the i-th row by rising rowid. Numbers, texts and NULL
    come as SQLite has them (int, float, str, None); a BLOB comes as the tensor, array or NumPy number that
    `create` stored. Rows added later belong to the next dataset that is made. Each process opens one
    connection when it first reads, and its threads share it; pickled, a dataset is a path and the row ids.

    Args:
        path: the database file; nothing is ever written into it, but what a killed writer left is undone. In
            the journal mode WAL and a folder that cannot be written, it must not change while it is read.
        table: the name of the table.
        transform: applied to the first value of a sample.
        columns: the names of the columns, in the order of a sample's values.
        decode_blob: turns the bytes of a BLOB into a value. The default reads what `create` wrote and
            executes nothing. Pass `bytes` to get them as they are, such as those of an image file. Never a
            function that unpickles: that would run whatever the database holds.
        timeout: seconds to wait while another process writes.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no database or damaged, has no such table or column, or lies in a folder that
            cannot be written beside changes that a writer has not finished; on reading, if a BLOB is no
            stored array.
        TypeError: if a name is no string, or a function cannot be called.
        RuntimeError: on reading, if the row has been deleted since the dataset was made, or the file has
            changed that must not.
        TimeoutError: on reading, if another process kept the file locked.
    """

    accepts_index_tensor = True

    def __init__(
        self,
        path: PathLike,
        table: str = "samples",
        transform: Transform | None = None,
        columns: Sequence[str] = ("data", "label"),
        *,
        decode_blob: Transform = decode_array,
        timeout: float = 30.0,
    ) -> None:
        check_transform("transform", transform)
        check_transform("decode_blob", decode_blob)
        self.path = Path(path)
        self.transform = transform
        self.decode_blob = decode_blob
        self._table = SQLiteTable(self.path, table, _checked_columns(columns), timeout)
        self._rowids = self._table.rowids()

    @classmethod
    def create(
        cls,
        path: PathLike,
        samples: Iterable[Sequence[Any]],
        table: str = "samples",
        columns: Sequence[str] = ("data", "label"),
    ) -> "DatabaseDataset":
        """Write samples into a new table, all or none of them, and return the dataset on it.

        Only one sample is in memory at any time.

        Args:
            path: the database file; it is made if it is missing, and other tables in it are kept.
            samples: tuples with one value for each column: int, float, str, None, a tensor, an array or a
                NumPy number. A bool is stored as 0 or 1, as usual in SQL.
            table, columns: names for them: letters, digits and underscores.

        Raises:
            ValueError: if the table exists, a name holds other characters, or a sample has another number of
                values.
            TypeError: if a value is of another kind.
            OSError: if the disk is full or the folder cannot be written.
        """
        path, columns = Path(path), _checked_columns(columns)
        for name in (table, *columns):
            if not isinstance(name, str) or not name.isidentifier():
                raise ValueError(
                    f"{name!r} is no name for a table or column. DatabaseDataset.create takes letters, "
                    'digits and underscores, beginning with a letter. Choose a name such as "samples".'
                )
        is_new = not path.exists()
        try:
            _write(path, samples, table, columns)
        except BaseException:
            if is_new:
                path.unlink(missing_ok=True)
            raise
        return cls(path, table, columns=columns)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return DatabaseDataset.__getitems__(self, [plain_index(index, len(self))])[0]

    def __getitems__(self, indices: Indices) -> list[tuple[Any, ...]]:
        """Return the samples at `indices`, read by one query."""
        rowids = self._take(as_index_tensor(indices).numpy()).tolist()
        rows = self._table.read(rowids)
        return [self._sample(rows.get(rowid), rowid) for rowid in rowids]

    def __len__(self) -> int:
        return len(self._rowids)

    def close(self) -> None:
        """Close this process's connection, so that the file can be deleted on Windows too."""
        self._table.close()

    def _take(self, positions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        try:
            taken: np.ndarray[Any, Any] = self._rowids[positions]
            return taken
        except IndexError:
            for index in positions.tolist():
                plain_index(index, len(self))  # says which one it is, and what is allowed
            raise

    def _sample(self, row: Row | None, rowid: int) -> tuple[Any, ...]:
        if row is None:
            raise RuntimeError(
                f"The row with rowid {rowid} has been deleted from {self.path} since the dataset was made. A "
                "dataset keeps its length. Make the dataset again."
            )
        values = [self._value(value, name, rowid) for name, value in zip(self._table.columns, row)]
        if self.transform is not None:
            values[0] = self.transform(values[0])
        return tuple(values)

    def _value(self, value: Any, column: str, rowid: int) -> Any:
        if not isinstance(value, bytes):
            return value
        try:
            return self.decode_blob(value)
        except Exception as error:
            error.add_note(f"This was column {column!r} of the row with rowid {rowid} in {self.path}.")
            raise


def _checked_columns(columns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(columns, str) or not columns:
        raise TypeError(
            f"columns got {columns!r}. A sample is made of one value or more, each from a column. Pass a "
            'tuple of names, such as ("data", "label").'
        )
    return tuple(columns)


def _write(path: Path, samples: Iterable[Sequence[Any]], table: str, columns: Sequence[str]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" * len(columns))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f'CREATE TABLE "{table}" (id INTEGER PRIMARY KEY, {names})')
            connection.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({places})', _stored_rows(samples, len(columns))
            )
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.DatabaseError):
                raise
            if "disk is full" in str(error):
                raise OSError(
                    errno.ENOSPC, "there is no space for the samples, and none of them was written", str(path)
                ) from error
            raise ValueError(
                f"{path} could not take the table {table!r}: {error}. A table is written once, into a "
                "database. Choose another name or file, or delete the old table."
            ) from error


def _stored_rows(samples: Iterable[Sequence[Any]], width: int) -> Iterator[list[Any]]:
    for position, sample in enumerate(samples):
        if not isinstance(sample, tuple | list) or len(sample) != width:
            size = f" of {len(sample)} values" if isinstance(sample, tuple | list) else ""
            raise ValueError(
                f"Sample {position} is a {type(sample).__name__}{size}. Each sample has one value for each "
                f"of {width} columns. Yield tuples of {width} values, or pass other columns."
            )
        try:
            yield [_stored(value) for value in sample]
        except TypeError as error:
            error.add_note(f"This was sample {position}.")
            raise


def _stored(value: Any) -> Any:
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        return encode_array(value)
    if isinstance(value, float) and isnan(value):
        raise TypeError(
            "A sample holds NaN, which SQLite would store as NULL: it would come back as None. Store it as "
            "an array, torch.tensor(value), or store None where a value is missing."
        )
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise TypeError(f"A sample holds the integer {value}. SQLite's have 64 bits. Store it as a text.")
    if value is None or isinstance(value, int | float | str):
        return value
    raise TypeError(
        f"A sample holds a {type(value).__name__}, which has no safe form in a database. Columns take "
        "numbers, texts, None, tensors and arrays. Convert the value first, for example an image to a tensor."
    )

"""Read rows of one SQLite table, safely, from every process (lesson 06).

A connection belongs to the process that opened it: a forked copy of one corrupts its locks. So each process
opens its own when it first reads. It is opened read-only, and names are compared with those that the file
has before they come near a query, because a name cannot be passed as a parameter.

To read a database in the journal mode WAL, SQLite has to make a file beside it. Where nobody may write, the
database is read as a file that never changes, and whether that holds is looked up after each query.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

Row = tuple[Any, ...]


class SQLiteTable:
    """Read rows by their rowid, many with one query.

    Args:
        path: the database file.
        table: the name of a table with rowids, not of a view.
        columns: the names of the columns to read.
        timeout: seconds to wait while another process writes.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no database or damaged, has no such table, or the table no such column.
        TypeError: if a name is no string.
    """

    def __init__(self, path: Path, table: str, columns: Sequence[str], timeout: float) -> None:
        self.path = path
        self.table = table
        self.columns = tuple(columns)
        self.timeout = timeout
        self._connections: dict[int, _Connection] = {}
        # The state of a file that is taken never to change; None for one that is read under locks.
        self._unchanged: tuple[int, int] | None = None
        with closing(self._open()) as connection, self._plain_errors():
            self._check_table(connection)
            rowid = self._check_columns(connection)
        names = ", ".join(_quote(name) for name in (rowid, *self.columns))
        # One parameter for any number of ids: a statement that never changes is compiled only once.
        self._select = (
            f"SELECT {names} FROM {_quote(table)} WHERE {rowid} IN (SELECT value FROM json_each(?))"
        )
        self._select_ids = f"SELECT {rowid} FROM {_quote(table)} ORDER BY {rowid}"

    def rowids(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the rowids of all rows that there are now, rising; int64 of shape (n,)."""
        # Not over the connection that stays: the dataset asks once, in a process that may never read a row.
        with closing(self._open()) as connection, self._plain_errors():
            rows = self._query(connection, self._select_ids)
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def read(self, rowids: Sequence[int]) -> dict[int, Row]:
        """Read rows with one query, all as they were at one moment.

        Returns:
            By rowid, the values of `columns`; a row that no longer exists is missing.

        Raises:
            TimeoutError: if another process kept the file locked all the time.
            ValueError: if the file is damaged.
            RuntimeError: if the file has changed and lies where it was taken never to change.
        """
        own = self._connections.get(os.getpid())
        # A process that was forked finds its parent's connection here, under another number, and leaves it.
        own = own or self._connections.setdefault(os.getpid(), _Connection())
        with own.lock, self._plain_errors():
            if own.connection is None:
                own.connection = self._open()
            rows = self._query(own.connection, self._select, json.dumps(rowids))
        return {row[0]: row[1:] for row in rows}

    def close(self) -> None:
        """Close this process's connection. The next reading opens another."""
        own = self._connections.pop(os.getpid(), None)
        if own is not None and own.connection is not None:
            with own.lock:
                own.connection.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_connections": {}}

    def _open(self) -> sqlite3.Connection:
        # SQLite would make an empty database of a path that does not exist.
        if not self.path.is_file():
            raise FileNotFoundError(
                f"{self.path} is no file. A dataset reads a database that exists. Check the path, or write "
                "one with DatabaseDataset.create."
            )
        with self._plain_errors():
            connection = self._connect("ro")
            try:
                self._query(connection, "SELECT count(*) FROM sqlite_master")
            except Exception as error:
                connection.close()
                if not self._is_read_only(error) or self._unfinished():
                    raise
                self._unchanged = self._unchanged or self._state()
                connection = self._connect("ro&immutable=1")
        return connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._uri(mode),
            uri=True,
            timeout=self.timeout,
            check_same_thread=False,
            isolation_level=None,
        )
        # What the file's own schema calls (in a generated column) must not reach anything dangerous.
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _is_read_only(self, error: Exception) -> bool:
        """Tell whether SQLite failed because nothing can be written where the database lies."""
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        is_denied = kind in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        return is_denied and not os.access(self.path.resolve().parent, os.W_OK)

    def _unfinished(self) -> Path | None:
        """Return the file beside the database that holds changes not yet brought in, or not yet undone."""
        path = self.path.resolve()
        beside = (path.with_name(path.name + ending) for ending in ("-wal", "-journal"))
        return next((file for file in beside if file.is_file() and file.stat().st_size), None)

    def _state(self) -> tuple[int, int]:
        """Return when the file was last written, and its size."""
        status = self.path.stat()
        return status.st_mtime_ns, status.st_size

    def _check_table(self, connection: sqlite3.Connection) -> None:
        if not isinstance(self.table, str):
            raise TypeError(f"table got {self.table!r}. It is the name of a table. Pass a string.")
        statement = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = [name for (name,) in self._query(connection, statement)]
        if self.table not in tables:
            raise ValueError(
                f"{self.path} has no table {self.table!r}; it has {', '.join(map(repr, tables)) or 'none'}. "
                "Rows are read from a table of the file, named exactly. Pass one of its names."
            )

    def _query(self, connection: sqlite3.Connection, statement: str, *parameters: str) -> list[Row]:
        try:
            rows = connection.execute(statement, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if "readonly" not in str(error):
                raise
            # A writer died in the middle of a transaction. What it did must be undone before anybody can
            # read, and that takes somebody who may write: SQLite does it at the first query.
            with closing(sqlite3.connect(self._uri("rw"), uri=True, timeout=self.timeout)) as other:
                other.execute("SELECT count(*) FROM sqlite_master").fetchall()
            rows = connection.execute(statement, parameters).fetchall()
        if self._unchanged not in (None, self._state()):
            raise RuntimeError(
                f"{self.path} was written since the dataset was made. It is in the journal mode WAL in a "
                "folder that cannot be written from here, and so can be read only while nobody changes it. "
                "Make the dataset again, or copy the file and read the copy."
            )
        return rows

    def _uri(self, mode: str) -> str:
        return f"{self.path.absolute().as_uri()}?mode={mode}"

    def _check_columns(self, connection: sqlite3.Connection) -> str:
        """Check the names of the columns; return a name for the rowid that no column has taken."""
        found = [row[1] for row in connection.execute("SELECT * FROM pragma_table_xinfo(?)", (self.table,))]
        for name in self.columns:
            if not isinstance(name, str):
                raise TypeError(f"columns got {name!r}. Columns have names. Pass a tuple of strings.")
            # SQLite takes a quoted name that it does not know for a text, and every row would hold that text.
            if name not in found:
                raise ValueError(
                    f"Table {self.table!r} of {self.path} has no column {name!r}; it has "
                    f"{', '.join(map(repr, found))}. Pass the names of existing columns as `columns`."
                )
        taken = {name.lower() for name in found}
        rowid = next((name for name in ("rowid", "oid", "_rowid_") if name not in taken), None)
        try:
            connection.execute(f"SELECT {rowid} FROM {_quote(self.table)} LIMIT 0")
        except sqlite3.OperationalError as error:
            raise ValueError(
                f"Table {self.table!r} of {self.path} has no rowid ({error}). Rows are found by it. Create "
                "the table without WITHOUT ROWID, and leave one of the names rowid, oid, _rowid_ free."
            ) from error
        return str(rowid)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise TimeoutError(
                    f"{self.path} was locked by another process for {self.timeout} seconds ({error}). A "
                    "reader waits for a writer to finish. Write in shorter transactions, switch the file to "
                    "the journal mode WAL, or pass a larger timeout."
                ) from error
            unfinished = self._unfinished()
            if unfinished and self._is_read_only(error):
                raise ValueError(
                    f"{self.path} cannot be read where it lies ({error}): beside it, {unfinished.name} holds "
                    "changes that must be brought in or undone first, and the folder cannot be written. Copy "
                    "both files to a folder that can be, and read the copy; or let somebody who may write "
                    "there run PRAGMA journal_mode = DELETE, which leaves one file."
                ) from error
            raise ValueError(
                f"{self.path} cannot be read: {error}. Check its permissions and content."
            ) from error
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"{self.path} is no SQLite database, or is damaged: {error}. Samples are read from a whole "
                "database file. Check the path, or write the file again."
            ) from error


class _Connection:
    """The connection of one process, once it is open. Threads take turns."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None
        self._owner = os.getpid()

    def __del__(self) -> None:
        # A forked child must not close its parent's connection: that would drop the locks of both.
        if self.connection is not None and self._owner == os.getpid():
            self.connection.close()


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

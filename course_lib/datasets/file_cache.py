"""A folder of cached files that several processes share (lesson 07).

Reading takes no lock: a file is there, whole, or it is not. Writing does, and so there is never more than one
unfinished file; whoever writes next writes over what a killed process has left. Room is booked before a file
is written, in a small file next to the others, so the folder never holds more than its limit.

    cache_dir   0f3a….cached   91bc….cached   …   .unfinished   .booked   .lock
"""

import hashlib
import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from course_lib.platform import file_lock

_ENDING = ".cached"
_BOOKED = struct.Struct("<q")
_AFTER_EVICTION = 0.9  # the folder is listed only when it is full, so some room is made each time


class FileCache:
    """Keep contents in files, and remove those that were not read for longest.

    Other files in the folder are neither counted nor touched. Where the folder cannot be written (read-only,
    or the disk is full), what is there is still read, a warning says so once, and the work goes on.

    Args:
        folder: where the files are; made if missing.
        limit: the bytes that they may take together.

    Attributes:
        writable: whether the latest attempt to write succeeded.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self.writable = True
        self._has_warned = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with file_lock(folder / ".lock"):
                self._evict(limit)
        except OSError as error:
            self._give_up(error)

    def read(self, key: str) -> bytes | None:
        """Return what is kept under a key; None if nothing is."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path)  # read now, so it goes last
        return content

    def holds(self, key: str) -> bool:
        """Tell whether something is kept under a key."""
        return self._path(key).exists()

    def write(self, key: str, content: bytes) -> bool:
        """Keep a content, and make room for it if necessary; return whether it is kept."""
        if len(content) > self.limit:
            return False
        try:
            with file_lock(self.folder / ".lock"):
                kept = self.holds(key) or self._write(key, content)
            self.writable = True
            return kept
        except OSError as error:
            self._give_up(error)
            return False

    def remove(self, key: str) -> None:
        """Forget what is kept under a key."""
        with suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def _write(self, key: str, content: bytes) -> bool:
        booked = self._read_booked()
        if booked is None or booked + len(content) > self.limit:
            booked = self._evict(self.limit - len(content))
        if booked + len(content) > self.limit:  # files that Windows does not remove while they are read
            return False
        self._book(booked + len(content))
        unfinished = self.folder / ".unfinished"
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, self._path(key))
        except OSError:
            unfinished.unlink(missing_ok=True)
            self._book(booked)
            raise
        return True

    def _evict(self, target: int) -> int:
        """Count the files anew; remove the oldest beyond `target` bytes. Return the bytes left."""
        (self.folder / ".unfinished").unlink(missing_ok=True)
        files = sorted(self._list())
        total = sum(size for _, size, _ in files)
        goal = target if total <= target else min(target, int(self.limit * _AFTER_EVICTION))
        for _, size, path in files:
            if total <= goal:
                break
            with suppress(OSError):
                os.unlink(path)
                total -= size
        self._book(total)
        return total

    def _list(self) -> Iterator[tuple[int, int, str]]:
        """Yield when each file was last read, its size and its path."""
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(_ENDING):
                    with suppress(FileNotFoundError):
                        facts = entry.stat()
                        yield facts.st_mtime_ns, facts.st_size, entry.path

    def _read_booked(self) -> int | None:
        try:
            return int(_BOOKED.unpack((self.folder / ".booked").read_bytes())[0])
        except (OSError, struct.error):
            return None

    def _book(self, size: int) -> None:
        (self.folder / ".booked").write_bytes(_BOOKED.pack(size))

    def _path(self, key: str) -> Path:
        return self.folder / f"{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}{_ENDING}"

    def _give_up(self, error: OSError) -> None:
        self.writable = False
        if self._has_warned:
            return
        self._has_warned = True
        warnings.warn(
            f"The cache in {self.folder} cannot be written: {error}. What is there is used, what is "
            "not is downloaded each time. Free some space, or choose another cache_dir.",
            stacklevel=2,
        )

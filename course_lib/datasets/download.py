"""Fetch MNIST if that goes quickly, and remember if it does not (lesson 14).

A classroom without a network must not wait at every call. An attempt ends after three seconds whatever
happens, and a small file keeps the failure in mind for a day.
"""

import gzip
import os
import time
import urllib.request
import zlib
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from threading import Thread

from course_lib.datasets.idx import parse_idx
from course_lib.whole_file import write_whole

MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist"
_CHUNK_BYTES = 1 << 16
_FORGET_AFTER = 24 * 3600  # seconds
_failed_here: set[Path] = set()


def try_download(folder: Path, names: Iterable[str], mirror: str = MIRROR, seconds: float = 3.0) -> bool:
    """Fetch `names` with .gz from the mirror and unpack them into `folder`.

    With the environment variable COURSE_OFFLINE=1, or after a failure within the last day, nothing is tried.

    Args:
        folder: where the unpacked files go; a file arrives whole or not at all.
        names: the files; those that are there already are left alone.
        mirror: the address under which the packed files lie.
        seconds: how long the call may take in all.

    Returns:
        True if all files are there now.
    """
    note = folder.parent / "download-failed.txt"
    if os.environ.get("COURSE_OFFLINE") == "1" or _failed_lately(note):
        return False
    missing = [name for name in names if not (folder / name).exists()]
    deadline = time.monotonic() + seconds
    # Threads, because looking up a host name heeds no time limit: one that hangs is left behind.
    fetchers = [
        Thread(target=_fetch, args=(mirror, folder / name, deadline), daemon=True) for name in missing
    ]
    for fetcher in fetchers:
        fetcher.start()
    for fetcher in fetchers:
        fetcher.join(max(0.0, deadline - time.monotonic()))
    arrived = all((folder / name).exists() for name in missing)
    if not arrived:
        _remember(note)
    return arrived


def _fetch(mirror: str, path: Path, deadline: float) -> None:
    try:
        packed = _read(f"{mirror}/{path.name}.gz", deadline)
        if packed is not None:
            content = gzip.decompress(packed)
            parse_idx(content, path)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    except (OSError, EOFError, ValueError, zlib.error, HTTPException):
        return  # whatever went wrong, the file is missing, and that says enough


def _read(address: str, deadline: float) -> bytes | None:
    chunks = []
    with urllib.request.urlopen(address, timeout=max(0.01, deadline - time.monotonic())) as response:
        while chunk := response.read(_CHUNK_BYTES):
            chunks.append(chunk)
            if time.monotonic() > deadline:
                return None
    return b"".join(chunks)


def _failed_lately(note: Path) -> bool:
    try:
        return note in _failed_here or time.time() - note.stat().st_mtime < _FORGET_AFTER
    except OSError:
        return False


def _remember(note: Path) -> None:
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        write_whole(note, b"MNIST could not be downloaded. Delete this file to try again before tomorrow.\n")
    except OSError:
        _failed_here.add(note)  # in a folder that cannot be written to, this process remembers, at least

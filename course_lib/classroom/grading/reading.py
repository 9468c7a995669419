"""Read one notebook file that somebody handed in: size, kind, encoding, depth, version. Nothing is run."""

import contextlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 20 * 1024 * 1024
MAX_DEPTH = 100  # levels; a notebook with rich outputs has about ten
MAX_CONTAINERS = 1_000_000  # lists and objects: each costs memory, whatever its size in the file
MAX_CELLS = 1000
_VERSION = 4


class Rejected(Exception):  # noqa: N818
    """A submission cannot be graded; the message says why and what would mend it."""


@dataclass(frozen=True)
class Document:
    """A notebook as plain JSON, and what is to be said about the way it was written."""

    notebook: dict[str, Any]
    notes: tuple[str, ...] = ()


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read a plain file of at most `limit` bytes. Links, pipes and devices are refused without opening them.

    Raises:
        Rejected: when the file is not there, not plain, empty or too large.
    """
    try:
        info = path.lstat()
    except (OSError, ValueError):
        raise Rejected(f"{path} is not there.") from None
    if stat.S_ISDIR(info.st_mode):
        raise Rejected(f"the folder {path.name} holds no notebook.")
    if not stat.S_ISREG(info.st_mode):
        raise Rejected(f"{path.name} is not a notebook file: hand in one file that ends in .ipynb.")
    check_size(path.name, info.st_size, limit)
    # Should the file be exchanged for a link or a pipe now, opening it fails or returns at once.
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        with contextlib.closing(os.fdopen(os.open(path, flags), "rb")) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Rejected(f"{path.name} cannot be read: {error.strerror or error}") from error
    check_size(path.name, len(data), limit)
    return data


def check_size(name: str, size: int, limit: int = MAX_BYTES) -> None:
    """Refuse an empty file and one of more than `limit` bytes.

    Raises:
        Rejected: with the size and the limit.
    """
    if size == 0:
        raise Rejected(f"{name} is empty (0 bytes): save the notebook and hand it in again.")
    if size > limit:
        raise Rejected(f"{name} has {size:,} bytes; at most {limit:,} are read. Clear its outputs.")


def parse(name: str, data: bytes) -> Document:
    """Turn the bytes of a file into a notebook.

    Raises:
        Rejected: when they are no notebook of a version that is known.
    """
    text, notes = _decoded(name, data)
    if text.count("{") + text.count("[") > MAX_CONTAINERS:
        raise Rejected(f"{name} has more than {MAX_CONTAINERS:,} lists and objects. Clear its outputs.")
    try:
        notebook = json.loads(text)
    except RecursionError:
        raise Rejected(_too_deep(name)) from None
    except ValueError as error:
        raise Rejected(f"{name} is no notebook: {error}. Hand in a fresh copy.") from error
    if _depth(notebook) > MAX_DEPTH:
        raise Rejected(_too_deep(name))
    _check_version(name, notebook)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise Rejected(f"{name} is no notebook: it has no list of cells.")
    if len(notebook["cells"]) > MAX_CELLS:
        raise Rejected(f"{name} has {len(notebook['cells'])} cells; at most {MAX_CELLS} are read.")
    return Document(notebook, notes)


def _decoded(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """Decode UTF-8, with or without its mark, and UTF-16 with its mark (some Windows tools write it)."""
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise Rejected(f"{name} is no notebook: its text is UTF-32. Open it in JupyterLab and save it.")
    encoding = "utf-8-sig"
    notes: tuple[str, ...] = ()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding, notes = "utf-16", (f"{name} is written in UTF-16, not UTF-8; it was read all the same",)
    try:
        return data.decode(encoding), notes
    except ValueError as error:
        raise Rejected(f"{name} is no notebook: its bytes are no text ({error}).") from error


def _too_deep(name: str) -> str:
    return (
        f"{name} is no notebook: it nests lists and objects more than {MAX_DEPTH} levels deep. "
        "Clear its outputs."
    )


def _depth(tree: Any) -> int:
    """Count the levels of lists and objects, level by level: a loop, so that depth cannot end the program."""
    depth, level = 0, [tree]
    while level and depth <= MAX_DEPTH:
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = [each for each in below if isinstance(each, dict | list)]
        depth += 1
    return depth


def _check_version(name: str, notebook: Any) -> None:
    version = notebook.get("nbformat", _VERSION) if isinstance(notebook, dict) else _VERSION
    if type(version) is int and version == _VERSION:
        return
    advice = "Open it in JupyterLab and save it: that writes version 4."
    raise Rejected(f"{name} is no notebook of version {_VERSION}: it says nbformat {version!r:.40}. {advice}")

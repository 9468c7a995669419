"""Look into a zip file without unpacking it: nothing is written, and no member can lead anywhere else."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_lib.classroom.grading.reading import MAX_BYTES, Rejected, check_size

MAX_MEMBERS = 50_000
MAX_RATIO = 300  # a notebook full of equal outputs shrinks to a hundredth; a bomb to a thousandth
_RATIO_FROM = 1024 * 1024
MAX_ARCHIVE_BYTES = 4 * 1024**3
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Member:
    """A file in an archive: its path in parts, and what is wrong with it (empty: nothing)."""

    parts: tuple[str, ...]
    name: str
    problem: str = ""


def list_members(path: Path, limit: int = MAX_ARCHIVE_BYTES) -> list[Member]:
    """List the files in a zip archive, hidden ones left out.

    Raises:
        Rejected: when it is no plain zip file, or has too many members.
    """
    size = path.stat().st_size
    if size > limit:
        raise Rejected(f"{path.name} has {size:,} bytes; at most {limit:,} are read.")
    with _opened(path) as archive:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise Rejected(f"{path.name} holds {len(infos):,} files; at most {MAX_MEMBERS:,} are read.")
        return list(_members(infos))


def read_member(path: Path, name: str) -> bytes:
    """Read one member of an archive, up to the size that a notebook may have.

    Raises:
        Rejected: when it is too large, damaged, or shrinks more than any notebook does.
    """
    try:
        with _opened(path) as archive:
            info = archive.getinfo(name)
            check_size(name, info.file_size)
            _check_ratio(info)
            with archive.open(info) as file:
                data = file.read(MAX_BYTES + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        KeyError,
        EOFError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise Rejected(f"{name} in {path.name} cannot be read: {error}") from error
    check_size(name, len(data))
    return data


def _opened(path: Path) -> zipfile.ZipFile:
    if path.is_symlink() or not path.is_file():
        raise Rejected(f"{path.name} is not a plain file.")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Rejected(f"{path.name} is no zip file that can be read: {error}") from error


def _members(infos: list[zipfile.ZipInfo]) -> Iterator[Member]:
    for info in infos:
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts  # some Windows tools write these
        hidden = any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)
        if parts and not hidden and not info.is_dir():
            plain = tuple(part for part in parts if part not in ("..", "/"))
            yield Member(plain or ("unnamed",), info.filename, _problem(info, parts))


def _problem(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    name = info.filename
    if name.startswith("/") or ".." in parts or ":" in parts[0]:
        return f"the archive names a file outside of itself ({name!r:.200}): pack the notebook anew."
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind and not stat.S_ISREG(kind):
        return f"{name} is a link or a device in the archive, not a file: pack the notebook itself."
    if info.flag_bits & _ENCRYPTED:
        return f"{name} is locked with a password: pack it without one."
    return ""


def _check_ratio(info: zipfile.ZipInfo) -> None:
    if info.file_size > _RATIO_FROM and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise Rejected(
            f"{info.filename} shrinks to less than 1/{MAX_RATIO} in the archive: no notebook does."
        )

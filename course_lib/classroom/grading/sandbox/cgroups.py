"""A control group for each session: the kernel counts the memory and the processes of all of it together.

Both layouts are known: version 1 has a folder tree for each kind of limit, version 2 one for all. Where this
process may not make groups, as in most containers, a session has only the limits of each of its processes.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

_MOUNTED = Path("/sys/fs/cgroup")
#: For each kind: the limit's file in version 1, in version 2.
_FILES = {"memory": ("memory.limit_in_bytes", "memory.max"), "pids": ("pids.max", "pids.max")}


class Groups:
    """Places where groups can be made, held open: they can be used after the root folder was changed."""

    def __init__(self) -> None:
        self._places: list[tuple[str, str, int]] = []  # kind, file of the limit, descriptor of the folder
        # (A keeper that was killed leaves its empty groups: they are removed by who comes next.)
        for kind in _FILES:
            for folder, name in _candidates(kind):
                if _can_limit(folder, name):
                    _remove_left_over(folder)
                    self._places.append((kind, name, os.open(folder, os.O_RDONLY | os.O_DIRECTORY)))
                    break

    @property
    def kinds(self) -> frozenset[str]:
        """What can be limited: some of "memory", "pids"."""
        return frozenset(kind for kind, _, _ in self._places)

    def make(self, label: str, limits: dict[str, int]) -> "Group":
        """Make an empty group with limits: bytes of memory, a number of processes."""
        group = Group(label)
        for kind, name, place in self._places:
            with contextlib.suppress(OSError):
                os.mkdir(label, dir_fd=place)
                _write(place, f"{label}/{name}", str(limits[kind]))
                group.places.append(place)
                group.kinds.add(kind)
        return group


class Group:
    """One session's group."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.places: list[int] = []
        self.kinds: set[str] = set()

    def join(self) -> None:
        """Put the calling process in; its children will be born in it."""
        for place in self.places:
            _write(place, f"{self.label}/cgroup.procs", "0")

    def members(self) -> set[int]:
        """Return who is in it."""
        found: set[int] = set()
        for place in self.places:
            with contextlib.suppress(OSError):
                found |= set(map(int, _read(place, f"{self.label}/cgroup.procs").split()))
        return found

    def remove(self) -> None:
        """Remove the empty group; the kernel may need a moment after the last process."""
        for place in self.places:
            for _ in range(50):
                try:
                    os.rmdir(self.label, dir_fd=place)
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)


def _candidates(kind: str) -> Iterator[tuple[Path, str]]:
    """Yield folders where a group might be made, with the file of its limit.

    In version 2 a group that holds processes cannot have groups with limits in it: then one around it may do.
    """
    first, second = _FILES[kind]
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            number, kinds, path = line.split(":", 2)
            if kind in kinds.split(","):
                yield _MOUNTED / kinds / path.lstrip("/"), first
            elif number == "0":
                own = _MOUNTED / path.lstrip("/")
                yield own, second
                yield from ((folder, second) for folder in own.parents if folder.is_relative_to(_MOUNTED))


def _can_limit(folder: Path, name: str) -> bool:
    """Try to make a group below with this limit."""
    trial = folder / f"course-trial-{os.getpid()}"
    try:
        trial.mkdir()
    except OSError:
        return False
    try:
        return os.access(trial / name, os.W_OK)
    finally:
        with contextlib.suppress(OSError):
            trial.rmdir()


def _remove_left_over(folder: Path) -> None:
    for group in folder.glob("course-[0-9]*"):
        if not Path(f"/proc/{group.name.removeprefix('course-')}").exists():
            with contextlib.suppress(OSError):
                group.rmdir()


def _write(place: int, path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY, dir_fd=place)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _read(place: int, path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY, dir_fd=place)
    try:
        return os.read(descriptor, 1 << 20).decode()
    finally:
        os.close(descriptor)

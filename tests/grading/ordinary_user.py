"""Run a program as a user without any rights: `python ordinary_user.py PROGRAM ARGUMENTS…`, started by root.

The interpreter and the course may lie in root's home, which nobody else can enter; the program gets a view in
which they can be read there. The view is the program's own and leaves no trace.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from course_lib.classroom.grading.sandbox import linux

USER = 23456


def open_the_way_to(*needed: str) -> None:
    """Let everybody reach these folders, and nothing else of a folder that is closed on the way to them."""
    linux.unshare(linux.NEW_MOUNTS)
    linux.mount("none", "/", flags=linux.RECURSIVE | linux.PRIVATE)
    linux.mount("hold", "/mnt", "tmpfs")
    held = {path: f"/mnt/{number}" for number, path in enumerate(needed)}
    for path, place in held.items():
        os.mkdir(place)
        linux.mount(path, place, flags=linux.BIND | linux.RECURSIVE)
    for closed in sorted({folder for path in needed if (folder := closed_folder(path))}):
        linux.mount("open", closed, "tmpfs", data="mode=755")
    for path, place in held.items():
        if not os.path.exists(path):
            os.makedirs(path)
            linux.mount(place, path, flags=linux.BIND | linux.RECURSIVE)


def closed_folder(path: str) -> str | None:
    """Return the outermost folder above `path` that not everybody may enter."""
    closed = (str(folder) for folder in reversed(Path(path).parents) if not folder.stat().st_mode & 0o001)
    return next(closed, None)


def main(program: list[str]) -> None:
    course = Path(__file__).resolve().parents[2]
    open_the_way_to(os.path.realpath(sys.base_prefix), os.path.realpath(sys.prefix), str(course))
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.environ["HOME"] = "/tmp"
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])

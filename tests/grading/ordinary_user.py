"""Run a program as a user without any rights: `python ordinary_user.py PROGRAM ARGUMENTS…`, started by root.

The interpreter may lie in root's home, which nobody else can enter; the program gets a view in which the
interpreter can be read there. The view is the program's own and leaves no trace.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from course_lib.classroom.grading.sandbox import linux

USER = 23456


def open_the_way_to(base: str) -> None:
    linux.unshare(linux.NEW_MOUNTS)
    linux.mount("none", "/", flags=linux.RECURSIVE | linux.PRIVATE)
    linux.mount("hold", "/mnt", "tmpfs")
    os.mkdir("/mnt/base")
    linux.mount(base, "/mnt/base", flags=linux.BIND | linux.RECURSIVE)
    home = Path.home()
    if Path(base).is_relative_to(home):
        linux.mount("home", str(home), "tmpfs", data="mode=755")
        os.makedirs(base)
        linux.mount("/mnt/base", base, flags=linux.BIND | linux.RECURSIVE)


def main(program: list[str]) -> None:
    open_the_way_to(os.path.realpath(sys.base_prefix))
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.environ["HOME"] = "/tmp"
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])

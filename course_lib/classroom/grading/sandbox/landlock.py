"""Landlock: a process gives up, for itself and its children, every file but the named ones.

It needs no rights and works beside namespaces as a second wall (man 7 landlock). Newer kernels can also close
TCP, abstract sockets, and signals to processes outside; what a kernel does not know is left out, and the
attempts at start-up show it.
"""

import ctypes
import os
from collections.abc import Iterable

from course_lib.classroom.grading.sandbox import linux

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_BENEATH = 1
_LIST = 0b1000
_READ = 0b0101 | _LIST  # execute, read a file, list a folder
_FILE_RIGHTS = 0b1100000000000111  # those that a single file can have
_OF_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights to files each version knows
_NO_TCP, _NO_OUTSIDE = 0b11, 0b11


def version() -> int:
    """Return which version of Landlock the kernel has, or 0."""
    try:
        return linux.system_call(_CREATE, None, 0, 1)
    except OSError:
        return 0


def restrict(readable: Iterable[str], listable: Iterable[str], writable: Iterable[str]) -> None:
    """Keep only these files and folders, with all below them; of the listable ones only the names.

    Raises:
        OSError: when the kernel has no Landlock.
    """
    known = linux.system_call(_CREATE, None, 0, 1)
    every = (1 << _OF_VERSION[min(known, 5)]) - 1
    words = (ctypes.c_uint64 * 3)(every, _NO_TCP, _NO_OUTSIDE)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = linux.system_call(_CREATE, words, size, 0)
    try:
        for path in readable:
            _allow(rules, path, _READ)
        for path in listable:
            _allow(rules, path, _LIST)
        for path in writable:
            _allow(rules, path, every)
        linux.system_call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no permission
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        rule = ctypes.create_string_buffer(rights.to_bytes(8, "little") + place.to_bytes(4, "little"), 12)
        linux.system_call(_ADD, rules, _BENEATH, rule, 0)
    finally:
        os.close(place)

"""The system calls of Linux that Python does not offer, each as a function that raises `OSError`.

Everything else of the sandbox is written with these. On another system, each of them raises `OSError` too.
"""

import ctypes
import errno
import os
import sys
from functools import cache
from platform import machine
from typing import Any

# Namespaces: what a process sees of the system (man 7 namespaces).
NEW_TIME, NEW_MOUNTS, NEW_CGROUPS, NEW_NAMES = 0x80, 0x20000, 0x2000000, 0x4000000
NEW_IPC, NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x8000000, 0x10000000, 0x20000000, 0x40000000

# Flags of mount(2) and umount2(2).
NO_SETUID, NO_DEVICES, NO_PROGRAMS, BIND, RECURSIVE, PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 1 << 18
_DETACH = 2
_HERE, _AT_RECURSIVE = -100, 0x8000

# Operations of prctl(2).
_PARENT_DEATH_SIGNAL, _DUMPABLE, _NO_NEW_PRIVILEGES, _SECCOMP, _DROP_CAPABILITY = 1, 4, 38, 22, 24
_SECURE_BITS, _SUBREAPER, _AMBIENT = 28, 36, 47

#: Numbers of system calls: on x86-64 and on 64-bit ARM; those from 424 on are the same everywhere.
_NUMBERS = {"x86_64": {"pivot_root": 155, "capset": 126}, "aarch64": {"pivot_root": 41, "capset": 91}}
_MOUNT_SETATTR = 442


def available() -> bool:
    """Tell whether this is a Linux whose system calls we know by number."""
    return sys.platform == "linux" and machine() in _NUMBERS


@cache
def _library() -> Any:
    if not available():
        raise OSError(errno.ENOSYS, f"no sandbox for {sys.platform} on {machine()}")
    return ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: Any) -> int:
    """Call a function of the C library.

    Raises:
        OSError: when it answers -1.
    """
    result = int(getattr(_library(), function)(*arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{function}: {os.strerror(code)}")
    return result


def system_call(number: int, *arguments: Any) -> int:
    """Make a system call by its number; whole numbers are passed as 64 bits."""
    wide = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return call("syscall", ctypes.c_long(number), *wide)


def unshare(namespaces: int) -> None:
    """Give this process new namespaces; a new one for processes holds for its children only."""
    call("unshare", namespaces)


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """Mount a file system of a `kind`, or bind a place to another with `BIND`."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    call("mount", *texts[:3], ctypes.c_ulong(flags), texts[3])


def unmount(target: str) -> None:
    call("umount2", os.fsencode(target), _DETACH)


def make_read_only(target: str, *, devices: bool = False, recursive: bool = True) -> None:
    """Forbid writing below a mount, and programs that change the user; devices too unless they are wanted."""
    forbidden = 0x1 | 0x2 | (0 if devices else 0x4)
    attributes = (ctypes.c_uint64 * 4)(forbidden, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    system_call(_MOUNT_SETATTR, _HERE, os.fsencode(target), flags, attributes, ctypes.sizeof(attributes))


def change_root(root: str, old: str) -> None:
    """Make `root` the root folder of this mount namespace; what was it before hangs at `old`, below."""
    system_call(_NUMBERS[machine()]["pivot_root"], os.fsencode(root), os.fsencode(old))


def die_with_parent(signal_number: int) -> None:
    call("prctl", _PARENT_DEATH_SIGNAL, signal_number, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of all descendants whose own parent ends."""
    call("prctl", _SUBREAPER, 1, 0, 0, 0)


def give_up_new_privileges() -> None:
    """From now on no program, whoever owns it, gives this process more rights."""
    call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def allow_reading_memory() -> None:
    """Undo what a change of user does: processes of the new user may look at this one."""
    call("prctl", _DUMPABLE, 1, 0, 0, 0)


def install_filter(program: Any) -> None:
    """Install a seccomp filter on this process and its future children."""
    call("prctl", _SECCOMP, 2, ctypes.byref(program), 0, 0)


def lock_capabilities() -> None:
    """Rule out that this process, whose user may change yet, ever gets capabilities by starting a program."""
    number = 0
    while True:
        try:
            call("prctl", _DROP_CAPABILITY, number, 0, 0, 0)
        except OSError as error:
            if error.errno == errno.EINVAL:  # beyond the last one
                break
            raise
        number += 1
    call("prctl", _AMBIENT, 4, 0, 0, 0)
    call("prctl", _SECURE_BITS, 0b101111, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up every capability that this process has."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    system_call(_NUMBERS[machine()]["capset"], header, (ctypes.c_uint32 * 6)())

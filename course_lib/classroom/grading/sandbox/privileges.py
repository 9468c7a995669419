"""Become somebody who owns nothing: a user of the session's own, without capabilities."""

import contextlib
import os
from pathlib import Path

from course_lib.classroom.grading.sandbox import linux

#: Users from here on belong to nobody on ordinary systems. Each session gets one of its own, because the
#: limit on processes counts per user: a fork bomb then takes nothing from its neighbours.
_FIRST_USER = 0x70000000
_SMALL_SYSTEM = range(60_100, 65_000)


def user_for(process: int) -> int:
    """Return the number of a user for the session whose keeper is `process`; two at once never share one."""
    if _exists(_FIRST_USER) and _exists(_FIRST_USER + 2**22):
        return _FIRST_USER + process
    return _SMALL_SYSTEM[process % len(_SMALL_SYSTEM)]  # in a container that knows few users


def _exists(user: int) -> bool:
    """Tell whether this user namespace knows the number (man 7 user_namespaces, "uid_map")."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/uid_map").read_text().splitlines():
            first, _, count = map(int, line.split())
            if first <= user < first + count:
                return True
    return False


def drop(user: int | None) -> None:
    """Change to `user` for good (None: stay who one is), and give up every capability and way to one.

    Raises:
        OSError: when this process may not change its user.
    """
    with contextlib.suppress(OSError):  # who has no capabilities cannot lock them, and need not
        linux.lock_capabilities()
    if user is not None:
        become(user)
    linux.give_up_new_privileges()
    linux.drop_capabilities()


def become(user: int) -> None:
    """Change to `user` for good, in no group but its own.

    Raises:
        OSError: when this process may not.
    """
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)

"""Which files a session may read: the interpreter, its packages, the library, what programs need to start.

Not among them: the course's tests, solutions and exercises, anybody's home, anybody's submissions.
"""

import os
import sys
from pathlib import Path

#: What the dynamic linker, the clock, fonts and certificates need.
_SYSTEM = (
    "/bin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib",
    "/usr/share/fonts", "/usr/share/zoneinfo", "/usr/share/mime", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/localtime", "/etc/fonts", "/etc/ssl/certs", "/etc/mime.types",
    "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
_OF_PREFIX = ("bin", "lib", "lib64", "pyvenv.cfg")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def library() -> Path:
    """Return the folder of the package `course_lib`."""
    return Path(__file__).resolve().parents[3]


def readable() -> list[str]:
    """List the files and folders, none of them below another."""
    prefixes = {os.path.realpath(each) for each in (sys.prefix, sys.exec_prefix, sys.base_prefix)}
    named = {sys.prefix, sys.exec_prefix, sys.base_prefix} | prefixes
    wanted = {str(library()), *_SYSTEM, *(f"{prefix}/{part}" for prefix in named for part in _OF_PREFIX)}
    wanted |= {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}
    there = {path for path in wanted if os.path.exists(path)}
    return sorted(path for path in there if not any(str(parent) in there for parent in Path(path).parents))


def readable_outside() -> list[str]:
    """List what a session may read where it has no tree of its own."""
    return [*readable(), *DEVICES, "/proc", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"]


def search_path() -> list[str]:
    """Return where a session's Python looks for modules: this one's places, as far as they are readable."""
    roots = [*readable(), str(library().parent)]
    kept = [path for path in sys.path if any(path == root or path.startswith(f"{root}/") for root in roots)]
    return kept if str(library().parent) in kept else [str(library().parent), *kept]

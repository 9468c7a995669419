"""The files that the warm process and its sessions see: a small tree of read-only places, made once.

/                    read-only, in memory
/usr, /lib, …        the system's programs and libraries
<the interpreter>    where it is outside too, with its packages
<the course>         only the package course_lib
/tmp, /dev/shm       each session puts private ones in their place (a course that lies in /tmp shows through)
/proc                each session sees its own processes only
"""

import os
import tempfile
from pathlib import Path

from course_lib import platform
from course_lib.classroom.grading.sandbox import linux, places

_OLD = ".outside"
_USERS = "root:x:0:0::/:/bin/false\nstudent:x:{user}:{user}:student:/tmp:/bin/false\n"


def enter_user_namespace(inside: int) -> None:
    """Be user `inside`, with every right over namespaces made from now on: how it goes without root."""
    user, group = platform.user_and_group()
    linux.unshare(linux.NEW_USERS)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {user} 1"),
        ("gid_map", f"{inside} {group} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)


def build() -> None:
    """Give this process the small tree as its root.

    Raises:
        OSError: when the system does not allow it.
    """
    linux.unshare(linux.NEW_MOUNTS)
    linux.mount("none", "/", flags=linux.RECURSIVE | linux.PRIVATE)
    root = tempfile.mkdtemp(prefix="course-view-")
    linux.mount("view", root, "tmpfs", linux.NO_SETUID | linux.NO_DEVICES, "mode=755,size=4m")
    _furnish(Path(root))
    linux.mount("warm", f"{root}/tmp", "tmpfs", linux.NO_SETUID | linux.NO_DEVICES, "mode=755,size=64m")
    for path in places.readable():
        _show(path, root)
    for device in places.DEVICES:
        _show(device, root, devices=True)
    linux.mount("/proc", f"{root}/proc", flags=linux.BIND | linux.RECURSIVE)
    linux.change_root(root, f"{root}/{_OLD}")
    os.chdir("/")
    os.rmdir(f"/{_OLD}{root}")  # nothing is mounted there any more
    linux.unmount(f"/{_OLD}")
    os.rmdir(f"/{_OLD}")
    linux.make_read_only("/", devices=True, recursive=False)


def make_private(disk_bytes: int, shared_bytes: int, user: int) -> None:
    """Give a session, in its new mount and process namespaces, its own temporary files and processes."""
    safe = linux.NO_SETUID | linux.NO_DEVICES
    covered = {path: os.open(path, os.O_PATH) for path in places.readable() if path.startswith("/tmp/")}
    for place, size in (("/tmp", disk_bytes), ("/dev/shm", shared_bytes)):
        options = f"mode=700,size={size},nr_inodes=20000,uid={user},gid={user}"
        linux.mount("private", place, "tmpfs", safe, options)
    for path, descriptor in covered.items():
        _make_place(Path(path), is_folder=os.path.isdir(f"/proc/self/fd/{descriptor}"))
        linux.mount(
            f"/proc/self/fd/{descriptor}", path, flags=linux.BIND | linux.RECURSIVE
        )  # read-only still
        os.close(descriptor)
    try:
        linux.mount("proc", "/proc", "proc", safe | linux.NO_PROGRAMS)
    except OSError:  # in a container whose own /proc is partly hidden: then there is none
        linux.mount("none", "/proc", "tmpfs", safe | linux.NO_PROGRAMS, "mode=555,size=4k")


def _show(path: str, root: str, *, devices: bool = False) -> None:
    """Bind a place of the outside at the same path below `root`, read-only; links stay links."""
    target = Path(root + path)
    if os.path.islink(path):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        target.symlink_to(os.readlink(path))
        return
    _make_place(target, is_folder=os.path.isdir(path))
    linux.mount(path, str(target), flags=linux.BIND | (0 if devices else linux.RECURSIVE))
    if not devices:
        linux.make_read_only(str(target))


def _make_place(target: Path, *, is_folder: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    if is_folder:
        target.mkdir(exist_ok=True)
    else:
        target.touch()


def _furnish(root: Path) -> None:
    for folder in ("proc", "tmp", "dev/shm", "etc", _OLD):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "etc/passwd").write_text(_USERS.format(user=65534))
    (root / "etc/group").write_text("root:x:0:\nstudent:x:65534:\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(target)

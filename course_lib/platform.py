"""Know what this machine can do, and use what only some systems have.

Lesson 00 checks the machine with these functions, lesson 12 counts cores with them, and the grader bounds a
student's process with them. This is the only file that touches what POSIX alone offers (`fcntl`, `resource`,
`os.fork`, process groups, `/dev/shm`). Each function works on Linux, macOS and Windows; where a system lacks
something, the function says so in its return value instead of failing.
"""

import contextlib
import math
import multiprocessing
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

_CGROUPS = Path("/sys/fs/cgroup")
_SHARED_MEMORY = Path("/dev/shm")
# Version 1 control groups write "no limit" as a number near 2**63.
_UNLIMITED = 2**60
# How long a wait looks before it sleeps: a few times what being woken takes.
_AWAKE_SECONDS = 0.0002


def available_cores() -> int:
    """Count the cores this process may use: its affinity and its container's quota, never less than 1."""
    quota = _cgroup_cores()
    allowed = _affinity()
    return max(1, allowed if quota is None else min(allowed, math.ceil(quota)))


def memory_limit() -> int | None:
    """Return the bytes of memory this process may use: the machine's, or its container's if that is less.

    None where the system does not say.
    """
    known = [size for size in (_physical_memory(), _cgroup_memory()) if size is not None]
    return min(known, default=None)


def shared_memory_size() -> int | None:
    """Return the size of `/dev/shm` in bytes; None on systems that have no such folder."""
    if not hasattr(os, "statvfs") or not _SHARED_MEMORY.is_dir():
        return None
    status = os.statvfs(_SHARED_MEMORY)
    return status.f_blocks * status.f_frsize


def remove_shared_memory(prefix: str) -> None:
    """Remove the names in `/dev/shm` that begin with `prefix`; what is mapped of them stays."""
    for path in _SHARED_MEMORY.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def peak_memory() -> int | None:
    """Return the most bytes of memory this process has held at once; None where the system does not say."""
    # On Linux getrusage starts from what the parent held, if that was more: the kernel's own note does not.
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    resource = _module("resource")
    if resource is None:
        return _windows_peak_memory()
    peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak if sys.platform == "darwin" else peak * 1024  # only macOS counts in bytes


def open_files_limit() -> int | None:
    """Return how many files this process may hold open at once; None where the system does not say."""
    resource = _module("resource")
    if resource is None:
        return None
    limit = int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return None if limit == resource.RLIM_INFINITY else limit


def can_fork() -> bool:
    """Tell whether a process can copy itself."""
    return hasattr(os, "fork")


def start_methods() -> tuple[str, ...]:
    """Return the ways to start a worker process, the default first: some of fork, forkserver, spawn."""
    if not can_fork():
        return ("spawn",)
    return tuple(multiprocessing.get_all_start_methods())


def memory_kills() -> int | None:
    """Count the processes that this system has ended for want of memory since it started.

    None where it does not say, as outside Linux.
    """
    try:
        counters = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
        return int(counters["oom_kill"])
    except (OSError, ValueError, KeyError):
        return None


def make_memory_file() -> int | None:
    """Return the descriptor of a new file that lies in memory and has no name; None where there is none."""
    try:
        return os.memfd_create("course_lib")
    except (AttributeError, OSError):
        return None


def make_poll(descriptors: Iterable[int]) -> Callable[[float | None], set[int]] | None:
    """Return a function that waits until some of these file descriptors can be read, and tells which.

    It takes the seconds to wait, or None to wait for as long as it takes. 0 seconds cost one system call.
    A longer wait stays awake for a moment: being woken takes longer than a fast worker needs for a batch.
    None where descriptors cannot be waited for in this way, as on Windows.
    """
    if not hasattr(select, "poll"):
        return None
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)

    def look(milliseconds: float | None) -> set[int]:
        return {descriptor for descriptor, _ in poll.poll(milliseconds)}

    def wait(timeout: float | None) -> set[int]:
        awake_until = time.perf_counter() + _AWAKE_SECONDS
        while timeout != 0 and time.perf_counter() < awake_until:
            if ready := look(0):
                return ready
            give_way()
        return look(None if timeout is None else math.ceil(timeout * 1000))

    return wait


def forks() -> int:
    """Say how often this process has been forked: each time another got all that it held then."""
    return _fork_counter.count


def give_way() -> None:
    """Let another process that waits for this core have it now, where the system can be asked for that."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()


def is_root() -> bool:
    """Tell whether this process belongs to the superuser; on Windows there is none."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def user_and_group() -> tuple[int, int]:
    """Return the numbers of this process's user and group. Only on POSIX."""
    return os.geteuid(), os.getegid()


def start_alarm(seconds: float, ring: Callable[[], None]) -> bool:
    """Call `ring` after `seconds`, in the middle of whatever the main thread does then. It may raise.

    Returns:
        Whether the alarm is set: only POSIX has one, and only for the main thread.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return False
    signal.signal(signal.SIGALRM, lambda number, frame: ring())
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return True


def stop_alarm() -> None:
    """Call off what `start_alarm` has set."""
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


@contextlib.contextmanager
def ignore_interrupts() -> Iterator[None]:
    """Leave Ctrl-C to a child in the foreground for the time of a `with`."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def file_lock(path: str | os.PathLike[str]) -> Iterator[None]:
    """Lock the file at `path` (created if missing) against other processes for the time of a `with`."""
    with open(path, "a+b") as file:
        file.seek(0)  # Windows locks bytes from here on, the others the whole file
        unlock = _lock(file.fileno())
        try:
            yield
        finally:
            unlock()


def set_limits(
    wall_seconds: float | None = None,
    cpu_seconds: float | None = None,
    memory_bytes: int | None = None,
    address_bytes: int | None = None,
    processes: int | None = None,
    open_files: int | None = None,
    file_bytes: int | None = None,
) -> frozenset[str]:
    """Bound the process that calls this, for the rest of its life. Meant for a child that runs foreign code.

    Args:
        wall_seconds: the process is ended after this time, whatever it is doing.
        cpu_seconds: the process is ended once it has computed this long, rounded up to whole seconds.
        memory_bytes: private memory beyond this is refused, so Python raises `MemoryError`.
        address_bytes: the same for all memory that has an address, files and shared memory included.
        processes: how many processes and threads its user may have; the superuser's are not counted.
        open_files: how many files it may hold open at once.
        file_bytes: the size of each file that it writes; it leaves no core dump either.

    Returns:
        The names of the limits in force: some of "wall", "cpu", "memory", "address", "processes",
        "open_files", "file".

    Raises:
        ValueError: a limit is not a positive number.
    """
    given = {
        "wall_seconds": wall_seconds,
        "cpu_seconds": cpu_seconds,
        "memory_bytes": memory_bytes,
        "address_bytes": address_bytes,
        "processes": processes,
        "open_files": open_files,
        "file_bytes": file_bytes,
    }
    for name, limit in given.items():
        if limit is not None and not limit > 0:
            raise ValueError(
                f"{name} must be a positive number or None, got {limit!r}. A limit of zero would end the "
                f"process at once: give a number above zero, or None for no limit."
            )
    in_force = {
        "wall": wall_seconds is not None and _limit_wall(wall_seconds),
        "cpu": cpu_seconds is not None and _limit("RLIMIT_CPU", math.ceil(cpu_seconds)),
        "memory": memory_bytes is not None and _limit_memory(memory_bytes),
        "address": address_bytes is not None and _limit("RLIMIT_AS", address_bytes),
        "processes": processes is not None and _limit("RLIMIT_NPROC", processes),
        "open_files": open_files is not None and _limit("RLIMIT_NOFILE", open_files),
        "file": file_bytes is not None and _limit("RLIMIT_FSIZE", file_bytes) and _limit("RLIMIT_CORE", 0),
    }
    return frozenset(name for name, holds in in_force.items() if holds)


def address_space() -> int:
    """Return how many bytes of this process's memory have an address; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def user_tasks() -> int:
    """Count the processes and threads of this process's user, as a limit does; 0 where nothing says."""
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                count += len(os.listdir(folder / "task"))
    return count


def fork() -> int:
    """Copy this process: the number of the copy here, 0 in the copy. Only where `can_fork` says so."""
    return os.fork()


def kill(pid: int) -> None:
    """End one process at once. A dead one is no error, nor is one of somebody else's."""
    if sys.platform == "win32":
        _signal(pid, signal.SIGTERM)
    else:
        _signal(pid, signal.SIGKILL)


def kill_user() -> None:
    """End every process of this process's user at once, itself too. Only for a user made for the purpose.

    Raises:
        ValueError: when the user is the superuser.
    """
    if is_root():
        raise ValueError("kill_user ends all processes of a user, and this is the superuser: change it first")
    os.kill(-1, signal.SIGKILL)


def descendants() -> set[int]:
    """Return the processes that descend from this one, without those that only wait to be buried."""
    parents = _parents()
    members = {os.getpid()}
    while children := {child for child, parent in parents.items() if parent in members} - members:
        members |= children
    return {each for each in members - {os.getpid()} if _alive(each)}


def kill_descendants() -> bool:
    """End all that descends from this process; tells whether anything was found alive.

    Where an orphan goes to another parent, it is found only as long as its own parent lives.
    """
    found = False
    while fresh := descendants():
        found = True
        for number in (signal.SIGSTOP, signal.SIGKILL):  # the stopped cannot start others meanwhile
            for each in fresh:
                _signal(each, number)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    return found


def listen_locally(folder: str | None = None) -> tuple[socket.socket, Any, Callable[[], None]]:
    """Listen where only processes of this machine can connect.

    Args:
        folder: where the socket's file lies, with the name "door"; None makes a folder.

    Returns:
        The listening socket, its address for `connect_locally`, and a function that removes what was made.
    """
    if not hasattr(socket, "AF_UNIX"):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        return listener, listener.getsockname(), lambda: None
    place = tempfile.mkdtemp(prefix="course-") if folder is None else folder
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    address = os.path.join(place, "door")
    listener.bind(address)
    listener.listen(64)
    return listener, address, lambda: shutil.rmtree(place, ignore_errors=True) if folder is None else None


def listen_abstract(name: str) -> socket.socket:
    """Listen under a name of Linux's that belongs to no file."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0" + name)
    listener.listen(1)
    return listener


def connect_locally(address: Any) -> socket.socket:
    """Connect to what `listen_locally` made."""
    if not isinstance(address, str):
        return socket.create_connection(tuple(address))
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(address)
    return connection


def new_process_group() -> bool:
    """Make the calling process the head of a group, so that it and its children can be ended together.

    Returns:
        Whether it now is one. On Windows a group can only be made at the start: `process_group_arguments`.
    """
    if sys.platform == "win32":
        return False
    try:
        os.setsid()
    except PermissionError:  # it is the head of its group already
        return os.getpgid(0) == os.getpid()
    return True


def process_group_arguments() -> dict[str, Any]:
    """Return the keyword arguments with which `subprocess.Popen` starts a child as head of a group."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def kill_process_tree(pid: int) -> None:
    """End the process `pid`, all that descend from it, and all of its group. A dead one is no error.

    Raises:
        ValueError: `pid` is not another process's number; 0 and negative numbers would mean whole groups.
    """
    if pid <= 0 or pid == os.getpid():
        raise ValueError(
            f"kill_process_tree ends another process, got pid {pid}. A process number is above zero and not "
            f"this process's own ({os.getpid()}): pass the `pid` of a child you started."
        )
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(pid)]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return
    for each in _frozen_tree(pid):
        _signal(each, signal.SIGKILL)


def _module(name: str) -> Any:
    """Import a module that only some systems have: the module, or None."""
    try:
        return import_module(name)
    except ImportError:
        return None


def _affinity() -> int:
    """Count the cores that the operating system lets this process run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_folders(controller: str) -> Iterator[Path]:
    """Yield the control group of this process and those around it, in versions 1 and 2 of their layout."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _CGROUPS / controllers
        folder = root / path.lstrip("/")
        yield folder
        yield from (parent for parent in folder.parents if parent.is_relative_to(root))


def _cgroup_numbers(controller: str, file_name: str) -> Iterator[list[str]]:
    """Yield the words of a control file from each control group around this process that has it."""
    for folder in _cgroup_folders(controller):
        with contextlib.suppress(OSError):
            yield (folder / file_name).read_text().split()


def _cgroup_cores() -> float | None:
    """Return the least processor quota around this process, in cores; None without one."""
    pairs = _cgroup_numbers("cpu", "cpu.max")
    limits = [int(quota) / int(period) for quota, period in pairs if quota != "max"]
    quotas = _cgroup_numbers("cpu", "cpu.cfs_quota_us")
    periods = _cgroup_numbers("cpu", "cpu.cfs_period_us")
    limits += [int(quota) / int(period) for (quota,), (period,) in zip(quotas, periods) if int(quota) > 0]
    return min(limits, default=None)


def _cgroup_memory() -> int | None:
    """Return the least memory limit around this process, in bytes; None without one."""
    files = (("memory", "memory.max"), ("memory", "memory.limit_in_bytes"))
    sizes = [int(word) for file in files for (word,) in _cgroup_numbers(*file) if word != "max"]
    return min((size for size in sizes if size < _UNLIMITED), default=None)


def _physical_memory() -> int | None:
    """Return the machine's memory in bytes; None where the system does not say."""
    if sys.platform == "win32":
        return _windows_physical_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _windows_physical_memory() -> int | None:
    if sys.platform != "win32":
        return None
    import ctypes

    size = ctypes.c_ulonglong(0)
    if not ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(size)):
        return None
    return size.value * 1024


def _windows_peak_memory() -> int | None:
    if sys.platform != "win32":
        return None
    import ctypes

    # The record PROCESS_MEMORY_COUNTERS: its size, a fault count, then sizes, of which the first is the peak.
    class Counters(ctypes.Structure):
        _fields_ = [("size", ctypes.c_ulong), ("faults", ctypes.c_ulong), ("sizes", ctypes.c_size_t * 8)]

    counters = Counters(size=ctypes.sizeof(Counters))
    process = ctypes.c_void_p(ctypes.windll.kernel32.GetCurrentProcess())
    known = ctypes.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size)
    return int(counters.sizes[0]) if known else None


def _lock(descriptor: int) -> Callable[[], object]:
    """Lock an open file, waiting for as long as it takes. Returns the function that unlocks it."""
    fcntl, msvcrt = _module("fcntl"), _module("msvcrt")
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return lambda: fcntl.flock(descriptor, fcntl.LOCK_UN)
    if msvcrt is None:
        return lambda: None
    while True:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # gives up after ten seconds, hence the loop
        except OSError:
            time.sleep(0.1)
        else:
            return lambda: msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)


def _limit(name: str, value: int) -> bool:
    """Lower one of the system's limits on this process; tell whether it holds."""
    resource = _module("resource")
    if resource is None:
        return False
    which = getattr(resource, name)
    soft, hard = resource.getrlimit(which)
    # The hard limit stands one above, so that the first signal (CPU time) can still be told from the last.
    ceiling = value + 1 if hard == resource.RLIM_INFINITY else min(hard, value + 1)
    lowered = min(value, ceiling) if soft == resource.RLIM_INFINITY else min(value, ceiling, soft)
    try:
        resource.setrlimit(which, (lowered, ceiling))
    except (ValueError, OSError):
        return False
    return True


def _limit_memory(size: int) -> bool:
    """Bound private writable memory, "data" to Linux; other systems accept such a limit but do not hold it.

    The address space (RLIMIT_AS) would count torch's libraries too: gigabytes that are mapped, not used.
    """
    return sys.platform == "linux" and _limit("RLIMIT_DATA", size)


def _limit_wall(seconds: float) -> bool:
    """End this process after `seconds`, even while it is busy outside Python where signals allow that."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return True
    timer = threading.Timer(seconds, os._exit, args=(124,))
    timer.daemon = True
    timer.start()
    return True


def _parents() -> dict[int, int]:
    """Return the parent of every process of this machine."""
    if not sys.platform.startswith("linux"):
        listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False)
        pairs = (line.split() for line in listing.stdout.splitlines())
        return {int(pid): int(parent) for pid, parent in pairs}
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # A program's name stands in brackets and may hold spaces, so the fields are counted after it.
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
    return parents


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return not sys.platform.startswith("linux") and _group_of(pid) is not None
    except OSError:
        return False


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _tree(pid: int) -> set[int]:
    """Return `pid`, all that descend from it, and all of the group that it heads."""
    parents = _parents()
    members = {pid} | {each for each in parents if _group_of(each) == pid}
    while True:
        children = {child for child, parent in parents.items() if parent in members} - members
        if not children:
            return members - {os.getpid()}
        members |= children


def _frozen_tree(pid: int) -> set[int]:
    """Stop a whole tree and return it: stopped processes cannot start others while we look for them."""
    frozen: set[int] = set()
    while fresh := _tree(pid) - frozen:
        for each in fresh:
            _signal(each, signal.SIGSTOP)
        frozen |= fresh
    return frozen


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


class _ForkCounter:
    """Counts, in the process that forks."""

    count = 0

    def note(self) -> None:
        self.count += 1


_fork_counter = _ForkCounter()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=_fork_counter.note)

"""Forbidden acts, to be attempted from inside a session at start-up: what comes of them tells the tier.

Nothing here looks at versions or settings. `attempt_all` runs in a session; `Bait` is laid out by the judge.
"""

import contextlib
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from course_lib import platform
from course_lib.classroom.grading.sandbox import linux

_SEIZE = 0x4206

#: The acts in the order in which they are attempted, as they are told to people.
ACTS = (
    "read the judge's files",
    "list the home folder",
    "write outside",
    "see the judge's environment",
    "connect by TCP",
    "send by UDP",
    "connect to an abstract socket",
    "see other processes",
    "signal the judge",
    "read the judge's memory",
    "trace a process",
    "make a namespace",
    "become root",
    "fork without end",
    "take memory without end",
    "fill the disk",
)


def attempt_all(bait: dict[str, Any]) -> dict[str, list[Any]]:
    """Attempt every act; returns for each whether it was refused, and how it went in words."""
    return {name: list(_attempt(act, bait)) for name, act in zip(ACTS, _ACTS)}


def missing() -> str:
    """Say what a session lacks that every student's code may use; nothing if it has all."""
    try:
        from multiprocessing import shared_memory

        done = subprocess.run(
            [sys.executable, "-c", "import wave, msgpack"], capture_output=True, check=False
        )
        if done.returncode:
            return f"a new interpreter fails: {done.stderr.decode(errors='replace').strip()[-200:]}"
        memory = shared_memory.SharedMemory(create=True, size=4096)
        memory.close()
        memory.unlink()
        multiprocessing.get_context("fork").Lock()
    except (PermissionError, ImportError):
        return (
            f"its user cannot read the interpreter in {sys.base_prefix}: install one outside of home folders"
        )
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _attempt(act: Callable[[dict[str, Any]], str], bait: dict[str, Any]) -> tuple[bool, str]:
    try:
        done = act(bait)
    except (OSError, MemoryError, AttributeError) as error:
        return True, f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
    return not done, done or "refused"


def _read(bait: dict[str, Any]) -> str:
    with open(bait["file"]) as file:
        return f"read {len(file.read())} characters"


def _list(bait: dict[str, Any]) -> str:
    seen = set(os.listdir(bait["home"])) & set(bait["names"])  # the way to the interpreter may be there
    return f"{len(seen)} names" if seen else ""


def _write(bait: dict[str, Any]) -> str:
    with open(os.path.join(bait["folder"], "written"), "w") as file:
        file.write("here")
    return "written"


def _environment(bait: dict[str, Any]) -> str:
    return "a variable of the judge's is here" if bait["variable"] in os.environ else ""


def _tcp(bait: dict[str, Any]) -> str:
    socket.create_connection(("127.0.0.1", bait["port"]), 2).close()
    return "connected"


def _udp(bait: dict[str, Any]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"here", ("127.0.0.1", bait["port"]))
    return "sent"


def _abstract(bait: dict[str, Any]) -> str:
    if not bait["abstract"]:
        return ""
    platform.connect_locally("\0" + bait["abstract"]).close()
    return "connected"


def _see(bait: dict[str, Any]) -> str:
    with open(f"/proc/{bait['judge']}/cmdline") as file:
        return f"the judge is {file.read(20)!r}"


def _signal(bait: dict[str, Any]) -> str:
    os.kill(bait["judge"], 0)
    return "sent"


def _trace(bait: dict[str, Any]) -> str:
    child = platform.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    try:
        linux.call("ptrace", _SEIZE, child, 0, 0)  # a child of its own: a traced judge would stop
    finally:
        platform.kill(child)
        os.waitpid(child, 0)
    return "traced"


def _memory_of_judge(bait: dict[str, Any]) -> str:
    with open(f"/proc/{bait['judge']}/mem", "rb"):
        return "opened"


def _namespace(bait: dict[str, Any]) -> str:
    linux.unshare(linux.NEW_USERS)
    return "made"


def _root(bait: dict[str, Any]) -> str:
    os.setresuid(0, 0, 0)
    with open("/proc/self/status") as file:
        rights = next(line.split()[1] for line in file if line.startswith("CapEff"))
    return "has root's rights" if int(rights, 16) else ""


def _fork(bait: dict[str, Any]) -> str:
    children: list[int] = []
    try:
        for _ in range(2 * bait["processes"]):
            child = platform.fork()
            if child == 0:
                time.sleep(30)
                os._exit(0)
            children.append(child)
        return f"{len(children)} processes"
    finally:
        for child in children:
            platform.kill(child)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _memory(bait: dict[str, Any]) -> str:
    return f"{len(bytearray(2 * bait['memory'])):,} bytes"


def _disk(bait: dict[str, Any]) -> str:
    block = bytes(1 << 20)
    with open("large", "wb", buffering=0) as file:
        for _ in range(2 * bait["disk"] // len(block)):
            if file.write(block) < len(block):
                return ""
    return f"{2 * bait['disk']:,} bytes written"


_ACTS = (
    _read,
    _list,
    _write,
    _environment,
    _tcp,
    _udp,
    _abstract,
    _see,
    _signal,
    _memory_of_judge,
    _trace,
    _namespace,
    _root,
    _fork,
    _memory,
    _disk,
)

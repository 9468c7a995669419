"""The student's side as a process of its own: it runs cells and answers a judge. It decides nothing.

The judge starts it: as a fork of a warm process that has torch loaded, on a connection that it is given; or,
where there is no fork, as a new process that connects back to the judge's door.
"""

import os
import socket
import sys
import tempfile
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_lib import classroom, platform
from course_lib.classroom.exercises.sides import StudentPeer
from course_lib.classroom.exercises.transport import ConnectionTransport, greet

#: Modules that the warm server loads once, so that a fork has them.
PRELOADED = (
    "course_lib.classroom.exercises.executor",
    "torch",
    "torch._dynamo",  # what the first optimizer imports: thousands of files
    "torch.utils.data",
    "numpy",
    "msgpack",
    "multiprocessing.popen_fork",
)


def run(connection: socket.socket, place: tuple[Any, bytes], folder: str) -> None:
    """Serve a judge over a connection until it hangs up.

    Args:
        place: address and key of the judge's door, for worker processes.
        folder: the process's own folder, empty; everything it writes by a relative path lands there.
    """
    os.chdir(folder)
    tempfile.tempdir = folder
    os.environ["MPLBACKEND"] = "agg"
    os.environ["HOME"] = os.environ["TMPDIR"] = folder
    silence()
    use_one_thread()
    peer = StudentPeer(main_module(), place)
    transport = ConnectionTransport(connection, peer.serve)
    peer.transport = transport
    transport.serve_forever()


def run_spawned(address: Any, key: bytes, limits: Mapping[str, Any], folder: str) -> None:
    """Serve a judge, in a process that was started anew: connect to the judge's door first.

    Args:
        limits: arguments of `platform.set_limits`.
    """
    platform.new_process_group()
    platform.set_limits(**limits)
    run(greet(address, key), (address, key), folder)


def use_one_thread() -> None:
    """Compute in one thread: several in each of several processes on few cores slow each other down."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def silence() -> None:
    """What the student's code prints goes nowhere, and it reads an empty input."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def main_module() -> dict[str, Any]:
    """Make the namespace of a notebook: a module `__main__` of its own, as a kernel has it."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    names = vars(main)
    names["__builtins__"] = __builtins__
    names["display"] = _ignore
    # The checks of a submission are the judge's: what the notebook itself calls does nothing here.
    vars(classroom).update(check=_ignore, hint=_ignore, look=_ignore)
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    return names


def _ignore(*things: Any, **options: Any) -> None:
    """Take the place of what only makes sense in a notebook: nobody looks."""

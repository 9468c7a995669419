"""The warm process: it has torch loaded and forks a keeper for every session. It never runs a student's code.

The judge starts it with an empty environment and one open file, the line on which it gets its orders. It
computes nothing with torch and has no second thread, so its forks are sound. It ends when the judge does.
"""

import contextlib
import gc
import os
import signal
import socket
import sys
from importlib import import_module
from typing import Any

from course_lib import platform
from course_lib.classroom.grading.sandbox import cgroups, keeper, messages, view


def main(descriptor: int) -> None:
    """Prepare for a tier, load modules, then fork until the judge hangs up."""
    line = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    os.umask(0o022)
    platform.new_process_group()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the judge, which then hangs up
    order, _ = messages.receive(line)
    if order is None:
        return
    try:
        groups = _prepare(order)
    except Exception as error:
        messages.send(line, {"problem": f"{type(error).__name__}: {error}"})
        return
    messages.send(line, {"problem": "", "groups": sorted(groups.kinds)})
    _serve(line, order["tier"], groups)


def _prepare(order: dict[str, Any]) -> cgroups.Groups:
    """Give up the outside as far as the tier says, and only then load anything."""
    groups = cgroups.Groups()
    if order["tier"] == "A":
        if order["users"]:
            view.enter_user_namespace(0)
        view.build()
    sys.path[:] = order["path"]
    for module in order["modules"]:
        import_module(module)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    gc.collect()
    gc.freeze()  # what is here now need not be looked at, and so not be copied, in any session
    return groups


def _serve(line: socket.socket, tier: str, groups: cgroups.Groups) -> None:
    while True:
        order, files = messages.receive(line)
        if order is None:
            return
        if platform.fork() == 0:
            line.close()
            keeper.keep(order, tier, groups, *files)
            os._exit(0)
        for file in files:
            os.close(file)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

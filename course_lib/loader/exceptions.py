"""Exceptions that cross a process boundary and stay what they were (lessons 11 and 17).

Pickling an exception calls its class again with `args` only: types whose constructor takes something else are
lost on the way, and so is the traceback. So we send the parts, and build the exception anew in the parent.
"""

import pickle
import signal
import sys
import traceback
from types import TracebackType
from typing import Any, NoReturn

import cloudpickle  # type: ignore[import-untyped]

_ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class ExceptionWrapper:
    """An exception on its way from a worker to the main process (lesson 11).

    The exception that arrives has the type, the arguments and the attributes (`errno`, `start`, …) of the one
    that was raised. Only a class that a function made arrives as a copy of itself from a forked worker. A
    note under the exception tells where it happened and shows the worker's traceback.

    Args:
        exc_info: as `sys.exc_info()` returns it; by default the exception that is being handled.
        where: ends the sentence "Caught ValueError …".

    Attributes:
        exc_type: class of the exception.
        exc_msg: the traceback, as text.
        where: as given.

    Raises:
        RuntimeError: no exception was given, and none is being handled.
    """

    def __init__(self, exc_info: _ExceptionInfo | None = None, where: str = "in background") -> None:
        _, exception, _ = sys.exc_info() if exc_info is None else exc_info
        if exception is None:
            raise RuntimeError(
                "ExceptionWrapper found no exception: none is being handled and exc_info has none. "
                "Make it inside an except block, or give it sys.exc_info()."
            )
        self.exc_type = type(exception)
        self.exc_msg = "".join(traceback.format_exception(exception))
        self.where = where
        self._arguments, self._state = _take_apart(exception)

    def reraise(self) -> NoReturn:
        """Raise the exception here.

        Raises:
            BaseException: of the type that was wrapped; a RuntimeError if that type cannot be built.
        """
        origin = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        # No name for it here: its traceback will hold this frame, and through it the loader and its workers.
        raise _put_together(self.exc_type, self._arguments, self._state, origin)


def _take_apart(exception: BaseException) -> tuple[tuple[Any, ...], dict[str, Any]]:
    # The built-in ancestor knows the whole state (OSError keeps the file name outside args), whereas the
    # class itself may not know how to be pickled.
    reduced: Any = _built_in_ancestor(type(exception)).__reduce__(exception)
    arguments = tuple(_sendable(argument) for argument in reduced[1])
    state = dict(reduced[2]) if len(reduced) > 2 and reduced[2] else {}
    return arguments, {name: _sendable(value) for name, value in state.items()}


def _put_together(
    kind: type[BaseException], arguments: tuple[Any, ...], state: dict[str, Any], note: str
) -> BaseException:
    # Not kind(*arguments): a constructor of the user's may take other arguments than those it stored.
    ancestor = _built_in_ancestor(kind)
    try:
        exception: BaseException = ancestor.__new__(kind, *arguments)
        ancestor.__init__(exception, *arguments)
        exception.__setstate__(state)
    except Exception:
        return RuntimeError(note)
    exception.add_note(note)
    return exception


def _built_in_ancestor(kind: type[BaseException]) -> type[BaseException]:
    """Return the built-in class that lays out `kind`: the one that has the most fields."""
    built_in = [
        base for base in kind.__mro__ if base.__module__ == "builtins" and issubclass(base, BaseException)
    ]
    return max(built_in, key=lambda base: base.__basicsize__)


def _sendable(value: Any) -> Any:
    try:
        pickle.loads(cloudpickle.dumps(value))
    except Exception:
        return repr(value)
    return value


class WorkerDiedError(RuntimeError):
    """A worker process ended although nobody had told it to."""


_OUT_OF_MEMORY = (
    "The system ended it because memory ran out. Use fewer workers, a smaller prefetch_factor or batch_size, "
    "or look at the memory that the dataset holds: MemoryMonitor shows what each worker takes."
)
_NOT_OUT_OF_MEMORY = (
    "It was not the system for want of memory: it has ended no process meanwhile. Look for what else kills "
    "processes here, such as a batch scheduler, a supervisor or a person."
)
_SIGNAL_HINTS = {
    "SIGKILL": "The system kills a process like this when memory runs out: use fewer workers, a smaller "
    "prefetch_factor or batch_size, or look at the memory that the dataset holds.",
    "SIGBUS": "Often the shared memory in /dev/shm is full: enlarge it (in Docker: --shm-size), use fewer "
    "workers or smaller batches.",
    "SIGSEGV": "A compiled library that the dataset calls has crashed: run with num_workers=0 under "
    "`python -X faulthandler` to see the line.",
}


def describe_death(
    worker_id: int, pid: int | None, exit_code: int | None, memory_ran_out: bool | None = None
) -> str:
    """Say in words how a worker process ended, and what to do.

    Args:
        worker_id: number of the worker.
        pid: its process id.
        exit_code: as `multiprocessing.Process` has it: negative for a signal, None if the process still runs.
        memory_ran_out: whether the system has ended processes for want of memory meanwhile; None if it
            does not say.
    """
    worker = f"DataLoader worker (pid {pid})"
    if exit_code is None or exit_code >= 0:
        return (
            f"{worker}, number {worker_id}, exited unexpectedly with exit code {exit_code}. A worker lives "
            "until the loader stops it. Something in the dataset ended the process, or it could not "
            "start: read its output above. A script that uses spawn or forkserver needs `if __name__ == "
            "'__main__':` around its code. Running with num_workers=0 shows errors directly."
        )
    number = -exit_code
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    hint = _SIGNAL_HINTS.get(name, "Running with num_workers=0 may show where it happens.")
    if name == "SIGKILL" and memory_ran_out is not None:
        hint = _OUT_OF_MEMORY if memory_ran_out else _NOT_OUT_OF_MEMORY
    return f"{worker}, number {worker_id}, is killed by signal: {signal.strsignal(number)} ({name}). {hint}"

"""Wait for several pipes and processes at once (lesson 11)."""

from collections.abc import Collection, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from course_lib.platform import make_poll

Source = Connection | int


class Watch:
    """Tells which of some sources have something to say: a pipe a message, a process that it has ended.

    `multiprocessing.connection.wait` makes itself ready for each call anew, which takes longer than the call.

    Args:
        sources: reading ends of pipes, and sentinels of processes.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._by_descriptor = {
            source if isinstance(source, int) else source.fileno(): source for source in sources
        }
        self._poll = make_poll(self._by_descriptor)

    def ready(self, timeout: float | None) -> Collection[Any]:
        """Wait until there is something; return those that have it.

        Args:
            timeout: seconds to wait at most; None waits for as long as it takes.
        """
        if self._poll is None:
            return wait(self._sources, timeout)
        return [self._by_descriptor[descriptor] for descriptor in self._poll(timeout)]

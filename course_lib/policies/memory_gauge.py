"""Measure memory well, now and then, and roughly in between (lesson 16).

To add up the pages of a process, shared ones by halves and thirds, takes the system 10 milliseconds and more.
Its resident size is a single number. It counts shared pages in full, so it says little by itself; but
how much it has grown says when to measure again.
"""

from typing import Any

import psutil  # type: ignore[import-untyped,unused-ignore]

from course_lib.memory import measure_memory


class MemoryGauge:
    """Measures the memory of this process and its workers."""

    def __init__(self) -> None:
        self._processes: list[int] = []  # their process ids
        self._resident = 0

    def measure(self) -> int:
        """Return the bytes in use: PSS, or RSS where there is no PSS."""
        use = measure_memory()
        self._processes = [process.pid for process in use.processes]
        self._resident = self._add_up()
        return use.used

    def growth(self) -> int:
        """Return by how many bytes the same processes have grown since, shared pages counted in each."""
        return self._add_up() - self._resident

    def _add_up(self) -> int:
        return sum(map(_resident_size, self._processes))

    def __getstate__(self) -> dict[str, Any]:
        return {"_processes": [], "_resident": 0}  # Elsewhere there are other processes.


def _resident_size(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:  # It has ended: a zombie, too, holds nothing any more.
        return 0

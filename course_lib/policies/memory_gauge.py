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
        self._processes: list[Any] = []
        self._resident = 0

    def measure(self) -> int:
        """Return the bytes in use: PSS, or RSS where there is no PSS."""
        use = measure_memory()
        try:
            self._processes = [psutil.Process(process.pid) for process in use.processes]
        except psutil.NoSuchProcess:
            self._processes = [psutil.Process()]
        self._resident = self._add_up()
        return use.used

    def growth(self) -> int:
        """Return by how many bytes the same processes have grown since, shared pages counted in each."""
        return self._add_up() - self._resident

    def _add_up(self) -> int:
        try:
            return sum(int(process.memory_info().rss) for process in self._processes)
        except psutil.NoSuchProcess:  # A worker has ended, and more has changed than can be said here.
            return 0

    def __getstate__(self) -> dict[str, Any]:
        return {"_processes": [], "_resident": 0}  # Elsewhere there are other processes.

"""Memory of a process and its workers (lesson 16; lesson 12 asks what a worker costs).

Two numbers for each process. RSS (resident set size) counts every page that the process can reach, so pages
that worker processes share are counted once in each of them: the sum is too large. PSS (proportional set
size) divides a shared page by the number of its users: the sum is what the machine really gives. Only Linux
tells the PSS, and only of one's own processes.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped,unused-ignore]

# Workers that start or end in the middle of a measurement spoil it: then it is done again.
_TRIES = 3


@dataclass(frozen=True)
class ProcessMemory:
    """Memory of one process, in bytes.

    Attributes:
        pid: number of the process.
        rss: all pages that it can reach.
        pss: the same, shared pages divided by the number of their users; None where the system does not say.
    """

    pid: int
    rss: int
    pss: int | None


@dataclass(frozen=True)
class MemoryUse:
    """Memory of a process and of its workers, at one moment.

    Attributes:
        main: the process itself.
        workers: its child processes, and theirs.
        gpu: bytes of GPU memory that torch holds for this process; None if it uses no GPU.
    """

    main: ProcessMemory
    workers: tuple[ProcessMemory, ...] = ()
    gpu: int | None = None

    @property
    def rss(self) -> int:
        """Sum of all processes, in bytes; shared pages are counted several times."""
        return sum(process.rss for process in self.processes)

    @property
    def pss(self) -> int | None:
        """Sum of all processes, in bytes, each page counted once; None where the system does not say."""
        sizes = [process.pss for process in self.processes]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def used(self) -> int:
        """The best known sum, in bytes: PSS where there is one, else RSS."""
        return self.rss if self.pss is None else self.pss

    @property
    def processes(self) -> tuple[ProcessMemory, ...]:
        """The process and its workers."""
        return (self.main, *self.workers)


def measure_memory(pid: int | None = None) -> MemoryUse:
    """Measure the memory of a process and of its workers (lesson 16).

    Workers that end meanwhile are left out.

    Args:
        pid: number of the process; None means this one.

    Returns:
        The memory in use now.

    Raises:
        ValueError: there is no such process.
    """
    try:
        process = psutil.Process(pid)
        for _ in range(_TRIES):
            main, workers, is_steady = _measure_family(process)
            if is_steady:
                break
    except psutil.NoSuchProcess:
        main, workers = None, ()
    if main is None:
        raise ValueError(
            f"pid is {pid}. Only the memory of a running process can be measured, and none has this number. "
            "Give the number of one that runs, or leave pid out for this one."
        )
    return MemoryUse(main, workers, _measure_gpu())


def format_bytes(size: float) -> str:
    """Write a number of bytes for a reader: "1.5 GiB", "12 MiB"."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20)):
        if abs(size) >= factor:
            return f"{size / factor:.1f} {unit}" if unit == "GiB" else f"{size / factor:.0f} {unit}"
    return f"{size / 2**10:.0f} KiB"


def _measure_family(process: Any) -> tuple[ProcessMemory | None, tuple[ProcessMemory, ...], bool]:
    """Measure a process and its children, and tell whether they were the same ones all the time.

    What a process shares counts more for it once the others have ended, so a sum over this moment is wrong.
    """
    children = process.children(recursive=True)
    main = _measure_process(process)
    measured = [_measure_process(child) for child in children]
    workers = tuple(worker for worker in measured if worker is not None)
    is_steady = len(workers) == len(process.children(recursive=True))
    return main, workers, is_steady


def _measure_process(process: Any) -> ProcessMemory | None:
    """Measure one process; None if it has ended, even if its parent has not noticed yet (a zombie)."""
    try:
        rss = int(process.memory_info().rss)
        if rss == 0 or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessMemory(process.pid, rss, _read_pss(process.pid))
    except psutil.NoSuchProcess:
        return None


def _read_pss(pid: int) -> int | None:
    # The kernel adds up the pages of a process in this file: one read instead of thousands of lines of smaps.
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return None


def _measure_gpu() -> int | None:
    # Who has not imported torch, or not used the GPU, holds nothing there; a measurement does neither.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    reserved: Callable[[int], int] = torch.cuda.memory_reserved
    return sum(reserved(device) for device in range(torch.cuda.device_count()))

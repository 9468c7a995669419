"""How much private memory two workers gain while they read strings, from a list or packed.

A forked worker shares the pages of its parent until it writes to them. Reading an object of Python's writes:
its reference count. So an epoch over a list of strings copies it into every worker, page by page. Each
dataset is measured in an interpreter of its own, where nothing else is in memory.
"""

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import OURS, Measure, Workload

_SMAPS = Path("/proc/self/smaps_rollup")
_LEAST = 1.0  # MiB: less is chance, and no ratio is to hang on it
_BATCH_SIZE = 4_096


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workload, where the system tells how much memory is private, and can fork."""
    if not _SMAPS.exists() or "fork" not in multiprocessing.get_all_start_methods():
        print("Memory of workers: skipped. Only Linux keeps the account that it needs.")
        return
    count = 500_000 if small else 10_000_000
    contestants = {
        OURS: _in_fresh_interpreter("packed", count),
        "list of strings": _in_fresh_interpreter("list", count),
    }
    name = f"private memory that 2 workers gain over {count:,} strings: PackedStrings"
    yield Workload(name, contestants, {"list of strings": 100.0}, unit="MiB", most_rounds=3, warm_up=0)


def _in_fresh_interpreter(kind: str, count: int) -> Measure:
    command = [sys.executable, "-m", "benchmarks.memory", kind, str(count)]

    def measure() -> float:
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return measure


def measure_growth(kind: str, count: int) -> float:
    """Return by how many MiB two workers have grown over an epoch, beyond what they had at its first batch.

    Args:
        kind: "list" or "packed".
        count: the number of strings.
    """
    from course_lib import DataLoader, PackedStrings

    strings = (f"the string with number {number}" for number in range(count))
    dataset: Any = list(strings) if kind == "list" else PackedStrings(strings)
    loader = DataLoader(
        dataset,
        _BATCH_SIZE,
        num_workers=2,
        collate_fn=len,
        multiprocessing_context="fork",
        persistent_workers=True,
    )
    batches = iter(loader)
    seen = next(batches)
    before = _private_memory_of_workers()
    seen += sum(batches)
    if seen != count:
        raise RuntimeError(f"{seen} of {count} strings came. Something is wrong with the loader.")
    return max(_LEAST, _private_memory_of_workers() - before)


def _private_memory_of_workers() -> float:
    """Return the sum over this process's workers, in MiB."""
    processes = [process.pid for process in multiprocessing.active_children()]
    return sum(_private_kibibytes(Path(f"/proc/{pid}/smaps_rollup")) for pid in processes) / 1024


def _private_kibibytes(account: Path) -> int:
    lines = dict(line.split(":", 1) for line in account.read_text().splitlines()[1:])
    return int(lines["Private_Dirty"].split()[0])


if __name__ == "__main__":
    print(measure_growth(sys.argv[1], int(sys.argv[2])))

"""Memory is that of this process and of the workers that live (lesson 16)."""

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alone import run_alone

from course_lib import measure_memory
from course_lib.memory import MemoryUse, ProcessMemory, format_bytes

WAITING = "import sys; data = bytearray(40 * 2**20); print('ready', flush=True); sys.stdin.read()"
HAS_PSS = Path("/proc/self/smaps_rollup").exists()


@pytest.fixture
def child():
    """A process that holds 40 MiB until its input is closed."""
    command = [sys.executable, "-c", WAITING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"ready"
        yield process
        process.stdin.close()


def test_this_process_and_its_children(child):
    use = measure_memory()
    assert use.main.pid == os.getpid()
    (worker,) = [worker for worker in use.workers if worker.pid == child.pid]
    assert worker.rss > 40 * 2**20
    assert use.rss == sum(process.rss for process in use.processes)
    assert use.used == (use.pss if HAS_PSS else use.rss)


@pytest.mark.skipif(not HAS_PSS, reason="only Linux tells the proportional set size")
def test_shared_pages_are_counted_once(child):
    use = measure_memory()
    for process in use.processes:
        assert 0 < process.pss <= process.rss


def take_memory():
    before = measure_memory()
    with mmap.mmap(-1, 50 * 2**20) as pages:
        for _ in range(50):
            pages.write(b"\1" * 2**20)
        return before, measure_memory()


def test_memory_that_is_taken_shows():
    before, after = run_alone(take_memory)
    assert after.main.rss - before.main.rss > 40 * 2**20
    assert after.used - before.used > 40 * 2**20


def test_another_process_is_measured_by_its_number(child):
    assert measure_memory(child.pid).main.pid == child.pid


def test_a_process_that_has_ended_is_a_clear_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(ValueError, match=f"pid is {process.pid}"):
        measure_memory(process.pid)


def test_children_that_have_ended_are_left_out():
    # Not waited for, it stays in the table of processes: a zombie, which holds no memory.
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        process.stdout.read()
        for _ in range(20):
            assert all(worker.rss > 0 for worker in measure_memory().workers)


def test_children_that_vanish_meanwhile_are_survived():
    for _ in range(5):
        processes = [subprocess.Popen([sys.executable, "-S", "-c", ""]) for _ in range(4)]
        while any(process.poll() is None for process in processes):
            measure_memory()


def test_sums_without_a_pss():
    use = MemoryUse(ProcessMemory(1, 30, None), (ProcessMemory(2, 12, 4),))
    assert (use.rss, use.pss, use.used) == (42, None, 42)


def test_measuring_imports_no_torch():
    code = "import sys, course_lib; course_lib.measure_memory(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 KiB"), (2048, "2 KiB"), (3 * 2**20, "3 MiB"), (-5 * 2**20, "-5 MiB"), (1.5 * 2**30, "1.5 GiB")],
)
def test_bytes_in_words(size, words):
    assert format_bytes(size) == words

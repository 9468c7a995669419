"""What goes wrong in a worker is told in the main process, and nothing hangs or stays (lessons 11 and 17)."""

import contextlib
import ctypes
import faulthandler
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import IterableDataset

from course_lib import DataLoader, StreamingDataset, get_worker_info

METHODS = [
    pytest.param(method, marks=pytest.mark.slow if method == "spawn" else ())
    for method in multiprocessing.get_all_start_methods()
]
# Persistent workers under every start method, others under the default one.
PERSISTENT_AND_METHOD = [
    (False, None),
    *(pytest.param(True, *each.values, marks=each.marks) for each in METHODS),
]


class OddError(Exception):
    def __init__(self, path, *, line):
        super().__init__(f"{path}:{line}")
        self.line = line


class Faulty:
    """Eight samples; `fault` is called for sample 2."""

    def __init__(self, fault):
        self.fault = fault

    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index == 2:
            self.fault()
        return torch.tensor(index)


def raise_odd():
    raise OddError("cat.png", line=7)


def raise_full_disk():
    raise OSError(28, "No space left on device", "cat.png")


def raise_key():
    raise KeyError("missing")


def kill_myself():
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_long():
    time.sleep(60)


def wait_for(path):
    while not path.exists():
        time.sleep(0.01)


def crash():
    faulthandler.disable()  # pytest's would print a page
    ctypes.string_at(0)


def ask_for_too_much():
    bytearray(1 << 62)


def leave():
    os._exit(3)


@pytest.mark.parametrize("method", METHODS)
def test_errors_keep_type_and_traceback_and_the_epoch_goes_on(method):
    iterator = iter(DataLoader(Faulty(raise_odd), 2, num_workers=2, multiprocessing_context=method))
    assert next(iterator).tolist() == [0, 1]
    with pytest.raises(OddError, match=r"^cat.png:7") as caught:
        next(iterator)
    assert caught.value.line == 7
    notes = "\n".join(caught.value.__notes__)
    assert "sample 2" in notes
    assert "Caught OddError in DataLoader worker process 1" in notes
    assert "in raise_odd" in notes
    assert [batch.tolist() for batch in iterator] == [[4, 5], [6, 7]]


def test_the_error_number_and_the_file_name_arrive():
    with pytest.raises(OSError, match="No space left") as caught:
        list(DataLoader(Faulty(raise_full_disk), num_workers=1))
    assert (caught.value.errno, caught.value.filename) == (28, "cat.png")


def test_a_key_is_not_quoted_twice():
    with pytest.raises(KeyError) as caught:
        list(DataLoader(Faulty(raise_key), num_workers=1))
    assert caught.value.args == ("missing",)
    assert str(caught.value) == "'missing'"


@pytest.mark.parametrize("method", METHODS)
def test_a_killed_worker_is_told_at_once_with_pid_and_signal(method):
    before = {child.pid for child in multiprocessing.active_children()}
    loader = DataLoader(Faulty(kill_myself), num_workers=2, multiprocessing_context=method, timeout=50)
    iterator = iter(loader)
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid \d+\).* is killed by signal: Killed"):
        list(iterator)
    assert {child.pid for child in multiprocessing.active_children()} <= before
    with pytest.raises(RuntimeError, match="is killed by signal"):
        next(iterator)


def test_a_worker_that_leaves_is_told_with_its_exit_code():
    with pytest.raises(RuntimeError, match="exited unexpectedly with exit code 3"):
        list(DataLoader(Faulty(leave), num_workers=1))


@pytest.mark.parametrize("method", METHODS)
def test_a_crash_in_compiled_code_is_told_with_what_to_do(method):
    loader = DataLoader(Faulty(crash), num_workers=2, multiprocessing_context=method)
    with pytest.raises(RuntimeError, match=r"SIGSEGV.*python -X faulthandler"):
        list(loader)


def test_a_sample_that_is_too_large_raises_its_memory_error_and_the_epoch_goes_on():
    iterator = iter(DataLoader(Faulty(ask_for_too_much), num_workers=2))
    assert [next(iterator).item() for _ in range(2)] == [0, 1]
    with pytest.raises(MemoryError):
        next(iterator)
    assert [batch.item() for batch in iterator] == [3, 4, 5, 6, 7]


MEMORY_GROUPS = Path("/sys/fs/cgroup/memory")


@pytest.fixture
def small_memory_group():
    """Yield a control group whose processes may use 400 MB."""
    group = MEMORY_GROUPS / f"course_test_{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(400 * 2**20))
    except OSError as error:
        pytest.skip(f"no memory control group can be made here: {error}")
    yield group
    deadline = time.monotonic() + 60
    while (group / "cgroup.procs").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    group.rmdir()


class Hungry:
    """A dataset whose sample 5 takes a gigabyte."""

    def __init__(self, group):
        self.group = group
        self.kept = []

    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index == 5:
            (self.group / "cgroup.procs").write_text(str(os.getpid()))
            for _ in range(64):
                self.kept.append(b"x" * 2**24)
        return index


def test_a_worker_that_the_memory_killer_ended_says_so(small_memory_group):
    with pytest.raises(
        RuntimeError, match=r"killed by signal: Killed.*because memory ran out.*MemoryMonitor"
    ):
        list(DataLoader(Hungry(small_memory_group), num_workers=2, prefetch_factor=1))


SMALL_SHARED_MEMORY = """
    import os, sys, warnings, torch
    from course_lib import DataLoader, TensorDataset
    if __name__ == "__main__":
        warnings.simplefilter("always")
        images = torch.arange(40 * 2**18, dtype=torch.float32).view(40, -1)  # 1 MB each
        arguments = {"num_workers": 2, "multiprocessing_context": sys.argv[1]}
        for batches_of_four in range(2):
            loader = DataLoader(TensorDataset(images), batch_size=4, **arguments)
            kept = [batch for (batch,) in loader]
            assert torch.equal(torch.cat(kept), images)
        loader = DataLoader(images, batch_size=4, num_workers=2, collate_fn=tuple)
        assert torch.equal(torch.stack([row for batch in loader for row in batch]), images)
        assert not [name for name in os.listdir("/dev/shm") if name.startswith("torch_")]
        print("all there")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("megabytes", "method"),
    [(1, "fork"), (64, "fork"), *((8, method) for method in multiprocessing.get_all_start_methods())],
)
def test_little_shared_memory_is_enough_and_said_once(tmp_path, method, megabytes):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SMALL_SHARED_MEMORY))
    mount = f"mount -t tmpfs -o size={megabytes}m tmpfs /dev/shm"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("another /dev/shm cannot be mounted here")
    command = f"{mount} && exec {sys.executable} {script} {method}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", command], capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stdout) == (0, "all there\n"), done.stderr
    assert done.stderr.count("There is no shared memory left") <= 3, "once for each loader at most"
    assert megabytes == 64 or f"{script}:" in done.stderr, "the warning points at the loop over the loader"


class Whole(IterableDataset):
    """A stream that does not ask which worker it serves."""

    def __iter__(self):
        return iter(torch.arange(12.0).view(6, 2))


@pytest.mark.parametrize("kind", ["process", "thread"])
def test_a_stream_that_every_worker_repeats_is_noticed(kind):
    with pytest.warns(
        UserWarning, match=r"Workers 0 and 1 began with the same batch of Whole.*get_worker_info"
    ):
        list(DataLoader(Whole(), batch_size=2, num_workers=2, worker_type=kind))


@pytest.mark.filterwarnings("error")
def test_a_stream_that_is_shared_out_is_no_reason_to_warn():
    list(DataLoader(StreamingDataset(list(range(9))), batch_size=2, num_workers=2))
    list(DataLoader(Whole(), batch_size=2, num_workers=1))


def test_an_idle_worker_that_was_killed_is_told_and_replaced():
    loader = DataLoader(range(4), num_workers=2, persistent_workers=True)
    before = {child.pid for child in multiprocessing.active_children()}
    assert len(list(loader)) == 4
    mine = [child for child in multiprocessing.active_children() if child.pid not in before]
    os.kill(mine[0].pid, signal.SIGKILL)
    mine[0].join()
    with pytest.raises(RuntimeError, match=f"pid {mine[0].pid}"):
        list(loader)
    assert [batch.item() for batch in loader] == [0, 1, 2, 3]


def test_a_worker_that_sent_a_tensor_and_died_is_told_as_dead():
    class Die:
        def __len__(self):
            return 3

        def __getitem__(self, index):
            if index == 2:
                kill_myself()
            return torch.zeros(1000)

    iterator = iter(DataLoader(Die(), num_workers=1, prefetch_factor=3))
    time.sleep(0.5)  # by now two batches have been sent and their sender is dead
    assert torch.equal(next(iterator), torch.zeros(1, 1000))  # the first came without shared memory
    with pytest.raises(RuntimeError, match="is killed by signal"):
        next(iterator)


def next_in_the_end(iterator):
    """Return the next batch, however often the time runs out before: a worker may need seconds to start."""
    for _ in range(300):
        try:
            return next(iterator)
        except RuntimeError as error:
            if "timed out" not in str(error):
                raise
    raise AssertionError("no batch came")


@pytest.mark.parametrize(
    ("loader_class", "method"),
    [
        (TorchLoader, None),
        *(pytest.param(DataLoader, *method.values, marks=method.marks) for method in METHODS),
    ],
)
def test_timeout_says_the_seconds_and_the_batch_comes_later(tmp_path, loader_class, method):
    dataset = Faulty(partial(wait_for, tmp_path / "signal"))
    arguments = {"num_workers": 1, "timeout": 0.2, "multiprocessing_context": method}
    iterator = iter(loader_class(dataset, **arguments))
    assert [next_in_the_end(iterator).item() for _ in range(2)] == [0, 1]
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.2 seconds"):
        next(iterator)
    (tmp_path / "signal").touch()
    assert next_in_the_end(iterator).item() == 2


@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_hangs_is_ended(monkeypatch, method):
    monkeypatch.setattr("course_lib.loader.pool._GRACE_SECONDS", 0.3)
    before = {child.pid for child in multiprocessing.active_children()}
    loader = DataLoader(Faulty(sleep_long), num_workers=1, timeout=0.3, multiprocessing_context=method)
    iterator = iter(loader)
    assert [next_in_the_end(iterator).item() for _ in range(2)] == [0, 1]
    with pytest.raises(RuntimeError, match="timed out"):
        next(iterator)
    gc.collect()
    del iterator
    assert {child.pid for child in multiprocessing.active_children()} <= before


@pytest.mark.parametrize(("persistent", "method"), PERSISTENT_AND_METHOD)
def test_an_error_of_the_init_function_arrives(persistent, method):
    def fail(worker_id):
        raise ValueError(f"no database for worker {worker_id}")

    arguments = {"num_workers": 2, "persistent_workers": persistent, "multiprocessing_context": method}
    iterator = iter(DataLoader(range(4), worker_init_fn=fail, **arguments))
    for worker in (0, 1, 0, 1):
        with pytest.raises(ValueError, match=f"no database for worker {worker}") as caught:
            next(iterator)
        assert "in fail" in "\n".join(caught.value.__notes__)
    with pytest.raises(StopIteration):
        next(iterator)


class Unopened(IterableDataset):
    def __iter__(self):
        if get_worker_info().id == 0:
            raise FileNotFoundError(2, "no stream")
        return iter([1, 2])


class Interrupted(IterableDataset):
    def __iter__(self):
        yield 1
        raise ConnectionError("lost")


@pytest.mark.parametrize(("persistent", "method"), PERSISTENT_AND_METHOD)
def test_an_error_of_iter_arrives_once_and_other_streams_go_on(persistent, method):
    arguments = {"num_workers": 2, "persistent_workers": persistent, "multiprocessing_context": method}
    loader = DataLoader(Unopened(), None, **arguments)
    for _ in range(2):
        iterator = iter(loader)
        with pytest.raises(FileNotFoundError, match="no stream") as caught:
            next(iterator)
        assert "in __iter__" in "\n".join(caught.value.__notes__)
        assert list(iterator) == [1, 2]


def test_an_error_within_a_stream_arrives_and_ends_it():
    iterator = iter(DataLoader(Interrupted(), None, num_workers=1))
    assert next(iterator) == 1
    with pytest.raises(ConnectionError, match="lost"):
        next(iterator)
    assert list(iterator) == []


def test_a_batch_that_cannot_be_pickled_is_an_error_and_no_hang():
    loader = DataLoader(range(3), num_workers=1, collate_fn=lambda samples: (value for value in samples))
    with pytest.raises(TypeError, match="cannot pickle 'generator' object"):
        next(iter(loader))


def test_an_error_of_the_sampler_loses_no_batch():
    def sample():
        yield from range(5)
        raise ZeroDivisionError

    class Sampler:
        def __iter__(self):
            return sample()

    iterator = iter(DataLoader(range(9), sampler=Sampler(), num_workers=2, prefetch_factor=1))
    seen, errors = [], 0
    while True:
        try:
            seen.append(next(iterator).item())
        except ZeroDivisionError:
            errors += 1
        except StopIteration:
            break
    assert (seen, errors) == ([0, 1, 2, 3, 4], 1)


SCRIPT = """
import os, signal, sys, time
import torch
from course_lib import DataLoader

class Slow:
    def __len__(self):
        return 1000
    def __getitem__(self, index):
        time.sleep(0.01)
        return torch.tensor(os.getpid())

if __name__ == "__main__":
    loader = DataLoader(Slow(), num_workers=2, persistent_workers=True, multiprocessing_context=sys.argv[1])
    iterator = iter(loader)
    print(*{next(iterator).item() for _ in range(2)}, flush=True)
"""


def run_script(tmp_path, method, end):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + textwrap.indent(end, "    "))
    done = subprocess.run(
        [sys.executable, str(script), method], capture_output=True, text=True, timeout=100, check=False
    )
    return done, [int(word) for word in done.stdout.split()]


def wait_until_gone(pids, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_running(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


FORK_FIRST = [
    pytest.param(method, marks=() if method == "fork" else pytest.mark.slow)
    for method in multiprocessing.get_all_start_methods()
]
needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc to see other processes")


@needs_proc
@pytest.mark.parametrize("method", FORK_FIRST)
def test_the_end_of_the_program_ends_the_workers(tmp_path, method):
    done, pids = run_script(tmp_path, method, "pass")
    assert (done.returncode, done.stderr, len(pids)) == (0, "", 2)
    assert wait_until_gone(pids, 0.5)


@needs_proc
@pytest.mark.parametrize("method", FORK_FIRST)
def test_trap_no_check_that_the_parent_lives(tmp_path, method):
    done, pids = run_script(tmp_path, method, "os.kill(os.getpid(), signal.SIGKILL)")
    assert (done.returncode, len(pids)) == (-signal.SIGKILL, 2)
    assert wait_until_gone(pids, 20)


@needs_proc
@pytest.mark.slow
def test_ctrl_c_ends_quietly_and_a_loader_works_afterwards(tmp_path):
    end = """
try:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # A shell lets its background jobs ignore it.
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGINT))
    os.setpgid(0, 0)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    for _ in iterator:
        pass
except KeyboardInterrupt:
    print(*{batch.item() for batch in DataLoader(Slow(), 500, num_workers=2, collate_fn=lambda b: b[0])})
"""
    done, pids = run_script(tmp_path, "fork", end)
    assert (done.returncode, done.stderr, len(pids)) == (0, "", 4)


@pytest.mark.parametrize("method", METHODS)
def test_no_worker_waits_for_the_garbage_collector_after_an_error(method):
    loader = DataLoader(Faulty(raise_odd), 4, num_workers=2, multiprocessing_context=method)
    gc.collect()
    before = set(multiprocessing.active_children())
    gc.disable()
    try:
        with contextlib.suppress(OddError):
            next(iter(loader))
        assert set(multiprocessing.active_children()) <= before
    finally:
        gc.enable()

"""Machines are asked what they can do; processes are bounded and ended for real."""

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_lib import platform

POSIX = hasattr(os, "fork")
needs_posix = pytest.mark.skipif(not POSIX, reason="process groups and limits exist on POSIX only")
OUTSIDE_PYTHON = pytest.param("sum(range(10**12))", marks=needs_posix)


def run(code: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a program of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_running(pid: int) -> bool:
    """Tell whether a process still computes: a zombie, dead but not yet collected, does not."""
    if sys.platform.startswith("linux"):
        stat = Path(f"/proc/{pid}/stat")
        return stat.exists() and not stat.read_text().rpartition(")")[2].startswith(" Z")
    listing = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip() != "" and not listing.stdout.startswith("Z")


class TestWhatTheMachineCanDo:
    def test_some_core_is_available_and_no_more_than_there_are(self) -> None:
        assert 1 <= platform.available_cores() <= (os.cpu_count() or 1)

    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is set on Linux only")
    def test_cores_follow_the_affinity(self) -> None:
        code = """
            import os
            from course_lib.platform import available_cores
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            print(available_cores())
        """
        assert run(code).stdout.strip() == "1"

    @pytest.mark.parametrize("version", [1, 2])
    def test_cores_and_memory_follow_the_container(
        self, version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A folder of control files, as a container of either version sees it at its root."""
        if not Path("/proc/self/cgroup").exists():
            pytest.skip("control groups exist on Linux only")
        if version == 2:
            files = {"cpu.max": "50000 100000", "memory.max": "max", "memory.high": "1"}
            folders = [tmp_path]
        else:
            files = {
                "cpu.cfs_quota_us": "50000",
                "cpu.cfs_period_us": "100000",
                "memory.limit_in_bytes": "9223372036854771712",
            }
            lines = Path("/proc/self/cgroup").read_text().splitlines()
            folders = [tmp_path / line.split(":")[1] for line in lines]
            if not any(folder.name == "memory" for folder in folders):
                pytest.skip("this machine has no version 1 control groups")
        for folder in folders:
            folder.mkdir(exist_ok=True)
            for name, content in files.items():
                (folder / name).write_text(content + "\n")
        unlimited = platform._physical_memory()
        monkeypatch.setattr(platform, "_CGROUPS", tmp_path)
        assert platform.available_cores() == 1
        assert platform.memory_limit() == unlimited
        for folder in folders:
            for name in ("memory.max", "memory.limit_in_bytes"):
                if name in files:
                    (folder / name).write_text("1048576\n")
        assert platform.memory_limit() == 2**20

    def test_memory_is_plausible(self) -> None:
        limit, peak = platform.memory_limit(), platform.peak_memory()
        assert limit is not None
        assert peak is not None
        assert 2**20 < peak < limit < 2**50

    def test_peak_memory_sees_what_was_held_and_let_go(self) -> None:
        code = """
            from course_lib.platform import peak_memory
            before = peak_memory()
            bytearray(300 * 2**20)
            print(before, peak_memory() - before)
        """
        held = bytearray(200 * 2**20)  # what the parent holds is no peak of the child
        before, more = map(int, run(code).stdout.split())
        assert before < len(held)
        assert 250 * 2**20 < more < 350 * 2**20

    def test_shared_memory_is_sized_where_it_exists(self) -> None:
        size = platform.shared_memory_size()
        assert (size is not None) == os.path.isdir("/dev/shm")
        assert size is None or size > 0

    def test_the_default_start_method_comes_first(self) -> None:
        methods = platform.start_methods()
        assert methods[0] == multiprocessing.get_context().get_start_method()
        assert "spawn" in methods
        assert ("fork" in methods) == platform.can_fork()

    @needs_posix
    def test_root_is_known(self) -> None:
        assert platform.is_root() == (os.geteuid() == 0)

    def test_open_files_limit_is_positive_or_unknown(self) -> None:
        limit = platform.open_files_limit()
        assert limit is None or limit > 0


class TestLimits:
    @pytest.mark.parametrize("limit", ["wall_seconds", "cpu_seconds", "memory_bytes"])
    @pytest.mark.parametrize("value", [0, -1, float("nan")])
    def test_a_limit_that_is_no_positive_number_is_refused(self, limit: str, value: float) -> None:
        with pytest.raises(ValueError, match=f"{limit} must be a positive number or None, got {value}"):
            platform.set_limits(**{limit: value})

    def test_no_limit_sets_none(self) -> None:
        assert platform.set_limits() == frozenset()

    @pytest.mark.parametrize("busy", ["while True: pass", "import time; time.sleep(60)", OUTSIDE_PYTHON])
    def test_wall_time_ends_the_process_whatever_it_does(self, busy: str) -> None:
        code = f"""
            from course_lib.platform import set_limits
            print(sorted(set_limits(wall_seconds=0.5)), flush=True)
            {busy}
            print("survived")
        """
        done = run(code)
        assert done.stdout.strip() == "['wall']"
        assert done.returncode != 0

    @needs_posix
    def test_cpu_time_ends_a_busy_process_and_spares_a_waiting_one(self) -> None:
        code = """
            import time
            from course_lib.platform import set_limits
            print(sorted(set_limits(cpu_seconds=0.9)), flush=True)
            time.sleep(1.5)
            print("waited", flush=True)
            while True: pass
        """
        done = run(code)
        assert done.stdout.split("\n")[:2] == ["['cpu']", "waited"]
        assert done.returncode < 0

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux holds a limit on memory")
    def test_memory_beyond_the_limit_is_a_memory_error(self) -> None:
        code = """
            from course_lib.platform import set_limits
            print(sorted(set_limits(memory_bytes=200 * 2**20)))
            small = bytearray(50 * 2**20)
            try:
                bytearray(300 * 2**20)
            except MemoryError:
                print("refused")
        """
        assert run(code).stdout.split("\n")[:2] == ["['memory']", "refused"]


class TestProcessTrees:
    @needs_posix
    def test_a_whole_tree_ends_even_what_left_its_group(self, tmp_path: Path) -> None:
        """A child, a grandchild, one in a session of its own, and an orphan that kept the group."""
        code = """
            import os, subprocess, sys, time
            sleeper = [sys.executable, "-c", "import time; time.sleep(100)"]
            parent = "import subprocess, sys; print(subprocess.Popen({0!r}).pid, flush=True); {1}"
            pids = [os.getpid()]
            for ending in ("import time; time.sleep(100)", "pass"):
                child = subprocess.Popen(
                    [sys.executable, "-c", parent.format(sleeper, ending)], stdout=subprocess.PIPE, text=True
                )
                pids += [child.pid, int(child.stdout.readline())]
            pids.append(subprocess.Popen(sleeper, start_new_session=True).pid)
            print(*pids, flush=True)
            time.sleep(100)
        """
        arguments = platform.process_group_arguments()
        command = [sys.executable, "-c", textwrap.dedent(code)]
        bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **arguments) as head:
            assert head.stdout is not None
            pids = [int(word) for word in head.stdout.readline().split()]
            assert len(pids) == 6
            platform.kill_process_tree(head.pid)
        try:
            assert wait_until(lambda: not any(is_running(pid) for pid in pids))
            assert is_running(bystander.pid)
        finally:
            bystander.kill()
            bystander.wait()

    def test_a_child_ends(self) -> None:
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"]) as child:
            platform.kill_process_tree(child.pid)
            assert child.wait(30) != 0

    def test_a_dead_process_is_no_error(self) -> None:
        with subprocess.Popen([sys.executable, "-c", ""]) as child:
            child.wait()
        platform.kill_process_tree(child.pid)

    @pytest.mark.parametrize("pid", [0, -1, os.getpid()], ids=["the group", "all", "this process"])
    def test_a_number_that_means_more_than_one_process_is_refused(self, pid: int) -> None:
        with pytest.raises(ValueError, match=f"got pid {pid}"):
            platform.kill_process_tree(pid)

    @needs_posix
    def test_a_process_becomes_the_head_of_its_group_once(self) -> None:
        code = """
            import os
            from course_lib.platform import new_process_group
            print(new_process_group(), new_process_group(), os.getpgid(0) == os.getpid())
        """
        assert run(code).stdout.split() == ["True", "True", "True"]


def add_lines(path: Path, times: int) -> None:
    """Read, wait, write: loses lines whenever two processes do it at once."""
    for _ in range(times):
        with platform.file_lock(path.with_suffix(".lock")):
            count = int(path.read_text())
            time.sleep(0.001)
            path.write_text(str(count + 1))


class TestFileLock:
    def test_processes_take_turns(self, tmp_path: Path) -> None:
        path = tmp_path / "count"
        path.write_text("0")
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=add_lines, args=(path, 50)) for _ in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
        assert path.read_text() == "150"

    def test_an_error_inside_lets_the_lock_go(self, tmp_path: Path) -> None:
        def fail() -> None:
            with platform.file_lock(tmp_path / "lock"):
                raise KeyError("inside")

        with pytest.raises(KeyError, match="inside"):
            fail()
        with platform.file_lock(tmp_path / "lock"):
            pass


def test_the_answers_are_plain_data() -> None:
    answers = (platform.available_cores(), platform.memory_limit(), platform.start_methods())
    assert pickle.loads(pickle.dumps(answers)) == answers
    assert json.loads(json.dumps(answers))[0] == answers[0]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="this system has no /dev/shm")
def test_names_of_shared_memory_are_removed() -> None:
    prefix = f"course_{os.getpid()}_"
    paths = [Path("/dev/shm", prefix + name) for name in "ab"]
    other = Path("/dev/shm", f"other_{prefix}")
    for path in (*paths, other):
        path.touch()
    platform.remove_shared_memory(prefix)
    assert not any(path.exists() for path in paths)
    assert other.exists()
    other.unlink()


@needs_posix
class TestPoll:
    @pytest.fixture
    def pipe(self) -> Iterator[tuple[int, int]]:
        ends = os.pipe()
        yield ends
        for end in ends:
            os.close(end)

    @pytest.mark.parametrize("awake", [0.0, 60.0])
    def test_it_tells_what_comes_while_it_is_awake_and_while_it_sleeps(
        self, pipe: tuple[int, int], awake: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(platform, "_AWAKE_SECONDS", awake)
        wait = platform.make_poll([pipe[0]])
        assert wait is not None
        threading.Timer(0.1, os.write, [pipe[1], b"x"]).start()
        assert wait(None) == {pipe[0]}

    def test_with_zero_seconds_it_looks_once(
        self, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(platform, "give_way", lambda: pytest.fail("it waited"))
        wait = platform.make_poll([pipe[0]])
        assert wait is not None
        assert wait(0) == set()
        os.write(pipe[1], b"x")
        assert wait(0) == wait(None) == {pipe[0]}

    def test_it_sleeps_after_a_moment(self, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
        looks = list[str]()
        clock = iter([0.0, 0.5, 0.9, 1.0])
        monkeypatch.setattr(platform, "_AWAKE_SECONDS", 1.0)
        monkeypatch.setattr(platform, "time", SimpleNamespace(perf_counter=clock.__next__))
        monkeypatch.setattr(platform, "give_way", lambda: looks.append("look"))
        wait = platform.make_poll([pipe[0]])
        assert wait is not None
        assert wait(0.01) == set()
        assert len(looks) == 2

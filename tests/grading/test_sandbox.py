"""Hostile code at each tier: what it cannot do, how long it may try, and that its neighbours notice nothing.

Each attack is a notebook cell; it leaves what it achieved in `result`. What tier C cannot stop is said here
too: it is for trusted submissions. Attacks that would hit this very machine there are left out there.
"""

import errno
import os
import secrets
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
from small_course import Counting

from course_lib import platform
from course_lib.classroom.exercises.sides import Student
from course_lib.classroom.exercises.transport import DeadlinePassed, Disconnected
from course_lib.classroom.exercises.wire import WireError
from course_lib.classroom.grading.sandbox import NoSandbox, Tier, find_tier, seccomp
from course_lib.classroom.grading.sandbox.__main__ import matrix
from course_lib.classroom.grading.sandbox.nursery import Way, nursery
from course_lib.classroom.grading.session import CodeCell, Limits, Session, SessionLost

pytestmark = pytest.mark.skipif(not platform.can_fork(), reason="there is no sandbox without fork")

LIMITS = Limits(
    cell_seconds=20,
    wall_seconds=60,
    cpu_seconds=30,
    memory_bytes=512 << 20,
    processes=40,
    open_files=256,
    disk_bytes=32 << 20,
    shared_bytes=32 << 20,
)
COURSE = Path(__file__).parents[2]
SOON = 30.0  # seconds that a whole attack may take, session and all, on a busy machine


@pytest.fixture(
    params=["A", pytest.param("B", marks=pytest.mark.slow), pytest.param("C", marks=pytest.mark.slow)]
)
def tier(request: pytest.FixtureRequest) -> Iterator[Tier]:
    """A tier of this machine; after each attack on it the next session works, and in time."""
    try:
        found = find_tier(request.param)
    except NoSandbox as problem:
        pytest.skip(str(problem))
    yield found
    assert outcome_of("result = 1 + 1", found) == 2


def outcome_of(code: str, tier: Tier, limits: Limits = LIMITS) -> Any:
    """Run a cell; returns its `result`, or how the session was lost."""
    begin = time.monotonic()
    with Session(limits, tier) as session:
        try:
            cell = session.run([CodeCell("1", textwrap.dedent(code))])[0]
            found = cell.error or Student(session.peer).result
        except SessionLost as lost:
            found = lost.reason
    assert time.monotonic() - begin < SOON
    return found


def attempt(act: str, tier: Tier) -> str:
    """Run statements inside; returns "done" or the name of the error that they met."""
    body = textwrap.indent(textwrap.dedent(act).strip(), "    ")
    caught = "except BaseException as error:\n    result = type(error).__name__"
    return str(outcome_of(f"try:\n{body}\n    result = 'done'\n{caught}", tier))


def with_marker(marker: str) -> list[psutil.Process]:
    """Return the living processes that have a word on their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if marker in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def counts_processes(tier: Tier) -> bool:
    own_count = tier.way.change_user or not platform.is_root()
    return own_count or "pids" in nursery(tier.way).groups


class TestWhatCannotBeReached:
    def test_files_of_the_judge_and_the_course(self, tier: Tier, tmp_path: Path) -> None:
        secret = tmp_path / "hidden_checks.py"
        secret.write_text("expected = 42")
        wanted = [
            str(secret),
            "/etc/shadow",
            __file__,
            str(next(Path(__file__).parents[2].glob("solutions/*"))),
        ]
        wanted += ["/etc/hostname", "/var", "/home"]
        code = f"""
        import os
        result = []
        for path in {wanted!r}:
            try:
                result.append(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read())
            except OSError:
                pass
        """
        found = outcome_of(code, tier)
        assert (found == []) == (tier.name != "C")

    def test_links_lead_nowhere_else(self, tier: Tier, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("42")
        code = f"import os; os.symlink({str(secret)!r}, 'link'); open('link').read()"
        assert (attempt(code, tier) == "done") == (tier.name == "C")

    def test_nothing_is_written_outside(self, tier: Tier, tmp_path: Path) -> None:
        folder = tmp_path / "open"
        folder.mkdir()
        folder.chmod(0o777)
        attempt(f"open({str(folder / 'grades.csv')!r}, 'w').write('100')", tier)
        attempt(
            f"open({str(Path(__file__).parents[2] / 'written')!r}, 'x')",
            tier if tier.name < "C" else find_tier(),
        )
        assert bool(list(folder.iterdir())) == (tier.name == "C")
        assert not (Path(__file__).parents[2] / "written").exists()

    def test_the_library_cannot_be_changed(self, tier: Tier) -> None:
        if tier.name == "C" and not tier.way.change_user:
            pytest.skip("at tier C without a user of its own a session may write what the judge may")
        import course_lib

        path = str(Path(course_lib.__file__).parent / "written.py")
        assert attempt(f"open({path!r}, 'w')", tier) in ("OSError", "PermissionError")

    def test_the_judges_environment(self, tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COURSE_KEY", "secret")
        names = outcome_of("import os; result = sorted(os.environ)", tier)
        assert "COURSE_KEY" not in names
        assert not {name for name in names if "PYTEST" in name or "TOKEN" in name}

    def test_no_descriptor_is_inherited(self, tier: Tier, tmp_path: Path) -> None:
        with open(tmp_path / "secret", "w") as file:
            os.set_inheritable(file.fileno(), True)
            code = """
            import os
            result = []
            for descriptor in range(1000):
                try:
                    result.append((descriptor, os.fstat(descriptor).st_mode & 0o170000))
                except OSError:
                    pass
            """
            found = dict(outcome_of(code, tier))
        assert set(found) >= {0, 1, 2}
        assert len(found) <= 5  # the empty input and outputs, the connection, perhaps one of Python's own
        assert all(mode != 0o100000 for mode in found.values())

    @pytest.mark.parametrize(
        "act",
        [
            "import socket; socket.create_connection(('127.0.0.1', {port}), 5)",
            "from socket import *; socket(AF_INET, SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
            "import socket; socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
            "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
            "import socket; socket.create_server(('', 0))",
        ],
        ids=["TCP", "UDP", "IPv6", "netlink", "listen"],
    )
    def test_the_network(self, tier: Tier, act: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert (attempt(act.format(port=port), tier) == "done") == (tier.name == "C")

    def test_abstract_sockets(self, tier: Tier) -> None:
        name = f"course-{secrets.token_hex(4)}"
        with platform.listen_abstract(name):
            act = f"import socket; socket.socket(socket.AF_UNIX).connect(chr(0) + {name!r})"
            reached = attempt(act, tier) == "done"
        assert reached == ("connect to an abstract socket" in tier.open)
        assert not (reached and tier.name == "A")

    def test_another_sessions_door_and_files(self, tier: Tier) -> None:
        with Session(LIMITS, tier) as neighbour:
            neighbour.run(
                [CodeCell("1", "import os; open('answer.txt', 'w').write('42'); here = os.getcwd()")]
            )
            here = Student(neighbour.peer).here
            address = neighbour._door.address
            read = attempt(f"assert open({here + '/answer.txt'!r}).read() == '42'", tier)
            assert (read == "done") == (tier.name == "C" and not tier.way.change_user)
            act = f"""
            import socket
            line = socket.socket(socket.AF_UNIX)
            line.connect({address!r})
            line.recv(32)
            line.sendall(bytes(32))  # without the key
            assert line.recv(1)
            """
            assert attempt(act, tier) != "done"
            assert Student(neighbour.peer).here == here


class TestWhatCannotBeDone:
    @pytest.mark.parametrize(
        "call",
        [
            "os.kill({judge}, 0)",
            "os.kill({judge}, 15)",
            "libc.ptrace(0x4206, {judge}, 0, 0)",
            "libc.unshare(0x10000000)",
            "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
            "libc.syscall(250, 0, -3, 1)",
            "libc.syscall(321, 0, 0, 0)",
            "libc.syscall(298, 0, 0, 0, 0, 0)",
            "libc.syscall(323, 0)",
            "libc.syscall(425, 8, 0)",
            "libc.syscall(435, 0, 0)",
            "libc.syscall(1000)",
            "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)",
            "libc.chroot(b'/tmp')",
            "libc.setuid(0) or 1 / os.geteuid() and libc.setreuid(0, 0)",
            "libc.personality(0x40000)",
        ],
    )
    def test_calls_that_serve_to_break_out(self, tier: Tier, call: str) -> None:
        if tier.name == "C":
            pytest.skip("tier C filters no system calls")
        code = f"""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            done = {call.format(judge=os.getpid())}
            result = "done" if done in (0, None) or done > 0 else "refused"
        except (OSError, ZeroDivisionError):
            result = "refused"
        """
        if "setuid" in call and not tier.way.change_user:
            pytest.skip("the session stays the judge's user, without its capabilities")
        assert outcome_of(code, tier) == "refused"

    def test_killing_all_it_can_see(self, tier: Tier) -> None:
        if tier.name != "A":
            pytest.skip("only tier A has a world of its own: elsewhere this could end other programs here")
        assert attempt("import os; os.kill(-1, 9)", tier) in ("ProcessLookupError", "crashed")
        assert attempt("import os; os.kill(1, 9)", tier) != "crashed"

    def test_killing_its_parent(self, tier: Tier) -> None:
        if tier.name == "C" and not tier.way.change_user:
            pytest.skip("at tier C without a user of its own a session may end its keeper")
        found = attempt("import os; os.kill(os.getppid(), 9)", tier)
        assert found in ("done", "PermissionError", "ProcessLookupError")


class TestWhatIsBounded:
    def test_memory_of_one_process(self, tier: Tier) -> None:
        assert attempt("[bytearray(64 << 20) for _ in range(64)]", tier) in ("MemoryError", "crashed")

    def test_memory_of_many_processes(self, tier: Tier) -> None:
        code = """
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                held = bytearray(b"x") * (160 << 20)
                time.sleep(100)
                os._exit(0)
        time.sleep(4)
        result = sum(os.waitpid(-1, os.WNOHANG)[0] != 0 for _ in range(8))
        """
        if "memory" in nursery(tier.way).groups:
            assert outcome_of(code, tier) not in (0,)  # the kernel ended some of them, or the session
        else:
            assert outcome_of(code, tier) == "crashed"

    def test_forks_without_end(self, tier: Tier) -> None:
        if not counts_processes(tier):
            pytest.skip("nothing counts the processes of root here: no control groups")
        marker = secrets.token_hex(8)
        code = f"""
        import os, subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)", "{marker}"])
        while True:
            try:
                os.fork()
            except BaseException:
                pass
        """
        neighbours: list[Any] = []
        bystander = threading.Timer(
            1.0,
            lambda: neighbours.append(outcome_of("import os; os.fork() or os._exit(0); result = True", tier)),
        )
        bystander.start()
        limits = Limits(**{**vars(LIMITS), "cell_seconds": 3})
        assert outcome_of(code, tier, limits) == "timeout"
        bystander.join()
        assert neighbours == [True]
        assert wait_for(lambda: with_marker(marker) == [])

    def test_files_without_end(self, tier: Tier) -> None:
        code = """
        for number in range(100):
            with open(f"large{number}", "wb") as file:
                for _ in range(20):
                    file.write(bytes(1 << 20))
        """
        assert attempt(code, tier) in ("OSError", "crashed")
        with Session(LIMITS, tier) as session:
            session.run([CodeCell("1", "import os; here = os.getcwd()")])
            here = Student(session.peer).here
        assert tier.name == "A" or not os.path.exists(here)

    def test_folders_in_folders_without_end(self, tier: Tier) -> None:
        code = """
        import os, time
        here = os.getcwd()
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
        os.chmod(".", 0)
        time.sleep(1)
        result = here
        """
        here = outcome_of(code, tier)
        assert str(here).startswith("/")
        assert tier.name == "A" or not os.path.exists(here)

    def test_shared_memory_without_end(self, tier: Tier) -> None:
        name = f"course-test-{secrets.token_hex(4)}"
        code = f"""
        try:
            with open("/dev/shm/{name}", "wb", buffering=0) as file:
                for _ in range(100):
                    if file.write(bytes(1 << 20)) < 1 << 20:
                        break
        finally:
            pass
        """
        try:
            assert attempt(f"{textwrap.dedent(code)}\nraise OSError", tier) == "OSError"
            path = Path("/dev/shm") / name
            if tier.name == "A" or tier.way.change_user:
                assert not path.exists()
            else:
                assert path.stat().st_size <= LIMITS.disk_bytes + 1
        finally:
            Path("/dev/shm", name).unlink(missing_ok=True)

    def test_files_in_memory_which_no_limit_counts(self, tier: Tier) -> None:
        expected = "done" if tier.name == "C" else "PermissionError"
        assert attempt("import os\nos.memfd_create('hoard')", tier) == expected

    def test_output_without_end(self, tier: Tier) -> None:
        assert attempt("for _ in range(200): print('x' * (1 << 20))", tier) == "done"

    def test_open_files_without_end(self, tier: Tier) -> None:
        assert attempt("held = [open('/dev/null') for _ in range(10_000)]", tier) == "OSError"

    @pytest.mark.parametrize(
        "code",
        [
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
            "import time\ntime.sleep(1000)",
            "import ctypes, signal as s\ns.pthread_sigmask(0, range(1, 65))\nctypes.CDLL(None).sleep(99)",
            "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
            "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
            "import os, sys\nos.close(1); os.close(2); sys.stdout = None\nwhile True: pass",
            "import sys\nsys.settrace(lambda *a: None)\nimport threading\nthreading.Event().wait()",
        ],
        ids=["swallows", "sleeps", "sleeps in C", "in C", "stops itself", "closed outputs", "waits"],
    )
    def test_time(self, tier: Tier, code: str) -> None:
        limits = Limits(**{**vars(LIMITS), "cell_seconds": 1})
        assert outcome_of(code, tier, limits) == "timeout"

    def test_time_of_all_when_the_judge_asks_nothing(self, tier: Tier) -> None:
        marker = secrets.token_hex(8)
        code = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{marker}"])
        """
        with Session(Limits(**{**vars(LIMITS), "wall_seconds": 10}), tier) as session:
            assert session.run([CodeCell("1", textwrap.dedent(code))])[0].error == ""
            assert wait_for(lambda: with_marker(marker) != [])  # Popen returns in the middle of exec.
            assert wait_for(lambda: with_marker(marker) == [], SOON)


class TestTheEnd:
    @pytest.mark.parametrize("way", ["_exit", "kill", "in a thread", "segmentation fault"])
    def test_a_program_that_ends_itself(self, tier: Tier, way: str) -> None:
        code = {
            "_exit": "import os; os._exit(0)",
            "kill": "import os; os.kill(os.getpid(), 9)",
            "in a thread": "import os, threading\nthreading.Timer(0, os._exit, [3]).start()\nwhile 1: 0",
            "segmentation fault": "import ctypes; ctypes.string_at(0)",
        }[way]
        assert outcome_of(code, tier) == "crashed"

    def test_a_daemon_does_not_outlive_it(self, tier: Tier) -> None:
        marker = secrets.token_hex(8)
        code = f"""
        import os, signal, subprocess, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(1, 32):
                    if number not in (9, 19):
                        signal.signal(number, signal.SIG_IGN)
                os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{marker}"])
            os._exit(0)
        os.wait()
        time.sleep(0.3)
        """
        with Session(LIMITS, tier) as session:
            assert session.run([CodeCell("1", textwrap.dedent(code))])[0].error == ""
            assert wait_for(lambda: with_marker(marker) != [])
        assert with_marker(marker) == []

    @pytest.mark.slow
    def test_it_ends_although_it_has_stopped_its_keeper(self) -> None:
        marker = secrets.token_hex(8)
        code = f"""
        import os, signal, subprocess, sys
        sleeper = [sys.executable, "-c", "import time; time.sleep(600)", "{marker}"]
        subprocess.Popen(sleeper, start_new_session=True)
        os.kill(os.getppid(), signal.SIGSTOP)
        """
        # As the same user: at tier C without root, and nowhere else, can it signal its keeper.
        tier = replace(find_tier("C"), way=Way("C"))
        with Session(LIMITS, tier) as session:
            assert session.run([CodeCell("1", textwrap.dedent(code))])[0].error == ""
            assert wait_for(lambda: with_marker(marker) != [])
        assert wait_for(lambda: with_marker(marker) == [])

    def test_it_ends_when_the_judge_is_killed(self, tier: Tier, tmp_path: Path) -> None:
        marker = secrets.token_hex(8)
        sleeper = f"[sys.executable, '-c', 'import time; time.sleep(600)', '{marker}']"
        code = (
            f"import subprocess, sys\nsubprocess.Popen({sleeper}, start_new_session=True)\nwhile True: pass"
        )
        judge = f"""
from course_lib.classroom.grading.session import *
from course_lib.classroom.grading.sandbox import find_tier
Session(Limits(), find_tier({tier.name!r})).run([CodeCell("1", {code!r})])
"""
        process = subprocess.Popen([sys.executable, "-c", judge], cwd=Path(__file__).parents[2])
        try:
            assert wait_for(lambda: with_marker(marker) != [], 60)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert wait_for(lambda: with_marker(marker) == [])

    def test_nothing_piles_up(self, tier: Tier) -> None:
        outcome_of("result = 0", tier)
        warm = psutil.Process(nursery(tier.way)._process.pid)
        threads = threading.active_count()
        files, memory = len(os.listdir("/proc/self/fd")), warm.memory_info().rss
        for _ in range(15):
            outcome_of("import torch; x = torch.ones(1 << 20); result = float(x.sum())", tier)
        assert wait_for(lambda: len(os.listdir("/proc/self/fd")) <= files)
        assert wait_for(lambda: threading.active_count() <= threads)
        assert warm.memory_info().rss < memory + (8 << 20)
        assert wait_for(lambda: all(each.status() == psutil.STATUS_ZOMBIE for each in warm.children()))


class TestTheTalk:
    @pytest.mark.parametrize(
        "code",
        [
            "os.closerange(0, 1000)",
            "[os.write(fd, b'x' * 1000) for fd in fds]",
            "[os.write(fd, struct.pack('<IcQ', 2**32 - 1, b'R', 1)) for fd in fds]",
            "[os.write(fd, struct.pack('<IcQ', 200_000_000, b'R', 1)) for fd in fds]; time.sleep(9)",
            "[os.write(fd, struct.pack('<IcQ', 8, b'R', 77) + bytes(8)) for fd in fds]",
            "[os.write(fd, (struct.pack('<IcQ', 4, b'Q', 1) + bytes(4)) * 100) for fd in fds]; time.sleep(9)",
            "[socket.socket(fileno=fd).shutdown(2) for fd in fds]",
        ],
    )
    def test_forged_frames_win_nothing(self, tier: Tier, code: str) -> None:
        cell = f"""
import os, socket, stat, struct, time
there = [fd for fd in range(3, 1000) if os.path.exists(f"/proc/self/fd/{{fd}}")]
fds = [fd for fd in there if stat.S_ISSOCK(os.fstat(fd).st_mode)]
{code}
result = "done"
"""
        limits = Limits(**{**vars(LIMITS), "cell_seconds": 3})
        begin = time.monotonic()
        with Session(limits, tier) as session:
            try:
                session.run([CodeCell("1", cell)])
                found = Student(session.peer).result
            except (SessionLost, Disconnected, DeadlinePassed, WireError):
                found = "lost"
        assert found == "lost"
        assert time.monotonic() - begin < SOON

    def test_a_flood_of_questions_gains_no_time(self, tier: Tier) -> None:
        code = """
        import gc
        from course_lib.classroom.exercises.sides import StudentPeer
        peer = next(each for each in gc.get_objects() if type(each) is StudentPeer)
        while True:
            try:
                peer.request("length", [])
            except Exception:
                pass
        """
        limits = Limits(**{**vars(LIMITS), "cell_seconds": 2})
        assert outcome_of(code, tier, limits) == "timeout"

    @pytest.mark.parametrize("library", ["torch.utils.data", "course_lib"])
    @pytest.mark.parametrize(
        "method",
        [
            "fork",
            pytest.param("forkserver", marks=pytest.mark.slow),
            pytest.param("spawn", marks=pytest.mark.slow),
        ],
    )
    def test_workers_read_the_judges_dataset(self, tier: Tier, library: str, method: str) -> None:
        code = f"""
        import {library}
        def total(dataset):
            options = dict(batch_size=3, num_workers=2, multiprocessing_context={method!r})
            loader = {library}.DataLoader(dataset, **options)
            return float(sum(batch.sum() for batch in loader))
        """
        dataset = Counting(10)
        with Session(Limits(), tier) as session:
            assert session.run([CodeCell("1", textwrap.dedent(code))])[0].error == ""
            session.start(100)
            assert Student(session.peer).total(dataset) == 45.0
        assert sorted(dataset.reads) == list(range(10))

    def test_threads_read_the_judges_dataset_at_once(self, tier: Tier) -> None:
        code = """
        from concurrent.futures import ThreadPoolExecutor
        def total(dataset):
            with ThreadPoolExecutor(4) as pool:
                return float(sum(pool.map(dataset.__getitem__, range(len(dataset)))))
        """
        dataset = Counting(40)
        with Session(LIMITS, tier) as session:
            session.run([CodeCell("1", textwrap.dedent(code))])
            session.start(20)
            assert Student(session.peer).total(dataset) == 780.0
        assert sorted(dataset.reads) == list(range(40))


def test_where_nothing_can_fork_a_session_is_a_new_process() -> None:
    code = """
    import os
    del os.fork
    from course_lib.classroom.exercises.sides import Student
    from course_lib.classroom.grading.session import CodeCell, Limits, Session, SessionLost
    if __name__ == "__main__":
        with Session(Limits(cell_seconds=30)) as session:
            print(session.tier.name, session.run([CodeCell("1", "import torch; answer = torch.ones(3)")]))
            print(Student(session.peer).answer.sum())
            try:
                session.run([CodeCell("2", "import os; os._exit(3)")])
            except SessionLost as lost:
                print(lost.reason)
    """
    program = textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=COURSE, check=False
    )
    assert "C [CellOutcome(label='1', error='')]\ntensor(3.)\ncrashed" in done.stdout, done.stderr


ALLOW, KILL = 0x7FFF0000, 0x80000000
CALLS = {"x86_64": (0, 56, 41, 16), "aarch64": (63, 220, 198, 29)}  # read, clone, socket, ioctl


def answer(processor: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """Run the filter's program on one system call, as the kernel would; returns its answer."""
    own = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[processor]
    call = struct.pack("<iIQ6Q", number, architecture or own, 0, *arguments, *[0] * (6 - len(arguments)))
    lines = [struct.unpack("<HBBI", line) for line in seccomp.program(processor)]
    place = loaded = 0
    while True:
        code, yes, no, value = lines[place]
        if code == 0x06:
            return int(value)
        if code == 0x20:
            loaded = struct.unpack_from("<I", call, value)[0]
            place += 1
            continue
        holds = {0x15: loaded == value, 0x25: loaded > value, 0x45: bool(loaded & value)}[code]
        place += 1 + (yes if holds else no)


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
class TestTheFilter:
    def test_programs_of_another_kind_are_ended(self, processor: str) -> None:
        assert answer(processor, 1, architecture=0x40000003) == KILL  # 32-bit x86

    def test_what_loaders_need_is_allowed(self, processor: str) -> None:
        read, clone, socket_call, ioctl = CALLS[processor]
        for call in ((read,), (clone, 0x01200011), (clone, 0x003D0F00), (socket_call, 1), (ioctl, 1, 0x5401)):
            assert answer(processor, *call) == ALLOW

    def test_what_serves_to_break_out_is_refused(self, processor: str) -> None:
        _, clone, socket_call, ioctl = CALLS[processor]
        refused = 0x00050000
        for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
            assert answer(processor, clone, flag | 17) == refused | errno.EPERM
        for family in (0, 2, 10, 16, 17, 40):
            error = errno.EOPNOTSUPP if family == 16 else errno.EACCES
            assert answer(processor, socket_call, family) == refused | error
            assert answer(processor, socket_call, family | 1 << 32) == refused | error
        assert answer(processor, ioctl, 0, 0x5412) == refused | errno.EPERM
        assert answer(processor, ioctl, 0, 0x5412 | 1 << 32) == refused | errno.EPERM
        for number in (
            435,
            463,
            1000,
            0x40000000,
            0x40000000 | 101,
        ):  # clone3, what is newer, x86's 32-bit names
            assert answer(processor, number) == refused | errno.ENOSYS


class TestTheTier:
    def test_every_act_was_attempted_and_the_promises_hold(self, tier: Tier) -> None:
        assert len({each.act for each in tier.attempts}) == len(tier.attempts) >= 15
        assert tier.name != "A" or tier.open == ()
        assert (tier.remedy == "") == (tier.name == "A")

    def test_the_best_is_found(self) -> None:
        names = []
        for name in "ABC":
            try:
                names.append(find_tier(name).name)
            except NoSandbox:
                continue
        assert find_tier().name == names[0]

    def test_the_matrix_can_be_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        table = matrix()
        with capsys.disabled():
            print(f"\n{table}")
        assert table.count("refused") >= 15


@pytest.mark.slow
def test_all_of_it_as_an_ordinary_user() -> None:
    if not platform.is_root() or sys.platform != "linux":
        pytest.skip("only root can become somebody else to try this")
    helper = Path(__file__).with_name("ordinary_user.py")
    command = [sys.executable, str(helper), sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-k", "not ordinary and not forkserver and not spawn", "-o", "addopts=", __file__]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout[-3000:]

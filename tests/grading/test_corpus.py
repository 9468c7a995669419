"""Every attack of `corpus/code/`, by the real path: intake, sandbox, judge; and then the next student's work.

After each attack: the points and the status are those declared, in the time declared; what it aimed at is
untouched, unless it is known that the tier cannot hold it; no process, file or shared memory of it is left;
the judge's own process is as it was; and a right answer graded right after it earns everything.
"""

import contextlib
import gc
import os
import random
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from corpus_attacks import TIERS, Attack, all_attacks, notebook_of
from corpus_exercises import EXERCISES, RIGHT

from course_lib import platform
from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.grading.intake import find_submissions, read_submission
from course_lib.classroom.grading.judge import Verdict, judge
from course_lib.classroom.grading.sandbox import NoSandbox, Tier, find_tier
from course_lib.classroom.grading.sandbox.nursery import nursery
from course_lib.classroom.grading.session import Limits, Session

pytestmark = pytest.mark.skipif(not platform.can_fork(), reason="there is no sandbox without fork")

COURSE = Path(__file__).parents[2]
SEED = 7
_FIRST_USER = 0x70000000


def cases() -> list[Any]:
    """List each attack at each tier; the weaker tiers, and slow attacks, are slow."""

    def case(attack: Attack, tier: str) -> Any:
        slow = attack.slow or tier != "A"
        return pytest.param(
            attack, tier, id=f"{attack.name}-{tier}", marks=[pytest.mark.slow] if slow else []
        )

    return [case(attack, tier) for attack in all_attacks() for tier in TIERS]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder for what the judge writes, and a bait that everybody may read and write."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        os.chmod(folder, 0o755)
        outside = Path(folder, "outside")
        outside.mkdir()
        outside.chmod(0o777)
        for name in ("submissions", "temporary"):
            Path(folder, name).mkdir()
            Path(folder, name).chmod(0o755)
        before, tempfile.tempdir = tempfile.tempdir, str(Path(folder, "temporary"))
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before


@pytest.fixture(scope="module")
def bait(place: Path) -> Iterator[dict[str, Any]]:
    """What an attack aims at."""
    variable = f"CORPUS_{secrets.token_hex(4)}"
    mark = f"crp{secrets.token_hex(5)}"
    other = place / "submissions" / "ann.ipynb"
    other.write_text("another's answer")
    other.chmod(0o666)
    checks = COURSE / "tests" / "exercises"
    os.environ[variable] = "of the judge"
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        if sys.platform == "linux":
            stack.enter_context(platform.listen_abstract(mark))
        yield {
            "outside": str(place / "outside"),
            "home": str(Path.home()),
            "course": str(COURSE),
            "checks": str(next(checks.glob("test_*.py"))),
            "solution": str(next((COURSE / "solutions").glob("*.ipynb"))),
            "other": str(other),
            "judge": os.getpid(),
            "port": listener.getsockname()[1],
            "abstract": mark,
            "mark": mark,
            "variable": variable,
        }
    del os.environ[variable]


@pytest.mark.parametrize(("attack", "tier_name"), cases())
def test_attack(
    attack: Attack, tier_name: str, place: Path, bait: dict[str, Any], outcomes: dict[tuple[str, str], str]
) -> None:
    tier = tier_or_skip(attack, tier_name)
    own_user = tier.way.change_user
    attack = attack.at(tier_name, own_user)
    lay_out(place)
    before, files = state_of_judge(), open_files()
    begin = time.monotonic()
    verdict = graded(place, "mallory", attack, bait, tier)
    seconds = time.monotonic() - begin
    escaped = words_of(verdict, "Escaped") + traces(place, bait)
    outcome = "+".join(str(each.earned) for each in verdict.tasks) + f" {verdict.status}"
    outcomes[attack.name, tier_name] = outcome + (" ESCAPED" if escaped else "")

    assert [each.earned for each in verdict.tasks] == list(attack.earned), told(verdict)
    assert verdict.status in attack.status, told(verdict)
    assert seconds < attack.seconds
    assert attack.says in told(verdict)
    assert attack.review in "; ".join(verdict.reviews)
    if tier_name in attack.escapes:
        assert escaped, "it is declared that this tier cannot hold it: then somebody mended it"
    elif f"{tier_name}?" not in attack.escapes:
        assert escaped == []
    assert left_behind(place, bait, tier) == []
    wipe(place, bait)

    follower = graded(place, "next", right_answers(attack.exercise), bait, tier)
    assert (follower.score, follower.status) == (EXERCISES[attack.exercise].points(), "graded"), told(
        follower
    )
    assert follower.cells == []
    assert state_of_judge() == before
    assert open_files() <= files  # fewer where what other tests have left was closed meanwhile


def tier_or_skip(attack: Attack, name: str) -> Tier:
    try:
        tier = find_tier(name)
    except NoSandbox as problem:
        pytest.skip(str(problem))
    groups = nursery(tier.way).groups  # the warm process is there from now on
    counted = tier.way.change_user or not platform.is_root() or "pids" in groups
    if attack.counts_processes and not counted:
        pytest.skip("nothing counts the processes of root here: this would hit the machine itself")
    return tier


def right_answers(exercise: str) -> Attack:
    return Attack("next", "the next student's right answers", (), exercise=exercise)


def graded(place: Path, student: str, attack: Attack, bait: dict[str, Any], tier: Tier) -> Verdict:
    """Hand in and judge."""
    exercise = EXERCISES[attack.exercise]
    right = {task.number: RIGHT[task.number] for task in exercise.tasks}
    path = place / "submissions" / f"{student}.ipynb"
    path.write_text(notebook_of(attack, right, bait), encoding="utf-8")
    (found,) = find_submissions([path])
    limits = Limits(
        cell_seconds=attack.cell_seconds,
        wall_seconds=30,
        cpu_seconds=20,
        memory_bytes=attack.memory << 20,
        processes=attack.processes,
        open_files=256,
        disk_bytes=attack.disk << 20,
        shared_bytes=attack.disk << 20,
    )
    opener = partial(Session, tier=tier)
    submission = read_submission(found, exercise)
    return judge(exercise, submission, seed=SEED, limits=limits, opener=opener)


def failures(verdict: Verdict) -> Iterator[Failure]:
    for task in verdict.tasks:
        yield from (check.failure for check in task.checks if check.failure is not None)


def told(verdict: Verdict) -> str:
    """Return all the words of a verdict."""
    lines = [
        verdict.note,
        *verdict.notes,
        *(f"cell {cell.label}: {cell.error[:500]}" for cell in verdict.cells),
    ]
    lines += [f"{each.tried}: {each.got} / {each.expected} / {each.rule}" for each in failures(verdict)]
    return "\n".join(lines)


def words_of(verdict: Verdict, mark: str) -> list[str]:
    return [line for line in told(verdict).splitlines() if f"{mark}: " in line]


def lay_out(place: Path) -> None:
    outside = place / "outside"
    (outside / "secret").write_text("a secret")
    (outside / "grades.csv").write_text("ann,4\n")
    for path in outside.iterdir():
        path.chmod(0o666)
    (place / "submissions" / "ann.ipynb").write_text("another's answer")


def traces(place: Path, bait: dict[str, Any]) -> list[str]:
    """Return what an attack changed outside of its session."""
    found = {path.name: path.read_text() for path in (place / "outside").iterdir()}
    changed = (
        [] if found == {"secret": "a secret", "grades.csv": "ann,4\n"} else [f"outside: {sorted(found)}"]
    )
    if Path(bait["other"]).read_text() != "another's answer":
        changed.append("another's submission")
    return changed + [str(path) for path in marked_files(bait) if path.parent != Path("/dev/shm")]


def marked_files(bait: dict[str, Any]) -> list[Path]:
    folders = {bait["home"], bait["course"], "/dev/shm", "/tmp"}
    return [path for folder in folders if (path := Path(folder, bait["mark"])).exists()]


def wipe(place: Path, bait: dict[str, Any]) -> None:
    for path in [*marked_files(bait), *(place / "outside").iterdir()]:
        path.unlink()


def left_behind(place: Path, bait: dict[str, Any], tier: Tier) -> list[str]:
    """Return the processes, temporary files and shared memory that an attack left."""
    found = [f"process {each}" for each in marked_processes(bait["mark"])]
    found += [str(path) for path in (place / "temporary").iterdir()]
    if tier.way.change_user or tier.name == "A":
        found += [str(path) for path in marked_files(bait) if path.parent == Path("/dev/shm")]
    return found + [path for path in orphaned_shared_memory() if not gone_soon(path)]


def marked_processes(mark: str) -> list[int]:
    """Return processes that the attack started: forks have its name, programs its word."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            named = process.name() == mark or mark in process.cmdline()
            if named and process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                found.append(process.pid)
    return found


def orphaned_shared_memory() -> list[str]:
    """Return shared memory of a session's user of whom no process is left."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        return []
    owners: dict[int, list[str]] = {}
    for path in memory.iterdir():
        with contextlib.suppress(OSError):
            owners.setdefault(path.stat().st_uid, []).append(str(path))
    living = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            living.add(process.uids().real)
    return [
        path for user, paths in owners.items() if user >= _FIRST_USER and user not in living for path in paths
    ]


def gone_soon(path: str) -> bool:
    """Wait: the session of another program on this machine may be ending just now."""
    deadline = time.monotonic() + 60
    while os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not os.path.exists(path)


def state_of_judge() -> dict[str, Any]:
    """Return what student code could have changed in this process, had it got here."""
    wait_for_threads()
    return {
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "path": list(sys.path),
        "torch's random state": torch.get_rng_state().sum().item(),
        "random state": hash(random.getstate()),
        "alarm": signal.getitimer(signal.ITIMER_REAL)[0],
        "signals": [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM)],
        "trace": sys.gettrace() is None,
        "recursion": sys.getrecursionlimit(),
    }


def open_files() -> int:
    """Count the open descriptors of this process, garbage left out."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


def wait_for_threads() -> None:
    """Wait until the threads that served the last session are gone."""
    end = time.monotonic() + 60
    while time.monotonic() < end and any(t.name.startswith("course-") for t in threading.enumerate()):
        time.sleep(0.005)

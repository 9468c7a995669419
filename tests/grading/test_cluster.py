"""A class run on a Dask cluster gives the same grades as on one machine, whatever dies on the way."""

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_class import GOOD, LIMITS, hand_in, make_course, rows_of
from test_class_run import KEY, mixed

from course_lib.classroom.grading.class_run import Options, grade_class

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[cluster]'")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Any:
    """A scheduler and two workers on this machine."""
    paths = os.pathsep.join(sys.path)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, env={"PYTHONPATH": paths}
    ) as made:
        yield made


def grade(folder: Path, out: Path, course: Path, **more: Any) -> None:
    options = Options(limits=LIMITS, key=KEY, course=course, **more)
    grade_class([folder], out, number="99", options=options)


def test_grades_are_the_same_as_on_one_machine(tmp_path: Path, cluster: Any) -> None:
    course = make_course(tmp_path / "course")
    points = mixed(tmp_path / "in", 40, random.Random(5))
    grade(tmp_path / "in", tmp_path / "here", course)
    grade(tmp_path / "in", tmp_path / "there", course, scheduler=cluster.scheduler_address)
    here, there = ((tmp_path / name / "grades.csv").read_bytes() for name in ("here", "there"))
    assert here == there
    assert {name: row["score"] for name, row in rows_of(tmp_path / "there").items()} == points


def test_five_hundred_get_exactly_the_grades_that_they_were_made_to_get(tmp_path: Path, cluster: Any) -> None:
    course = make_course(tmp_path / "course")
    points = mixed(tmp_path / "in", 500, random.Random(8), hostile=True)
    grade(tmp_path / "in", tmp_path / "out", course, scheduler=cluster.scheduler_address)
    assert {name: row["score"] for name, row in rows_of(tmp_path / "out").items()} == points


def test_workers_that_die_are_replaced_and_nothing_is_lost(tmp_path: Path, cluster: Any) -> None:
    course = make_course(tmp_path / "course")
    points = mixed(tmp_path / "in", 60, random.Random(6))
    journal = tmp_path / "out" / "journal.jsonl"
    killed: list[int] = []

    def kill_some() -> None:
        for count in (5, 20):
            while not journal.exists() or journal.read_bytes().count(b"\n") < count:
                time.sleep(0.05)
            with distributed.Client(cluster.scheduler_address) as client:
                pids = client.run(os.getpid)
            killed.append(next(iter(pids.values())))
            os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill_some, daemon=True)
    thread.start()
    grade(tmp_path / "in", tmp_path / "out", course, scheduler=cluster.scheduler_address)
    thread.join(60)
    assert len(killed) == 2
    assert {name: row["score"] for name, row in rows_of(tmp_path / "out").items()} == points


def test_no_scheduler_is_one_clear_line(tmp_path: Path) -> None:
    hand_in(tmp_path / "in" / "ann.ipynb", GOOD)
    with pytest.raises(ValueError, match="no Dask scheduler answers"):
        grade(
            tmp_path / "in", tmp_path / "out", make_course(tmp_path / "course"), scheduler="tcp://127.0.0.1:9"
        )

"""`course grade`, `course key` and `course verify`, as an instructor types them."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.classroom.exercises.notebooks import exercise_file, read_notebook, write_notebook
from course_lib.classroom.exercises.tasks import root
from course_lib.classroom.grading.tiers import require_trust

HIDDEN = '''
from course_lib.classroom.exercises.tasks import graded

@graded("03.1", "there at all", points=3)
def test_there(student, expect):
    """Is it defined?"""
    expect(1, tried="t", rule="r", next="n").equals(1)
'''


def course(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "course_lib.cli", *map(str, words)],
        cwd=root(),
        env=os.environ | {"PYTHONPATH": str(root()), "COLUMNS": "120", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_tier_c_needs_trust() -> None:
    with pytest.raises(ValueError, match="--trust-submissions"):
        require_trust("C", False)
    assert "not attackers" in require_trust("C", True)
    for tier in "AB":
        assert require_trust(tier, False).startswith(f"Tier {tier}: ")


@pytest.mark.slow
def test_grading_signing_and_verifying(tmp_path: Path) -> None:
    source = exercise_file(root() / "exercises", "03")
    assert source is not None
    for name in ("Ann Lee_12_assignsubmission_file_", "Bo Ek_13_assignsubmission_file_"):
        write_notebook(tmp_path / "in" / name / source.name, read_notebook(source))
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "test_03_mine.py").write_text(HIDDEN, encoding="utf-8")
    (tmp_path / "roster.toml").write_text('[students]\nal = "12"\nbe = "Bo Ek"\n', encoding="utf-8")
    for name in ("course.key", "stamp.key"):
        assert course("key", tmp_path / name).returncode == 0
    assert course("key", tmp_path / "course.key").returncode == 2
    out, stamp = tmp_path / "out", ("--stamp", tmp_path / "stamp.key")
    words = [
        "grade",
        tmp_path / "in",
        "--out",
        out,
        "--trust-submissions",
        "--key",
        tmp_path / "course.key",
        *stamp,
    ]
    words += ["--roster", tmp_path / "roster.toml", "--hidden", tmp_path / "hidden", "--run-points", "4"]
    result = course(*words, "--jobs", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith("Tier ")
    assert "[2/2] be: 7 points, graded" in result.stdout
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student"], row["score"], row["runs"], row["03.1"]) for row in rows] == [
        ("al", "7", "4", "3"),
        ("be", "7", "4", "3"),
    ]
    assert course("verify", out, *stamp).returncode == 0
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    results[0]["score"] = 50
    (out / "results.json").write_text(json.dumps(results), encoding="utf-8")
    changed = course("verify", out, *stamp)
    assert changed.returncode == 1
    assert "al: changed since it was signed" in changed.stdout
    # The journal knows the points: nothing is judged again, and the reports are whole.
    again = course(*words, "--only", "al")
    assert again.returncode == 0
    assert course("verify", out, *stamp).returncode == 0
    assert len((out / "journal.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify", "nowhere", "--stamp", "none.key"], "course key none.key"),
        (["grade", ".", "--out", "x", "--trust-submissions", "--key", "none.key"], "course key none.key"),
    ],
)
def test_mistakes_are_one_clear_line(words: list[str], message: str) -> None:
    result = course(*words)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr

"""The journal survives whatever an interrupted run leaves behind."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.classroom.grading.journal import Journal

RECORDS = {f"key-{number}": {"verdict": {"score": number, "text": "ü\n" * number}} for number in range(6)}


def write_all(path: Path) -> None:
    journal = Journal(path)
    for key, record in RECORDS.items():
        journal.write(key, record)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_all(tmp_path / "new" / "journal.jsonl")
    journal = Journal(tmp_path / "new" / "journal.jsonl")
    assert {key: journal.get(key) for key in RECORDS} == RECORDS
    assert (len(journal), journal.skipped, journal.get("other")) == (6, 0, None)


def test_the_last_record_of_a_key_counts(tmp_path: Path) -> None:
    write_all(tmp_path / "j")
    Journal(tmp_path / "j").write("key-1", {"verdict": "new"})
    assert Journal(tmp_path / "j").get("key-1") == {"verdict": "new"}
    assert len((tmp_path / "j").read_text().splitlines()) == 7  # it only grows


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_run_cut_off_at_any_byte_loses_the_torn_record_only(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "j"
    path.unlink(missing_ok=True)
    write_all(path)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    complete = sum(cut >= len(b"\n".join(whole.split(b"\n")[: number + 1])) for number in range(len(RECORDS)))
    journal = Journal(path)
    assert len(journal) == complete
    journal.write("after", {"verdict": 1})
    again = Journal(path)
    assert "after" in again
    assert len(again) == complete + 1


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"key": 3, "record": {}}', "[" * 5000, '{"key": "a"}'])
def test_foreign_lines_are_skipped(tmp_path: Path, line: str) -> None:
    write_all(tmp_path / "j")
    with (tmp_path / "j").open("a") as file:
        file.write(line + "\n")
    journal = Journal(tmp_path / "j")
    assert (len(journal), journal.skipped) == (6, 1)


def test_a_record_is_one_line_of_json(tmp_path: Path) -> None:
    write_all(tmp_path / "j")
    for line, (key, record) in zip((tmp_path / "j").read_text().splitlines(), RECORDS.items()):
        assert json.loads(line) == {"key": key, "record": record}

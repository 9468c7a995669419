"""Intake: any bytes are read or refused with a clear line, nothing is run, nothing else is opened.

As a program, `python tests/grading/test_intake.py 600`, it tries new bytes for so many seconds.
"""

import contextlib
import copy
import io
import json
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from small_class import EXERCISE, GOOD, SQUARES, TOTAL, hand_in, notebook

from course_lib.classroom.grading import reading
from course_lib.classroom.grading.intake import Rejected, Submission, find_submissions, read_submission
from course_lib.classroom.grading.magics import without_magics
from course_lib.classroom.grading.visible import visible

TEXT = json.dumps(GOOD)


def read(path: Path, document: Any) -> Submission:
    return read_submission(hand_in(path, document), EXERCISE)


def packed(path: Path, members: dict[str, bytes | str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_editors_write_are_read(tmp_path: Path, encoding: str) -> None:
    submission = read(tmp_path / "a.ipynb", TEXT.encode(encoding))
    assert submission == read(tmp_path / "b.ipynb", GOOD) or encoding == "utf-16"
    assert submission.cells == read(tmp_path / "b.ipynb", GOOD).cells
    assert any("UTF-16" in note for note in submission.notes) == (encoding == "utf-16")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (TEXT.encode("utf-32"), "UTF-32"),
        (b"\xff\xfe\x00", "no text"),
        (b"\x80abc", "no text"),
        (b"[" * 10_000 + b"]" * 10_000, "levels deep"),
        (b'{"cells": [], "deep": ' + b"[" * 200 + b"]" * 200 + b"}", "levels deep"),
        (json.dumps(GOOD | {"nbformat": 3}).encode(), "nbformat 3"),
        (json.dumps(GOOD | {"nbformat": 5}).encode(), "nbformat 5"),
        (json.dumps(GOOD | {"nbformat": "4"}).encode(), "nbformat '4'"),
        (json.dumps(GOOD | {"nbformat": True}).encode(), "nbformat True"),
        (json.dumps({"worksheets": [], "nbformat": 3}).encode(), "nbformat 3"),
        (b'{"cells": ' + b"9" * 5000 + b"}", "no notebook"),
        (b'{"cells": [' + b"{}," * 1_000_001 + b"{}]}", "lists and objects"),
        (json.dumps({"cells": [{}] * 1001, "nbformat": 4}).encode(), "1001 cells"),
        (json.dumps(notebook(("99.1", "x = 1\n" * 200_000))).encode(), "characters of code"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        read(tmp_path / "a.ipynb", data)


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.ipynb"
    with path.open("wb") as file:
        file.truncate(500_000_000)
    monkeypatch.setattr(os, "open", None)
    with pytest.raises(Rejected, match="500,000,000 bytes"):
        read_submission(path, EXERCISE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_and_links_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "ann").mkdir()
    os.mkfifo(tmp_path / "ann" / "homework.ipynb")
    (tmp_path / "ann" / "outside.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "bob").symlink_to("/etc")
    found = find_submissions([tmp_path])
    assert [each.student for each in found] == ["ann", "pipe"]
    for each in found:
        with pytest.raises(Rejected, match="not a notebook file"):
            read_submission(each, EXERCISE)
    with pytest.raises(Rejected):
        read_submission(tmp_path / "ann" / "outside.ipynb", EXERCISE)


def test_platforms_names_tell_the_student(tmp_path: Path) -> None:
    names = [
        "Ann Lee_12345_assignsubmission_file_/homework.ipynb",
        "Bo Ek_777_assignsubmission_file_homework.ipynb",
        "leeann_LATE_4711_99_homework-2.ipynb",
        "ekbo_4712_98_home_work.ipynb",
        "carl_c.ipynb",
        "dora/x/y/homework.ipynb",
        "dora/.ipynb_checkpoints/homework-checkpoint.ipynb",
    ]
    wanted = {
        ("Ann Lee", "12345"),
        ("Bo Ek", "777"),
        ("leeann", "4711"),
        ("ekbo", "4712"),
        ("carl_c", ""),
        ("dora", ""),
    }
    for name in names:
        hand_in(tmp_path / "class" / name, GOOD)
    assert {(each.student, each.number) for each in find_submissions([tmp_path / "class"])} == wanted
    export = packed(tmp_path / "export.zip", dict.fromkeys(names, TEXT))
    found = find_submissions([export])
    assert {(each.student, each.number) for each in found} == wanted
    assert all(read_submission(each, EXERCISE).found["99.1"] == "task number" for each in found)


def test_a_folder_around_a_whole_export_is_no_student(tmp_path: Path) -> None:
    deep = packed(tmp_path / "a.zip", {f"hand-ins/{name}/h.ipynb": TEXT for name in ("ann", "bob")})
    flat = packed(tmp_path / "b.zip", {f"b/{name}.ipynb": TEXT for name in ("ann", "bob")})
    for path in (deep, flat):
        assert [each.student for each in find_submissions([path])] == ["ann", "bob"]


def test_moodles_second_folder_is_no_second_submission(tmp_path: Path) -> None:
    hand_in(tmp_path / "Ann Lee_5_assignsubmission_file_" / "h.ipynb", GOOD)
    hand_in(tmp_path / "Ann Lee_5_assignsubmission_onlinetext_" / "onlinetext.html", "hello")
    hand_in(tmp_path / "Bo Ek_6_assignsubmission_onlinetext_" / "onlinetext.html", "hello")
    assert [(each.student, each.path.name) for each in find_submissions([tmp_path])] == [
        ("Ann Lee", "h.ipynb"),
        ("Bo Ek", "Bo Ek_6_assignsubmission_onlinetext_"),
    ]


def test_namesakes_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    for number in (1, 2):
        hand_in(tmp_path / f"Ann Lee_{number}_assignsubmission_file_" / "h.ipynb", GOOD)
    assert [each.student for each in find_submissions([tmp_path])] == ["Ann Lee (1)", "Ann Lee (2)"]


def test_a_student_may_hand_in_a_zip(tmp_path: Path) -> None:
    packed(tmp_path / "ann" / "homework.zip", {"deep/homework.ipynb": TEXT, "__MACOSX/._homework.ipynb": "x"})
    packed(tmp_path / "bob.zip", {"homework.ipynb": TEXT})
    packed(tmp_path / "carl.zip", {"readme.txt": "sorry"})
    hand_in(tmp_path / "dora.zip", b"no zip at all")
    found = {each.student: each for each in find_submissions([tmp_path])}
    assert list(found) == ["ann", "bob", "carl", "dora"]
    assert all(any(read_submission(found[name], EXERCISE).found.values()) for name in ("ann", "bob"))
    for name, words in (("carl", "holds no notebook"), ("dora", "no zip file")):
        with pytest.raises(Rejected, match=words):
            read_submission(found[name], EXERCISE)


@pytest.mark.parametrize(
    "name", ["../ann.ipynb", "/ann.ipynb", "x/../../ann.ipynb", "C:/ann.ipynb", "..\\ann.ipynb"]
)
def test_names_that_lead_out_of_an_archive_are_refused(tmp_path: Path, name: str) -> None:
    (found,) = find_submissions([packed(tmp_path / "class.zip", {name: TEXT})])
    with pytest.raises(Rejected, match="outside of itself"):
        read_submission(found, EXERCISE)
    assert [path.name for path in tmp_path.iterdir()] == ["class.zip"]


def test_links_bombs_and_damage_in_an_archive_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link/a.ipynb")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb/a.ipynb", b"0" * 15_000_000)
        archive.writestr("large/a.ipynb", os.urandom(reading.MAX_BYTES // 2) * 2 + b"1")
        archive.writestr("good/a.ipynb", TEXT)
        archive.writestr("torn/a.ipynb", os.urandom(5000))
    data = bytearray((tmp_path / "class.zip").read_bytes())
    data[data.index(b"torn/a.ipynb") + 2000] ^= 0xFF
    (tmp_path / "class.zip").write_bytes(data)
    found = {each.student: each for each in find_submissions([tmp_path / "class.zip"])}
    assert read_submission(found["good"], EXERCISE).found["99.1"]
    wanted = {
        "link": "link or a device",
        "bomb": "1/300",
        "large": "bytes; at most",
        "torn": "cannot be read",
    }
    for name, words in wanted.items():
        with pytest.raises(Rejected, match=words):
            read_submission(found[name], EXERCISE)


def test_a_student_without_notebook_in_an_export_is_named(tmp_path: Path) -> None:
    export = packed(
        tmp_path / "class.zip", {"ann/a.ipynb": TEXT, "bob/answer.pdf": "x", "ann/notes.txt": "x"}
    )
    found = find_submissions([export])
    assert [each.student for each in found] == ["ann", "bob"]
    with pytest.raises(Rejected, match=r"answer\.pdf"):
        read_submission(found[1], EXERCISE)


def test_an_answer_turned_to_text_is_told(tmp_path: Path) -> None:
    document = notebook(("99.1", SQUARES), ("99.2", TOTAL))
    document["cells"][1]["cell_type"] = "markdown"
    submission = read(tmp_path / "a.ipynb", document)
    assert submission.found == {"99.1": "task number", "99.2": ""}
    assert any("markdown cell, which is not run" in note for note in submission.notes)
    document["cells"][1]["metadata"] = {}
    document["cells"][1]["source"] = f"```python\n{TOTAL}\n```"
    assert any("markdown cell" in note for note in read(tmp_path / "a.ipynb", document).notes)


def test_duplicated_renamed_and_numberless_answers_are_told(tmp_path: Path) -> None:
    twice = read(tmp_path / "a.ipynb", notebook(("99.1", SQUARES), ("99.1", SQUARES), ("99.2", TOTAL)))
    assert twice.notes == ("99.1 is answered in 2 cells: the last definition counts",)
    renamed = read(
        tmp_path / "a.ipynb", notebook(("99.1", SQUARES.replace("Squares", "Sq")), ("99.2", TOTAL))
    )
    assert renamed.notes == ("99.1: the answer cell does not define Squares",)
    moved = read(tmp_path / "a.ipynb", notebook(("99.1", "# below"), ("", SQUARES), ("99.2", TOTAL)))
    assert moved.found == {"99.1": "definition", "99.2": "task number"}
    same_id = copy.deepcopy(GOOD)
    same_id["cells"][1]["id"] = same_id["cells"][0]["id"]
    assert read(tmp_path / "a.ipynb", same_id).notes == ("1 cell ids stand more than once",)


def test_magics_are_told_and_not_run(tmp_path: Path) -> None:
    cells = [
        ("", "%%bash\nrm -rf /"),
        ("", "%%time\nx = 1"),
        ("99.1", SQUARES),
        ("99.2", "!ls\nfiles = !ls\nlen?\n" + TOTAL),
    ]
    submission = read(tmp_path / "a.ipynb", notebook(*cells))
    assert [cell.source.split("\n")[1] for cell in submission.cells[:2]] == ["# rm -rf /", "x = 1"]
    assert "cell 1: not run: %%bash" in submission.notes
    assert "cell 99.2: not run: !ls, files = !ls, len?" in submission.notes
    for cell in submission.cells:
        compile(cell.source, "cell", "exec")


@pytest.mark.parametrize("source", ['text = """\n%d and\n!ls\n"""', "x = 5 \\\n% 3", "a = [1\n!= 2]"])
def test_python_that_looks_like_magic_stays(source: str) -> None:
    assert without_magics(source).source == source


def test_half_characters_and_marks_do_no_harm(tmp_path: Path) -> None:
    document = notebook(("99.1", SQUARES + "# \ud800"), ("99.2", TOTAL))
    cell = read(tmp_path / "a.ipynb", document).cells[0]
    assert cell.source.encode().decode().endswith("\ufffd")
    assert visible("\x1b[31m a\u202eb \ud800 ok ü 漢") == "\\x1b[31m a\\u202eb \\ud800 ok ü 漢"
    hand_in(tmp_path / "in" / "a\x1b[2Jb" / "x.ipynb", GOOD)
    assert [each.student for each in find_submissions([tmp_path / "in"])] == ["a\\x1b[2Jb"]


IS_PROGRAM = __name__ == "__main__"
FUZZ = settings(
    max_examples=2000 if IS_PROGRAM else 150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    **({"database": None} if IS_PROGRAM else {}),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def survives(path: Path, data: bytes) -> None:
    """Whatever the bytes, intake reads them or says why not, in words that any file can hold."""
    try:
        submission = read(path, data)
    except Rejected as reason:
        str(reason).encode("utf-8", "backslashreplace")
        return
    for cell in submission.cells:
        cell.source.encode()
        cell.label.encode()
    "".join(submission.notes).encode()


@FUZZ
@given(st.binary(max_size=300))
@example(b"\xff\xfe{\x00}\x00")
@example(b'"' + b'\\"' * 1000)
def test_any_bytes_are_survived(tmp_path: Path, data: bytes) -> None:
    survives(tmp_path / "a.ipynb", data)
    hand_in(tmp_path / "b" / "a.zip", data)
    for each in find_submissions([tmp_path / "b", tmp_path / "b" / "a.zip"]):
        with pytest.raises(Rejected):
            read_submission(each, EXERCISE)


@FUZZ
@given(st.integers(0, len(TEXT) - 1), st.binary(max_size=6), st.integers(0, 20))
def test_any_damaged_notebook_is_survived(tmp_path: Path, place: int, bits: bytes, cut: int) -> None:
    data = TEXT.encode()
    survives(tmp_path / "a.ipynb", data[:place] + bits + data[place + cut :])


@FUZZ
@given(
    st.sampled_from(["cells", "metadata", "nbformat", "source", "cell_type", "id", "course", "task", "role"]),
    JSON,
)
def test_any_value_at_any_place_is_survived(tmp_path: Path, key: str, value: Any) -> None:
    document = copy.deepcopy(GOOD)
    for holder in (document, *document["cells"], *(cell["metadata"]["course"] for cell in document["cells"])):
        if key in holder:
            holder[key] = value
    survives(tmp_path / "a.ipynb", json.dumps(document).encode())


@FUZZ
@given(st.data())
def test_any_damaged_archive_is_survived(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ann/a.ipynb", TEXT)
        archive.writestr("bob.ipynb", TEXT)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = hand_in(tmp_path / "class.zip", bytes(content))
    for each in find_submissions([path]):
        with contextlib.suppress(Rejected):
            read_submission(each, EXERCISE)


def fuzz(seconds: float) -> None:
    """Try every fuzz test with new examples until the time is over."""
    end, rounds = time.monotonic() + seconds, 0
    tests = (
        test_any_bytes_are_survived,
        test_any_damaged_notebook_is_survived,
        test_any_value_at_any_place_is_survived,
        test_any_damaged_archive_is_survived,
    )
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            for test in tests:
                test(tmp_path=Path(folder))
            rounds += 1
            print(f"round {rounds}, {seconds - (end - time.monotonic()):.0f} s", flush=True)


if __name__ == "__main__":
    fuzz(float(sys.argv[1]) if len(sys.argv) > 1 else 600)

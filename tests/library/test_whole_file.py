"""A file is written whole or not at all."""

import os
import stat
import sys

import pytest

from course_lib.whole_file import write_whole


def test_what_was_there_is_replaced_and_nothing_else_stays(tmp_path):
    path = tmp_path / "file"
    for content in (b"first", b"second, longer", b""):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_who_may_read_it_is_as_for_any_other_file(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    write_whole(tmp_path / "file", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("other", "file")}
    assert len(modes) == 1


def test_an_error_names_the_file_and_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def fail(draft, place):
        raise OSError(28, "No space left on device", str(draft))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_whole(path, b"after")
    assert caught.value.filename == str(path)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"before"


def test_where_no_file_can_be_the_kind_of_error_stays(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.file'"):
        write_whole(tmp_path / "nowhere" / "file", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder'"):
        write_whole(tmp_path / "folder", b"")
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_an_interrupt_leaves_no_draft(tmp_path, monkeypatch):
    def interrupted(draft, place):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", b"")
    assert not list(tmp_path.iterdir())

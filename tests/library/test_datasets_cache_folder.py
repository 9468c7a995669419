"""The user's cache folder."""

import sys
from pathlib import Path

import pytest

from course_lib.datasets.cache_folder import cache_folder


def test_the_environment_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems keep caches elsewhere")
def test_the_xdg_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "dataloading-course"


def test_it_is_the_users(monkeypatch):
    for name in ("COURSE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert Path.home() in cache_folder().parents

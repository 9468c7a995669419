"""Downloads that succeed, fail or hang, from a server on this machine."""

import gzip
import os
import socket
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from course_lib.datasets.download import try_download
from course_lib.datasets.idx import read_idx, write_idx

NAMES = ["images", "labels"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        self.server.requests.append(self.path)


@pytest.fixture(autouse=True)
def _online(monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)


@pytest.fixture
def source(tmp_path):
    """A folder with packed files."""
    folder = tmp_path / "source"
    for number, name in enumerate(NAMES):
        write_idx(folder / name, torch.full((5,), number, dtype=torch.uint8))
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
    return folder


@pytest.fixture
def server(source):
    """A server of that folder, and what it was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(source)))
    server.requests = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def address(server):
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_files_arrive_unpacked(server, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    assert try_download(raw, NAMES, address(server), seconds=30)
    assert sorted(path.name for path in raw.iterdir()) == NAMES
    assert read_idx(raw / "labels").tolist() == [1] * 5
    assert not (raw.parent / "download-failed.txt").exists()


def test_files_that_are_there_are_left_alone(server, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    write_idx(raw / "images", torch.tensor([9]).byte())
    assert try_download(raw, NAMES, address(server), seconds=30)
    assert read_idx(raw / "images").tolist() == [9]
    assert [path for path in server.requests if "images" in path] == []


@pytest.mark.parametrize("damage", ["missing", "page", "truncated", "other"])
def test_a_failure_leaves_no_file_and_is_remembered_for_a_day(server, source, tmp_path, damage):
    packed = source / "labels.gz"
    wrong = {
        "page": b"<html>Please log in to this network</html>",
        "truncated": packed.read_bytes()[:-9],
        "other": gzip.compress(b"something else"),
    }
    packed.write_bytes(wrong[damage]) if damage in wrong else packed.unlink()
    raw = tmp_path / "MNIST" / "raw"
    assert not try_download(raw, NAMES, address(server), seconds=30)
    assert not (raw / "labels").exists()
    asked = len(server.requests)
    assert not try_download(raw, NAMES, address(server), seconds=30)
    assert len(server.requests) == asked
    note = raw.parent / "download-failed.txt"
    assert "Delete this file" in note.read_text()


def test_a_failure_is_forgotten_with_its_note_or_after_a_day(server, source, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    (source / "labels.gz").rename(source / "away.gz")
    assert not try_download(raw, NAMES, address(server), seconds=30)
    (source / "away.gz").rename(source / "labels.gz")
    note = raw.parent / "download-failed.txt"
    os.utime(note, (time.time() - 90_000,) * 2)
    assert try_download(raw, NAMES, address(server), seconds=30)
    (raw / "labels").unlink()
    note.touch()
    assert not try_download(raw, NAMES, address(server), seconds=30)
    note.unlink()
    assert try_download(raw, NAMES, address(server), seconds=30)


def test_a_server_that_never_answers_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert not try_download(tmp_path / "MNIST" / "raw", NAMES, mirror, seconds=0.2)


def test_offline_nothing_is_tried(server, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert not try_download(tmp_path / "raw", NAMES, address(server))
    assert server.requests == []
    assert not (tmp_path / "download-failed.txt").exists()


def test_a_folder_that_cannot_be_written_to_is_a_failure(server, tmp_path):
    (tmp_path / "MNIST").write_text("a file in the way")
    assert not try_download(tmp_path / "MNIST" / "raw", NAMES, address(server), seconds=30)
    asked = len(server.requests)
    assert not try_download(tmp_path / "MNIST" / "raw", NAMES, address(server), seconds=30)
    assert len(server.requests) == asked

"""The benchmark of copies: what of it can run without a GPU does (lesson 13)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def transfer():
    sys.path.insert(0, str(ROOT))
    try:
        from benchmarks import transfer
    finally:
        sys.path.remove(str(ROOT))
    return transfer


@pytest.fixture(scope="module")
def report(transfer):
    return transfer.measure(CPU, ["pageable"], small=True, rounds=2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_one_line_says_so_and_nothing_is_written():
    command = [sys.executable, "-m", "benchmarks.transfer"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "needs a CUDA device" in ended.stderr


def test_every_kind_of_copy_has_every_round(report):
    kinds = {
        (copy["bytes"], copy["direction"], copy["memory"], copy["non_blocking"]) for copy in report["copies"]
    }
    assert len(kinds) == len(report["copies"]) == 2 * 2 * 1 * 2
    for copy in report["copies"]:
        assert len(copy["seconds"]) == len(copy["seconds_until_return"]) == 2
        pairs = zip(copy["seconds_until_return"], copy["seconds"], strict=True)
        assert all(0 < held <= whole for held, whole in pairs)


def test_every_contestant_has_every_round(report):
    assert len(report["results"]) == 3
    for result in report["results"]:
        assert "ours" in result["measured"]
        assert all(len(times) == report["rounds"] for times in result["measured"].values())
        assert set(result["ratios"]) == set(result["measured"]) - {"ours"}


def test_what_is_written_is_what_was_measured(transfer, report, tmp_path):
    path = tmp_path / "results" / "transfer.json"
    transfer.write(path, report)
    assert json.loads(path.read_text()) == report
    assert report["machine"]["device"] == "cpu"


def test_the_tables_name_sizes_and_contestants(transfer, report, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    transfer.print_report(json.loads(json.dumps(report)))
    printed = capsys.readouterr().out
    for words in ("4 KiB", "1 MiB", "to the host", "GB/s", "loss", "computation"):
        assert words in printed


def test_lesson_13_shows_what_is_written(transfer, report, tmp_path, monkeypatch):
    # Its cells find nothing to show until somebody has measured. The same copies stand in for pinned ones.
    pinned = [copy | {"memory": "pinned"} for copy in report["copies"]]
    pinning = [{"bytes": 2**22, "first_seconds": 0.0123, "again_seconds": [0.002, 0.004]}]
    stood_in = report | {"copies": report["copies"] + pinned, "pinning": pinning}
    transfer.write(tmp_path / "benchmarks" / "results" / "transfer.json", stood_in)
    monkeypatch.chdir(tmp_path)
    lesson = json.loads((ROOT / "notebooks" / "13_pinning_and_transfer.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in lesson["cells"] if cell["cell_type"] == "code"]
    shown, names = [], {}
    for cell in [cells[0], *(cell for cell in cells if "report" in cell)]:
        body, _, last = cell.rpartition("\n")
        if last.endswith("if report else None"):
            exec(body, names)
            shown.append(eval(last, names))
        else:
            exec(cell, names)
    figure, table, prices = shown
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["to the device", "to the host"]
    assert all(name in table.data for result in report["results"] for name in result["ratios"])
    assert "| 4 MiB | 12.30 ms | 3.00 ms |" in prices.data
    assert "pinned, to the host" in prices.data


@pytest.mark.parametrize(("size", "words"), [(4096, "4 KiB"), (2**20, "1 MiB"), (256 * 2**20, "256 MiB")])
def test_sizes(transfer, size, words):
    assert transfer.describe_size(size) == words


def test_arguments(transfer, capsys):
    full = transfer._parse([])
    assert (full.rounds, full.out.name) == (9, "transfer.json")
    assert transfer._parse(["--small"]).out is None
    assert transfer._parse(["--small", "--rounds", "5"]).rounds == 5
    with pytest.raises(SystemExit):
        transfer._parse(["--rounds", "0"])
    assert "give 1 or more" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_everything_is_measured(transfer):
    report = transfer.measure(torch.device("cuda"), ["pageable", "pinned"], small=True, rounds=2)
    assert {copy["memory"] for copy in report["copies"]} == {"pageable", "pinned"}
    assert len(report["pinning"]) == 2
    transfer.print_report(report)

"""start.py, as a beginner meets it: on a wrong Python, without a network, for the second time."""

import ast
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
START = ROOT / "start.py"
OLD_PYTHONS = ("python2.7", "python3.6", "python3.7", "python3.8", "python3.9", "python3.10")


@pytest.fixture(scope="module")
def start() -> dict[str, Any]:
    """Return what start.py defines, without starting it."""
    return runpy.run_path(str(START))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with nothing but what an installation reads first."""
    folder = tmp_path / "a course"  # the space is meant: Windows users live in "C:\Users\First Last"
    folder.mkdir()
    for name in ("start.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(*command: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_an_old_python_can_read_the_file() -> None:
    ast.parse(START.read_text(encoding="ascii"), feature_version=(3, 4))


@pytest.mark.parametrize("name", OLD_PYTHONS)
def test_an_old_python_says_that_it_is_too_old(name: str) -> None:
    if shutil.which(name) is None or run(name, "--version").returncode != 0:
        pytest.skip(f"there is no {name} here")
    done = run(name, str(START), "doctor")
    assert done.returncode == 1
    assert "The course needs Python 3.11 or newer" in done.stderr
    assert f"this is Python {name.removeprefix('python')}" in done.stderr
    assert "Traceback" not in done.stderr


def test_only_machines_without_a_torch_are_turned_away(start: dict[str, Any]) -> None:
    complaint = start["complaint"]
    assert complaint((3, 10, 9), "Linux", "x86_64") == start["TOO_OLD"] % "3.10.9"
    assert "Colab" in complaint((3, 12, 1), "Darwin", "x86_64")
    for system, machine in (
        ("Linux", "x86_64"),
        ("Linux", "aarch64"),
        ("Darwin", "arm64"),
        ("Windows", "AMD64"),
    ):
        assert complaint((3, 11, 0), system, machine) == ""
        assert complaint((3, 20, 0), system, machine) == ""


def test_a_python_newer_than_its_packages_is_named_among_the_causes(start: dict[str, Any]) -> None:
    advice_on_packages, newest = start["advice_on_packages"], start["NEWEST"]
    assert advice_on_packages((*newest, 9)) == advice_on_packages((3, 11, 0)) == start["NO_PACKAGES"]
    for version in ((newest[0], newest[1] + 1, 0), (newest[0] + 1, 0, 0)):
        advice = advice_on_packages(version)
        assert advice.startswith(start["NO_PACKAGES"])
        assert f"this is {version[0]}.{version[1]}, and all are known to exist for 3.14" in advice
        assert "delete the folder .venv" in advice


def test_it_needs_the_standard_library_only() -> None:
    tree = ast.parse(START.read_text(encoding="ascii"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules <= set(sys.stdlib_module_names)
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))


def test_a_folder_that_cannot_hold_the_installation_is_explained(clone: Path) -> None:
    (clone / ".venv").write_text("a file where the folder should be made")
    done = run(sys.executable, "start.py", "doctor", folder=clone)
    assert done.returncode == 1
    assert "Could not make .venv. The course needs a folder it may write to" in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr.rpartition("start.py")[2]


@pytest.mark.slow
def test_a_missing_network_is_explained_and_the_next_try_goes_on(clone: Path) -> None:
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone), "PIP_EXTRA_INDEX_URL": ""}
    for _ in range(2):
        done = run(sys.executable, "start.py", "doctor", folder=clone, **nowhere)
        assert done.returncode == 1
        assert "Could not install the packages" in done.stderr
        assert "run the same command again" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (clone / ".venv" / "installed.txt").exists()


def test_an_installation_is_known_by_its_stamp(clone: Path) -> None:
    """Of the packages it holds, of the place it was made in, and of whether the tests' tools are in it."""
    copy = runpy.run_path(str(clone / "start.py"))
    stamp, python = Path(copy["STAMP"]), Path(copy["PYTHON"])
    assert not copy["is_installed"](testing=False)
    python.parent.mkdir(parents=True)
    python.touch()
    assert not copy["is_installed"](testing=False)
    stamp.write_text(copy["fingerprint"]())
    assert copy["is_installed"](testing=False)
    assert not copy["is_installed"](testing=True)
    stamp.write_text(copy["fingerprint"]() + " tests")
    assert copy["is_installed"](testing=False)
    assert copy["is_installed"](testing=True)

    python.unlink()
    assert not copy["is_installed"](testing=False)
    python.touch()
    with open(clone / "pyproject.toml", "a") as file:
        file.write("# changed\n")
    assert not copy["is_installed"](testing=False)

    stamp.write_text(copy["fingerprint"]())
    moved = clone.with_name("moved")
    clone.rename(moved)
    assert not runpy.run_path(str(moved / "start.py"))["is_installed"](testing=False)


def test_the_second_start_installs_nothing(start: dict[str, Any]) -> None:
    if not start["is_installed"](testing=True):
        pytest.skip("this installation was not made by start.py")
    offline = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
    helped = run(sys.executable, str(START), "--help", **offline)
    assert helped.returncode == 0
    assert "course" in helped.stdout
    assert "Installing" not in helped.stdout
    tested = run(sys.executable, str(START), "test", "--version", **offline)
    assert tested.returncode == 0
    assert "pytest" in tested.stdout
    assert "Installing" not in tested.stdout
    refused = run(sys.executable, str(START), "no-such-word", **offline)
    assert refused.returncode not in (0, 1)


def test_a_word_for_pytest_takes_the_place_of_what_it_is_told_otherwise(start: dict[str, Any]) -> None:
    """Without one the slow tests are left out; with one nothing is added that could hide a test."""
    command = start["command"]
    assert command(["test"])[1:] == ["-m", "pytest", "-m", "not slow", "-n", "2"]
    assert command(["test", "-m", "slow"])[1:] == ["-m", "pytest", "-m", "slow"]
    assert command([])[1:] == ["lab"]
    assert command(["check", "02"])[1:] == ["check", "02"]


def test_several_processes_share_the_files_but_never_the_cells_of_one(tmp_path: Path) -> None:
    shutil.copy(ROOT / "conftest.py", tmp_path)
    for name in "ab":
        (tmp_path / f"test_{name}.py").write_text(
            "import os, pytest\n"
            "@pytest.mark.parametrize('number', range(12))\n"
            f"def test_it(number): open('{name}-' + os.environ['PYTEST_XDIST_WORKER'], 'w').close()\n"
        )
    tested = run(sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", folder=tmp_path)
    assert tested.returncode == 0, tested.stdout
    assert len(list(tmp_path.glob("a-*"))) == len(list(tmp_path.glob("b-*"))) == 1

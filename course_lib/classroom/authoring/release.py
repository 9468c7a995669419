"""`course release DIR`: the repository that a class gets, without solutions and the proofs' answers."""

import os
import shutil
import subprocess
from pathlib import Path

_LEFT_OUT = ("solutions", "tests/exercises/answers", "work")
_NEVER = {".git", ".venv", "__pycache__", ".ipynb_checkpoints", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def release(course: Path, target: Path) -> list[str]:
    """Copy the course to `target` without what would give the answers away. Returns the files written.

    Raises:
        ValueError: when `target` is not empty, or lies in the course itself.
    """
    target = target.resolve()
    if target == course or course in target.parents:
        raise ValueError(f"{target} lies inside the course: name a folder elsewhere")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(
            f"{target} is not an empty folder: name a new one, so that nothing of yours is mixed in"
        )
    files = [name for name in _files(course) if not name.startswith(tuple(f"{part}/" for part in _LEFT_OUT))]
    for name in files:
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(course / name, destination)
    return files


def _files(course: Path) -> list[str]:
    """List the files that belong to the course: those that git tracks, else all but caches."""
    if (course / ".git").exists():
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=course, capture_output=True, check=False, text=True
        )
        if listing.returncode == 0:
            return sorted(name for name in listing.stdout.split("\0") if name and (course / name).is_file())
    found: list[str] = []
    for folder, folders, names in os.walk(course):
        folders[:] = [name for name in folders if name not in _NEVER]
        found += [(Path(folder) / name).relative_to(course).as_posix() for name in names]
    return sorted(found)

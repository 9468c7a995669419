"""How pytest runs this course: offline, away from what this user has kept."""

import os
import tempfile

import pytest

_cache = tempfile.TemporaryDirectory(prefix="course-cache-", ignore_cleanup_errors=True)

# Kernels that nbval starts inherit these.
os.environ["COURSE_OFFLINE"] = "1"  # the embedded digits, on every machine
os.environ["COURSE_CACHE"] = _cache.name  # whatever this user has downloaded before
os.environ["COURSE_RAISE"] = "1"  # a failing check() in a notebook fails the test
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
os.environ.setdefault("MPLBACKEND", "agg")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Keep each file in one process where several test (`-n 2`): the cells of a notebook need each other."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"

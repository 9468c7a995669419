"""How pytest runs this course: offline, away from what this user has kept."""

import os
import tempfile

_cache = tempfile.TemporaryDirectory(prefix="course-cache-", ignore_cleanup_errors=True)

# Kernels that nbval starts inherit these.
os.environ["COURSE_OFFLINE"] = "1"  # the embedded digits, on every machine
os.environ["COURSE_CACHE"] = _cache.name  # whatever this user has downloaded before
os.environ["COURSE_RAISE"] = "1"  # a failing check() in a notebook fails the test
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
os.environ.setdefault("MPLBACKEND", "agg")

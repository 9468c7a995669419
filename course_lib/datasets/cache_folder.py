"""Where downloaded and derived data are kept between sessions (lesson 14)."""

import os
import sys
from pathlib import Path

_NAME = "dataloading-course"


def cache_folder() -> Path:
    """Return the course's folder among the user's caches; it need not exist yet.

    The environment variable COURSE_CACHE names another one. Whatever lies in it can be deleted at any time.
    """
    if chosen := os.environ.get("COURSE_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / _NAME / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / _NAME
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / _NAME

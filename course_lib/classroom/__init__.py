"""Everything about teaching: the exercises, their grading and their making.

A notebook needs two names: `from course_lib.classroom import check, hint`. Lesson 00 shows both. Some
exercises end with a third, `look`, which draws what the answers do.
"""

from importlib import import_module

_HOME_OF = {"check": "exercises.practice", "hint": "exercises.practice", "look": "exercises.look"}

__all__ = ["check", "hint", "look"]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)

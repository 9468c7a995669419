"""What a worker finds in the script that it runs anew (lesson 11).

A worker that is not forked runs the program's file once more, under another name, so that what stands under

    if __name__ == "__main__":

is left out. What the file defines elsewhere the worker has itself, as its own: it can be sent by name. All
else (a cell of a notebook, a lambda, what stands under that line) it has not got.
"""

import ast
import sys
from functools import cache
from multiprocessing.spawn import get_preparation_data
from pathlib import Path
from types import FunctionType
from typing import Any

_HOW_TO_RUN_IT = {"init_main_from_name", "init_main_from_path"}  # as `multiprocessing` tells workers


def is_in_script(value: Any) -> bool:
    """Tell whether a value is a function or a class that every worker finds in the program's file."""
    found: Any = sys.modules["__main__"]
    if not isinstance(value, type | FunctionType) or value.__module__ != "__main__":
        return False
    is_run_anew = get_preparation_data("").keys() & _HOW_TO_RUN_IT
    names = value.__qualname__.split(".")
    if not is_run_anew or names[0] not in _names_in(getattr(found, "__file__", "")):
        return False
    for name in names:
        found = getattr(found, name, None)
    return found is value


@cache
def _names_in(path: str) -> frozenset[str]:
    """Return the names that a file defines when it is no program; none if it cannot be read."""
    try:
        waiting: list[ast.AST] = [ast.parse(Path(path).read_bytes())]
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    names = set[str]()
    for node in waiting:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.If) and _asks_for_the_program(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
    return frozenset(names)


def _asks_for_the_program(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))

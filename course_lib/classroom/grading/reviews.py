"""Is the answer the library's own? Told to the instructor, never judged: reading code proves no intent.

Two signs, both read from the text of the cells: an answer uses the class it should write (imported under
another name, inherited from, taken by `getattr`), or one of its functions is the library's, names and
comments aside.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import course_lib
from course_lib.classroom.exercises.tasks import Exercise, Task
from course_lib.classroom.grading.magics import tree_of
from course_lib.classroom.grading.session import CodeCell

_LIBRARIES = ("course_lib", "torch.utils.data")
#: Smaller functions are alike by chance: `return len(self.data)` is everybody's.
_LEAST_NODES = 35


def review(cells: Sequence[CodeCell], exercise: Exercise) -> list[str]:
    """Return a line for each task whose answer seems to be the library's or torch's own code.

    Args:
        cells: those that will be run; `label` is the task's number where a cell answers one.
    """
    try:
        return _review(cells, exercise)
    except RecursionError:
        return ["the code is nested too deeply to be compared with the library's"]


def _review(cells: Sequence[CodeCell], exercise: Exercise) -> list[str]:
    trees = [(cell.label, tree) for cell in cells if (tree := tree_of(cell.source)) is not None]
    origins = _origins([tree for _, tree in trees])
    notes: list[str] = []
    for task in exercise.tasks:
        own = {*task.forbids, *task.defines}
        answers = [tree for label, tree in trees if label == task.number]
        used = sorted({name for tree in answers for name in _used(tree, own, origins)})
        copied = sorted({name for tree in answers for name in _copied(tree, task)})
        notes += [f"{task.number} uses {name}" for name in used]
        notes += [f"{task.number} repeats {name}" for name in copied]
    return notes


def _origins(trees: Sequence[ast.Module]) -> dict[str, str]:
    """Return where each imported name comes from: `{"T": "torch.utils.data"}`, aliases too."""
    origins: dict[str, str] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name if each.asname else each.name.split(".")[0]
                origins[each.asname or top] = top
        elif isinstance(node, ast.ImportFrom) and node.module:
            origins |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    for tree in trees:
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and (origin := _dotted(statement.value, origins)):
                origins |= {t.id: origin for t in statement.targets if isinstance(t, ast.Name)}
    return origins


def _dotted(node: ast.expr, origins: dict[str, str]) -> str:
    """Return the full name of `T.Sampler`, or an empty text where it is none of an import's."""
    if isinstance(node, ast.Name):
        return origins.get(node.id, "")
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value, origins)):
        return f"{before}.{node.attr}"
    return ""


def _used(tree: ast.Module, own: set[str], origins: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _of_library(node.module or ""):
            yield from (f"{node.module}.{each.name}" for each in node.names if each.name in own)
        elif isinstance(node, ast.Name | ast.Attribute):
            name = _dotted(node, origins)
            if name.split(".")[-1] in own and _of_library(name):
                yield name
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
            yield from (
                f"getattr(…, {a.value!r})"
                for a in node.args
                if isinstance(a, ast.Constant) and a.value in own
            )


def _of_library(name: str) -> bool:
    return any(name == library or name.startswith(f"{library}.") for library in _LIBRARIES)


def _copied(tree: ast.Module, task: Task) -> Iterator[str]:
    mine = {shape: name for name, shape in _functions(tree)}
    for library_name in {*task.forbids, *task.defines}:
        for file, name, shape in _library_functions(library_name):
            if shape in mine:
                yield f"{file}: {name}"


@lru_cache(maxsize=256)
def _library_functions(name: str) -> tuple[tuple[str, str, str], ...]:
    """Return file, name and shape of the functions that make up `name` in the libraries."""
    found: list[tuple[str, str, str]] = []
    for file, text in _library_files():
        if f"class {name}" in text or f"def {name}" in text:
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
                    inside = ast.Module([node], [])
                    found += [
                        (file, f"{name}.{each}" if each != name else name, s)
                        for each, s in _functions(inside)
                    ]
    return tuple(found)


@lru_cache(maxsize=1)
def _library_files() -> tuple[tuple[str, str], ...]:
    """Return the names and texts of the library's files and of torch's own on data."""
    import torch.utils.data

    here, there = Path(course_lib.__file__).parent, Path(torch.utils.data.__file__).parent
    files = [path for path in here.rglob("*.py") if "classroom" not in path.parts]
    files += there.rglob("*.py")
    tops = {path: here.parent if here in path.parents else there.parents[2] for path in files}
    return tuple(
        (path.relative_to(tops[path]).as_posix(), path.read_text(encoding="utf-8")) for path in sorted(files)
    )


def _functions(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield name and shape of every function that is long enough to be told from others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and sum(1 for _ in ast.walk(node)) >= _LEAST_NODES:
            yield node.name, _shape(node)


def _shape(function: ast.FunctionDef) -> str:
    """Write a function's tree down without annotations and docstring, its own names numbered in order."""
    numbers: dict[str, int] = {}
    words: list[str] = []

    def visit(node: ast.AST) -> None:
        words.append(type(node).__name__)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "ctx", "type_comment", "decorator_list", "kind"):
                continue
            if field in ("id", "arg") and isinstance(value, str):
                words.append(str(numbers.setdefault(value, len(numbers))))
            elif isinstance(value, ast.AST):
                visit(value)
            elif isinstance(value, list):
                for item in _without_docstring(value) if field == "body" else value:
                    if isinstance(item, ast.AST):
                        visit(item)
            elif not (field == "name" and node is function):
                words.append(repr(value))

    visit(function)
    return " ".join(words)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if is_text else body

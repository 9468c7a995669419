"""Find the answer of each task among the cells of a notebook, and say which way it was found."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from course_lib.classroom.exercises.notebooks import Cell
from course_lib.classroom.exercises.tasks import Exercise, Task
from course_lib.classroom.grading.magics import tree_of, without_magics

BY_NUMBER, BY_DEFINITION = "task number", "definition"


@dataclass(frozen=True)
class Answers:
    """Where the answers are.

    Attributes:
        owners: which task the code cell at each position answers.
        found: for each task `BY_NUMBER`, `BY_DEFINITION`, or an empty text.
        notes: what an instructor should know: an answer that is text, one cell too many, a missing name.
    """

    owners: dict[int, str]
    found: dict[str, str]
    notes: tuple[str, ...]


def find_answers(cells: Sequence[Cell], code: Sequence[Cell], exercise: Exercise) -> Answers:
    """Find each task's answer by the number in a cell's metadata, else by the names that it defines.

    Args:
        cells: all cells of the notebook.
        code: those of them that will be run.
    """
    defined = [names_defined(cell.source) for cell in code]
    owners = {p: cell.task for p, cell in enumerate(code) if cell.role == "answer" and cell.task}
    found: dict[str, str] = {}
    notes: list[str] = []
    for task in exercise.tasks:
        numbered = [p for p, owner in owners.items() if owner == task.number]
        elsewhere = [p for p in range(len(code)) if p not in owners and set(task.defines) & defined[p]]
        holds = any(set(task.defines) & defined[p] for p in numbered)
        if numbered and (holds or not elsewhere):
            found[task.number] = BY_NUMBER
        elif elsewhere:
            owners |= dict.fromkeys(elsewhere, task.number)
            found[task.number] = BY_DEFINITION
        else:
            found[task.number] = ""
        notes += _notes(task, numbered, holds or bool(elsewhere), cells)
    return Answers(owners, found, (*notes, *_twins(cells)))


def names_defined(source: str) -> set[str]:
    """Return the names that a cell defines at its top level: functions, classes, assigned ones."""
    tree = tree_of(without_magics(source).source)
    return set(_names(tree.body)) if tree else set()


def _names(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield statement.name
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _names(statement.body)


def _notes(task: Task, numbered: Sequence[int], holds: bool, cells: Sequence[Cell]) -> Iterator[str]:
    names = " or ".join(task.defines)
    if len(numbered) > 1:
        yield f"{task.number} is answered in {len(numbered)} cells: the last definition counts"
    if numbered and not holds:
        yield f"{task.number}: the answer cell does not define {names}"
    texts = [cell for cell in cells if cell.kind != "code" and _is_answer_as_text(cell, task)]
    if texts and not holds:
        kind = "markdown" if texts[0].kind == "markdown" else "raw"
        yield f"{task.number}: its answer stands in a {kind} cell, which is not run: make it a code cell"


def _is_answer_as_text(cell: Cell, task: Task) -> bool:
    if cell.role == "answer" and cell.task == task.number:
        return True
    lines = [line for line in cell.source.split("\n") if not line.startswith("```")]
    return cell.role == "" and bool(set(task.defines) & names_defined("\n".join(lines)))


def _twins(cells: Sequence[Cell]) -> Iterator[str]:
    count = Counter(cell.identifier for cell in cells)
    twins = sum(number > 1 for number in count.values())
    if twins:
        yield f"{twins} cell ids stand more than once"

"""`check()` and `hint()`, as a student calls them in a notebook. Lesson 00 shows both."""

import inspect
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from course_lib import platform
from course_lib.classroom.exercises.cards import Card, hint_card, result_card, with_line
from course_lib.classroom.exercises.expectations import CheckFailed
from course_lib.classroom.exercises.progress import record_progress
from course_lib.classroom.exercises.runner import TaskResult, run_task
from course_lib.classroom.exercises.sides import loopback
from course_lib.classroom.exercises.strict import check_strictly
from course_lib.classroom.exercises.tasks import Exercise, Task, exercise_numbers, load_exercise, root
from course_lib.classroom.exercises.transport import DeadlinePassed

#: Checks in a notebook always see the same inputs, so that a message stays until the code changes.
PRACTICE_SEED = 0

_shown_hints: dict[str, int] = {}


def check(number: str | None = None, *, strict: bool = False) -> None:
    """Check the answer of a task, such as `check("03.2")`, or of all tasks of the notebook: `check()`.

    Shows a card and never raises for a wrong answer, unless the environment variable `COURSE_RAISE` is 1.

    Args:
        number: the task; None means all.
        strict: check the saved notebook from top to bottom in fresh processes, exactly as the grader does,
            and on further inputs. It takes some seconds.

    Raises:
        ValueError: when there is no such task, or the grader would reject the notebook.
    """
    namespace = _callers_names()
    if number is None:
        exercises = [load_exercise(each) for each in _exercises_in(namespace)]
        numbers = [(exercise, task.number) for exercise in exercises for task in exercise.tasks]
    else:
        exercise = _exercise_of(number)
        numbers = [(exercise, number)]
    results, line = _strictly(namespace, numbers) if strict else (_here(namespace, numbers), "")
    if root() / "work" in Path.cwd().parents:  # the student's own copy, not a test run
        record_progress(root(), results)
    card = result_card(results, _solution(numbers[0][1]) if len(results) == 1 and results[0].passed else "")
    _show(with_line(card, line) if line else card)
    failures = [found.failure for result in results for found in result.checks if found.failure]
    if failures and os.environ.get("COURSE_RAISE") == "1":
        raise CheckFailed(failures)


def _here(namespace: dict[str, Any], numbers: list[tuple[Exercise, str]]) -> list[TaskResult]:
    return [check_in(namespace, exercise, each) for exercise, each in numbers]


def _strictly(namespace: dict[str, Any], numbers: list[tuple[Exercise, str]]) -> tuple[list[TaskResult], str]:
    results: list[TaskResult] = []
    lines: list[str] = []
    for exercise in dict.fromkeys(exercise.number for exercise, _ in numbers):
        of_it = [(each, number) for each, number in numbers if each.number == exercise]
        found, line = check_strictly(namespace, of_it[0][0], [number for _, number in of_it])
        results += found
        lines.append(line)
    return results, "\n".join(lines)


class PracticeBounds:
    """A time limit in the notebook's own process, where the system can interrupt it."""

    def start(self, seconds: float) -> None:
        platform.start_alarm(seconds, _ring)

    def stop(self) -> None:
        platform.stop_alarm()


def _ring() -> None:
    raise DeadlinePassed


def check_in(
    namespace: dict[str, Any], exercise: Exercise, number: str, seed: int = PRACTICE_SEED
) -> TaskResult:
    """Check a task's answer in a namespace of this process."""
    with loopback(namespace) as peer, one_thread():
        return run_task(exercise, number, peer, seed=seed, bounds=PracticeBounds())


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread, as the grader does.

    The tensors of a check are small. Several threads gain nothing with them, and where other programs use the
    cores they wait for each other so long that a right answer runs out of time.
    """
    torch = sys.modules.get("torch")  # What does not use it does not wait for its import.
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def hint(number: str, step: int | None = None) -> None:
    """Show the next hint of a task, or a certain one: `hint("03.2")`, `hint("03.2", 2)`.

    Raises:
        ValueError: when there is no such task, or no such step.
    """
    task: Task = _exercise_of(number).task(number)
    if step is None:
        step = min(_shown_hints.get(number, 0) + 1, len(task.hints))
    if not 1 <= step <= len(task.hints):
        raise ValueError(
            f"task {number} has the hints 1 to {len(task.hints)}, got step {step}: ask for one of them"
        )
    _shown_hints[number] = step
    _show(hint_card(number, step, task.hints))


def _exercise_of(number: Any) -> Exercise:
    if not isinstance(number, str) or not re.fullmatch(r"\d\d\.\d+", number):
        raise ValueError(f'a task is named by a text like "03.2", got {number!r}: write check("03.2")')
    exercise = load_exercise(number[:2])
    exercise.task(number)
    return exercise


def _exercises_in(namespace: dict[str, Any]) -> list[str]:
    """Find which exercise the notebook is: by its file's name where that is known, else by its cells."""
    path = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    by_name = re.match(r"(\d\d)_", Path(str(path)).name)
    if by_name and by_name[1] in exercise_numbers():
        return [by_name[1]]
    text = "\n".join(str(cell) for cell in namespace.get("In", []))
    found = sorted(set(re.findall(r"""(?:check|hint)\(\s*["'](\d\d)\.\d+["']""", text)))
    if not found:
        raise ValueError(
            "check() cannot see which exercise this is, because none of its tasks has been checked yet: "
            'write check("03.2") with the number of a task'
        )
    return found


def _callers_names() -> dict[str, Any]:
    """Return the notebook's global names: those of the code that called `check`."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    if frame is None:
        raise RuntimeError("check() must be called from a notebook cell or a script")
    return frame.f_globals


def _solution(number: str) -> str:
    """Return the course's answer, where its notebook is at hand (a class's copy is made without)."""
    from course_lib.classroom.exercises.notebooks import solution_source

    return solution_source(root(), number)


def _show(card: Card) -> None:
    try:
        from IPython import get_ipython
    except ImportError:
        print(card.text)
        return
    shell: Any = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import display

        display(card)  # type: ignore[no-untyped-call]
    else:
        print(card.text)

"""What an exercise is made of: tasks, and the checks that are worth their points.

The checks of exercise NN stand in `tests/exercises/test_NN_topic.py`, beside the declaration of its tasks.
"""

import importlib.util
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

_NUMBER = re.compile(r"^\d\d\.\d+$")


@dataclass(frozen=True)
class Check:
    """One graded law: a function of fixtures, a title and points.

    Attributes:
        seconds: how long the official run waits for it.
    """

    task: str
    title: str
    points: int
    seconds: float
    function: Callable[..., None]


@dataclass(frozen=True)
class Task:
    """One thing to write.

    Attributes:
        number: `"08.2"`: exercise and task.
        title: a line.
        defines: the names that the answer cell must define.
        forbids: names of `course_lib` and `torch.utils.data` that would be the answer: absent while checked.
        needs: earlier tasks whose answers this one uses.
        difficulty, importance: 1 to 5.
        minutes: the time it usually takes.
        hints: in steps, each says more.
    """

    number: str
    title: str
    defines: tuple[str, ...]
    hints: tuple[str, ...]
    difficulty: int
    importance: int
    minutes: int
    forbids: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NUMBER.match(self.number):
            raise ValueError(f"a task's number looks like '08.2', got {self.number!r}")
        if not self.hints or not self.defines:
            raise ValueError(f"task {self.number} needs hints and names that it defines")
        if not (1 <= self.difficulty <= 5 and 1 <= self.importance <= 5):
            raise ValueError(f"difficulty and importance of task {self.number} must be from 1 to 5")


@dataclass(frozen=True)
class Exercise:
    """The tasks of one notebook. Its checks join it as they are defined."""

    number: str
    topic: str
    tasks: Sequence[Task]
    checks: list[Check] = field(default_factory=list)

    def task(self, number: str) -> Task:
        """Return the task with this number, or raise ValueError with the numbers there are."""
        for task in self.tasks:
            if task.number == number:
                return task
        known = ", ".join(task.number for task in self.tasks)
        raise ValueError(f"there is no task {number!r}; exercise {self.number} has {known}")

    def checks_of(self, number: str) -> list[Check]:
        """Return the checks of a task in the order in which they are defined."""
        return [check for check in self.checks if check.task == number]

    def points(self, number: str | None = None) -> int:
        """Return the points of a task, or of all."""
        return sum(check.points for check in self.checks if number in (None, check.task))


def graded(task: str, title: str, *, points: int = 1, seconds: float = 20) -> Callable[[Any], Any]:
    """Declare a test function to be a check of `task`, worth `points`.

    The function takes the fixtures it names: `student`, `expect`, `room`, `seed`, `generator`, `rng`.
    """
    if points < 1:
        raise ValueError(f"a check is worth one point or more, got {points}")

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        function.graded_check = Check(task, title, points, seconds, function)  # type: ignore[attr-defined]
        return function

    return declare


def root() -> Path:
    """Return the course's folder, the one that holds `notebooks/` and `exercises/`."""
    return Path(__file__).resolve().parents[3]


def exercise_numbers(course: Path | None = None) -> list[str]:
    """List the exercises that have checks: `["01", "02", ...]`."""
    folder = (course or root()) / "tests" / "exercises"
    return sorted(path.name[5:7] for path in folder.glob("test_[0-9][0-9]_*.py"))


def load_exercise(number: str, course: Path | None = None) -> Exercise:
    """Load the tasks and the checks of an exercise from its test file.

    Raises:
        ValueError: when there is no such exercise.
    """
    folder = (course or root()) / "tests" / "exercises"
    files = sorted(folder.glob(f"test_{number[:2]}_*.py"))
    if not files:
        known = ", ".join(exercise_numbers(course))
        advice = f"There are: {known}; a task is written 03.2." if known else f"There is none in {folder}."
        raise ValueError(f"there is no exercise {number!r}. {advice}")
    return exercise_of(_load_module(files[0]))


def exercise_of(module: ModuleType) -> Exercise:
    """Return the module's `EXERCISE`, its checks collected."""
    exercise: Exercise = module.EXERCISE
    if not exercise.checks:
        for value in vars(module).values():
            check = getattr(value, "graded_check", None)
            if check is not None:
                exercise.task(check.task)
                exercise.checks.append(check)
    return exercise


def _load_module(path: Path) -> ModuleType:
    """Import a test file under a private name; a file that changed since is imported anew."""
    name = f"course_checks_{path.stem.removeprefix('test_')}"
    stamp = path.stat().st_mtime_ns
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__stamp__", None) == stamp:
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    module.__stamp__ = stamp  # type: ignore[attr-defined]
    return module

"""Prove the checks of an exercise: the stub fails, the solution passes, wrong answers are rejected for the
right reason, other right answers pass; each in practice and across processes.
"""

import ast
import multiprocessing
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib import platform
from course_lib.classroom.exercises import executor
from course_lib.classroom.exercises.errors import remember_source
from course_lib.classroom.exercises.notebooks import cells_of, stub_of
from course_lib.classroom.exercises.practice import check_in
from course_lib.classroom.exercises.runner import FAILED, CheckResult, TaskResult, run_task
from course_lib.classroom.exercises.tasks import Exercise, load_exercise
from course_lib.classroom.grading.session import CodeCell, Limits, Session, SessionLost, start_warm

MIN_WRONG, MIN_RIGHT = 3, 1
TRANSPORTS = ("practice", "official")
_PRACTICE_SECONDS = 120
_SEEDS = {"stub": (0,), "solution": (0, 1, 2), "right": (0, 1), "wrong": (0, 1)}


@dataclass(frozen=True)
class Answer:
    """A candidate for a task: `kind` is stub, solution, wrong or right.

    Attributes:
        rejected_by: for a wrong one, the title of the check that must fail.
        saying: for a wrong one, words that the failure must contain.
    """

    task: str
    kind: str
    name: str
    source: str
    rejected_by: str = ""
    saying: str = ""


@dataclass(frozen=True)
class Proof:
    """What came out for one answer through one transport; `problem` is empty when it is as it must be."""

    answer: Answer
    transport: str
    problem: str


def static_problems(exercise: Exercise, test_file: Path, answers: list[Answer]) -> list[str]:
    """List what is wrong with an exercise before anything runs."""
    problems = [f"{test_file.name}:{line}: {what}" for line, what in _bare_assertions(test_file)]
    for task in exercise.tasks:
        titles = [check.title for check in exercise.checks_of(task.number)]
        if not titles:
            problems.append(f"{task.number} has no checks")
        if len(set(titles)) != len(titles):
            problems.append(f"{task.number} has two checks of the same title")
        of_task = [answer for answer in answers if answer.task == task.number]
        wrong = [answer for answer in of_task if answer.kind == "wrong"]
        if len(wrong) < MIN_WRONG:
            problems.append(f"{task.number} has {len(wrong)} wrong answers, it needs {MIN_WRONG}")
        if sum(answer.kind == "right" for answer in of_task) < MIN_RIGHT:
            problems.append(f"{task.number} has no other right answer")
        for answer in wrong:
            if answer.rejected_by not in titles or not answer.saying:
                problems.append(
                    f"{answer.name}: its docstring must name a check of {task.number} and what it says"
                )
    known = {task.number for task in exercise.tasks}
    problems += [
        f"{answer.name}: there is no task {answer.task}" for answer in answers if answer.task not in known
    ]
    return problems


def read_answers(folder: Path, exercise: Exercise, solution: dict[str, Any]) -> list[Answer]:
    """Collect the stub and the solution of each task, and the answers in its folder."""
    answers: list[Answer] = []
    for task in exercise.tasks:
        source = _answer_source(solution, task.number)
        answers.append(Answer(task.number, "stub", "stub", stub_of(source)))
        answers.append(Answer(task.number, "solution", "solution", source))
    for path in sorted(folder.glob("*.py")):
        match = re.fullmatch(r"(\d\d\.\d+)_(wrong|right)_(\w+)", path.stem)
        if match is None:
            raise ValueError(f"{path} must be called NN.k_wrong_NAME.py or NN.k_right_NAME.py")
        text = path.read_text(encoding="utf-8")
        words = ast.get_docstring(ast.parse(text)) or ""
        rejected = re.search(r"^Rejected by: (.+)$", words, re.MULTILINE)
        saying = re.search(r"^Saying: (.+)$", words, re.MULTILINE)
        found = (rejected[1].strip() if rejected else "", saying[1].strip() if saying else "")
        answers.append(Answer(match[1], match[2], path.stem, text, *found))
    return answers


def prove(
    exercise: Exercise, solution: dict[str, Any], answers: list[Answer], workers: int = 2
) -> list[Proof]:
    """Try every answer through both transports."""
    jobs = [(answer, transport) for answer in answers for transport in TRANSPORTS]

    def run(job: tuple[Answer, str]) -> Proof:
        answer, transport = job
        attempt = _practice if transport == "practice" else _official
        problem = _verdict(answer, attempt(exercise, _cells(exercise, solution, answer), answer))
        return Proof(answer, transport, problem)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, jobs))


def _cells(exercise: Exercise, solution: dict[str, Any], answer: Answer) -> list[CodeCell]:
    """Return the solution notebook's cells to run, with this answer in the place of its task's."""
    cells: list[CodeCell] = []
    placed = False
    for cell in cells_of(solution):
        if cell.kind != "code" or cell.role == "check":
            continue
        if cell.task != answer.task:
            cells.append(CodeCell(cell.task or cell.identifier, cell.source))
        elif not placed:
            cells.append(CodeCell(answer.task, answer.source, exercise.task(answer.task).forbids))
            placed = True
    return cells


def _official(exercise: Exercise, cells: list[CodeCell], answer: Answer) -> list[TaskResult] | str:
    results = []
    for seed in _SEEDS[answer.kind]:
        try:
            with Session(Limits()) as session:
                failed = [outcome for outcome in session.run(cells) if outcome.error]
                if failed:
                    return f"cell {failed[0].label} fails: {failed[0].error}"
                results.append(run_task(exercise, answer.task, session.peer, seed=seed, bounds=session))
        except SessionLost as lost:
            return f"cell {lost.outcomes[-1].label}: {lost.outcomes[-1].error}"
    return results


def _practice(exercise: Exercise, cells: list[CodeCell], answer: Answer) -> list[TaskResult] | str:
    """Check as a notebook does, in a process of its own so that a hung answer can be ended."""
    here, there = multiprocessing.Pipe()
    sources = [(cell.label, cell.source) for cell in cells]
    process = start_warm(_practise, there, exercise.number, sources, answer.task, _SEEDS[answer.kind])
    there.close()
    try:
        if not here.poll(_PRACTICE_SECONDS):
            return f"no end after {_PRACTICE_SECONDS} seconds"
        found: list[TaskResult] | str = here.recv()  # from our own code, in a process we started
        return found
    except EOFError:
        return "the program ended"
    finally:
        platform.kill_process_tree(process.pid)
        process.join()
        here.close()


def _practise(
    pipe: Any, number: str, cells: list[tuple[str, str]], task: str, seeds: tuple[int, ...]
) -> None:
    platform.new_process_group()
    executor.silence()
    executor.use_one_thread()
    namespace = executor.main_module()
    try:
        exercise = load_exercise(number)
        for label, source in cells:
            exec(compile(source, remember_source(label, source), "exec"), namespace)
        pipe.send([check_in(namespace, exercise, task, seed) for seed in seeds])
    except BaseException as error:
        pipe.send(f"a cell fails: {type(error).__name__}: {error}")


def _verdict(answer: Answer, outcome: list[TaskResult] | str) -> str:
    """Say what is wrong with an outcome; nothing when it is as it must be."""
    if isinstance(outcome, str):
        return outcome
    for result in outcome:
        bad = [check for check in result.checks if check.failure]
        if answer.kind == "stub" and result.earned:
            return f"the stub earns {result.earned} points"
        if answer.kind in ("solution", "right") and bad:
            return f"refused by {bad[0].title!r}: {_text(bad[0])}"
        if answer.kind == "wrong":
            named = next(check for check in result.checks if check.title == answer.rejected_by)
            if named.status != FAILED:
                others = ", ".join(f"{check.title} ({check.status})" for check in bad) or "nothing"
                detail = f": {_text(named)}" if named.failure else ""
                return f"{named.title!r} {named.status}{detail}; what failed: {others}"
            if answer.saying.lower() not in _text(named).lower():
                return f"{named.title!r} does not say {answer.saying!r} but: {_text(named)}"
    return ""


def _text(check: CheckResult) -> str:
    failure = check.failure
    return (
        ""
        if failure is None
        else " | ".join((failure.tried, failure.got, failure.expected, failure.rule, failure.next))
    )


def _answer_source(solution: dict[str, Any], number: str) -> str:
    return "\n".join(
        cell.source for cell in cells_of(solution) if (cell.task, cell.role) == (number, "answer")
    )


def _bare_assertions(test_file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(test_file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assert):
            yield node.lineno, "a bare assert: use `expect`"
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "raises"
            and getattr(node.value, "id", "") == "pytest"
        ):
            yield node.lineno, "pytest.raises: use `expect.raises`"

"""`course build`: exercises from solutions, outputs of lessons, and the proof that the checks are right."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_lib.classroom.authoring import lessons
from course_lib.classroom.authoring.generate import generated, labelled
from course_lib.classroom.authoring.normalise import normalise
from course_lib.classroom.authoring.prove import Proof, prove, read_answers, static_problems
from course_lib.classroom.exercises.notebooks import exercise_file, read_notebook, write_notebook
from course_lib.classroom.exercises.tasks import exercise_numbers, load_exercise, root


@dataclass
class BuildReport:
    """What a build found. `proofs` has one entry for each answer and transport."""

    problems: list[str] = field(default_factory=list)
    proofs: dict[str, list[Proof]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)


def build(
    numbers: Sequence[str] = (),
    *,
    check: bool = False,
    force: bool = False,
    prove_answers: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> BuildReport:
    """Build lessons and exercises.

    Args:
        numbers: which; empty means all.
        check: write nothing and execute no lesson, but report every difference.
        force: execute lessons whose code has not changed, too.
        prove_answers: try every answer; it takes most of the time.
        say: is told what is being done.
    """
    course, report = root(), BuildReport()
    wanted = {number[:2] for number in numbers}
    for path in sorted((course / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if not wanted or path.name[:2] in wanted:
            _build_lesson(path, report, check, force, say)
    for number in exercise_numbers():
        if not wanted or number in wanted:
            _build_exercise(course, number, report, check, prove_answers, say)
    _look_for_orphans(course, report)
    return report


def _build_lesson(
    path: Path, report: BuildReport, check: bool, force: bool, say: Callable[[str], None]
) -> None:
    stored = read_notebook(path)
    lesson = normalise(stored, outputs=True)
    if check:
        if not lessons.is_current(stored):
            report.problems.append(
                f"notebooks/{path.name}: its code changed since it ran; run `course build {path.name[:2]}`"
            )
        elif lesson != stored:
            report.problems.append(
                f"notebooks/{path.name} is not in its normal form; run `course build {path.name[:2]}`"
            )
        return
    if force or not lessons.is_current(stored):
        begin = time.perf_counter()
        lesson = lessons.execute(stored, path.parent, path.name[:2])
        say(f"executed notebooks/{path.name} in {time.perf_counter() - begin:.0f} s")
    _write(path, lesson, stored, report)


def _build_exercise(
    course: Path,
    number: str,
    report: BuildReport,
    check: bool,
    prove_answers: bool,
    say: Callable[[str], None],
) -> None:
    solution_path = exercise_file(course / "solutions", number)
    test_file = next((course / "tests" / "exercises").glob(f"test_{number}_*.py"))
    if solution_path is None:
        report.problems.append(f"solutions/ has no notebook for {test_file.name}")
        return
    exercise = load_exercise(number)
    stored = read_notebook(solution_path)
    try:
        solution = labelled(stored, exercise)
        notebook = generated(solution)
        answers = read_answers(test_file.parent / "answers" / solution_path.stem, exercise, solution)
    except ValueError as error:
        report.problems.append(f"{solution_path.name}: {error}")
        return
    exercise_path = course / "exercises" / solution_path.name
    current = read_notebook(exercise_path) if exercise_path.exists() else None
    if check:
        if solution != stored:
            report.problems.append(
                f"solutions/{solution_path.name} is not in its normal form; run `course build {number}`"
            )
        if notebook != current:
            report.problems.append(
                f"exercises/{solution_path.name} differs from its solutions; run `course build {number}`"
            )
    else:
        _write(solution_path, solution, stored, report)
        _write(exercise_path, notebook, current, report)
    report.problems += static_problems(exercise, test_file, answers)
    if prove_answers:
        begin = time.perf_counter()
        proofs = report.proofs[number] = prove(exercise, solution, answers)
        say(
            f"proved {len(answers)} answers of exercise {number} twice in {time.perf_counter() - begin:.0f} s"
        )
        report.problems += [
            f"{p.answer.task} {p.answer.name} ({p.transport}): {p.problem}" for p in proofs if p.problem
        ]


def _write(path: Path, notebook: dict[str, Any], stored: dict[str, Any] | None, report: BuildReport) -> None:
    if notebook != stored:
        write_notebook(path, notebook)
        report.written.append(f"{path.parent.name}/{path.name}")


def _look_for_orphans(course: Path, report: BuildReport) -> None:
    sources = {path.name for path in (course / "solutions").glob("*.ipynb")}
    for path in sorted((course / "exercises").glob("*.ipynb")):
        if path.name not in sources:
            report.problems.append(f"exercises/{path.name} has no source in solutions/: remove it")


def matrix(report: BuildReport) -> list[tuple[str, ...]]:
    """Return the rows of the proof: task, transport, stub, solution, right accepted, wrong rejected."""
    rows: list[tuple[str, ...]] = []
    for proofs in report.proofs.values():
        keys = sorted(
            {(proof.answer.task, proof.transport) for proof in proofs}, key=lambda key: (key[0], key[1])
        )
        for task, transport in keys:
            found = [proof for proof in proofs if (proof.answer.task, proof.transport) == (task, transport)]

            def count(kind: str, found: list[Proof] = found) -> str:
                of_kind = [proof for proof in found if proof.answer.kind == kind]
                return f"{sum(not proof.problem for proof in of_kind)}/{len(of_kind)}"

            rows.append((task, transport, *map(count, ("stub", "solution", "right", "wrong"))))
    return rows

"""The whole class on one page: points per task, checks that fail most, what took longest, whom to see."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from statistics import mean, median

from course_lib.classroom.exercises.runner import PASSED
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.graded import Graded, Run
from course_lib.classroom.grading.histogram import histogram
from course_lib.classroom.grading.page import page

_COMMONEST, _SLOWEST = 12, 8


def class_page(exercise: Exercise, graded: Sequence[Graded], run: Run) -> str:
    """Return the page for the instructor. All text is escaped."""
    possible = exercise.points() + run.run_points
    scores = [float(each.score) for each in graded]
    statuses = Counter(each.verdict.status for each in graded)
    body = [
        f"<h1>Exercise {escape(exercise.number)}: {escape(exercise.topic.replace('_', ' '))}</h1>",
        f'<p class="score">{len(graded)} submissions, {possible} points possible</p>',
    ]
    if scores:
        body.append(f"<p>Mean {mean(scores):.1f}, median {median(scores):g}.</p>")
    body.append(
        f"<p>{escape(', '.join(f'{count} {status}' for status, count in statuses.most_common()))}.</p>"
    )
    body.append(f'<div class="charts">{_charts(exercise, graded, run)}</div>')
    body += _failures(graded)
    body += _table("To look at", ("student", "why"), _worth_a_look(graded))
    slowest = sorted(graded, key=lambda each: -each.verdict.seconds)[:_SLOWEST]
    body += _table(
        "Slowest", ("student", "seconds"), [(e.student, f"{e.verdict.seconds:.1f}") for e in slowest]
    )
    body += _table("Nothing handed in", ("student",), [(student,) for student in run.missing])
    versions = ", ".join(f"{name} {version}" for name, version in run.environment.items())
    body.append(
        f'<p class="faint">Tier {escape(run.tier)} · checks {run.checks[:12]} · {escape(versions)}</p>'
    )
    return page(f"Exercise {exercise.number}: the class", "\n".join(body))


def _charts(exercise: Exercise, graded: Sequence[Graded], run: Run) -> str:
    total = histogram(
        [float(each.score) for each in graded], exercise.points() + run.run_points, "All points together"
    )
    earned = [{result.task.number: result.earned for result in each.verdict.tasks} for each in graded]
    return total + "".join(
        histogram(
            [points.get(task.number, 0) for points in earned],
            exercise.points(task.number),
            f"{task.number} {task.title}",
        )
        for task in exercise.tasks
    )


def _failures(graded: Sequence[Graded]) -> list[str]:
    """List the checks that most students miss, those with no answer to the task left out."""
    missed: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    for each in graded:
        for result in each.verdict.tasks:
            for check in result.checks:
                if check.status != "not written":
                    tried[result.task.number, check.title] += 1
                    missed[result.task.number, check.title] += check.status != PASSED
    rows = [
        (task, title, f"{count} of {tried[task, title]}")
        for (task, title), count in missed.most_common(_COMMONEST)
        if count
    ]
    return _table("Checks that fail most", ("task", "check", "students"), rows)


def _worth_a_look(graded: Sequence[Graded]) -> list[tuple[str, str]]:
    rows = []
    for each in graded:
        why = [*each.verdict.reviews, each.note]
        if any(why):
            rows.append((each.student, "; ".join(filter(None, why))))
    return rows


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    if not lines:
        return []
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    return [f"<h2>{escape(title)}</h2>", f"<table><tr>{head}</tr>", *lines, "</table>"]

"""One student's feedback: points, each check's message, and what happened to cells that did not run well."""

from html import escape

from course_lib.classroom.exercises.cards import inline
from course_lib.classroom.exercises.runner import PASSED, UNWRITTEN, CheckResult, TaskResult
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.graded import Graded, Run
from course_lib.classroom.grading.hidden import for_student
from course_lib.classroom.grading.messages import parts
from course_lib.classroom.grading.page import page


def feedback_page(exercise: Exercise, graded: Graded, run: Run) -> str:
    """Return the page for one student. All text is escaped."""
    verdict = graded.verdict
    possible = exercise.points() + run.run_points
    body = [
        f"<h1>{escape(graded.student)}</h1>",
        f'<p class="faint">Exercise {escape(exercise.number)}, {escape(exercise.topic.replace("_", " "))} · '
        f"{escape(graded.file)}</p>",
        f'<p class="score">{graded.score} of {possible} points</p>',
        f"<p>{escape(_summary(graded, run))}</p>",
    ]
    if verdict.note:
        body.append(f'<p class="bad">{escape(verdict.note)}</p>')
    body += [f"<p>{escape(note)}</p>" for note in verdict.notes]
    if verdict.cells:
        body.append("<h2>Cells that did not run well</h2><table>")
        body += [
            f'<tr><td class="label">{escape(cell.label)}</td><td>{escape(cell.error)}</td></tr>'
            for cell in verdict.cells
        ]
        body.append("</table>")
    body += [_task(result, verdict.found) for result in for_student(exercise, verdict.tasks)]
    body.append(
        f'<p class="faint">Tier {escape(run.tier)} · checks {run.checks[:12]} · '
        f"submission {graded.submission[:12] or 'none'}</p>"
    )
    return page(f"{graded.student}: exercise {exercise.number}", "\n".join(body))


def _summary(graded: Graded, run: Run) -> str:
    words = [f"Status: {graded.verdict.status}."]
    if run.run_points:
        how = "runs" if graded.run_points else "does not run"
        words.append(
            f"The notebook {how} from top to bottom: {graded.run_points} of {_points(run.run_points)}."
        )
    if graded.late == "?":
        words.append("When it was handed in is not known.")
    elif graded.late:
        days = "1 day" if graded.late == "1" else f"{graded.late} days"
        words.append(f"Late by {days}" + (f": {graded.penalty:g} points taken." if graded.penalty else "."))
    return " ".join(words)


def _task(result: TaskResult, found: dict[str, str]) -> str:
    good = "good" if result.passed else "bad"
    head = (
        f"<h2>{escape(result.task.number)} {escape(result.task.title)} "
        f'<span class="{good}">{result.earned}/{result.points}</span></h2>'
    )
    if found.get(result.task.number) == "definition":
        head += '<p class="faint">The answer was found by its name, because its cell has lost its number.</p>'
    if all(check.status == UNWRITTEN for check in result.checks):
        return f"{head}<p>Not written yet.</p>"
    return head + "".join(_check(check) for check in result.checks)


def _check(check: CheckResult) -> str:
    passed = check.status == PASSED
    kind, mark = ("passed", "✓") if passed else ("missed", "✗")
    points = f"{check.earned} of {_points(check.points)}"
    pairs = "".join(f"<dt>{heading}</dt><dd>{inline(words)}</dd>" for heading, words in parts(check))
    details = f"<dl>{pairs}</dl>" if pairs else ""
    return (
        f'<div class="check {kind}"><b>{mark} {escape(check.title)}</b> '
        f'<span class="faint">{points}</span>{details}</div>'
    )


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"

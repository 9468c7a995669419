"""Grade a folder of notebooks: `course grade PATH... --out DIR`."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from course_lib.classroom.exercises.tasks import Exercise, load_exercise
from course_lib.classroom.grading.intake import (
    Found,
    Rejected,
    find_submissions,
    read_exercise,
    read_submission,
)
from course_lib.classroom.grading.judge import Verdict, judge
from course_lib.classroom.grading.report import Graded, write_reports
from course_lib.classroom.grading.session import Limits

#: A plain subprocess with limits on time and memory: it bounds accidents, it is no wall against attackers.
TIER = "C"


def grade_class(
    paths: Sequence[Path],
    out: Path,
    *,
    number: str | None = None,
    roster: Path | None = None,
    limits: Limits | None = None,
    report: Callable[[Graded, int, int], None] = lambda graded, done, total: None,
) -> list[Graded]:
    """Grade every notebook under `paths` and write the reports.

    Args:
        number: the exercise; None takes the one that most of the notebooks say they are.
        roster: a TOML file with a table `[students]`: `id = "name of the folder or file"`.
        report: called after each submission with its result, how many are done, and how many there are.

    Raises:
        ValueError: when there is nothing to grade, or the exercise cannot be told.
    """
    found = find_submissions(paths)
    if not found:
        raise ValueError(
            f"no notebook below {', '.join(map(str, paths))}: name files or folders with .ipynb files"
        )
    exercise = load_exercise(number or _commonest_exercise(found))
    identifiers = _read_roster(roster) if roster else {}
    files = Counter(each.student for each in found)
    graded: list[Graded] = []
    for done, each in enumerate(found, start=1):
        student = identifiers.get(each.student.casefold(), each.student)
        rivals = _of_exercise(found, each.student, exercise.number) if files[each.student] > 1 else [each]
        if len(rivals) >= 1 and each not in rivals:
            continue  # another notebook in the same student's folder
        verdict = _grade_one(each, exercise, student, limits, len(rivals))
        if files[each.student] > len(rivals):
            left_out = f"notebooks of other exercises left out: {files[each.student] - len(rivals)}"
            verdict.note = f"{verdict.note}; {left_out}" if verdict.note else left_out
        graded.append(Graded(student, each.path.name, verdict))
        report(graded[-1], done, len(found))
    write_reports(out, exercise, graded, TIER)
    return graded


def _grade_one(found: Found, exercise: Exercise, student: str, limits: Limits | None, rivals: int) -> Verdict:
    try:
        if rivals > 1:
            raise Rejected(
                f"{student} has {rivals} notebooks of exercise {exercise.number}: leave one of them."
            )
        submission = read_submission(found.path, exercise)
    except Rejected as reason:
        return Verdict(status="rejected", note=str(reason))
    return judge(exercise, submission, seed=_seed(student), limits=limits)


def _seed(student: str) -> int:
    """Vary the inputs of the checks from student to student, the same at every run."""
    return int.from_bytes(hashlib.sha256(student.encode()).digest()[:4])


def _of_exercise(found: Sequence[Found], student: str, number: str) -> list[Found]:
    return [each for each in found if each.student == student and read_exercise(each.path) == number]


def _commonest_exercise(found: Sequence[Found]) -> str:
    numbers = Counter(number for each in found if (number := read_exercise(each.path)) is not None)
    if not numbers:
        raise ValueError(
            f"none of the {len(found)} files says which exercise it is: are they notebooks of this course? "
            "Name the exercise with --exercise 03."
        )
    return numbers.most_common(1)[0][0]


def _read_roster(path: Path) -> dict[str, str]:
    """Return the id for each folder or file name, in lower case."""
    try:
        students = tomllib.loads(path.read_text(encoding="utf-8")).get("students", {})
        return {str(name).casefold(): str(identifier) for identifier, name in students.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(
            f"the roster {path} cannot be read: {error}. "
            'It needs a table [students] with lines like ab12 = "folder".'
        ) from error

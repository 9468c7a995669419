"""Results as Gradescope's autograder wants them: `results.json`, one file per student."""

import json
from typing import Any

from course_lib.classroom.exercises.runner import PASSED
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.graded import Graded, Run
from course_lib.classroom.grading.hidden import for_student
from course_lib.classroom.grading.messages import message


def gradescope(exercise: Exercise, graded: Graded, run: Run) -> str:
    """Return the JSON text for one student; hidden checks show title and hint."""
    tests: list[dict[str, Any]] = [
        {
            "number": result.task.number,
            "name": f"{result.task.number} {check.title}",
            "score": check.earned,
            "max_score": check.points,
            "status": "passed" if check.status == PASSED else "failed",
            "output": message(check),
            "output_format": "text",
            "visibility": "visible",
        }
        for result in for_student(exercise, graded.verdict.tasks)
        for check in result.checks
    ]
    if run.run_points:
        words = "" if graded.run_points else "a cell did not run, see above"
        tests.append(
            {
                "name": "runs from top to bottom",
                "score": graded.run_points,
                "max_score": run.run_points,
                "status": "passed" if graded.run_points else "failed",
                "output": words,
                "output_format": "text",
                "visibility": "visible",
            }
        )
    lines = [f"{graded.verdict.status}; tier {run.tier}", graded.note]
    lines += [f"Cell {cell.label}: {cell.error}" for cell in graded.verdict.cells]
    document = {
        "score": graded.score,
        "output": "\n".join(filter(None, lines)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(graded.verdict.seconds, 1),
        "tests": tests,
    }
    return json.dumps(document, indent=1, ensure_ascii=False)

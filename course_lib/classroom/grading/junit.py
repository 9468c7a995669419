"""Results as JUnit XML, which CI systems show: a suite per student, a case per check."""

from collections.abc import Sequence
from xml.etree import ElementTree

from course_lib.classroom.exercises.runner import FAILED, PASSED, CheckResult
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.graded import Graded
from course_lib.classroom.grading.hidden import for_student
from course_lib.classroom.grading.messages import message


def junit(exercise: Exercise, graded: Sequence[Graded]) -> str:
    """Return the XML of a whole run. A rejected notebook is a case of its own, in error."""
    top = ElementTree.Element("testsuites", name=f"exercise {exercise.number}")
    for each in graded:
        suite = ElementTree.SubElement(
            top, "testsuite", name=each.student, time=f"{each.verdict.seconds:.3f}"
        )
        counts = {"tests": 0, "failures": 0, "errors": 0}
        for result in for_student(exercise, each.verdict.tasks):
            for check in result.checks:
                counts["tests"] += 1
                kind = _add(suite, f"{each.student}.{result.task.number}", check)
                if kind:
                    counts[f"{kind}s"] += 1
        if not each.verdict.tasks:
            counts["tests"] += 1
            counts["errors"] += 1
            case = ElementTree.SubElement(suite, "testcase", classname=each.student, name=each.file)
            ElementTree.SubElement(case, "error", message=each.note)
        suite.attrib.update({name: str(count) for name, count in counts.items()})
    ElementTree.indent(top, " ")
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _add(suite: ElementTree.Element, class_name: str, check: CheckResult) -> str:
    """Add a check; returns "failure" or "error" where it did not pass."""
    case = ElementTree.SubElement(suite, "testcase", classname=class_name, name=check.title)
    if check.status == PASSED:
        return ""
    kind = "failure" if check.status == FAILED else "error"
    ElementTree.SubElement(case, kind, message=check.status).text = message(check)
    return kind

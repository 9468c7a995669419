"""The parts of a check's message, for the reports: one text, or pairs of a heading and words."""

from course_lib.classroom.exercises.runner import CheckResult


def parts(check: CheckResult) -> list[tuple[str, str]]:
    """Return what a failing check says as pairs; empty parts, which hidden checks have, are left out."""
    failure = check.failure
    if failure is None:
        return []
    tried = "" if failure.tried == check.title else failure.tried
    pairs = [
        ("Tried", tried),
        ("Got", failure.got),
        ("Expected", failure.expected),
        ("Rule", failure.rule),
        ("Next", failure.next),
    ]
    return [(heading, words) for heading, words in pairs if words]


def message(check: CheckResult) -> str:
    """Return what a failing check says as text."""
    return "\n".join(f"{heading}: {words}" for heading, words in parts(check))

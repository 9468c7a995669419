"""Print what each tier refuses on this machine: `python -m course_lib.classroom.grading.sandbox`."""

from course_lib.classroom.grading.sandbox import NoSandbox, Tier, find_tier
from course_lib.classroom.grading.sandbox.attempts import ACTS


def matrix() -> str:
    """Attempt every act at every tier; returns a table, and why a tier is missing."""
    found: dict[str, Tier] = {}
    notes: list[str] = []
    for name in "ABC":
        try:
            found[name] = find_tier(name)
        except NoSandbox as problem:
            notes.append(str(problem))
    lines = [f"{'attempted from inside':34}" + "".join(f"tier {name:8}" for name in found)]
    for position, act in enumerate(ACTS):
        marks = ("refused" if tier.attempts[position].refused else "POSSIBLE" for tier in found.values())
        lines.append(f"{act:34}" + "".join(f"{mark:13}" for mark in marks))
    notes += [f"tier {name}: not by {reason}" for name, tier in found.items() for reason in tier.tried]
    return "\n".join([*lines, *notes])


if __name__ == "__main__":
    print(matrix())

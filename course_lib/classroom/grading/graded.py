"""One line of a class's report, and what a whole run has in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from course_lib.classroom.grading.judge import Verdict


@dataclass(frozen=True)
class Graded:
    """What one student gets.

    Attributes:
        file: the name of the notebook.
        late: days begun after the deadline; "?" where a time is missing; empty in time or without deadline.
        penalty: points that the late policy takes.
        run_points: points for a notebook that runs from top to bottom.
        submission: SHA-256 of the notebook's bytes, or an empty text.
        seed: that of the inputs of the checks.
    """

    student: str
    file: str
    verdict: Verdict
    late: str = ""
    penalty: float = 0
    run_points: int = 0
    submission: str = ""
    seed: int = 0

    @property
    def earned(self) -> int:
        """The points before the late policy."""
        return self.verdict.score + self.run_points

    @property
    def score(self) -> float | int:
        """The points that count: a whole number unless the late policy makes it none."""
        score = round(max(0.0, self.earned - self.penalty), 2)
        return int(score) if score == int(score) else score

    @property
    def note(self) -> str:
        """All that an instructor should know, in one line."""
        return "; ".join(filter(None, [self.verdict.note, *self.verdict.notes]))


@dataclass(frozen=True)
class Run:
    """What all submissions of a run have in common.

    Attributes:
        tier: how well students' code was shut in.
        run_points: what a notebook that runs from top to bottom is worth.
        late_policy: whether late work costs points.
        checks, environment: what the grades depend on, besides the submissions.
        missing: students of the roster who handed in nothing.
        stamp_key: signs each result; None does not.
    """

    tier: str
    run_points: int = 0
    late_policy: bool = False
    checks: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    stamp_key: bytes | None = None

"""How well students' code is shut in on this machine, in words, and what may be graded so."""

from functools import partial

from course_lib.classroom.grading.judge import Opener
from course_lib.classroom.grading.sandbox import NoSandbox, find_tier
from course_lib.classroom.grading.session import Session

_WORDS = {
    "A": "each notebook runs in a sandbox of its own: no network, no view of this machine's files",
    "B": "each notebook runs under the kernel's restrictions: no network, few files to see",
    "C": "each notebook runs in a plain subprocess with limits on time and memory",
}


def tier_in_force() -> str:
    """Return the best tier that this machine gives: "A", "B" or "C".

    Raises:
        ValueError: when it gives none.
    """
    try:
        return find_tier().name
    except NoSandbox as problem:
        raise ValueError(f"{problem}. `course doctor` says more.") from problem


def opener_of(tier: str) -> Opener:
    """Return what starts a process for a student's code in a tier.

    Raises:
        ValueError: when this machine does not give that tier.
    """
    try:
        return partial(Session, tier=find_tier(tier))
    except NoSandbox as problem:
        raise ValueError(f"{problem}. All machines must give the tier of the run.") from problem


def require_trust(tier: str, trusted: bool) -> str:
    """Return a line about the tier.

    Raises:
        ValueError: at tier C, unless the submissions are trusted.
    """
    line = f"Tier {tier}: {_WORDS[tier]}."
    if tier != "C":
        return line
    if trusted:
        return f"{line} That stops accidents, not attackers: this is work of people you trust."
    raise ValueError(
        f"{line} That stops accidents, not attackers. Grade on a machine that can do better (`course doctor` "
        "says what is missing), or say --trust-submissions if you trust everybody whose work this is."
    )

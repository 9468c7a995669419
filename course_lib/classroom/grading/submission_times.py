"""When work was handed in, from a learning platform's table: `--times FILE.csv`."""

import csv
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from course_lib.classroom.grading.roster import Roster

#: Headings of the columns that may tell the student, and of those that tell the time, in lower case.
_STUDENT = (
    "student",
    "id",
    "identifier",
    "user id",
    "full name",
    "name",
    "sis user id",
    "email address",
    "login",
)
_TIME = ("submitted", "submitted_at", "submitted at", "last modified (submission)", "submission time", "time")
#: What Moodle writes in English; all others are expected to write ISO 8601.
_FORMATS = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%Y-%m-%d %H:%M:%S %Z", "%d/%m/%Y, %H:%M")


def with_times(roster: Roster, path: Path) -> Roster:
    """Return the roster with the times of a table; a time in the roster itself comes first.

    Raises:
        ValueError: when the table cannot be read, or has no column for the student or for the time.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            headings = {str(name).strip().casefold(): name for name in reader.fieldnames or ()}
            students = [headings[name] for name in _STUDENT if name in headings]
            times = [headings[name] for name in _TIME if name in headings]
            if not students or not times:
                raise ValueError(
                    f"its columns are {', '.join(headings) or 'none'}; one of {', '.join(_STUDENT)} and "
                    f"one of {', '.join(_TIME)} must be among them"
                )
            found: dict[str, dt.datetime] = {}
            for row in reader:
                at = _time(row.get(times[0]) or "", roster.timezone)
                if at is not None:
                    found |= dict.fromkeys(_identifiers(row, students, roster), at)
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"the table of times {path} cannot be read: {error}.") from error
    return replace(roster, submitted=found | dict(roster.submitted))


def _identifiers(row: Mapping[str, str], columns: list[str], roster: Roster) -> set[str]:
    """Return the ids that a row may mean; Moodle writes a student's number as "Participant 123"."""
    words = [re.sub(r"^Participant ", "", (row.get(column) or "").strip()) for column in columns]
    return {roster.identify(word) for word in words if word}


def _time(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    text = text.strip()
    if text in ("", "-"):
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = _by_format(text)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(dt.UTC)


def _by_format(text: str) -> dt.datetime:
    for form in _FORMATS:
        try:
            found = dt.datetime.strptime(text, form)
        except ValueError:
            continue
        return found.replace(tzinfo=dt.UTC) if text.endswith(("UTC", "GMT")) else found
    raise ValueError(f"{text!r:.60} is no time that is known: 2026-11-20T23:59:00+01:00 is")

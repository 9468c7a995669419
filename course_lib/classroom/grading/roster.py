"""Names, deadlines and the late policy of a class, in a small TOML file.

    timezone = "Europe/Berlin"                # for times without an offset; UTC when it is not said
    deadline = 2026-11-20T23:59:00

    [late]                                    # all of it may be left out: then lateness is told, not judged
    grace_minutes = 15
    points_per_day = 2                        # or percent_per_day, of the points of the exercise
    days = 3                                  # later work earns nothing

    [students]
    ab12 = "Ann Lee"                          # id = name of the folder, file or platform, or their number

    [extensions]
    ab12 = 2026-11-23T23:59:00

    [submitted]                               # or from the platform's table: --times FILE.csv
    ab12 = 2026-11-21T00:05:00

A file's own time is never looked at: copying changes it.
"""

import datetime as dt
import math
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_KEYS = {"timezone", "deadline", "late", "students", "extensions", "submitted"}
_LATE_KEYS = {"grace_minutes", "points_per_day", "percent_per_day", "days"}
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class LatePolicy:
    """What a late day costs: so many points, or per cent of what the exercise is worth."""

    grace_minutes: float = 0
    points_per_day: float = 0
    percent_per_day: float = 0
    days: float = math.inf

    def penalty(self, days: int, earned: float, possible: float) -> float:
        """Return the points to take from `earned` for so many days begun after the deadline."""
        if days > self.days:
            return earned
        cost = days * (self.points_per_day + self.percent_per_day / 100 * possible)
        return round(min(cost, earned), 2)


@dataclass(frozen=True)
class Roster:
    """A class. Identifiers stand for themselves where it names nobody.

    Attributes:
        names: for each id the name, as the roster writes it.
        submitted: when each id handed in, as the platform says.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    deadline: dt.datetime | None = None
    late: LatePolicy | None = None
    extensions: Mapping[str, dt.datetime] = field(default_factory=dict)
    submitted: Mapping[str, dt.datetime] = field(default_factory=dict)
    timezone: dt.tzinfo = dt.UTC

    def identify(self, student: str, number: str = "") -> str:
        """Return the id of a student known by a name, an id or a platform's number."""
        known = {name.casefold(): identifier for identifier, name in self.names.items()}
        known |= {identifier.casefold(): identifier for identifier in self.names}
        for word in (student, number):
            if word and word.casefold() in known:
                return known[word.casefold()]
        return student

    def days_late(self, identifier: str, *more: str) -> int | None:
        """Return the days begun after a student's deadline, 0 in time; None where a time is not known.

        Args:
            more: other words that the platform's table may have for the student.
        """
        due = self.extensions.get(identifier, self.deadline)
        at = next((self.submitted[word] for word in (identifier, *more) if word in self.submitted), None)
        if due is None or at is None:
            return None
        grace = dt.timedelta(minutes=self.late.grace_minutes if self.late else 0)
        return 0 if at <= due + grace else math.ceil((at - due) / _DAY)


def read_roster(path: Path) -> Roster:
    """Read a roster.

    Raises:
        ValueError: when it cannot be read, or says something that has no meaning here.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return _roster(data)
    except (OSError, ValueError, AttributeError, TypeError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise ValueError(
            f"the roster {path} cannot be read: {error}. "
            'It needs a table [students] with lines like ab12 = "folder"; docs/grading.md shows the rest.'
        ) from error


def _roster(data: dict[str, Any]) -> Roster:
    unknown = sorted(set(data) - _KEYS) + sorted(set(data.get("late", {})) - _LATE_KEYS)
    if unknown:
        raise ValueError(f"it says {', '.join(unknown)}, which means nothing here")
    zone = zoneinfo.ZoneInfo(data["timezone"]) if "timezone" in data else dt.UTC
    names = {str(key): str(value) for key, value in data.get("students", {}).items()}
    extensions = {key: _time(value, zone) for key, value in data.get("extensions", {}).items()}
    submitted = {key: _time(value, zone) for key, value in data.get("submitted", {}).items()}
    strangers = sorted((set(extensions) | set(submitted)) - set(names)) if names else []
    if strangers:
        raise ValueError(
            f"{', '.join(strangers)} stand under extensions or submitted, but not under students"
        )
    return Roster(
        names,
        _time(data["deadline"], zone) if "deadline" in data else None,
        LatePolicy(**{key: _amount(key, value) for key, value in data["late"].items()})
        if "late" in data
        else None,
        extensions,
        submitted,
        zone,
    )


def _time(value: Any, zone: dt.tzinfo) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise ValueError(f"{value!r} is no time: write 2026-11-20T23:59:00, without quotes")
    # Differences are right in UTC only: elsewhere a night may have an hour more.
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(dt.UTC)


def _amount(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"{name} must be a number from 0 upwards, got {value!r}")
    return value

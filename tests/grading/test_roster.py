"""Names, deadlines, extensions and the late policy; times come from the platform, never from a file."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.classroom.grading.roster import LatePolicy, Roster, read_roster
from course_lib.classroom.grading.submission_times import with_times

TEXT = """
timezone = "Europe/Berlin"
deadline = 2026-10-24T23:59:00
[late]
grace_minutes = 15
points_per_day = 2
days = 3
[students]
al17 = "Ann Lee"
be04 = "Bo Ek"
cc = "777"
[extensions]
be04 = 2026-10-26T23:59:00
[submitted]
al17 = 2026-10-25T23:58:00
be04 = 2026-10-25T23:58:00
"""


def roster(tmp_path: Path, text: str = TEXT) -> Roster:
    (tmp_path / "roster.toml").write_text(text, encoding="utf-8")
    return read_roster(tmp_path / "roster.toml")


def test_students_are_known_by_name_id_and_number(tmp_path: Path) -> None:
    known = roster(tmp_path)
    assert [known.identify(word) for word in ("ann lee", "AL17", "Bo Ek", "nobody")] == [
        "al17",
        "al17",
        "be04",
        "nobody",
    ]
    assert known.identify("Carl", "777") == "cc"


def test_days_are_counted_from_the_students_own_deadline(tmp_path: Path) -> None:
    known = roster(tmp_path)
    # That night has 25 hours in Berlin: 24:59 h after the deadline is the second day.
    assert known.days_late("al17") == 2
    assert known.days_late("be04") == 0
    assert known.days_late("cc") is None


@pytest.mark.parametrize(
    ("minutes", "days"), [(-1, 0), (0, 0), (15, 0), (16, 1), (24 * 60, 1), (24 * 60 + 1, 2)]
)
def test_grace_is_for_the_first_minutes_only(minutes: int, days: int) -> None:
    due = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    known = Roster(deadline=due, late=LatePolicy(15), submitted={"a": due + dt.timedelta(minutes=minutes)})
    assert known.days_late("a") == days


@given(
    st.builds(LatePolicy, st.just(0.0), st.floats(0, 9), st.floats(0, 50), st.integers(0, 9)),
    st.integers(0, 20),
    st.integers(0, 30),
)
def test_a_penalty_never_takes_more_than_was_earned_and_grows(
    policy: LatePolicy, days: int, earned: int
) -> None:
    now, later = (policy.penalty(each, earned, 30) for each in (days, days + 1))
    assert 0 <= now <= later + 1e-9 <= earned + 2e-9
    assert days <= policy.days or now == earned


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("deadline = 3", "no time"),
        ('deadline = "2026-11-20"', "no time"),
        ("deadlin = 2026-11-20T00:00:00", "deadlin, which means nothing"),
        ("[late]\npoints = 3", "points, which means nothing"),
        ("[late]\npoints_per_day = -1", "points_per_day must be"),
        ("[late]\npoints_per_day = nan", "points_per_day must be"),
        ('timezone = "Mars/North"', "Mars"),
        ('[students]\na = "x"\n[extensions]\nb = 2026-11-20T00:00:00', "b stand"),
        ("[students", "cannot be read"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        roster(tmp_path, text)
    with pytest.raises(ValueError, match="cannot be read"):
        read_roster(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("table", "hour"),
    [
        ("student,submitted\nal17,2026-10-24T20:00:00Z\n", 20),
        ("student,submitted\nann lee,2026-10-24 20:00:00 UTC\n", 20),
        (
            "Identifier,Full name,Last modified (submission)\n"
            'Participant 5,Ann Lee,"Saturday, 24 October 2026, 10:00 PM"\n'
            "Participant 6,Bo Ek,-\n",
            20,
        ),
        ("\ufeffName,Time\nAnn Lee,2026-10-24T20:00:00\n", 18),
    ],
)
def test_platforms_tables_tell_the_time(tmp_path: Path, table: str, hour: int) -> None:
    text = TEXT[: TEXT.index("[submitted]")]
    (tmp_path / "times.csv").write_text(table, encoding="utf-8")
    known = with_times(roster(tmp_path, text), tmp_path / "times.csv")
    assert known.submitted["al17"] == dt.datetime(2026, 10, 24, hour, tzinfo=dt.UTC)
    assert "be04" not in known.submitted


@pytest.mark.parametrize("table", ["a,b\n1,2\n", "", "student,submitted\nann,yesterday\n", "\x00"])
def test_a_table_that_says_nothing_is_refused(tmp_path: Path, table: str) -> None:
    (tmp_path / "times.csv").write_text(table, encoding="utf-8")
    with pytest.raises(ValueError, match="table of times"):
        with_times(Roster(), tmp_path / "times.csv")

"""Which part of an epoch a picture shows (lesson 12)."""

from collections.abc import Iterable, Sequence

from course_lib.loader.times import BatchTimes
from course_lib.measure.spans import Span

# More batches than this are too narrow to be seen; then the picture shows as many of the last ones.
MANY_BATCHES = 60
SHOWN_BATCHES = 30


def choose_window(
    batches: Sequence[BatchTimes],
    begin: float,
    end: float,
    first: int | None = None,
    last: int | None = None,
    seconds: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Return the part to show, from second to second of the epoch.

    Args:
        batches: times of the batches, in the order in which they were handed out.
        begin: when the epoch began.
        end: when it ended.
        first: show the first batches, so many.
        last: show the last batches, so many.
        seconds: show this part.

    Raises:
        ValueError: more than one choice, or one that leaves nothing.
    """
    choices = {"first": first, "last": last, "seconds": seconds}
    given = {name: value for name, value in choices.items() if value is not None}
    if len(given) > 1:
        raise ValueError(
            f"{' and '.join(given)} are given. A picture shows one part: choose the first batches, the last, "
            "or seconds=(from, to)."
        )
    if seconds is not None:
        return _check_seconds(seconds, end - begin)
    for name in ("first", "last"):
        _check_count(name, choices[name])
    if first is None and last is None:
        last = SHOWN_BATCHES if len(batches) > MANY_BATCHES else None
    if first is not None and first < len(batches):
        return 0.0, batches[first].asked - begin
    if last is not None and last < len(batches):
        return batches[-last].asked - begin, end - begin
    return 0.0, end - begin


def cut(spans: Iterable[Span], window: tuple[float, float]) -> tuple[Span, ...]:
    """Return what of the spans lies within the window, in seconds of the epoch."""
    begin, end = window
    inside = (span for span in spans if span.end > begin and span.begin < end)
    return tuple(span._replace(begin=max(span.begin, begin), end=min(span.end, end)) for span in inside)


def _check_seconds(seconds: tuple[float, float], length: float) -> tuple[float, float]:
    begin, end = seconds
    if not 0 <= begin < min(end, length):
        raise ValueError(
            f"seconds is {seconds}, and the epoch took {length:.3f} s. It names a part of the epoch: give "
            "(from, to) with 0 <= from < to, and from before the end."
        )
    return float(begin), min(float(end), length)


def _check_count(name: str, count: object) -> None:
    if count is None or (isinstance(count, int) and count > 0):
        return
    raise ValueError(f"{name} is {count!r}. It counts batches. Give a whole number of at least 1.")

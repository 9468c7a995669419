"""The timeline of an epoch: who does what when, and how long the network waits (lesson 12).

Time runs to the right, data runs down: from the workers through the main process to the network. Waiting is
the loudest thing in the picture; beside it stands what the others do meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from course_lib.plots.style import COLORS, INK, in_course_style, new_figure

# Row, stage, begin, end, number of the batch.
Record = tuple[str, str, float, float, int | None]

# The stages of a batch on its way, each with what the legend calls it and its colour.
_STAGES = {
    "fetch": ("fetch samples", COLORS[0]),
    "collate": ("collate", COLORS[3]),
    "pack": ("pack to send", COLORS[4]),
    "receive": ("receive", COLORS[5]),
    "pin": ("pin", COLORS[7]),
    "copy": ("copy to the device", "#6f63c9"),
    "compute": ("compute", COLORS[2]),
    "wait": ("wait", COLORS[1]),
    "start": ("wait at start or end", COLORS[1]),
    "stop": ("wait at start or end", COLORS[1]),
}
_HATCHES = {"wait": "////", "start": "....", "stop": "...."}
_HEIGHT = 0.74
_BOLD_LETTERS, _LETTERS = 92, 118  # as many as a line of the width holds
_GAP = 0.0012
_NUMBERED = ("fetch", "compute")
_MADE = ("fetch", "collate", "pack")
_MOST_WAYS = 40
# A span this part of the picture wide has room for a batch number of one digit.
_ROOM_FOR_DIGIT = 0.012


@in_course_style
def plot_timeline(
    spans: Iterable[Record],
    *,
    rows: Sequence[str] | None = None,
    seconds: tuple[float, float] | None = None,
    about: str = "",
    finding: str = "",
    advice: str = "",
    notes: Mapping[str, str] | None = None,
) -> Figure:
    """Draw spans in rows.

    Args:
        spans: row, stage, begin and end in seconds, number of the batch (or None). Stages are fetch,
            collate, pack, receive, pin, copy, compute, wait, start, stop.
        rows: the rows from the top; None takes them as they appear, those with waits last.
        seconds: the part of time to show; None shows all.
        about: what is shown, in a few words under the axis of time.
        finding: the title: what the picture tells.
        advice: what to do about it, under the title.
        notes: a few words at the end of a row.

    Returns:
        The figure.

    Raises:
        ValueError: there are no spans, or one has an unknown stage.
    """
    records = _check(spans)
    rows = _rows(records) if rows is None else list(rows)
    titles = fill(finding, _BOLD_LETTERS), fill(advice, _LETTERS)
    lines = sum(len(title.splitlines()) for title in titles)
    shown = seconds or (min(record[2] for record in records), max(record[3] for record in records))
    width = shown[1] - shown[0]
    figure, grid = new_figure(width=9.5, height=1.15 + 0.42 * len(rows) + 0.2 * lines)
    axes = grid[0, 0]
    for place, row in enumerate(rows):
        own = [record for record in records if record[0] == row]
        _draw_row(axes, place, own, width)
        _write_numbers(axes, place, own, width)
        _write_note(axes, place, (notes or {}).get(row, ""), loud=_has_waits(own))
    _draw_ways(axes, rows, records)
    _dress(axes, rows, shown, about)
    _write_titles(axes, *titles)
    _add_legend(figure, {record[1] for record in records})
    return figure


def _check(spans: Iterable[Record]) -> list[Record]:
    records = list(spans)
    unknown = sorted({record[1] for record in records} - set(_STAGES))
    if not records or unknown:
        seen = f"a span has the stage {unknown[0]!r}" if unknown else "there are no spans"
        raise ValueError(
            f"Nothing to draw: {seen}. A timeline needs at least one span, and its stages are "
            f"{', '.join(_STAGES)}. Trace an epoch and plot its timeline."
        )
    return records


def _has_waits(records: list[Record]) -> bool:
    return any(record[1] in _HATCHES for record in records)


def _rows(records: list[Record]) -> list[str]:
    """Return the rows in order of appearance, those with waits at the end."""
    rows = dict.fromkeys(record[0] for record in records)
    waiting = {record[0] for record in records if record[1] in _HATCHES}
    return [*(row for row in rows if row not in waiting), *(row for row in rows if row in waiting)]


def _draw_row(axes: Axes, place: int, records: list[Record], width: float) -> None:
    for stage, (_, color) in _STAGES.items():
        bars = [(begin, _shorten(end - begin, width)) for _, own, begin, end, _ in records if own == stage]
        axes.broken_barh(
            bars,
            (place - _HEIGHT / 2, _HEIGHT),
            facecolor=color,
            edgecolor="white",
            linewidth=0,
            hatch=_HATCHES.get(stage),
        )


def _shorten(length: float, width: float) -> float:
    """Leave a gap that tells a span from the next of its kind, but never a large part of it."""
    return length - min(0.1 * length, _GAP * width)


def _write_numbers(axes: Axes, place: int, records: list[Record], width: float) -> None:
    numbered = [record for record in records if record[1] in _NUMBERED and record[4] is not None]
    digits = max((len(str(record[4])) for record in numbered), default=0)
    for _, _, begin, end, batch in numbered:
        if end - begin > _ROOM_FOR_DIGIT * width * (digits + 0.5):
            text = str(batch)
            axes.text((begin + end) / 2, place, text, color="white", fontsize=8, ha="center", va="center")


def _draw_ways(axes: Axes, rows: list[str], records: list[Record]) -> None:
    """Draw a line from where a batch is ready to where the network takes it up."""
    taken = {record[4]: record for record in records if record[1] == "compute"}
    ready: dict[int | None, Record] = {}
    for record in records:
        if record[1] in _MADE and (record[4] not in ready or record[3] > ready[record[4]][3]):
            ready[record[4]] = record
    if len(taken) > _MOST_WAYS:
        return
    for batch in ready.keys() & taken.keys():
        (maker, _, _, end, _), (taker, _, begin, _, _) = ready[batch], taken[batch]
        heights = (rows.index(maker) + _HEIGHT / 2, rows.index(taker) - _HEIGHT / 2)
        axes.plot((end, begin), heights, color=INK, linewidth=0.8, alpha=0.7, zorder=0.9)


def _write_note(axes: Axes, place: int, note: str, loud: bool) -> None:
    axes.text(
        1.01,
        place,
        note,
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=10,
        weight="bold" if loud else "normal",
        color=COLORS[1] if loud else INK,
    )


def _dress(axes: Axes, rows: list[str], shown: tuple[float, float], about: str) -> None:
    axes.set_xlim(shown)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows, fontsize=10)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"seconds since the epoch began{f' ({about})' if about else ''}")


def _write_titles(axes: Axes, finding: str, advice: str) -> None:
    lines = len(advice.splitlines())
    axes.set_title(finding, pad=8 + 14 * lines)
    axes.annotate(advice, (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", va="bottom")


def _add_legend(figure: Figure, stages: set[str]) -> None:
    patches = {
        name: Patch(facecolor=color, edgecolor="white", linewidth=0, hatch=_HATCHES.get(stage), label=name)
        for stage, (name, color) in _STAGES.items()
        if stage in stages
    }
    figure.legend(
        handles=list(patches.values()), loc="outside lower center", ncols=len(patches), columnspacing=1.4
    )

"""A chain of steps as a diagram: boxes with arrows, readable on white and on black (lessons 00 and 01)."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from course_lib.plots.style import COLORS, INK

_WIDTH, _GAP, _LINE, _ROOM = 160, 30, 17, 40


@dataclass(frozen=True)
class Diagram:
    """A drawing that a notebook shows as a picture. `svg` is its text."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg


def chain_diagram(
    steps: Sequence[Sequence[str]], back: Sequence[tuple[int, int, str]] = (), columns: int = 6
) -> Diagram:
    """Draw steps from left to right, each as a box with its name in bold and lines of text under it.

    Args:
        steps: for each step its name, then its lines, of about 22 characters at most.
        back: arrows that lead back, as (from step, to step, word); only where there is one row.
        columns: boxes in a row; longer chains go on in the next row.

    Returns:
        The drawing.

    Raises:
        ValueError: if there are no steps, `columns` is below 1, or `back` names a step that is not there.
    """
    if not steps or columns < 1:
        raise ValueError(
            f"A chain got {len(steps)} steps and columns={columns}. It has one step and one column at least. "
            "Pass a list of steps, each a list of texts."
        )
    if back and len(steps) > columns:
        raise ValueError(
            f"A chain of {len(steps)} steps in rows of {columns} has arrows back. They are drawn under a "
            f"single "
            "row. Pass a larger `columns`, or no `back`."
        )
    if any(not 0 <= place < len(steps) for begin, end, _ in back for place in (begin, end)):
        raise ValueError(
            f"An arrow of {list(back)} leads from or to a step that is not there. Steps count from 0 to "
            f"{len(steps) - 1}. Correct the numbers."
        )
    height = 2 * _LINE + _LINE * max(len(step) - 1 for step in steps)
    rows = -(-len(steps) // columns)
    width = min(columns, len(steps)) * (_WIDTH + _GAP) - _GAP + 4
    total = rows * (height + _ROOM) - _ROOM + 4 + (30 * len(back) + 14 if back else 0)
    places = [
        (2 + i % columns * (_WIDTH + _GAP), 2 + i // columns * (height + _ROOM)) for i in range(len(steps))
    ]
    parts = [_box(step, *place, height) for step, place in zip(steps, places)]
    parts += [_arrow(here, there, height) for here, there in pairwise(places)]
    parts += [
        _back(places[begin][0], places[end][0], word, height + 2, 26 + 30 * level, 12 * (level + 1))
        for level, (begin, end, word) in enumerate(back)
    ]
    tip = (
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    )
    return Diagram(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" width="{width}" '
        f'height="{total}" '
        f'style="max-width:100%;height:auto" font-family="sans-serif" font-size="12.5" fill="{INK}">'
        f'<defs>{tip}<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker></defs>{"".join(parts)}</svg>'
    )


def _box(step: Sequence[str], x: int, y: int, height: int) -> str:
    middle = x + _WIDTH / 2
    lines = [_text(line, middle, y + _LINE * (row + 1.35), bold=row == 0) for row, line in enumerate(step)]
    frame = (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{height}" rx="8" fill="{COLORS[0]}" '
        f'fill-opacity="0.12" stroke="{COLORS[0]}"/>'
    )
    return frame + "".join(lines)


def _text(words: str, x: float, y: float, bold: bool = False) -> str:
    weight = "bold" if bold else "normal"
    return f'<text x="{x}" y="{y}" text-anchor="middle" font-weight="{weight}">{escape(words)}</text>'


def _arrow(here: tuple[int, int], there: tuple[int, int], height: int) -> str:
    (x, y), (next_x, next_y) = here, there
    if y == next_y:
        return _line(f"M{x + _WIDTH} {y + height / 2}H{next_x - 2}")
    middle = next_x + _WIDTH / 2
    return _line(f"M{x + _WIDTH / 2} {y + height}v{_ROOM / 2}H{middle}V{next_y - 2}")


def _back(begin: int, end: int, word: str, bottom: int, depth: int, shift: int) -> str:
    start, target = begin + _WIDTH / 2 + shift, end + _WIDTH / 2 - shift
    line = _line(f"M{start} {bottom}v{depth}H{target}V{bottom + 2}")
    return line + _text(word, (start + target) / 2, bottom + depth - 5)


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.5" marker-end="url(#tip)"/>'

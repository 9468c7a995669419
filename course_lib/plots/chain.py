"""A chain of steps as a diagram: boxes with arrows, readable on white and on black (lessons 00 and 01)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from course_lib.plots.style import COLORS, INK

_GAP, _LINE, _BETWEEN_ROWS, _PAGE = 24, 17, 40, 840
_LETTER, _BOLD_LETTER = 6.7, 7.4  # mean widths at this size of type, in the drawing's units

_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    f'orient="auto"><path d="M0 0L8 4L0 8z" fill="{INK}"/></marker></defs>'
)


@dataclass(frozen=True)
class Diagram:
    """A drawing that a notebook shows as a picture. `svg` is its text."""

    svg: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True)
class _Box:
    """A place on the drawing."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


def chain_diagram(
    steps: Sequence[Sequence[str]], back: Sequence[tuple[int, int, str]] = (), columns: int = 6
) -> Diagram:
    """Draw steps from left to right, each as a box with its name in bold and lines of text under it.

    Args:
        steps: for each step its name, then its lines; the longest text decides how wide all boxes are.
        back: arrows that lead back, as (from step, to step, word); only where there is one row.
        columns: boxes in a row; longer chains go on in the next row.

    Returns:
        The drawing.

    Raises:
        ValueError: if there are no steps, `columns` is below 1, or `back` names a step that is not there.
    """
    _check(steps, back, columns)
    boxes = _places(steps, columns)
    parts = [_draw_box(box, step) for box, step in zip(boxes, steps)]
    parts += [_draw_arrow(here, there) for here, there in pairwise(boxes)]
    parts += [
        _draw_back(boxes[begin], boxes[end], word, level) for level, (begin, end, word) in enumerate(back)
    ]
    width = max(box.x + box.width for box in boxes) + 2
    height = boxes[-1].bottom + 2 + (30 * len(back) + 10 if back else 0)
    shown = min(width, _PAGE)  # a wider picture than the page would be cut off
    return Diagram(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{shown:g}" '
        f'height="{height * shown / width:g}" font-family="sans-serif" font-size="12.5" fill="{INK}">'
        f"{_TIP}{''.join(parts)}</svg>"
    )


def _places(steps: Sequence[Sequence[str]], columns: int) -> list[_Box]:
    widths = [len(step[0]) * _BOLD_LETTER for step in steps]
    widths += [len(line) * _LETTER for step in steps for line in step[1:]]
    width, height = round(max(widths) + 16), _LINE * (1 + max(len(step) for step in steps))
    return [
        _Box(2 + i % columns * (width + _GAP), 2 + i // columns * (height + _BETWEEN_ROWS), width, height)
        for i in range(len(steps))
    ]


def _draw_box(box: _Box, texts: Sequence[str]) -> str:
    lines = [
        _text(line, box.middle, box.y + _LINE * (row + 1.35), bold=row == 0) for row, line in enumerate(texts)
    ]
    frame = (
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="8" '
        f'fill="{COLORS[0]}" fill-opacity="0.12" stroke="{COLORS[0]}"/>'
    )
    return frame + "".join(lines)


def _draw_arrow(here: _Box, there: _Box) -> str:
    if here.y == there.y:
        return _line(f"M{here.x + here.width:g} {here.y + here.height / 2:g}H{there.x - 2:g}")
    return _line(f"M{here.middle:g} {here.bottom:g}v{_BETWEEN_ROWS / 2:g}H{there.middle:g}V{there.y - 2:g}")


def _draw_back(here: _Box, there: _Box, word: str, level: int) -> str:
    """Draw an arrow under the boxes; each level lies lower and a little further out than the one before."""
    start, end, depth = here.middle + 12 * (level + 1), there.middle - 12 * (level + 1), 26 + 30 * level
    line = _line(f"M{start:g} {here.bottom:g}v{depth}H{end:g}V{there.bottom + 2:g}")
    return line + _text(word, (start + end) / 2, here.bottom + depth - 5)


def _text(words: str, x: float, y: float, bold: bool = False) -> str:
    weight = "bold" if bold else "normal"
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-weight="{weight}">{escape(words)}</text>'


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.5" marker-end="url(#tip)"/>'


def _check(steps: Sequence[Sequence[str]], back: Sequence[tuple[int, int, str]], columns: int) -> None:
    if not steps or not all(steps) or columns < 1:
        raise ValueError(
            f"A chain got {len(steps)} steps and columns={columns}. It has one step and one column at least, "
            "and each step has a name. Pass a list of steps, each a list of texts."
        )
    if back and len(steps) > columns:
        raise ValueError(
            f"A chain of {len(steps)} steps in rows of {columns} has arrows back. They are drawn under a "
            "single row. Pass a larger `columns`, or no `back`."
        )
    if any(not 0 <= place < len(steps) for begin, end, _ in back for place in (begin, end)):
        raise ValueError(
            f"An arrow of {list(back)} leads from or to a step that is not there. Steps count from 0 to "
            f"{len(steps) - 1}. Correct the numbers."
        )

"""A histogram as SVG, from plain numbers: no script, no style of its own, so the page's policy allows it."""

from collections import Counter
from collections.abc import Iterable
from html import escape

_WIDTH, _HEIGHT, _TOP, _BOTTOM, _LEFT = 256, 130, 16, 18, 4
_MOST_BARS = 16


def histogram(values: Iterable[float], largest: int, title: str) -> str:
    """Return a figure: how many of `values`, numbers from 0 to `largest`, fall on each bar."""
    width = largest // _MOST_BARS + 1  # points to a bar
    bars = largest // width + 1
    counts = Counter(int(value / width) for value in values)
    highest = max(counts.values(), default=1)
    step = (_WIDTH - 2 * _LEFT) / bars
    drawn = []
    for bar in range(bars):
        count = counts.get(bar, 0)
        height = (_HEIGHT - _TOP - _BOTTOM) * count / highest
        left, top = _LEFT + bar * step, _HEIGHT - _BOTTOM - height
        middle = left + step / 2
        box = f'x="{left + step * 0.1:.1f}" y="{top:.1f}" width="{step * 0.8:.1f}" height="{height:.1f}"'
        drawn.append(f"<rect {box}/>")
        if count:
            drawn.append(f'<text x="{middle:.1f}" y="{top - 3:.1f}" text-anchor="middle">{count}</text>')
        if bars <= 10 or bar % 4 == 0 or bar == bars - 1:
            drawn.append(
                f'<text x="{middle:.1f}" y="{_HEIGHT - 4}" text-anchor="middle">{bar * width}</text>'
            )
    floor = _HEIGHT - _BOTTOM
    drawn.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{floor}" y2="{floor}"/>')
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    words = escape(title if width == 1 else f"{title}, {width} points to a bar", quote=True)
    return (
        f'<figure><svg role="img" aria-label="{words}" {size}>{"".join(drawn)}</svg>'
        f"<figcaption>{words}</figcaption></figure>"
    )

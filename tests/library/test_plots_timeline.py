"""The picture of an epoch shows every span in its row, and waiting louder than the rest (lesson 12)."""

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from course_lib.plots.style import COLORS
from course_lib.plots.timeline import Record, plot_timeline

STAGES = ("fetch", "collate", "pack", "receive", "pin", "copy", "compute", "wait", "start", "stop")
SPANS: list[Record] = [
    ("worker 0", "fetch", 0.0, 1.0, 0),
    ("worker 0", "collate", 1.0, 1.5, 0),
    ("worker 0", "fetch", 1.5, 2.5, 1),
    ("main process", "receive", 1.5, 1.6, 0),
    ("network", "wait", 0.0, 1.6, 0),
    ("network", "compute", 1.6, 3.0, 0),
]


def bars(figure: Figure) -> list[PolyCollection]:
    return [
        each for each in figure.axes[0].collections if isinstance(each, PolyCollection) and each.get_paths()
    ]


def count_bars(figure: Figure) -> int:
    return sum(len(each.get_paths()) for each in bars(figure))


def test_it_renders_transparent_and_leaves_the_style_alone() -> None:
    before = dict(matplotlib.rcParams)
    figure = plot_timeline(SPANS, finding="Something", advice="Do it")
    assert dict(matplotlib.rcParams) == before
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba())[0, 0, 3] == 0  # type: ignore[attr-defined]


def test_every_span_is_a_bar_of_its_row() -> None:
    figure = plot_timeline(SPANS)
    assert count_bars(figure) == len(SPANS)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["worker 0", "main process", "network"]
    assert axes.get_xlim() == (0.0, 3.0)
    for each in bars(figure):
        for path in each.get_paths():
            (left, low), (right, high) = path.get_extents().get_points()
            row = round((low + high) / 2)
            name = ["worker 0", "main process", "network"][row]
            assert any(
                name == span[0] and left == pytest.approx(span[2]) and span[2] < right <= span[3]
                for span in SPANS
            )


def test_rows_come_in_the_order_asked_for_and_may_be_empty() -> None:
    figure = plot_timeline(SPANS, rows=["worker 0", "worker 1", "main process", "network"])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["worker 0", "worker 1", "main process", "network"]
    low, high = figure.axes[0].get_ylim()
    assert low > high  # from the top


def test_only_waiting_is_hatched_and_has_a_colour_of_its_own() -> None:
    figure = plot_timeline([("row", stage, i, i + 1.0, i) for i, stage in enumerate(STAGES)])
    hatched = {to_hex(each.get_facecolor()[0]) for each in bars(figure) if each.get_hatch()}
    plain = {to_hex(each.get_facecolor()[0]) for each in bars(figure) if not each.get_hatch()}
    assert hatched == {COLORS[1]}
    assert len(plain) == len(STAGES) - 3
    assert not hatched & plain


def test_the_legend_names_what_is_there_once() -> None:
    (legend,) = plot_timeline([("row", stage, 0.0, 1.0, None) for stage in STAGES]).legends
    names = [text.get_text() for text in legend.get_texts()]
    assert len(names) == len(set(names)) == len(STAGES) - 1  # start and end of an epoch are one entry
    (legend,) = plot_timeline(SPANS).legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "fetch samples",
        "collate",
        "receive",
        "compute",
        "wait",
    ]


def test_the_title_is_the_finding_and_notes_stand_at_their_rows() -> None:
    figure = plot_timeline(
        SPANS,
        finding="The network waited",
        advice="Give more",
        about="2 batches",
        notes={"network": "53 % waiting"},
    )
    axes = figure.axes[0]
    assert axes.get_title(loc="left") == "The network waited"
    texts = {text.get_text(): text for text in axes.texts}
    assert "Give more" in texts
    assert texts["53 % waiting"].get_position()[1] == 2
    assert texts["53 % waiting"].get_color() == COLORS[1]
    assert "2 batches" in axes.get_xlabel()


def test_a_line_leads_from_the_worker_to_the_network() -> None:
    (line,) = plot_timeline(SPANS).axes[0].lines  # batch 1 was not taken up
    assert tuple(line.get_xdata()) == (1.5, 1.6)
    assert tuple(np.round(line.get_ydata())) == (0, 2)


def test_numbers_stand_only_where_they_fit() -> None:
    wide = plot_timeline(SPANS).axes[0].texts
    assert {"0", "1"} <= {text.get_text() for text in wide}
    narrow = (
        plot_timeline([("network", "compute", i / 100, (i + 1) / 100, i) for i in range(100)]).axes[0].texts
    )
    assert not [text for text in narrow if text.get_text().isdigit()]


def test_thousands_of_spans_are_drawn() -> None:
    spans: list[Record] = [("network", STAGES[i % 10], i, i + 1.0, i) for i in range(5000)]
    assert count_bars(plot_timeline(spans)) == 5000


@pytest.mark.parametrize("spans", [[], [("row", "sleep", 0.0, 1.0, None)]])
def test_what_cannot_be_drawn_is_refused(spans: list[Record]) -> None:
    with pytest.raises(ValueError, match=r"Nothing to draw: .*stages are fetch, collate.*Trace an epoch"):
        plot_timeline(spans)

"""The diagrams of chains in lessons 00 and 01: well-formed, complete, and clear about mistakes."""

from xml.etree import ElementTree

import pytest

from course_lib.plots.chain import chain_diagram

_SVG = "{http://www.w3.org/2000/svg}"


def _texts(svg: str) -> list[str]:
    return [str(each.text) for each in ElementTree.fromstring(svg).iter(f"{_SVG}text")]


@pytest.mark.parametrize("columns", [1, 2, 3, 7])
def test_every_step_is_a_box_with_its_lines_and_one_arrow_to_the_next(columns: int) -> None:
    steps = [[f"step {i}", "a < b & c", f"line {i}"] for i in range(5)]
    drawn = chain_diagram(steps, columns=columns).svg
    tree = ElementTree.fromstring(drawn)
    assert _texts(drawn) == [line for step in steps for line in step]
    assert len(list(tree.iter(f"{_SVG}rect"))) == 5
    assert len([path for path in tree.iter(f"{_SVG}path") if path.get("marker-end")]) == 4


def test_everything_lies_inside_the_picture() -> None:
    tree = ElementTree.fromstring(chain_diagram([["a", "b"]] * 7, columns=3).svg)
    _, _, width, height = map(float, str(tree.get("viewBox")).split())
    for box in tree.iter(f"{_SVG}rect"):
        x, y, w, h = (float(str(box.get(name))) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height


def test_arrows_back_carry_their_words() -> None:
    drawn = chain_diagram([["a"], ["b"], ["c"]], back=[(2, 1, "next batch"), (2, 0, "next epoch")])
    assert {"next batch", "next epoch"} <= set(_texts(drawn.svg))
    assert drawn._repr_svg_() == drawn.svg


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": []}, "0 steps"),
        ({"steps": [["a"], []]}, "each step has a name"),
        ({"steps": [["a"]], "columns": 0}, "columns=0"),
        ({"steps": [["a"], ["b"]], "columns": 1, "back": [(1, 0, "again")]}, "single row"),
        ({"steps": [["a"], ["b"]], "back": [(2, 0, "again")]}, "not there"),
        ({"steps": [["a"], ["b"]], "back": [(1, -1, "again")]}, "not there"),
    ],
)
def test_a_mistake_is_named(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        chain_diagram(**arguments)

"""docs/systems.md names every public name, its file and a lesson."""

import re
from pathlib import Path

import pytest

import course_lib

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
ROWS = {
    name: row
    for row in PAGE.splitlines()
    if row.startswith("| `")
    for name in re.findall(r"`(\w+)`", row.split("|")[1])
}


@pytest.mark.parametrize("name", course_lib.__all__)
def test_every_public_name_is_on_the_page_with_its_file(name: str) -> None:
    file = f"course_lib/{course_lib._HOME_OF[name].replace('.', '/')}.py"
    assert f"(../{file})" in ROWS[name]


def test_the_page_names_nothing_else() -> None:
    assert set(ROWS) == set(course_lib.__all__)


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert links
    assert all((ROOT / "docs" / link).exists() for link in links)

"""After the attacks ran, their table is printed: what came of each at each tier."""

import sys
from pathlib import Path

import pytest

#: What came of each attack, by its name and the tier: filled by `test_corpus.py`.
OUTCOMES: pytest.StashKey[dict[tuple[str, str], str]] = pytest.StashKey()


@pytest.fixture
def outcomes(request: pytest.FixtureRequest) -> dict[tuple[str, str], str]:
    """The table of this run."""
    return request.config.stash.setdefault(OUTCOMES, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(OUTCOMES, {})
    if found:
        sys.path.insert(0, str(Path(__file__).parent))
        from corpus_attacks import table

        terminalreporter.section("attacks: points of each task and status, per tier")
        terminalreporter.write_line(table(found))

"""The small card that `check()` and `hint()` show: HTML in a notebook, text in a terminal."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.exercises.runner import FAILED, UNWRITTEN, CheckResult, TaskResult

_STYLE = (
    "border-left:4px solid {colour};padding:.4em .9em;margin:.3em 0;border-radius:4px;"
    "background:color-mix(in srgb,{colour} 8%,transparent);line-height:1.45;max-width:52em"
)
# Around words: `x ** 2` raises to a power, and so does 2**32.
_BOLD = re.compile(r"(?<!\w)\*\*(?=\S)(.+?)(?<=\S)\*\*(?!\w)")
_GREEN, _RED, _BLUE = "#2e9e6b", "#d1495b", "#3f7cac"


@dataclass(frozen=True)
class Card:
    """Something to show: `display(card)` picks HTML in a notebook and text elsewhere."""

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def result_card(results: Sequence[TaskResult], solution: str = "") -> Card:
    """Show how the checks of one or more tasks went; `solution` unfolds below when given."""
    text = "\n".join(_task_text(result) for result in results)
    html = "".join(_task_html(result) for result in results)
    if len(results) > 1:
        total = f"{sum(r.earned for r in results)} of {_points(sum(r.points for r in results))}"
        text += f"\nTogether {total}"
        html += f"<div><b>Together {total}</b></div>"
    if solution:
        text += "\nThe course's solution, for comparison: see `course solution`."
        html += (
            "<details><summary>The course's solution, for comparison</summary>"
            f"<pre style='padding:.6em'>{escape(solution)}</pre></details>"
        )
    return Card(text, html)


def with_line(card: Card, line: str) -> Card:
    """Add lines of small text below a card."""
    return Card(f"{card.text}\n{line}", f"{card.html}<small>{inline(line)}</small>")


def hint_card(number: str, step: int, hints: Sequence[str]) -> Card:
    """Show one step of a task's hints."""
    more = f'`hint("{number}", {step + 1})` says more.' if step < len(hints) else "This was the last hint."
    head = f"Hint {step} of {len(hints)} for {number}"
    text = f"{head}\n{hints[step - 1]}\n{more}"
    html = _box(_BLUE, f"<b>{head}</b><br>{inline(hints[step - 1])}<br><small>{inline(more)}</small>")
    return Card(text, html)


def _task_text(result: TaskResult) -> str:
    lines = [_headline(result)]
    for mark, check, parts in _rows(result):
        lines.append(f"  {mark} {check.title}" + ("" if mark == "✓" else f" (0 of {_points(check.points)})"))
        lines += [f"    {part}: {plain(words)}" for part, words in parts]
    if _waiting(result):
        lines.append(f"  … {_unwritten(result)}")
    return "\n".join(lines)


def _task_html(result: TaskResult) -> str:
    rows = []
    for mark, check, parts in _rows(result):
        if mark == "✓":
            rows.append(f"<div>✓ {escape(check.title)}</div>")
            continue
        lines = "".join(f"<div><b>{part}</b> {inline(words)}</div>" for part, words in parts)
        title = f"✗ <b>{escape(check.title)}</b> (0 of {_points(check.points)})"
        rows.append(f"<div>{title}<div style='margin:.1em 0 .5em 1.4em'>{lines}</div></div>")
    if _waiting(result):
        rows.append(f"<div>{inline(_unwritten(result))}</div>")
    colour = _GREEN if result.passed else _BLUE if _waiting(result) == len(result.checks) else _RED
    return _box(colour, f"<b>{escape(_headline(result))}</b>{''.join(rows)}")


def _rows(result: TaskResult) -> Iterator[tuple[str, CheckResult, list[tuple[str, str]]]]:
    """Yield mark, check and message of each check that was tried; an error that repeats is told once."""
    told: set[str] = set()
    for check in result.checks:
        if check.status == UNWRITTEN:
            continue
        if check.failure is None:
            yield "✓", check, []
        elif check.status == FAILED or check.failure.got not in told:
            told.add(check.failure.got)
            yield "✗", check, _parts(check.title, check.failure)
        else:
            same = replace(check.failure, got="the same error as above.", expected="", rule="", next="")
            yield "✗", check, _parts(check.title, same)


def _waiting(result: TaskResult) -> int:
    return sum(check.status == UNWRITTEN for check in result.checks)


def _headline(result: TaskResult) -> str:
    mark = "✓" if result.passed else "✗"
    if _waiting(result) == len(result.checks):
        mark = "…"
    return f"{mark} {result.task.number} {result.task.title}: {result.earned} of {_points(result.points)}"


def _points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"


def _unwritten(result: TaskResult) -> str:
    count = _waiting(result)
    words = "this check waits" if count == 1 else f"{count} checks wait"
    return f'Not written yet; {words} for your answer. `hint("{result.task.number}")` helps to begin.'


def _parts(title: str, failure: Failure) -> list[tuple[str, str]]:
    # A hidden check says neither what came nor what should have come.
    got = f"{failure.got}; **expected** {failure.expected}" if failure.expected else failure.got
    tried = "" if failure.tried == title else failure.tried
    parts = [("Tried", tried), ("Got", got), ("Rule", failure.rule), ("Next", failure.next)]
    return [(name, words) for name, words in parts if words]


def _box(colour: str, body: str) -> str:
    return f"<div style='{_STYLE.format(colour=colour)}'>{body}</div>"


def inline(text: str) -> str:
    """Escape, then show `code` and **bold**; everything else of the text stays text."""
    pieces = escape(text).split("`")
    if len(pieces) % 2 == 0:
        return escape(text).replace("\n", "<br>")
    marked = (
        f"<code>{piece}</code>" if i % 2 else _BOLD.sub(r"<b>\1</b>", piece) for i, piece in enumerate(pieces)
    )
    return "".join(marked).replace("\n", "<br>")


def plain(text: str) -> str:
    """Take the marks of **bold** away, which a terminal does not show; what is `code` stays."""
    pieces = text.split("`")
    return "`".join(piece if i % 2 else _BOLD.sub(r"\1", piece) for i, piece in enumerate(pieces))

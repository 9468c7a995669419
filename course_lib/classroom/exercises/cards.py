"""The small card that `check()` and `hint()` show: HTML in a notebook, text in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.exercises.runner import PASSED, UNWRITTEN, CheckResult, TaskResult

_STYLE = (
    "border-left:4px solid {colour};padding:.4em .9em;margin:.3em 0;border-radius:4px;"
    "background:color-mix(in srgb,{colour} 8%,transparent);line-height:1.45;max-width:52em"
)
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


def hint_card(number: str, step: int, hints: Sequence[str]) -> Card:
    """Show one step of a task's hints."""
    more = f'`hint("{number}", {step + 1})` says more.' if step < len(hints) else "This was the last hint."
    head = f"Hint {step} of {len(hints)} for {number}"
    text = f"{head}\n{hints[step - 1]}\n{more}"
    html = _box(_BLUE, f"<b>{head}</b><br>{_inline(hints[step - 1])}<br><small>{_inline(more)}</small>")
    return Card(text, html)


def _task_text(result: TaskResult) -> str:
    lines = [_headline(result)]
    unwritten = [check for check in result.checks if check.status == UNWRITTEN]
    for check in result.checks:
        if check.status == PASSED:
            lines.append(f"  ✓ {check.title}")
        elif check not in unwritten:
            lines.append(f"  ✗ {check.title} (0 of {_points(check.points)})")
            lines += [f"    {part}: {words}".replace("**", "") for part, words in _parts(check)]
    if unwritten:
        lines.append(f"  … {_unwritten(result, unwritten)}")
    return "\n".join(lines)


def _task_html(result: TaskResult) -> str:
    unwritten = [check for check in result.checks if check.status == UNWRITTEN]
    rows = []
    for check in result.checks:
        if check.status == PASSED:
            rows.append(f"<div>✓ {escape(check.title)}</div>")
        elif check not in unwritten:
            parts = "".join(f"<div><b>{part}</b> {_inline(words)}</div>" for part, words in _parts(check))
            title = f"✗ <b>{escape(check.title)}</b> (0 of {_points(check.points)})"
            rows.append(f"<div>{title}<div style='margin:.1em 0 .5em 1.4em'>{parts}</div></div>")
    if unwritten:
        rows.append(f"<div>{_inline(_unwritten(result, unwritten))}</div>")
    colour = _GREEN if result.passed else _BLUE if len(unwritten) == len(result.checks) else _RED
    return _box(colour, f"<b>{escape(_headline(result))}</b>{''.join(rows)}")


def _headline(result: TaskResult) -> str:
    mark = "✓" if result.passed else "✗"
    if all(check.status == UNWRITTEN for check in result.checks):
        mark = "…"
    return f"{mark} {result.task.number} {result.task.title}: {result.earned} of {_points(result.points)}"


def _points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"


def _unwritten(result: TaskResult, checks: Sequence[CheckResult]) -> str:
    count = "this check waits" if len(checks) == 1 else f"{len(checks)} checks wait"
    return f'Not written yet; {count} for your answer. `hint("{result.task.number}")` helps to begin.'


def _parts(check: CheckResult) -> list[tuple[str, str]]:
    failure: Failure | None = check.failure
    if failure is None:
        return []
    got = f"{failure.got}; **expected** {failure.expected}"
    parts = [("Tried", failure.tried), ("Got", got), ("Rule", failure.rule), ("Next", failure.next)]
    return [(name, words) for name, words in parts if words]


def _box(colour: str, body: str) -> str:
    return f"<div style='{_STYLE.format(colour=colour)}'>{body}</div>"


def _inline(text: str) -> str:
    """Escape, then show `code` and **bold**; everything else of the text stays text."""
    pieces = escape(text).split("`")
    if len(pieces) % 2 == 0:
        return escape(text).replace("\n", "<br>")
    marked = "".join(f"<code>{piece}</code>" if i % 2 else _bold(piece) for i, piece in enumerate(pieces))
    return marked.replace("\n", "<br>")


def _bold(text: str) -> str:
    pieces = text.split("**")
    if len(pieces) % 2 == 0:
        return text
    return "".join(f"<b>{piece}</b>" if i % 2 else piece for i, piece in enumerate(pieces))

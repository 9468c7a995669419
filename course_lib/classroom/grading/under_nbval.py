"""Run a submission once more under nbval, in the sandbox: `course grade --nbval`.

nbval executes the cells in a kernel, as JupyterLab does. What it found is told by a process in whose reach
the student's code has run, so it is a line for the instructor and earns nothing.
"""

from collections.abc import Callable, Sequence

from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.sides import Room
from course_lib.classroom.exercises.transport import DeadlinePassed, Disconnected
from course_lib.classroom.exercises.wire import WireError
from course_lib.classroom.grading import nbval_run
from course_lib.classroom.grading.session import CodeCell, Limits, Session
from course_lib.classroom.grading.visible import visible_line

_SHOWN_CELLS, _SHOWN_CHARACTERS = 3, 200
_FAULTS = (DeadlinePassed, Disconnected, WireError, RemoteError, TypeError, ValueError, IndexError)


def run_under_nbval(cells: Sequence[CodeCell], limits: Limits, opener: Callable[[Limits], Session]) -> str:
    """Run the cells in a kernel; return what the instructor reads about it.

    Args:
        cells: the submission's cells.
        limits: what they may use; each cell has `cell_seconds`, all of them `wall_seconds`.
        opener: starts the process that starts pytest and the kernel.
    """
    try:
        with opener(limits) as session:
            session.start(limits.wall_seconds)
            inside = Room(session.peer).module(nbval_run.__name__)
            failed = inside.run([cell.source for cell in cells], max(1, round(limits.cell_seconds)))
            lines = [f"{cells[position].label} ({words})" for position, words in failed]
    except _FAULTS as error:
        words = visible_line(f"{type(error).__name__}: {error}")
        return f"under nbval: no result ({words[:_SHOWN_CHARACTERS]})"
    if not lines:
        return f"under nbval: all {len(cells)} cells ran"
    shown = "; ".join(visible_line(line)[:_SHOWN_CHARACTERS] for line in lines[:_SHOWN_CELLS])
    more = ", and more" if len(lines) > _SHOWN_CELLS else ""
    return f"under nbval: {len(lines)} of {len(cells)} cells failed: {shown}{more}"

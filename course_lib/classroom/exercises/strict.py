"""`check("08.2", strict=True)`: the saved notebook, in fresh processes, the way the grader does it.

The kernel only asks: intake, judge and the student's code run in processes of their own, started for this.
So what passes here passes in the grader, except for hidden checks, which only the instructor has.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.notebooks import cells_of, read_notebook
from course_lib.classroom.exercises.result_data import results_from_data
from course_lib.classroom.exercises.runner import TaskResult
from course_lib.classroom.exercises.tasks import Exercise, root
from course_lib.classroom.exercises.work import work_file


def check_strictly(
    namespace: dict[str, Any], exercise: Exercise, numbers: Sequence[str]
) -> tuple[list[TaskResult], str]:
    """Return the official results of tasks of one exercise, and a line about what was checked.

    Raises:
        ValueError: when the notebook's file is not known, or the grader would reject it.
    """
    path = _notebook_file(namespace, numbers[0])
    answer = _ask(path, numbers)
    if "rejected" in answer:
        raise ValueError(str(answer["rejected"]))
    lines = [f"Checked as saved in {path.name}, in fresh processes, as the grader does."]
    if _is_stale(namespace, path, numbers):
        lines.append("What this kernel ran is not what the file holds: save it (Ctrl+S) and check again.")
    lines += [f"Cell {cell['label']}: {cell['error']}" for cell in answer["cells"]]
    lines += [note for note in (answer["note"], *answer["notes"]) if note]
    return results_from_data(answer["tasks"], exercise), "\n".join(lines)


def _ask(path: Path, numbers: Sequence[str]) -> dict[str, Any]:
    library = str(Path(__file__).resolve().parents[3])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    command = [sys.executable, "-m", "course_lib.classroom.grading.strict", str(root()), str(path), *numbers]
    finished = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    try:
        answer: dict[str, Any] = json.loads(finished.stdout)
    except ValueError:
        raise ValueError(
            f"the strict check did not come to its end: {finished.stderr.strip()[-300:]!r}. "
            "`course doctor` says what this machine lacks."
        ) from None
    return answer


def _notebook_file(namespace: dict[str, Any], number: str) -> Path:
    """Find the notebook's file: as the editor names it, else the student's copy in `work/`."""
    named = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    path = Path(str(named))
    if re.match(rf"{number[:2]}_.*\.ipynb$", path.name) and path.is_file():
        return path
    return work_file(root(), number)


def _is_stale(namespace: dict[str, Any], path: Path, numbers: Sequence[str]) -> bool:
    """Tell whether an answer in the file is none that this kernel has run."""
    ran = {str(cell).strip() for cell in namespace.get("In", [])}
    if not ran:
        return False
    saved = [cell for cell in cells_of(read_notebook(path)) if cell.role == "answer" and cell.task in numbers]
    return any(cell.source.strip() not in ran for cell in saved)

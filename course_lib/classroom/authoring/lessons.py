"""Execute a lesson and store its outputs, when its code has changed since they were stored."""

import os
from pathlib import Path
from typing import Any

from course_lib.classroom.authoring.normalise import code_digest, normalise
from course_lib.classroom.exercises.tasks import root

CELL_SECONDS = 120


def is_current(notebook: dict[str, Any]) -> bool:
    """Tell whether the stored outputs belong to the code that stands there."""
    executed = notebook.get("metadata", {}).get("course", {}).get("executed")
    return bool(executed == code_digest(normalise(notebook, outputs=False)))


def execute(notebook: dict[str, Any], folder: Path, number: str) -> dict[str, Any]:
    """Run a lesson in a fresh kernel, offline, and return it with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: when a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    source = nbformat.from_dict(normalise(notebook, outputs=False))  # type: ignore[no-untyped-call]
    client = NotebookClient(
        source,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    environment = {"COURSE_OFFLINE": "1", "COURSE_CACHE": str(root() / ".course"), "PYTHONWARNINGS": "ignore"}
    done: Any = client.execute(env=os.environ | environment)
    result = normalise(dict(done), outputs=True)
    result["metadata"]["course"] = {"lesson": number, "executed": code_digest(result)}
    return result

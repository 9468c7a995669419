"""Give every notebook one form, so that two builds of the same source are the same bytes."""

import copy
import re
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.notebooks import digest, source_of
from course_lib.classroom.exercises.tasks import root

_KEPT_CELL_METADATA = ("course", "slideshow", "tags")
_RANDOM_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){0,3}(-[0-9a-f]{12})?$")
_KERNEL_FILE = re.compile(r"(/[\w./-]*|[A-Z]:\\[\w.\\-]*)ipykernel_\d+[/\\]\d+\.py")


def normalise(notebook: dict[str, Any], *, outputs: bool) -> dict[str, Any]:
    """Return the notebook with stable ids, without traces of when and where it ran.

    Args:
        outputs: whether outputs are kept (lessons) or removed (exercises and solutions).
    """
    notebook = copy.deepcopy(notebook)
    course = notebook.get("metadata", {}).get("course", {})
    notebook["metadata"] = {
        "course": course,
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    taken: set[str] = set()
    for cell in notebook["cells"]:
        _normalise_cell(cell, outputs)
        cell["id"] = _stable_id(cell, taken)
    if outputs:
        _number_code_cells(notebook)
    return notebook


def code_digest(notebook: dict[str, Any]) -> str:
    """Return the fingerprint of a notebook's code: while it stays, the stored outputs are its outputs."""
    return digest(*(source_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"))


def _normalise_cell(cell: dict[str, Any], outputs: bool) -> None:
    cell["source"] = source_of(cell).rstrip()
    metadata = cell.get("metadata", {})
    cell["metadata"] = {key: metadata[key] for key in _KEPT_CELL_METADATA if metadata.get(key)}
    if cell["cell_type"] != "code":
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
        return
    cell["execution_count"] = None
    cell["outputs"] = [_clean_output(output) for output in cell.get("outputs", [])] if outputs else []
    cell["outputs"] = _joined_streams(cell["outputs"])


def _number_code_cells(notebook: dict[str, Any]) -> None:
    """Number the code cells as one run does: nbval takes a cell without a number as never run."""
    code = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    for number, cell in enumerate(code, start=1):
        cell["execution_count"] = number
        for output in cell["outputs"]:
            if output["output_type"] == "execute_result":
                output["execution_count"] = number


def _clean_output(output: dict[str, Any]) -> dict[str, Any]:
    output = {key: value for key, value in output.items() if key != "transient"}
    if "metadata" in output:
        output["metadata"] = {}
    for holder in (output, output.get("data", {})):
        for key, value in holder.items():
            if key in ("text", "traceback", "evalue") or key.startswith("text/"):
                holder[key] = _without_places(value)
    return output


def _joined_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join pieces of one stream: how a kernel cuts its prints into messages depends on timing."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        before = joined[-1] if joined else None
        if before and output["output_type"] == "stream" and before.get("name") == output["name"]:
            before["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def _without_places(value: Any) -> Any:
    """Remove the paths of the machine that ran it; lists of lines become one string, as for sources."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return (
            [_without_places(line) for line in value]
            if "\x1b[" in "".join(value)
            else _without_places("".join(value))
        )
    if not isinstance(value, str):
        return value
    value = _KERNEL_FILE.sub("<cell>", value)
    return value.replace(str(root()), "<course>").replace(str(Path.home()), "~")


def _stable_id(cell: dict[str, Any], taken: set[str]) -> str:
    """Keep a cell's id once it has one of ours; replace the random ones that editors give."""
    identifier = str(cell.get("id", ""))
    if not identifier or _RANDOM_ID.match(identifier) or identifier in taken:
        identifier = f"{cell['cell_type']}-{digest(source_of(cell))[:8]}"
    base, count = identifier, 1
    while identifier in taken:
        count += 1
        identifier = f"{base}-{count}"
    taken.add(identifier)
    return identifier

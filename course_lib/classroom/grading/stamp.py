"""Sign results, so that a changed grade is found: HMAC-SHA256 over everything that a result says.

A result names the submission's digest, the checks, the versions, the tier and the points, so the signature
binds them together. Who has the key can make signatures: keep it where the grades are not.
"""

import csv
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_lib.classroom.grading.fingerprints import canonical

_CHECKED_COLUMNS = ("student", "score", "max_score", "status", "tier", "late")


def stamp(result: Mapping[str, Any], key: bytes) -> str:
    """Return the signature of a result, in hexadecimal digits."""
    unsigned = {name: value for name, value in result.items() if name != "stamp"}
    return hmac.digest(key, canonical(unsigned), "sha256").hex()


def verify(folder: Path, key: bytes) -> list[str]:
    """Check the results in a folder of reports, and that the table of grades says the same.

    Returns:
        A line for each thing that is wrong: an empty list if all is as it was signed.

    Raises:
        ValueError: when the reports cannot be read.
    """
    try:
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        with (folder / "grades.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        problems = [problem for result in results for problem in _problems(result, key)]
        return problems + _differences(results, rows)
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"the reports in {folder} cannot be read: {type(error).__name__}: {error}."
        ) from error


def _problems(result: dict[str, Any], key: bytes) -> list[str]:
    signature = result.get("stamp")
    if not isinstance(signature, str):
        return [f"{result['student']}: not signed"]
    if not hmac.compare_digest(signature, stamp(result, key)):
        return [f"{result['student']}: changed since it was signed, or signed with another key"]
    return []


def _differences(results: list[dict[str, Any]], rows: list[dict[str, str]]) -> list[str]:
    if len(results) != len(rows):
        return [f"grades.csv has {len(rows)} lines, results.json {len(results)} results"]
    problems = []
    for result, row in zip(results, rows):
        tasks = {each["task"]: each["earned"] for each in result["tasks"]}
        wanted = {name: str(result[name]) for name in _CHECKED_COLUMNS}
        wanted |= {name: str(earned) for name, earned in tasks.items() if name in row}
        other = [
            name
            for name, value in wanted.items()
            if row.get(name, "").removeprefix("'") != value.removeprefix("'")
        ]
        if other:
            problems.append(f"{result['student']}: grades.csv says something else in {', '.join(other)}")
    return problems

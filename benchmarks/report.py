"""Show results as a table, and keep them as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import OURS, Result, Spread, spread


def print_table(results: Iterable[Result]) -> None:
    """Print, for every workload, our time and what the others take, as multiples of it."""
    table = Table("workload", "ours", "opponent", "its time ÷ ours", "at least", "")
    for result in results:
        name, ours = result.name, describe_time(spread(result.seconds[OURS]))
        for opponent, ratio in result.ratios.items():
            floor = result.floors.get(opponent)
            met = "" if floor is None else "[green]met[/]" if ratio.median >= floor else "[red]missed[/]"
            table.add_row(
                name, ours, opponent, describe_ratio(ratio), "" if floor is None else f"{floor:g}", met
            )
            name = ours = ""
        table.add_section()
    Console().print(table)


def describe_time(seconds: Spread) -> str:
    """Write a time in milliseconds."""
    return f"{seconds.median * 1e3:.1f} ms ({seconds.low * 1e3:.1f} to {seconds.high * 1e3:.1f})"


def describe_ratio(ratio: Spread) -> str:
    """Write a ratio with its quartiles."""
    return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


def write_json(path: Path, machine: dict[str, Any], rounds: int, results: Iterable[Result]) -> None:
    """Write everything that was measured, every single time included.

    Args:
        path: the file; its folder is made.
        machine: from `describe_machine`.
        rounds: how often each contestant ran.
        results: what was measured.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = {"machine": machine, "rounds": rounds, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(contents, indent=1, ensure_ascii=False) + "\n")

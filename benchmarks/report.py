"""Show results as a table, and keep them as JSON: `python -m benchmarks.report results/loader.json`."""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.measure import OURS, QUIET, Result, Spread, spread, was_disturbed

_FILE_WIDTH = 140


class Run(NamedTuple):
    """What was measured on one machine.

    Attributes:
        machine: from `describe_machine`.
        rounds: how often each contestant ran.
        results: what was measured.
    """

    machine: dict[str, Any]
    rounds: int
    results: list[Result]


def print_table(results: Iterable[Result]) -> None:
    """Print, for every workload, what ours takes and what the others take, as multiples of it."""
    results = list(results)
    table = Table("workload", "ours", "compared with", "its ÷ ours", "at least", "")
    for result in results:
        name, ours = result.name, describe_amount(result)
        for opponent, ratio, floor in rows_of(result):
            verdict = "" if floor is None else "[green]met[/]" if ratio.median >= floor else "[red]missed[/]"
            table.add_row(name, ours, opponent, describe_ratio(ratio), _floor(floor), verdict)
            name = ours = ""
        table.add_section()
    console = Console()
    Console(width=None if console.is_terminal else _FILE_WIDTH).print(table)
    print(describe_host(results))


def markdown_table(runs: Sequence[Run]) -> str:
    """Return a table for a README, a column for each run, and under it where and how often it was measured.

    A ratio is bold where it reaches what was to be reached.

    Args:
        runs: of the same workloads, on different machines. The first one names the workloads.
    """
    names = [_short_name(run.machine) for run in runs]
    lines = [_row("workload", "", "at least", *names), "|" + "---|" * (3 + len(runs))]
    by_name = [{result.name: result for result in run.results} for run in runs]
    for result in runs[0].results:
        same = [results.get(result.name) for results in by_name]
        amounts = ["" if one is None else describe_amount(one) for one in same]
        lines.append(_row(result.name.replace("_", r"\_"), OURS, "", *amounts))
        for opponent, _, floor in rows_of(result):
            ratios = [None if one is None else one.ratios.get(opponent) for one in same]
            lines.append(
                _row("", f"{opponent} ÷ {OURS}", _floor(floor), *(_cell(one, floor) for one in ratios))
            )
    for name, run in zip(names, runs, strict=True):
        where = ", ".join(f"{key} {value}" for key, value in run.machine.items())
        lines += ["", f"{name}: medians of {run.rounds} rounds, with their quartiles in brackets; {where}."]
        lines.append(describe_host(run.results))
    return "\n".join(lines)


def rows_of(result: Result) -> Iterator[tuple[str, Spread, float | None]]:
    """Yield each opponent of a workload, its ratio, and the ratio to reach, if there is one."""
    for opponent, ratio in result.ratios.items():
        yield opponent, ratio, result.floors.get(opponent)


def describe_host(results: Iterable[Result]) -> str:
    """Say how far other machines of the same host have disturbed what was measured."""
    results = list(results)
    left_out = sum(result.repeated for result in results)
    disturbed = [result.name for result in results if was_disturbed(result)]
    rule = f"in which other machines of the host took more than {QUIET:.0%} of the processors' time"
    said = f"Rounds {rule} were repeated: {left_out}."
    return f"{said} Some had to be kept: {'; '.join(disturbed)}." if disturbed else said


def describe_amount(result: Result) -> str:
    """Write what ours took, with its quartiles: milliseconds, or MiB."""
    scale, unit = (1e3, "ms") if result.unit == "s" else (1, result.unit)
    ours = spread(result.measured[OURS])
    return f"{ours.median * scale:.1f} {unit} ({ours.low * scale:.1f} to {ours.high * scale:.1f})"


def describe_ratio(ratio: Spread) -> str:
    """Write a ratio with its quartiles."""
    return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


def write_json(path: Path, machine: dict[str, Any], rounds: int, results: Iterable[Result]) -> None:
    """Write everything that was measured, every single round included.

    Args:
        path: the file; its folder is made.
        machine: from `describe_machine`.
        rounds: how often each contestant ran.
        results: what was measured.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = {"machine": machine, "rounds": rounds, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(contents, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Run:
    """Read what `write_json` wrote."""
    contents = json.loads(path.read_text(encoding="utf-8"))
    results = [
        Result(**{**fields, "ratios": {name: Spread(**ratio) for name, ratio in fields["ratios"].items()}})
        for fields in contents["results"]
    ]
    return Run(contents["machine"], contents["rounds"], results)


def main(arguments: list[str] | None = None) -> None:
    """Print the table of stored results; with `--plot`, draw those of the first run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="the JSON files of runs, one for each machine")
    parser.add_argument("--plot", type=Path, help="a file for the picture, such as results/loader.png")
    options = parser.parse_args(arguments)
    runs = [read_json(path) for path in options.results]
    print(markdown_table(runs))
    if options.plot:
        from benchmarks.plot import write_plot

        write_plot(options.plot, runs[0].results)


def _short_name(machine: dict[str, Any]) -> str:
    name = str(machine.get("processor", "a machine"))
    return " ".join(name.replace("(R)", "").replace("Processor", "").split())


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(ratio: Spread | None, floor: float | None) -> str:
    if ratio is None:
        return ""
    bold = "**" if floor is not None and ratio.median >= floor else ""
    return f"{bold}{describe_ratio(ratio)}{bold}"


def _floor(floor: float | None) -> str:
    return "" if floor is None else f"{floor:g}"


if __name__ == "__main__":
    main()

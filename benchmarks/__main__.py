"""Run the benchmarks: `python -m benchmarks`, or small: `python -m benchmarks --small`."""

import argparse
import gc
from pathlib import Path

import torch

from benchmarks import digits, starting, tensors
from benchmarks.machine import describe_machine
from benchmarks.measure import compare
from benchmarks.report import print_table, write_json

GROUPS = {"tensors": tensors.workloads, "mnist": digits.workloads, "starting": starting.workloads}
_FOLDER = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, and write the results."""
    options = _parse(arguments)
    torch.set_num_threads(1)
    machine, results = describe_machine(), []
    for group in options.only or GROUPS:
        for workload in GROUPS[group](options.small):
            if options.name in workload.name:
                print(f"{workload.name} …", flush=True)
                results.append(compare(workload, options.rounds))
            del workload
            gc.collect()
    print_table(results)
    if options.out:
        write_json(options.out, machine, options.rounds, results)
        print(f"Written to {options.out}")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the data: to see that it works")
    parser.add_argument("--only", nargs="*", choices=list(GROUPS), help="some groups of workloads")
    parser.add_argument("--name", default="", help="only workloads whose name contains this")
    parser.add_argument("--rounds", type=int, help="how often each contestant runs")
    parser.add_argument("--out", type=Path, help="the JSON file; for a full run results/loader.json")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (3 if options.small else 9)
    is_full = not options.small and not options.only and not options.name
    options.out = options.out or (_FOLDER / "loader.json" if is_full else None)
    return options


if __name__ == "__main__":
    main()

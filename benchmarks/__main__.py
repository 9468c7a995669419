"""Run the benchmarks: `python -m benchmarks`, or small: `python -m benchmarks --small`."""

import argparse
import gc
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks import (
    caching,
    digits,
    mapped,
    memory,
    peers,
    pictures,
    prefetch,
    priority,
    sequences,
    starting,
    tensors,
)
from benchmarks.machine import describe_machine
from benchmarks.measure import Result, Workload, compare
from benchmarks.plot import write_plot
from benchmarks.report import print_table, write_json

GROUPS = {
    "starting": starting.workloads,  # first: forking takes longer, the more memory others have left behind
    "tensors": tensors.workloads,
    "mnist": digits.workloads,
    "mapped": mapped.workloads,
    "pictures": pictures.workloads,
    "sequences": sequences.workloads,
    "memory": memory.workloads,
    "caching": caching.workloads,
    "peers": peers.workloads,
    "priority": priority.workloads,
    "prefetch": prefetch.workloads,
}
RESULTS = Path(__file__).parent / "results" / "loader.json"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, and write the results."""
    options = _parse(arguments)
    torch.set_num_threads(1)
    gc.freeze()  # What has been imported stays: collecting before each run need not look through it again.
    machine, results = describe_machine(), list[Result]()
    for group in options.only or GROUPS:
        for workload in GROUPS[group](options.small):
            if options.name in workload.name:
                results.append(_measure(workload, options))
                if options.out:  # A run that is broken off leaves what it has measured.
                    write_json(options.out.with_suffix(".part.json"), machine, options.rounds, results)
            del workload
            gc.collect()
    gc.unfreeze()
    if not results:
        raise SystemExit(f"no workload's name contains {options.name!r}; without --name all of them run")
    print_table(results)
    if options.out:
        options.out.with_suffix(".part.json").replace(options.out)
        write_plot(options.out.with_suffix(".png"), results)
        print(f"Written: {options.out} and {options.out.with_suffix('.png')}")


def _measure(workload: Workload, options: argparse.Namespace) -> Result:
    print(f"{workload.name} …", end="", flush=True)
    start = time.perf_counter()
    # What is to be reached holds for the full size.
    if options.small:
        result = compare(replace(workload, floors={}), options.rounds, tries=1)
    else:
        result = compare(workload, options.rounds)
    print(f" {time.perf_counter() - start:.0f} s")
    return result


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the data: to see that it works")
    parser.add_argument("--only", nargs="*", choices=list(GROUPS), help="some groups of workloads")
    parser.add_argument("--name", default="", help="only workloads whose name contains this")
    parser.add_argument("--rounds", type=int, help="how often each contestant runs")
    parser.add_argument(
        "--out",
        type=Path,
        help="the JSON file (.part.json until it is whole); for a full run results/loader.json",
    )
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (2 if options.small else 9)
    is_full = not options.small and not options.only and not options.name
    options.out = options.out or (RESULTS if is_full else None)
    return options


if __name__ == "__main__":
    main()

"""Copies to a GPU, pinned and pageable, alone and beside computation: `python -m benchmarks.transfer`.

It needs a CUDA device. Every figure is kept, with the device's name, in `benchmarks/results/transfer.json`,
from which lesson 13 draws.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe_machine
from benchmarks.measure import OURS, TRIES, Measure, Result, Spread, Workload, compare, spread
from benchmarks.report import print_table
from course_lib import DataLoader, DeviceLoader, TensorDataset

KIB, MIB = 2**10, 2**20
_FILE = Path(__file__).parent / "results" / "transfer.json"
_NEEDS_CUDA = (
    "benchmarks.transfer needs a CUDA device, and torch finds none here: run it on a machine with one."
)


@dataclass(frozen=True)
class Copy:
    """What was measured for copies of one kind.

    Attributes:
        bytes: size of the tensor.
        direction: "to the device" or "to the host".
        memory: "pageable" or "pinned", of the tensor on the host.
        non_blocking: whether the call could return before the end of the copy.
        seconds: for every round, the time of one copy.
        seconds_until_return: for every round, how much of it the calling thread was held up.
    """

    bytes: int
    direction: str
    memory: str
    non_blocking: bool
    seconds: list[float]
    seconds_until_return: list[float]


@dataclass(frozen=True)
class Pinning:
    """What it costs to copy a tensor into pinned memory.

    Attributes:
        bytes: size of the tensor.
        first_seconds: with memory that is newly pinned.
        again_seconds: for every round, with memory that torch has kept from the time before.
    """

    bytes: int
    first_seconds: float
    again_seconds: list[float]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print tables, and write the results."""
    options = _parse(arguments)
    if not torch.cuda.is_available():
        raise SystemExit(_NEEDS_CUDA)
    torch.set_num_threads(1)
    report = measure(torch.device("cuda"), ("pageable", "pinned"), options.small, options.rounds)
    print_report(report)
    if options.out:
        write(options.out, report)
        print(f"Written to {options.out}")


def measure(device: torch.device, memories: Iterable[str], small: bool, rounds: int) -> dict[str, Any]:
    """Measure everything.

    Args:
        device: where the copies go.
        memories: kinds of host memory; "pinned" needs a GPU.
        small: small tensors and short epochs, to see that it works.
        rounds: how often each measurement is taken.

    Returns:
        "machine", "rounds", "copies" (see `Copy`), "pinning" (see `Pinning`), "results" (see
        `benchmarks.measure.Result`).
    """
    sizes = [4 * KIB, MIB] if small else [4 * KIB, 64 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB]
    memories = list(memories)
    kinds = product(sizes, ("to the device", "to the host"), memories, (False, True))
    # First of all: later torch would have kept pinned memory of every size from the copies.
    pinning = [measure_pinning(size, rounds) for size in sizes if "pinned" in memories]
    copies = [measure_copy(device, *kind, rounds) for kind in kinds]
    results = []
    for workload in workloads(device, memories, small):
        results.append(compare(workload, rounds, tries=1 if small else TRIES))
        del workload
        gc.collect()
    return {
        "machine": describe_machine() | describe_device(device),
        "rounds": rounds,
        "copies": [asdict(one) for one in copies],
        "pinning": [asdict(one) for one in pinning],
        "results": [asdict(one) for one in results],
    }


def describe_device(device: torch.device) -> dict[str, Any]:
    """Return the device's name, memory and CUDA version."""
    if device.type != "cuda":
        return {"device": device.type}
    properties = torch.cuda.get_device_properties(device)
    return {
        "device": properties.name,
        "device_memory_gib": round(properties.total_memory / 2**30, 1),
        "cuda": torch.version.cuda,
    }


def measure_copy(
    device: torch.device, size: int, direction: str, memory: str, non_blocking: bool, rounds: int
) -> Copy:
    """Measure copies of one kind; small ones many at a time, for a clock is not exact enough for one."""
    host = torch.ones(size, dtype=torch.uint8, pin_memory=memory == "pinned")
    there = torch.empty(size, dtype=torch.uint8, device=device)
    source, target = (host, there) if direction == "to the device" else (there, host)
    repeats = max(1, min(200, 64 * MIB // size))
    whole, held_up = [], []
    for number in range(-1, rounds):  # the first is to warm up
        _wait_for(device)
        start = time.perf_counter()
        for _ in range(repeats):
            target.copy_(source, non_blocking=non_blocking)
        returned = time.perf_counter()
        _wait_for(device)
        if number >= 0:
            whole.append((time.perf_counter() - start) / repeats)
            held_up.append((returned - start) / repeats)
    return Copy(size, direction, memory, non_blocking, whole, held_up)


def measure_pinning(size: int, rounds: int) -> Pinning:
    """Measure what pinning costs."""
    torch.ones(1).pin_memory()  # The first call of all starts the driver.
    pageable = torch.ones(size, dtype=torch.uint8)
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        pageable.pin_memory()
        times.append(time.perf_counter() - start)
    return Pinning(size, times[0], times[1:])


# Epochs: copies and computation together


def workloads(device: torch.device, memories: Iterable[str], small: bool) -> Iterator[Workload]:
    """Yield the epochs that are compared: of ready batches, and of loaders that have to gather theirs."""
    count, rows = (4, 64) if small else (40, 4096)
    batches = {memory: _batches(count, rows, memory) for memory in memories}
    work = _calibrated_work(device, next(iter(batches.values()))[0], small)
    for reads_loss in (False, True):
        yield of_ready_batches(device, batches, work, reads_loss)
    for workers in (0,) if small else (0, 2):
        yield of_loaders(device, memories, rows * count, rows // 4, work, workers)


def of_ready_batches(
    device: torch.device,
    batches: dict[str, list[torch.Tensor]],
    work: Callable[[torch.Tensor], torch.Tensor],
    reads_loss: bool,
) -> Workload:
    """Batches that lie ready in memory; the model reads its loss in every step, or does not."""
    best = batches.get("pinned", batches["pageable"])
    contestants = {OURS: _epoch(device, DeviceLoader(best, device), work, reads_loss)}
    for memory, ready in batches.items():
        for non_blocking in (False, True):
            moving = _Naive(ready, device, non_blocking)
            contestants[f"{memory}, non_blocking={non_blocking}"] = _epoch(device, moving, work, reads_loss)
    if best is not batches["pageable"]:
        pageable = DeviceLoader(batches["pageable"], device)
        contestants["DeviceLoader, pageable"] = _epoch(device, pageable, work, reads_loss)
    there = [best[0].to(device)] * len(best)
    contestants["computation alone"] = _epoch(device, there, work, reads_loss)
    contestants["copies alone"] = _epoch(device, _Naive(best, device, True), lambda batch: batch[0], False)
    name = f"{len(best)} ready batches of {best[0].nbytes / MIB:.0f} MiB"
    return Workload(f"{name}, {'loss read in every step' if reads_loss else 'loss never read'}", contestants)


def of_loaders(
    device: torch.device,
    memories: Iterable[str],
    size: int,
    batch_size: int,
    work: Callable[[torch.Tensor], torch.Tensor],
    workers: int,
) -> Workload:
    """A shuffled dataset in memory: loading, copies and computation."""
    dataset = TensorDataset(_batches(1, size, "pageable")[0])
    arguments: dict[str, Any] = {"batch_size": batch_size, "shuffle": True, "num_workers": workers}
    arguments["persistent_workers"] = workers > 0
    contestants: dict[str, Measure] = {}
    for memory in memories:
        loader = DataLoader(dataset, pin_memory=memory == "pinned", **arguments)
        ours = DeviceLoader(loader, device)
        naive = _Naive(loader, device, memory == "pinned")
        contestants[f"DeviceLoader, {memory}"] = _epoch(device, ours, work, True)
        contestants[f"a plain loop, {memory}"] = _epoch(device, naive, work, True)
    best = f"DeviceLoader, {list(memories)[-1]}"
    contestants = {OURS: contestants.pop(best), **contestants}
    return Workload(
        f"a loader with {workers} workers, batch {batch_size}, loss read in every step", contestants
    )


class _Naive:
    """The loop that everyone writes: load, copy, compute."""

    def __init__(self, batches: Iterable[Any], device: torch.device, non_blocking: bool) -> None:
        self._batches = batches
        self._device = device
        self._non_blocking = non_blocking

    def __iter__(self) -> Iterator[torch.Tensor]:
        for batch in self._batches:
            tensor = batch if isinstance(batch, torch.Tensor) else batch[0]
            yield tensor.to(self._device, non_blocking=self._non_blocking)


def _epoch(
    device: torch.device,
    batches: Iterable[Any],
    work: Callable[[torch.Tensor], torch.Tensor],
    reads_loss: bool,
) -> Measure:
    def run() -> float:
        _wait_for(device)
        start = time.perf_counter()
        for batch in batches:
            loss = work(batch if isinstance(batch, torch.Tensor) else batch[0])
            if reads_loss:
                loss.sum().item()
        _wait_for(device)
        return time.perf_counter() - start

    return run


def _batches(count: int, rows: int, memory: str) -> list[torch.Tensor]:
    """Make `count` float32 tensors of shape (rows, 1024); 4096 rows are 16 MiB."""
    return [torch.ones(rows, 1024, pin_memory=memory == "pinned") for _ in range(count)]


def _calibrated_work(
    device: torch.device, batch: torch.Tensor, small: bool
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a computation that takes about as long as the copy of `batch`: then overlap can gain most."""
    weight = torch.eye(1024, device=device)

    def work(there: torch.Tensor, steps: int) -> torch.Tensor:
        for _ in range(steps):
            there = there @ weight
        return there[0]

    if small:
        return lambda there: work(there, 1)
    source = batch.pin_memory() if device.type == "cuda" else batch
    there = source.to(device)
    copying = _seconds_of(device, lambda: source.to(device, non_blocking=True))
    one_step = _seconds_of(device, lambda: work(there, 1))
    steps = max(1, round(copying / one_step))
    return lambda there: work(there, steps)


def _seconds_of(device: torch.device, action: Callable[[], Any], repeats: int = 20) -> float:
    for _ in range(3):
        action()
    _wait_for(device)
    start = time.perf_counter()
    for _ in range(repeats):
        action()
    _wait_for(device)
    return (time.perf_counter() - start) / repeats


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# The report


def print_report(report: dict[str, Any]) -> None:
    """Print the figures as tables."""
    table = Table(
        "size", "direction", "memory", "non_blocking", "GB/s", "held up", title=report["machine"]["device"]
    )
    for copy in report["copies"]:
        rate = spread([copy["bytes"] / seconds / 1e9 for seconds in copy["seconds"]])
        pairs = zip(copy["seconds_until_return"], copy["seconds"])
        share = spread([held_up / whole for held_up, whole in pairs])
        table.add_row(
            describe_size(copy["bytes"]),
            copy["direction"],
            copy["memory"],
            str(copy["non_blocking"]),
            f"{rate.median:.1f} ({rate.low:.1f} to {rate.high:.1f})",
            f"{share.median:.0%} of the time",
        )
    Console().print(table)
    if report["pinning"]:
        table = Table("size", "pinned for the first time", "again", title="the price of pinning")
        for pinning in report["pinning"]:
            again = spread(pinning["again_seconds"]).median
            table.add_row(
                describe_size(pinning["bytes"]),
                f"{pinning['first_seconds'] * 1e3:.2f} ms",
                f"{again * 1e3:.2f} ms",
            )
        Console().print(table)
    print_table(_result(result) for result in report["results"])


def describe_size(size: int) -> str:
    """Write a number of bytes in KiB or MiB."""
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"


def _result(fields: dict[str, Any]) -> Result:
    ratios = {name: Spread(**ratio) for name, ratio in fields["ratios"].items()}
    return Result(**{**fields, "ratios": ratios})


def write(path: Path, report: dict[str, Any]) -> None:
    """Write the report as JSON; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__)
    parser.add_argument("--small", action="store_true", help="small tensors: to see that it works")
    parser.add_argument("--rounds", type=int, help="how often each measurement is taken")
    parser.add_argument("--out", type=Path, help="the JSON file; for a full run results/transfer.json")
    options = parser.parse_args(arguments)
    if options.rounds is not None and options.rounds < 1:
        parser.error(f"argument --rounds: {options.rounds} is no number of rounds; give 1 or more")
    options.rounds = options.rounds or (3 if options.small else 9)
    options.out = options.out or (None if options.small else _FILE)
    return options


if __name__ == "__main__":
    main()

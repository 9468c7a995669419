"""How long it takes until the first batch comes from two workers: of a program, and of a further epoch.

Each first start is measured in a fresh interpreter: a warm fork server, once there, would serve the other
contestant as well. What it takes to warm it up is reported apart, as ours for the first loader of all.
"""

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

import torch

from benchmarks.measure import OURS, Measure, Workload, first_batch_of

_FLOORS = {"fork": 1.5, "forkserver": 15.0, "spawn": 0.95}
_BATCH_SIZE, _SAMPLES = 64, 6_000
_EPOCHS = 7  # in every round: one takes milliseconds, and varies
_MOST_ROUNDS = 5  # each takes as long as several imports of torch


def workloads(small: bool) -> Iterator[Workload]:
    """Yield two workloads of a further epoch, then one per start method; a small run leaves two out."""
    if "fork" in multiprocessing.get_all_start_methods():
        yield next_epoch(persistent=False)
    yield next_epoch(persistent=True)
    for method in ["fork"] if small else ["fork", "forkserver", "spawn"]:
        if method in multiprocessing.get_all_start_methods():
            contestants = {
                OURS: _in_fresh_interpreter("ours", method),
                "torch": _in_fresh_interpreter("torch", method),
            }
            if method == "forkserver":
                contestants["ours, first loader of all"] = _in_fresh_interpreter("cold", method)
            warm = ", server warm" if method == "forkserver" else ""
            name = f"first batch, 2 workers, {method}{warm}"
            floors = {"torch": _FLOORS[method]}
            yield Workload(name, contestants, floors, most_rounds=_MOST_ROUNDS, warm_up=0)


def next_epoch(persistent: bool) -> Workload:
    """The start of a further epoch: workers are started anew, and see what has changed, or have stayed."""
    contestants = {who: _epochs_of(who, persistent) for who in (OURS, "torch")}
    kind, floor = ("persistent", 10.0) if persistent else ("respawned", 1.3)
    return Workload(f"start of the next epoch, 2 {kind} workers", contestants, {"torch": floor})


def _epochs_of(who: str, persistent: bool) -> Measure:
    """Return a measure of an epoch's start, the median of several. Before each the dataset is changed."""
    labels = torch.zeros(_SAMPLES)
    options = {"persistent_workers": True} if persistent else {"multiprocessing_context": "fork"}
    loader = _loader_of(who, labels, **options)

    def start() -> float:
        labels.add_(1)
        seconds, (_, seen) = first_batch_of(loader)
        if not persistent and seen[0] != labels[0]:
            raise ValueError("Workers started for this epoch hold the dataset of an earlier one.")
        return seconds

    return lambda: median(start() for _ in range(_EPOCHS))


def _in_fresh_interpreter(who: str, method: str) -> Measure:
    command = [sys.executable, "-m", "benchmarks.starting", who, method]

    def measure() -> float:
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return measure


def measure_start(who: str, method: str) -> float:
    """Return the seconds until the first batch in this interpreter.

    Args:
        who: "torch"; "ours", where an earlier loader has warmed up the fork server; "cold", ours without.
        method: how workers are started.
    """
    torch.set_num_threads(1)
    labels = torch.zeros(_SAMPLES)
    if who == OURS and method == "forkserver":
        first_batch_of(_loader_of(who, labels, multiprocessing_context=method))
    return first_batch_of(_loader_of(who, labels, multiprocessing_context=method))[0]


def _loader_of(who: str, labels: torch.Tensor, **options: Any) -> Any:
    """Return a loader with two workers. Each contestant imports only what is its own, as programs do."""
    kinds: Any
    if who == "torch":
        import torch.utils.data as kinds
    else:
        import course_lib as kinds
    dataset = kinds.TensorDataset(torch.zeros(_SAMPLES, 1, 28, 28), labels)
    return kinds.DataLoader(dataset, _BATCH_SIZE, shuffle=True, num_workers=2, **options)


if __name__ == "__main__":
    print(measure_start(*sys.argv[1:]))

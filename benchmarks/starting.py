"""How long it takes until the first batch comes from two workers, under every start method.

Each start is measured in a fresh interpreter: a warm fork server, once there, would serve the other
contestant as well. The warm-up of ours is reported apart.
"""

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.measure import OURS, Measure, Workload, first_batch_of

_FLOORS = {"fork": 1.5, "forkserver": 15.0, "spawn": 0.95}


def workloads(small: bool) -> Iterator[Workload]:
    """Yield one workload per start method; a small run leaves out the slow ones."""
    for method in ["fork"] if small else ["fork", "forkserver", "spawn"]:
        if method in multiprocessing.get_all_start_methods():
            contestants = {
                OURS: _in_fresh_interpreter("ours", method),
                "torch": _in_fresh_interpreter("torch", method),
            }
            if method == "forkserver":
                contestants["ours, first loader of all"] = _in_fresh_interpreter("cold", method)
            yield Workload(f"first batch, 2 workers, {method}", contestants, {"torch": _FLOORS[method]})


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
    from torch.utils.data import DataLoader as TorchLoader

    from course_lib import DataLoader, TensorDataset

    torch.set_num_threads(1)
    dataset: Any = TensorDataset(torch.zeros(6_000, 1, 28, 28), torch.zeros(6_000))
    kind: Any = TorchLoader if who == "torch" else DataLoader

    def loader() -> Any:
        return kind(dataset, 64, shuffle=True, num_workers=2, multiprocessing_context=method)

    if who == "ours" and method == "forkserver":
        next(iter(loader()))
    return first_batch_of(loader)()


if __name__ == "__main__":
    print(measure_start(*sys.argv[1:]))

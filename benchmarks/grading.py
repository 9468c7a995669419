"""How fast a class is graded: `python -m benchmarks.grading`, small with `--small`.

Three things are measured: a submission, judged on one core, against a fresh kernel that executes the same
notebook (nbclient), in which the student's own calls of `check()` are all the judging; a class, judged on all
cores, with the memory it takes meanwhile; and what a student waits for when `check()` is called in a warm
kernel. Exercise 08 is what all of it is tried on.
"""

import argparse
import copy
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbformat import from_dict
from rich.console import Console

from benchmarks.machine import describe_machine
from benchmarks.measure import OURS, TRIES, Workload, compare, spread
from benchmarks.report import describe_ratio, print_table
from course_lib.classroom.exercises.tasks import root
from course_lib.classroom.grading.class_run import Options, grade_class
from course_lib.memory import measure_memory
from course_lib.platform import available_cores

_EXERCISE = "08_samplers"
_TASK = "08.2"
_FILE = Path(__file__).parent / "results" / "grading.json"
_FLOOR = 10.0
_IN_FRESH_KERNELS = 2  # submissions per round: each takes as long as importing torch
_CALLS = 20
_CLASS = 100  # submissions: of fewer only whether it works is to be seen
_LOOK_SECONDS = 1.0

Notebook = dict[str, Any]


def main() -> None:
    """Measure, print, and write the results."""
    options = _parse()
    machine = describe_machine()
    submissions = list(itertools.islice(hand_ins(), options.submissions))
    with tempfile.TemporaryDirectory() as folder:
        tries = TRIES if options.submissions >= _CLASS else 1
        alone = compare(_one_core(submissions[:20], Path(folder)), options.rounds, tries=tries)
        grown = _grade_a_class(submissions, Path(folder))
        waits = _wait_for_check(_CALLS)
    print_table([alone])
    wait = spread(waits)
    console = Console()
    console.print(
        f"{len(submissions)} submissions on {available_cores()} cores: {grown['seconds']:.0f} s; memory at "
        f"most {grown['first_third_mib']} MiB in the first third, {grown['last_third_mib']} MiB in the last."
    )
    console.print(f'check("{_TASK}") in a warm kernel: {describe_ratio(wait)} s')
    if options.out:
        results = {"machine": machine, "one_core": asdict(alone), "class": grown, "check_seconds": waits}
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        console.print(f"Written: {options.out}")


def hand_ins() -> Iterator[Notebook]:
    """Yield what a class hands in: right work, some of it with one wrong answer, and some untouched."""
    solved = _read(root() / "solutions" / f"{_EXERCISE}.ipynb")
    untouched = _read(root() / "exercises" / f"{_EXERCISE}.ipynb")
    answers = (root() / "tests" / "exercises" / "answers" / _EXERCISE).glob("*_wrong_*.py")
    wrong = itertools.cycle([_with_answer(solved, path) for path in sorted(answers)])
    while True:
        yield solved
        yield next(wrong)
        yield solved
        yield untouched


def _read(path: Path) -> Notebook:
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def _with_answer(notebook: Notebook, path: Path) -> Notebook:
    changed = copy.deepcopy(notebook)
    for cell in changed["cells"]:
        if cell["metadata"].get("course") == {"role": "answer", "task": path.name[:4]}:
            cell["source"] = path.read_text(encoding="utf-8")
    return changed


def _hand_in(submissions: list[Notebook], folder: Path) -> Path:
    folder.mkdir()
    for number, notebook in enumerate(submissions):
        (folder / f"student{number:03}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return folder


# A submission, on one core


def _one_core(submissions: list[Notebook], folder: Path) -> Workload:
    """Return the seconds for each submission: judged by ours, and merely executed in a fresh kernel."""
    handed_in, runs = _hand_in(submissions, folder / "few"), itertools.count()
    place = {"metadata": {"path": str(root() / "exercises")}}

    def judge_all() -> float:
        start = time.perf_counter()
        with _on_one_core():
            grade_class([handed_in], folder / f"graded{next(runs)}", options=Options(jobs=1))
        return (time.perf_counter() - start) / len(submissions)

    def execute_some() -> float:
        start = time.perf_counter()
        with _on_one_core():
            for notebook in submissions[:_IN_FRESH_KERNELS]:
                NotebookClient(
                    from_dict(copy.deepcopy(notebook)), allow_errors=True, resources=place
                ).execute()
        return (time.perf_counter() - start) / _IN_FRESH_KERNELS

    contestants = {OURS: judge_all, "nbclient, a fresh kernel each": execute_some}
    return Workload("a submission of exercise 08, one core", contestants, {list(contestants)[1]: _FLOOR})


def _without_checks(notebook: Notebook) -> Notebook:
    left = copy.deepcopy(notebook)
    left["cells"] = [c for c in left["cells"] if c["metadata"].get("course", {}).get("role") != "check"]
    return left


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, to one core. A warm process keeps the core it got."""
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("benchmarks.grading compares on one core: that needs Linux")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


# A class, on all cores


def _grade_a_class(submissions: list[Notebook], folder: Path) -> dict[str, Any]:
    """Grade a class by the command, and look at the memory of all its processes."""
    handed_in, out = _hand_in(submissions, folder / "class"), folder / "reports"
    command = [sys.executable, "-m", "course_lib.cli", "grade", str(handed_in), "--out", str(out)]
    before, used = measure_memory().used, list[int]()
    start = time.perf_counter()
    with subprocess.Popen([*command, "--trust-submissions"], stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            time.sleep(_LOOK_SECONDS)
            used.append(measure_memory().used - before)
    seconds = time.perf_counter() - start
    if run.returncode:
        raise RuntimeError(f"`{' '.join(command)}` ended with {run.returncode}")
    third = len(used) // 3 or 1
    mebibytes = [round(size / 2**20) for size in used]
    return {
        "submissions": len(submissions),
        "seconds": round(seconds, 1),
        "first_third_mib": max(mebibytes[:third]),
        "last_third_mib": max(mebibytes[-third:]),
        "memory_mib": mebibytes,
    }


# A check, in a warm kernel


def _wait_for_check(calls: int) -> list[float]:
    """Return the seconds of each `check()` of a right answer, asked by a client, after a first one."""
    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(root() / "exercises"), stderr=subprocess.DEVNULL
    )
    run = partial(client.execute_interactive, timeout=300, output_hook=lambda message: None)
    try:
        for cell in _without_checks(_read(root() / "solutions" / f"{_EXERCISE}.ipynb"))["cells"]:
            if cell["cell_type"] == "code":
                run("".join(cell["source"]))
        waits = []
        for _ in range(calls + 1):
            start = time.perf_counter()
            reply = run(f'check("{_TASK}")')
            waits.append(time.perf_counter() - start)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(f"check ended with {reply['content'].get('evalue')}")
        return waits[1:]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often submissions on one core are measured"
    )
    parser.add_argument("--submissions", type=int, default=500, help="size of the class")
    parser.add_argument("--out", type=Path, default=_FILE, help="the file for the results")
    parser.add_argument(
        "--small", action="store_true", help="a class of 20 in two rounds; nothing is written"
    )
    options = parser.parse_args()
    if options.small:
        options.rounds, options.submissions, options.out = 2, 20, None
    return options


if __name__ == "__main__":
    main()

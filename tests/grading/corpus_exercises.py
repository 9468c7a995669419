"""The exercises that the attacks answer: the small one, and one of loaders and tensors, with short times."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
import small_course
from small_course import SQUARES, TOTAL, WORDS, Counting

from course_lib.classroom.exercises.tasks import Exercise, Task, graded

_SECONDS = 4.0  # for each check: the hanging ones take all of it


@graded("98.1", "every sample once")
def loads(student: Any, expect: Any, rng: Any) -> None:
    dataset = Counting(rng.randrange(5, 9))
    batches = list(student.load(dataset, 2))
    expect(torch.cat(batches), **WORDS).equals(torch.arange(float(len(dataset))))
    expect(sorted(dataset.reads), **WORDS).equals(list(range(len(dataset))))


@graded("98.2", "an order from a seed")
def orders(student: Any, expect: Any, rng: Any) -> None:
    seed = rng.randrange(1000)
    first = student.order(50, seed)
    expect(sorted(first), **WORDS).equals(list(range(50)))
    expect(student.order(50, seed), **WORDS).equals(first)
    expect(student.order(50, seed + 1), **WORDS).differs_from(first)


@graded("98.3", "shares that sum to one")
def shares(student: Any, expect: Any, generator: Any) -> None:
    values = torch.rand(4, generator=generator) + 1
    before = values.clone()
    expect(student.shares(values), **WORDS).is_close_to(before / before.sum())
    expect(student.shares(values).sum(), **WORDS).is_close_to(1.0)
    expect(values, **WORDS).equals(before)


@graded("98.4", "batches of indices", points=2)
def batches(student: Any, expect: Any, rng: Any) -> None:
    length, size = rng.randrange(10, 20), rng.randrange(3, 6)
    whole = [list(range(start, min(start + size, length))) for start in range(0, length, size)]
    expect(list(student.Batches(range(length), size, False)), **WORDS).equals(whole)
    full = [batch for batch in whole if len(batch) == size]
    expect(list(student.Batches(range(length), size, True)), **WORDS).equals(full)


def _short(checks: list[Any]) -> list[Any]:
    return [replace(each, seconds=_SECONDS) for each in checks]


_SMALL = Exercise(small_course.EXERCISE.number, "small", small_course.EXERCISE.tasks)
_SMALL.checks.extend(_short(small_course.EXERCISE.checks))
_LOADING = Exercise(
    "98",
    "loading",
    (
        Task("98.1", "Load", ("load",), ("read",), 1, 1, 1),
        Task("98.2", "Order", ("order",), ("seed",), 1, 1, 1),
        Task("98.3", "Shares", ("shares",), ("divide",), 1, 1, 1),
        Task("98.4", "Batches", ("Batches",), ("collect",), 1, 1, 1, forbids=("BatchSampler",)),
    ),
    _short([each.graded_check for each in (loads, orders, shares, batches)]),
)

_LOAD = """
import torch

def load(dataset, batch_size):
    samples = [dataset[index] for index in range(len(dataset))]
    return [torch.stack(samples[start : start + batch_size]) for start in range(0, len(samples), batch_size)]
"""
_ORDER = """
import random

def order(length, seed):
    indices = list(range(length))
    random.Random(seed).shuffle(indices)
    return indices
"""
_SHARES = """
def shares(values):
    return values / values.sum()
"""
_BATCHES = """
class Batches:
    def __init__(self, indices, size, drop_last):
        self.all = [list(indices[start : start + size]) for start in range(0, len(indices), size)]
        if drop_last and len(self.all[-1]) < size:
            self.all.pop()
    def __iter__(self):
        return iter(self.all)
"""

EXERCISES = {"99": _SMALL, "98": _LOADING}
RIGHT = {"99.1": SQUARES, "99.2": TOTAL, "98.1": _LOAD, "98.2": _ORDER, "98.3": _SHARES, "98.4": _BATCHES}

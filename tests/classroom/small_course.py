"""A small exercise of its own for the tests of the frame: tasks, checks and code of students."""

from typing import Any

import torch

from course_lib.classroom.exercises.errors import remember_source
from course_lib.classroom.exercises.tasks import Exercise, Task, graded
from course_lib.datasets.base import Dataset

WORDS = {"tried": "what was tried", "rule": "the rule", "next": "what next"}


class Counting(Dataset[Any]):
    """A dataset of the judge's that notes its reads."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.reads: list[int] = []

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < self.length:
            raise IndexError(f"no sample {index}")
        self.reads.append(index)
        return torch.tensor(float(index))


@graded("99.1", "squares")
def squares(student: Any, expect: Any, rng: Any) -> None:
    length = rng.randrange(2, 9)
    found = student.Squares(length)
    expect(list(found), **WORDS).equals([i * i for i in range(length)])
    expect.raises(IndexError, lambda: found[length], saying="end", **WORDS)


@graded("99.1", "length", points=2)
def length(student: Any, expect: Any) -> None:
    expect(len(student.Squares(4)), **WORDS).equals(4)


@graded("99.2", "reads each sample once", seconds=5)
def reads_once(student: Any, expect: Any) -> None:
    dataset = Counting(5)
    total = student.total(dataset)
    expect(total, **WORDS).is_close_to(10.0)
    expect(sorted(dataset.reads), **WORDS).equals([0, 1, 2, 3, 4])


EXERCISE = Exercise(
    "99",
    "small",
    (
        Task("99.1", "Squares", ("Squares",), ("think",), 1, 1, 1, forbids=("random_split",)),
        Task("99.2", "Sum", ("total",), ("add",), 1, 1, 1),
    ),
    [each.graded_check for each in (squares, length, reads_once)],
)

SQUARES = """
class Squares:
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError("past the end")
        return i * i
"""
TOTAL = """
import torch
def total(dataset):
    return float(sum(dataset[i] for i in range(len(dataset))))
"""


def notebook(*cells: tuple[str, str], exercise: str | None = "99") -> dict[str, Any]:
    """Return a submission: each cell is (task number or "", source)."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"course": {"exercise": exercise}} if exercise else {},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{position}",
                "execution_count": None,
                "outputs": [],
                "metadata": {"course": {"task": task, "role": "answer"}} if task else {},
                "source": source,
            }
            for position, (task, source) in enumerate(cells)
        ],
    }


def names(*sources: str) -> dict[str, Any]:
    """Run cells in a fresh namespace, as a kernel would."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for position, source in enumerate(sources):
        exec(compile(source, remember_source(str(position), source), "exec"), namespace)
    return namespace

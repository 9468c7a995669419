"""Run the graded checks against the course's own solutions, as ordinary tests."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from course_lib.classroom.exercises.errors import remember_source
from course_lib.classroom.exercises.expectations import Expect
from course_lib.classroom.exercises.notebooks import cells_of, exercise_file, read_notebook
from course_lib.classroom.exercises.sides import JudgePeer, Room, Student, loopback
from course_lib.classroom.exercises.tasks import Check, root


@pytest.fixture(scope="module")
def solved(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The names that the solution notebook of this module's exercise defines."""
    path = exercise_file(root() / "solutions", request.module.EXERCISE.number)
    if path is None:
        pytest.skip("this copy of the course comes without solutions")
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells_of(read_notebook(path)):
        if cell.kind == "code" and cell.role != "check":
            exec(compile(cell.source, remember_source(cell.identifier, cell.source), "exec"), names)
    return names


@pytest.fixture
def peer(solved: dict[str, Any]) -> Iterator[JudgePeer]:
    with loopback(solved) as peer:
        yield peer


@pytest.fixture
def student(peer: JudgePeer) -> Student:
    return Student(peer)


@pytest.fixture
def room(peer: JudgePeer) -> Room:
    return Room(peer)


@pytest.fixture
def expect() -> Expect:
    return Expect()


@pytest.fixture(params=[0, pytest.param(20261121, marks=pytest.mark.slow)])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def generator(seed: int) -> Any:
    import torch

    return torch.Generator().manual_seed(seed)


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture(autouse=True)
def answer_is_absent_from_the_library(request: pytest.FixtureRequest, room: Room) -> Any:
    check: Check = request.function.graded_check
    room.hide(request.module.EXERCISE.task(check.task).forbids)
    yield
    room.unhide()

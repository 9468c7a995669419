"""The house plan, held against the imports that the files really make."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import course_lib

LIBRARY = Path(course_lib.__file__).parent
FILES = sorted(LIBRARY.rglob("*.py"))

# The loading tower, from the cellar up. A room may use its own floor's rooms only where the floor says so.
FLOORS = (
    {"platform", "errors", "main_script", "inheritance"},
    {
        "arrays",
        "copy_on_write",
        "worker_info",
        "memory",
        "collate",
        "metadata",
        "padding",
        "whole_file",
        "datasets",
        "samplers",
        "transforms",
        "plots",
    },
    {"loader"},
    {"policies", "training", "measure"},
)
CELLAR, GROUND = FLOORS[:2]
LOADING_TOWER = set().union(*FLOORS)
# Each wing of the classroom, and the wings it may use.
CLASSROOM_WINGS: dict[str, set[str]] = {
    "exercises": set(),
    "grading": {"exercises"},
    "authoring": {"exercises", "grading"},
}
COURSE_HELP = """
import sys
from course_lib.cli import main
sys.argv = ["course", "--help"]
try:
    main()
except SystemExit:
    pass
"""
HEAVY = ("torch", "numpy", "torchvision", "matplotlib", "sklearn", "albumentations", "pandas")
POSIX_MODULES = {"fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "posix", "msvcrt", "winreg"}
POSIX_NAMES = {
    *(
        "os.fork",
        "os.forkpty",
        "os.setsid",
        "os.setpgid",
        "os.setpgrp",
        "os.getpgid",
        "os.killpg",
        "os.mkfifo",
    ),
    *("os.sched_getaffinity", "os.sched_setaffinity", "os.statvfs", "os.sysconf", "os.getuid", "os.geteuid"),
    *("os.setuid", "os.setgid", "os.chroot", "os.nice", "os.wait4", "os.waitid", "os.register_at_fork"),
    *(
        "signal.SIGKILL",
        "signal.SIGSTOP",
        "signal.SIGALRM",
        "signal.SIGUSR1",
        "signal.setitimer",
        "signal.alarm",
    ),
    *("ctypes.windll", "socket.AF_UNIX"),
}


def name_of(path: Path) -> str:
    """Return a file's place in the library: "datasets.base", or "" for the library itself."""
    parts = path.relative_to(LIBRARY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the absolute name of all that a file imports, at its top or inside a function."""
    package = ["course_lib", *path.relative_to(LIBRARY).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def own_imports_of(path: Path) -> set[str]:
    """Return what a file imports of the library, as places in it. Public names are followed to their home."""
    homes = course_lib._HOME_OF
    found = {name.removeprefix("course_lib").lstrip(".") for name in imports_of(path) if is_own(name)}
    return {homes.get(name, name) for name in found}


def is_own(name: str) -> bool:
    return name.split(".")[0] == "course_lib"


def floor_of(room: str) -> int | None:
    return next((number for number, floor in enumerate(FLOORS) if room in floor), None)


def test_every_room_is_on_the_plan() -> None:
    rooms = {name_of(path).split(".")[0] for path in FILES} - {""}
    assert rooms <= LOADING_TOWER | {"classroom", "cli"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    room = name_of(path).split(".")[0]
    floor = floor_of(room)
    if floor is None:
        return
    for name in own_imports_of(path):
        other = name.split(".")[0]
        if other == room or name == "":
            continue
        assert floor_of(other) is not None, (
            f"{name_of(path)} imports {name}, which is no part of the loading tower"
        )
        same_floor_allowed = room not in FLOORS[-1] and other != "plots"
        allowed = floor_of(other) < floor or (floor_of(other) == floor and same_floor_allowed)  # type: ignore[operator]
        assert allowed, f"{name_of(path)} (floor {floor}) imports {name} (floor {floor_of(other)})"


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path).startswith("plots")], ids=name_of)
def test_plots_draw_plain_records_and_import_no_other_room(path: Path) -> None:
    assert {name.split(".")[0] for name in own_imports_of(path)} <= {"plots", *CELLAR}


@pytest.mark.parametrize(
    "path", [path for path in FILES if name_of(path).startswith("classroom")], ids=name_of
)
def test_the_wings_of_the_classroom(path: Path) -> None:
    """The student's side knows nothing of the instructor's, the instructor's nothing of the maintainer's."""
    parts = name_of(path).split(".")
    wing = parts[1] if len(parts) > 1 else ""
    for name in own_imports_of(path):
        assert name.split(".")[0] != "cli", f"{name_of(path)} imports the roof"
        other = name.split(".")[1] if name.startswith("classroom.") else ""
        if wing in CLASSROOM_WINGS and other in CLASSROOM_WINGS and other != wing:
            assert other in CLASSROOM_WINGS[wing], f"{name_of(path)} imports {name}"


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path) != "platform"], ids=name_of)
def test_what_only_some_systems_have_is_reached_through_platform(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {name.split(".")[0] for name in imports_of(path)}
    attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = set(imports_of(path)) | attributes
    assert modules & POSIX_MODULES == set()
    assert names & POSIX_NAMES == set()


def modules_after(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter and return the names of the modules it has loaded by then."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "statement",
    [
        "import course_lib",
        "import course_lib.classroom",
        "import course_lib.cli",
        "import course_lib.platform",
        COURSE_HELP,
    ],
    ids=["library", "classroom", "cli", "platform", "course --help"],
)
def test_starting_costs_no_heavy_import(statement: str) -> None:
    assert modules_after(statement) & set(HEAVY) == set()


@pytest.mark.parametrize("name", sorted(course_lib.__all__))
def test_every_public_name_is_where_the_map_says(name: str) -> None:
    value = getattr(course_lib, name)
    assert value is getattr(import_module(f"course_lib.{course_lib._HOME_OF[name]}"), name)
    assert value.__name__ == name
    assert name in dir(course_lib)


def test_star_import_brings_every_public_name() -> None:
    space: dict[str, object] = {}
    exec("from course_lib import *", space)
    assert set(course_lib.__all__) <= set(space)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Dataloader'"):
        course_lib.Dataloader  # noqa: B018


def test_the_type_stub_says_what_the_map_says() -> None:
    stub = ast.parse((LIBRARY / "__init__.pyi").read_text(encoding="utf-8"))
    exports = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == alias.asname
    }
    assert exports == {name: f"course_lib.{home}" for name, home in course_lib._HOME_OF.items()}

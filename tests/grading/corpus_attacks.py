"""Read the declared attacks: `python tests/grading/corpus_attacks.py` prints the table of what is expected.

Each file of `corpus/code/` is a notebook of a student's. It begins with a declaration in TOML, as comments
between `# /// attack` and `# ///`; its cells begin with `# %%`, an answer's with `# %% 99.1`. A task without
a cell there gets the right answer, after all others. The declaration says:

    title      what is tried
    earned     the points of each task
    status     of the submission, or a list of possible ones
    seconds    how long all of it may take on a busy machine (40 if not said)
    escapes    the tiers at which it is known that code gets out ("B?": on some machines); at all others it
               must not
    says       words that the verdict must hold; `review` those that the lines for review must hold
    exercise, cell_seconds, memory, disk, processes, slow, without, counts_processes: how it is set up
    [A] [B] [C] other values for that tier; [C.same_user] where the session has no user of its own

A first cell, made by `prelude`, gives the attack what it needs: names of what it must not reach, and
`attempt(words, act)`, which notes that an act succeeded. Files of `corpus/files/` are attacks on the intake
and the reports: see `test_corpus_files.py`.
"""

import ast
import inspect
import json
import sys
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
from small_course import notebook

FOLDER = Path(__file__).with_name("corpus")
_BEGIN, _END = "# /// attack\n", "# ///\n"
TIERS = "ABC"


@dataclass(frozen=True)
class Attack:
    """A declared attack on the sandbox and the judge; see the file's docstring."""

    name: str
    title: str
    earned: tuple[int, ...]
    status: tuple[str, ...] = ("graded",)
    seconds: float = 40.0
    escapes: tuple[str, ...] = ()
    says: str = ""
    review: str = ""
    exercise: str = "99"
    cell_seconds: float = 10.0
    memory: int = 512  # MiB
    disk: int = 32  # MiB
    processes: int = 40
    slow: bool = False
    without: tuple[str, ...] = ()
    counts_processes: bool = False
    cells: tuple[tuple[str, str], ...] = ()
    more: tuple[tuple[str, Any], ...] = ()

    def at(self, tier: str, own_user: bool) -> "Attack":
        """Return what is declared for a tier."""
        values = dict(dict(self.more).get(tier, {}))
        same_user = values.pop("same_user", {})
        return replace(self, **_plain(values if own_user else values | same_user))

    def expected(self) -> str:
        """Say what should come of it, for the table."""
        return f"{'+'.join(map(str, self.earned))} {'/'.join(self.status)}"


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    if isinstance(made.get("status"), str):
        made["status"] = (made["status"],)
    return made


def declaration(text: str) -> tuple[dict[str, Any], str]:
    """Split a file into its declaration and the rest."""
    _, _, after = text.partition(_BEGIN)
    head, found, body = after.partition(_END)
    if not found:
        raise ValueError("an attack begins with `# /// attack`, its declaration, and `# ///`")
    return tomllib.loads("".join(line.removeprefix("#")[1:] or "\n" for line in head.splitlines(True))), body


def read_attack(path: Path) -> Attack:
    """Read one file of `corpus/code/`."""
    values, body = declaration(path.read_text(encoding="utf-8"))
    more = tuple((tier, values.pop(tier)) for tier in TIERS if tier in values)
    cells = []
    for part in ("\n" + body).split("\n# %%")[1:]:
        task, _, source = part.partition("\n")
        cells.append((task.strip(), source))
    return Attack(path.stem, cells=tuple(cells), more=more, **_plain(values))


def all_attacks() -> list[Attack]:
    """Read every attack, by name."""
    return [read_attack(path) for path in sorted((FOLDER / "code").glob("*.py"))]


def prelude(bait: Mapping[str, Any]) -> str:
    """Write the first cell: what the attack aims at, and how it says that it got there."""
    names = "\n".join(f"{name.upper()} = {value!r}" for name, value in bait.items())
    return names + textwrap.dedent(
        """
        class Escaped(Exception):
            pass

        def attempt(words, act):
            try:
                got = act()
            except (OSError, MemoryError, AttributeError, ImportError):
                return
            if got:
                raise Escaped(words)

        try:  # so that the test recognises what this program leaves behind
            __import__("ctypes").CDLL(None).prctl(15, MARK.encode())
        except Exception:
            pass
        """
    )


def table(outcomes: Mapping[tuple[str, str], str] | None = None) -> str:
    """Write a line per attack and a column per tier: what is expected, or what came."""
    lines = [f"{'attack':58}{'file':34}" + "".join(f"tier {tier:21}" for tier in TIERS)]
    for each in all_attacks():
        cells = []
        for tier in TIERS:
            known = each.at(tier, True)
            words = known.expected() + (" ESCAPES" if tier in known.escapes else "")
            cells.append(words if outcomes is None else outcomes.get((each.name, tier), "-"))
        lines.append(_line(each.title, f"code/{each.name}", cells))
    for path in sorted((FOLDER / "files").glob("*.py")):
        values, _ = declaration(path.read_text(encoding="utf-8"))
        words = f"{values.get('score', 0)} {values.get('status', 'rejected')}"
        name = f"files/{path.stem}"
        lines.append(
            _line(values["title"], name, [words if outcomes is None else outcomes.get((name, "any"), "-")])
        )
    return "\n".join(lines)


def _line(title: str, name: str, cells: Sequence[str]) -> str:
    shown = title if len(title) < 58 else f"{title[:55]} …"
    return (f"{shown:58}{name:34}" + "".join(f"{cell:26}" for cell in cells)).rstrip()


def _with_copies(source: str) -> str:
    """Put a library's class where the source asks for a copy: its own text under other names."""
    _, asked, name = source.partition("# a copy of torch.utils.data.")
    if not asked:
        return source
    import torch.utils.data

    module = ast.parse(inspect.getsource(getattr(torch.utils.data, name.split()[0])))
    copy = module.body[0]
    if not isinstance(copy, ast.ClassDef):
        raise ValueError(f"{name.split()[0]} is no class")
    copy.name, copy.bases = "Batches", []
    for node in ast.walk(copy):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.Name) and node.id == "batch":
            node.id = "heap"
    return f"{source}\n{ast.unparse(copy)}\n"


def notebook_of(attack: Attack, right: Mapping[str, str], bait: Mapping[str, Any]) -> str:
    """Write the attack as the notebook that a student hands in."""
    cells = [("", prelude(bait)), *((task, _with_copies(source)) for task, source in attack.cells)]
    there = {task for task, _ in cells} | set(attack.without)
    cells += [(task, source) for task, source in right.items() if task not in there]
    return json.dumps(notebook(*cells, exercise=attack.exercise))


if __name__ == "__main__":
    print(table())

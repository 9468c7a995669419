"""Lines that only a notebook's kernel understands (`%timeit`, `!ls`, `obj?`): they are told, not run."""

import ast
import re
import warnings
from dataclasses import dataclass

#: Cell magics whose body is Python, so it counts; that of all others (`%%bash`, `%%html`) is left out.
_PYTHON_MAGICS = {"%%time", "%%timeit", "%%capture", "%%prun"}
_MAGIC_LINE = re.compile(
    r"^(?P<indent>\s*)(?:[%!]|[\w.,\s]+=\s*[%!]\s*\w|\??\s*[\w.]+\s*\?{1,2}\s*$|\?{1,2}\w)"
)

_LONGEST = 200_000  # characters of one cell


@dataclass(frozen=True)
class Plain:
    """The Python of a cell, and the lines of magic that became comments."""

    source: str
    magics: tuple[str, ...] = ()


def without_magics(source: str) -> Plain:
    """Turn magic into comments, keeping every line where it was."""
    if parses(source):  # then a line that begins with % stands in a text, or there is none
        return Plain(source)
    lines = source.split("\n")
    magics: list[str] = []
    first = next((position for position, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        magics.append(lines[first])
        body = lines[first].split()[0] in _PYTHON_MAGICS
        last = first + 1 if body else len(lines)
        lines[first:last] = [f"# {line}" for line in lines[first:last]]
    for position, line in enumerate(lines):
        found = _MAGIC_LINE.match(line)
        if found:
            magics.append(line.strip())
            lines[position] = f"{found['indent']}pass  # {line.strip()}"
    return Plain("\n".join(lines), tuple(magics))


def parses(source: str) -> bool:
    """Tell whether the text is Python as it stands."""
    return tree_of(source) is not None


def tree_of(source: str) -> ast.Module | None:
    """Return the syntax tree of a text, or None where it is no Python."""
    if len(source) > _LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of "\\d" is no news for a grader
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None

"""What the docstrings of the public names must say, as far as a machine can tell."""

import ast
import builtins
import functools
import inspect
import re
import sys
import textwrap

import pytest

import course_lib

# Parameters that are amounts, and the words one of which says the unit.
UNITS = {
    r"timeout|interval|backoff|.*seconds": ("second",),
    r".*_bytes|limit|max_memory.*": ("byte", "MB"),
    r".*_gb": ("10^9 bytes", "GB"),
}
# Raised where Python asks for them, or where nothing should ever come.
PROTOCOL = {"AttributeError", "StopIteration", "AssertionError"}

every_name = pytest.mark.parametrize("name", course_lib.__all__)


def words_of(value):
    """Return the docstring of a class with those of its public methods and properties, or of a function."""
    parts = [value.__doc__ or ""]
    if inspect.isclass(value):
        parts += [member.__doc__ or "" for _, member in public_members(value)]
    return "\n".join(parts)


def public_members(value):
    """Yield the methods and properties that a class itself defines for its users."""
    for name, member in vars(value).items():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if isinstance(function, functools.cached_property):
            function = function.func
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def parameters_of(value):
    return [name for name in inspect.signature(value).parameters if name not in ("self", "cls")]


def section(documentation, title):
    """Return one section of a docstring in Google's style, or ""."""
    found = re.search(rf"^ *{title}:\n((?:(?:    +.*)?\n?)*)", inspect.cleandoc(documentation), re.MULTILINE)
    return found[1] if found else ""


def entries(documentation, title):
    """Return the names that a section explains; one entry may explain several."""
    lines = re.findall(r"^ {4}([*\w][*\w, .]*?)(?: \(.*?\))?:", section(documentation, title), re.MULTILINE)
    return {name.strip("* ") for line in lines for name in line.split(",")}


def raised_types(value):
    """Return the exception types that the code of a function or class raises by name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name):
                names.add(raised.id)
    scope = vars(builtins) | vars(sys.modules[value.__module__])
    types = [scope.get(name) for name in names]
    return [kind for kind in types if isinstance(kind, type) and issubclass(kind, Exception)]


@every_name
def test_it_begins_with_one_sentence(name):
    value = getattr(course_lib, name)
    assert value.__doc__, f"{name} has no docstring"
    first = inspect.cleandoc(value.__doc__).split("\n\n")[0].strip()
    assert first[0].isupper()
    assert first[-1] in ".:;", first
    if inspect.isclass(value):
        silent = [member for member, function in public_members(value) if not function.__doc__]
        assert silent == []


@every_name
def test_it_names_the_lesson_that_teaches_it(name):
    """In its own first paragraph, where `help` shows it; the docstring of its file agrees."""
    value = getattr(course_lib, name)
    first = inspect.cleandoc(value.__doc__).split("\n\n")[0]
    (lesson,) = re.findall(r"\(lesson (\d\d)\)[.:]", first)
    of_the_file = re.findall(r"\blessons? ((?:\d\d(?:, | and )?)+)", sys.modules[value.__module__].__doc__)
    assert lesson in " ".join(of_the_file)


@every_name
def test_every_argument_is_explained(name):
    value = getattr(course_lib, name)
    documentation = value.__doc__ or ""
    explained = entries(documentation, "Args") | entries(documentation, "Attributes")
    assert set(parameters_of(value)) - explained == set()
    if inspect.isclass(value):
        for method, function in public_members(value):
            unknown = [one for one in parameters_of(function) if one not in words(function.__doc__)]
            assert unknown == [], f"{name}.{method} says nothing of {unknown}"


def words(documentation):
    return set(re.findall(r"\w+", documentation or ""))


@every_name
def test_every_error_is_announced(name):
    value = getattr(course_lib, name)
    announced = words(section_of_all(value))
    for kind in raised_types(value):
        family = {parent.__name__ for parent in kind.__mro__} - {"object", "BaseException", "Exception"}
        assert family & (announced | PROTOCOL), f"{name} raises {kind.__name__} and says nothing of it"


def section_of_all(value):
    """Return the Raises of a class and of its methods; those of the classes above hold for it as well."""
    owners = value.__mro__ if inspect.isclass(value) else (value,)
    ours = [owner for owner in owners if owner.__module__.startswith("course_lib")]
    documentations = [owner.__doc__ or "" for owner in ours]
    for owner in ours if inspect.isclass(value) else ():
        documentations += [member.__doc__ or "" for member in vars(owner).values() if callable(member)]
    return "\n".join(section(documentation, "Raises") for documentation in documentations)


@every_name
def test_arguments_that_are_checked_have_their_errors_announced(name):
    value = getattr(course_lib, name)
    makes = (
        vars(value).get("__init__") or vars(value).get("__post_init__") if inspect.isclass(value) else value
    )
    # A record's own __init__ has no source.
    code = inspect.getsource(makes) if makes and makes.__code__.co_filename != "<string>" else ""
    checks = re.findall(r"\b_?check\w*\(", code)
    assert not checks or section_of_all(value), f"{name} calls {checks} and announces no error"


@every_name
def test_tensors_have_shapes_and_amounts_have_units(name):
    value = getattr(course_lib, name)
    signature, documentation = inspect.signature(value), words_of(value)
    if "Tensor" in str(signature):
        assert re.search(r"\bshape|-dimensional", documentation), "no shape is given"
    for parameter in signature.parameters:
        for pattern, units in UNITS.items():
            if re.fullmatch(pattern, parameter):
                assert any(unit in documentation for unit in units), f"{parameter} in which unit?"

"""While a task is checked, the names that would be its answer are absent from the library and from torch.

Otherwise `from course_lib import random_split as my_split` would solve the task that asks for `random_split`.
"""

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

_MODULES = ("course_lib", "torch.utils.data")


class Absence:
    """Hides names from modules, and their objects from a namespace, until `end()`."""

    def __init__(self, names: Iterable[str], namespace: dict[str, Any]) -> None:
        self.names = frozenset(names)
        self.objects: list[Any] = []
        self._namespace = namespace
        self._taken: list[tuple[dict[str, Any], str, Any]] = []
        if not self.names:
            return
        for module in map(import_module, _MODULES):
            self._hide_from(module)
        for name, value in list(namespace.items()):
            if self.is_hidden(value):
                self._take(namespace, name)

    def end(self) -> None:
        """Put everything back, except where the student has put something else meanwhile."""
        for place, name, value in reversed(self._taken):
            if name == "__getattr__" or name not in place:
                place[name] = value
        self._taken.clear()

    def is_hidden(self, value: Any) -> bool:
        return any(value is hidden for hidden in self.objects)

    def explain(self, name: str, value: Any) -> str | None:
        """Say why `value` is no answer: it is, or inherits from, a hidden class. None when it may be one."""
        for place, taken, _ in self._taken:
            if place is self._namespace and taken == name:
                return f"`{name}` is the library's own, imported: this task asks you to write it yourself"
        for base in getattr(value, "__mro__", ()) if isinstance(value, type) else ():
            if self.is_hidden(base):
                return f"`{name}` inherits from the library's own `{base.__name__}`: write it yourself"
        return None

    def _hide_from(self, module: ModuleType) -> None:
        for name in self.names:
            value = getattr(module, name, None)
            if value is not None:
                self.objects.append(value)
                self._take(vars(module), name)
        before = vars(module).get("__getattr__")

        def refuse(name: str) -> Any:
            if name in self.names:
                raise AttributeError(
                    f"{name} is absent while this task is checked: it is what you write here"
                )
            if before is None:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            return before(name)

        if before is not None:
            self._take(vars(module), "__getattr__")
        else:
            self._taken.append((vars(module), "__getattr__", _no_attribute(module.__name__)))
        vars(module)["__getattr__"] = refuse

    def _take(self, place: dict[str, Any], name: str) -> None:
        self._taken.append((place, name, place.pop(name)))


def _no_attribute(module_name: str) -> Any:
    def missing(name: str) -> Any:
        raise AttributeError(f"module {module_name!r} has no attribute {name!r}")

    return missing

"""What a class has inherited, and from where (lessons 02 and 08).

Datasets and samplers may have a fast method beside the plain one that every user writes. The two must agree.
Somebody who changes the plain method, in a subclass or in a mixin, knows nothing of the fast one.
"""


def remember_methods(cls: type, *names: str) -> None:
    """Keep in mind which methods a class has now, for `was_replaced`."""
    cls.__methods_as_written__ = {name: getattr(cls, name, None) for name in names}  # type: ignore[attr-defined]


def was_replaced(cls: type, name: str) -> bool:
    """Say whether a method of a class has been replaced since it was made, as decorators and mocks do."""
    written = vars(cls).get("__methods_as_written__", {})
    return name in written and getattr(cls, name, None) is not written[name]


def is_behind(cls: type, name: str, other: str) -> bool:
    """Say whether the class that gives `cls` its `name` stands behind the one that gives it `other`."""
    ranks = {part: rank for rank, kind in enumerate(reversed(cls.__mro__)) for part in vars(kind)}
    return name in ranks and other in ranks and ranks[name] < ranks[other]

"""Which of a loader's arguments a deciding loader passes on (lesson 19)."""

import inspect
from collections.abc import Mapping
from typing import Any

from torch.utils.data import IterableDataset

from course_lib.loader.dataloader import DataLoader


def check_loader_arguments(owner: str, given: Mapping[str, Any], refused: Mapping[str, str]) -> None:
    """Refuse arguments that `DataLoader` does not know, and those that the policy decides itself.

    Args:
        owner: name of the class that passes them on.
        given: the arguments by name.
        refused: by name, why an argument is not passed on and what to do.

    Raises:
        TypeError: there is one.
    """
    for name, value in given.items():
        if name in refused:
            raise TypeError(f"{owner} got {name}={value!r}, which it does not take. {refused[name]}")
        if name not in inspect.signature(DataLoader).parameters:
            raise TypeError(
                f"{owner} got {name}={value!r}. Neither it nor DataLoader has an argument of that name. Look "
                f"at help({owner}) for those that there are."
            )


def check_map_style(owner: str, dataset: Any) -> None:
    """Refuse what has no length and what gives samples in an order of its own.

    Raises:
        TypeError: `dataset` is a stream, or has no `__getitem__` or no `__len__`.
        ValueError: it is empty.
    """
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__"):
        raise TypeError(
            f"{owner} got a {type(dataset).__name__}. It decides which samples come next, so it needs a "
            "dataset that gives any sample at any time. Pass one with __getitem__ and __len__; a stream has "
            "an order of its own."
        )
    if not hasattr(dataset, "__len__"):
        raise TypeError(
            f"{owner} got a {type(dataset).__name__}, which has no length. It has to know how many samples "
            "there are. Give the dataset a __len__."
        )
    if len(dataset) == 0:
        raise ValueError(
            f"{owner} got a {type(dataset).__name__} of 0 samples. Nothing can be decided about nothing. "
            "Check where the dataset looks for its samples."
        )

"""Find what an order is drawn from, so that it can be drawn again (lesson 08; for resuming, lesson 10).

A sampler may hold a generator, or another sampler that holds one, or a list of them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch.utils.data import Sampler

_DECIDE = (torch.Generator, Sampler)
_SHORT = 32  # A longer list holds indices or labels.


def find_randomness(**parts: Any) -> dict[str, Any]:
    """Find the generators, and the samplers that know their state: the parts, and what these hold.

    Torch's global generator is left out: it belongs to the program.

    Args:
        parts: by name, what is looked at: generators, samplers, None.

    Returns:
        By path, such as `"sampler.generator"`, what was found, each once.
    """
    found, seen = dict[str, Any](), set[int]()
    waiting = list(parts.items())
    for name, part in waiting:
        if part is None or id(part) in seen or part is torch.default_generator:
            continue
        seen.add(id(part))
        # By issubclass: for "no instance of torch.Generator" torch takes ten times as long.
        knows_its_state = hasattr(part, "state_dict") and hasattr(part, "load_state_dict")
        if knows_its_state or issubclass(type(part), torch.Generator):
            found[name] = part
        # Searching takes longer than drawing an order of some thousands, and a loader is waiting.
        known = vars(type(part)).get("draws_from")
        if known is not None:
            waiting += [(f"{name}.{key}", getattr(part, key)) for key in known]
        else:
            held = getattr(part, "__dict__", {}).items()
            waiting += [(f"{name}.{key}", one) for key, one in _unpacked(held) if _may_decide(one)]
    return found


def _unpacked(held: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield names and values; those in short lists, tuples and dicts one by one."""
    for name, value in held:
        if not isinstance(value, list | tuple | dict):
            yield name, value
        elif len(value) <= _SHORT:
            items = value.items() if isinstance(value, dict) else enumerate(value)
            yield from _unpacked((f"{name}.{key}", one) for key, one in items)


def _may_decide(value: Any) -> bool:
    """Tell whether a value is a generator, or may be a sampler: an iterable, but no dataset or loader."""
    kind = type(value)
    if issubclass(kind, _DECIDE):
        return True
    is_data = hasattr(kind, "__getitem__") or hasattr(value, "collate_fn")
    return hasattr(kind, "__iter__") and hasattr(value, "__dict__") and not is_data

"""From the argument `target` to a policy (lesson 19)."""

from collections.abc import Callable
from typing import Any, Literal

from course_lib.policies.convergence import GrowthOnPlateau
from course_lib.policies.filling import MemoryFilling
from course_lib.policies.sizing import SizePolicy
from course_lib.policies.throughput import ThroughputSearch
from course_lib.samplers.order import check_positive

Target = Literal["throughput", "convergence"] | int | SizePolicy


def choose_policy(
    target: Any, memory_limit: int | None, memory_in_use: Callable[[], int], num_workers: Any
) -> tuple[SizePolicy, int | None]:
    """Return the policy for a target, and the limit of memory.

    Raises:
        ValueError: there is no such target, or a limit is no positive number of bytes, or there are two.
    """
    if memory_limit is not None:
        check_positive("memory_limit", memory_limit, "It is a number of bytes")
    if target == "throughput":
        # The batches of n workers come in bursts of n: a stretch holds two of them.
        workers = num_workers if isinstance(num_workers, int) else 0
        return ThroughputSearch(batches=max(4, 2 * workers)), memory_limit
    if target == "convergence":
        return GrowthOnPlateau(), memory_limit
    if isinstance(target, int) and not isinstance(target, bool):
        check_positive("target", target, "As a number it is a limit of memory in bytes")
        if memory_limit is not None:
            raise ValueError(
                f"target={target} and memory_limit={memory_limit} are both limits of memory. A number as "
                "target is the limit. Leave memory_limit out."
            )
        return MemoryFilling(target, before=memory_in_use()), target
    if callable(getattr(target, "choose", None)):
        return target, memory_limit
    raise ValueError(
        f"target is {target!r}. A size is chosen for 'throughput', for 'convergence', for a number of bytes "
        "to stay within, or by an object with a method choose(record, size, low, high). Pass one of these."
    )


def check_bounds(initial: Any, low: Any, high: Any) -> None:
    """Check that the first size lies between the smallest and the largest.

    Raises:
        ValueError: it does not, or one of them is no positive integer.
    """
    for name, size in (("initial", initial), ("min", low), ("max", high)):
        check_positive(f"{name}_batch_size", size, "A batch holds at least one sample")
    if not low <= initial <= high:
        raise ValueError(
            f"initial_batch_size={initial} lies outside of min_batch_size={low} to max_batch_size={high}. "
            "The first size is one of those that are allowed. Change initial_batch_size, or the bounds."
        )

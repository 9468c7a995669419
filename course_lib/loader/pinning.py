"""Page-locked memory: host memory from which a GPU copies faster and beside the computation (lesson 13).

Pinned memory is memory of the *host* that the system never moves or swaps. It helps copies to a GPU only, so
without one the batches pass through as they are.
"""

import copy
import warnings
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Any

import torch


def should_pin(wanted: bool, device: str = "") -> bool:
    """Tell whether batches are to be pinned: not without an accelerator that they could be copied to.

    Args:
        wanted: the loader's `pin_memory`.
        device: the loader's `pin_memory_device`; out of use, the current accelerator is taken.
    """
    if not wanted:
        return False
    if device:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the device; "
            f"pin_memory_device={device!r} has no effect. Leave it out.",
            stacklevel=5,
        )
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if accelerator is None or accelerator.type == "mps":
        reason = "no accelerator is found" if accelerator is None else "it is not supported on MPS"
        warnings.warn(
            f"'pin_memory' argument is set as true but {reason}, then device pinned memory won't be used. "
            "Set pin_memory=torch.cuda.is_available() to pin only where it helps.",
            stacklevel=5,
        )
        return False
    return True


def pin_memory(batch: Any) -> Any:
    """Copy every tensor in a batch into page-locked memory.

    Args:
        batch: tensors, objects with a method `pin_memory()`, and mappings, sequences and named tuples of
            them. Anything else stays as it is.

    Returns:
        A batch of the same structure.
    """
    if hasattr(batch, "pin_memory"):
        return batch.pin_memory()
    if isinstance(batch, str | bytes):
        return batch
    if isinstance(batch, Mapping):
        return _pin_mapping(batch)
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(pin_memory(field) for field in batch))
    if isinstance(batch, Sequence):
        return _pin_sequence(batch)
    return batch


def _pin_mapping(batch: Mapping[Any, Any]) -> Any:
    pinned = {key: pin_memory(value) for key, value in batch.items()}
    try:
        if not isinstance(batch, MutableMapping):
            return type(batch)(pinned)  # type: ignore[call-arg]
        # A copy keeps what a type of the user's has besides its items, such as a default factory.
        twin = copy.copy(batch)
        twin.update(pinned)
        return twin
    except TypeError:
        return pinned


def _pin_sequence(batch: Sequence[Any]) -> Any:
    pinned = [pin_memory(value) for value in batch]
    try:
        if not isinstance(batch, MutableSequence):
            return type(batch)(pinned)  # type: ignore[call-arg]
        twin = copy.copy(batch)
        for position, value in enumerate(pinned):
            twin[position] = value
        return twin
    except TypeError:
        return pinned


class PinningThread:
    """Pins batches beside the consumer's work, in the order they are submitted.

    Args:
        device_index: number of the accelerator that the consumer's thread uses.
    """

    def __init__(self, device_index: int) -> None:
        self._device_index = device_index
        self._executor = ThreadPoolExecutor(
            1, thread_name_prefix="DataLoader pinning", initializer=self._set_up
        )

    def submit(self, batch: Any) -> Future[tuple[Any, float]]:
        """Begin to pin a batch; its `result()` is the pinned batch and the time when it was ready."""
        return self._executor.submit(lambda: (pin_memory(batch), perf_counter()))

    def close(self) -> None:
        """End the thread; batches that have not been pinned yet are dropped."""
        self._executor.shutdown(cancel_futures=True)

    def _set_up(self) -> None:
        # Both settings belong to a thread. One thread suffices to copy; more would take the consumer's cores.
        torch.set_num_threads(1)
        torch.accelerator.set_device_index(self._device_index)

"""Shared memory that is used again and again (lesson 11).

A batch made by a worker has to reach the main process. Fresh shared memory for each batch means system
calls, a file descriptor and pages to be cleared, every time. So each worker has slots, whose memory stays:

    main process                                          worker process
    Lender.borrow() is slot 1      -- Task(slot=1) -->    SlotWriter.pack(batch, slot=1)
                                                            lays the tensors into the slot,
                                                            pickles the rest and their places
    Lender.open(1, ...)            <-- Answer(slot=1) --
      a batch of views of the slot

    slot 0  [ images ........ | labels |      ]   a batch that the consumer holds
    slot 1  [ images ........ | labels |      ]   being filled
    slot 2  [                                 ]   free

Nothing is copied in the main process. A slot comes back when the last view of it dies, whatever was made of
the batch meanwhile: slices, transposes, NumPy arrays. A consumer that keeps its batches keeps their slots;
then none is free, and batches travel in fresh memory. So does whatever is no plain tensor, or very large.
"""

import io
import weakref
from collections import deque
from multiprocessing.reduction import ForkingPickler
from pickle import HIGHEST_PROTOCOL, Unpickler
from typing import Any

import numpy as np
import torch

from course_lib.loader.pickling import UNPICKLABLE, pack_for_parent, unpack

_ALIGNMENT = 64
_LARGEST_SLOT = 256 * 2**20
_ROOM_TO_GROW = 1.25

Place = tuple[int, torch.dtype, torch.Size]


class SlotWriter:
    """The worker's side: lay batches into slots."""

    def __init__(self) -> None:
        self._slots: dict[int, torch.Tensor] = {}

    def pack(self, outcome: Any, slot: int | None) -> tuple[bytes | None, bytes]:
        """Pickle an outcome, with its tensors in a slot if there is one.

        Args:
            outcome: a batch, or whatever else a worker answers.
            slot: number of the slot, or None.

        Returns:
            The slot's new memory, packed, if it got some, and the packed outcome.
        """
        if slot is None:
            return None, pack_for_parent(outcome)
        buffer = io.BytesIO()
        layout = _Layout(buffer, HIGHEST_PROTOCOL)
        try:
            layout.dump(outcome)
            new_memory = self._provide(slot, layout.size)
        except (*UNPICKLABLE, RuntimeError):  # RuntimeError: no shared memory to be had
            return None, pack_for_parent(outcome)
        for (start, dtype, shape), tensor in layout.places.values():
            room = self._slots[slot][start : start + tensor.nbytes]
            room.view(dtype).view(shape).copy_(tensor)
        return new_memory, buffer.getvalue()

    def _provide(self, slot: int, size: int) -> bytes | None:
        """Make sure that the slot holds `size` bytes; return its memory for sending if it is new."""
        if size > _LARGEST_SLOT:
            raise RuntimeError("too large for a slot")
        if size == 0 or (slot in self._slots and len(self._slots[slot]) >= size):
            return None
        memory = torch.empty(int(size * _ROOM_TO_GROW), dtype=torch.uint8)
        memory.share_memory_()  # type: ignore[no-untyped-call]
        packed = pack_for_parent(memory)
        self._slots[slot] = memory
        return packed


class _Layout(ForkingPickler):
    """Pickle everything but plain tensors, for which it only plans places, one after the other."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.size = 0
        self.places: dict[int, tuple[Place, torch.Tensor]] = {}

    def persistent_id(self, value: Any) -> Place | None:
        if type(value) is not torch.Tensor or not _is_plain(value):
            return None
        if id(value) not in self.places:
            place = self.size, value.dtype, value.shape
            self.places[id(value)] = place, value
            self.size += -(-value.nbytes // _ALIGNMENT) * _ALIGNMENT
        return self.places[id(value)][0]


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether a tensor is nothing but numbers in the memory of this machine."""
    return (
        tensor.is_cpu
        and tensor.layout is torch.strided
        and not (tensor.is_nested or tensor.is_quantized or tensor.requires_grad)
        and tensor.numel() > 0
    )


class Lender:
    """The main process's side: lend the slots of one worker, and open what comes in them.

    Args:
        slots: how many there are.
    """

    def __init__(self, slots: int) -> None:
        self._free = deque(range(slots))
        self._memory: dict[int, np.ndarray[Any, Any]] = {}
        self._leases: dict[int, weakref.ref[Any]] = {}

    def borrow(self) -> int | None:
        """Return a free slot, the one that came back last: it may still be cached. None if all are lent."""
        return self._free.pop() if self._free else None

    def open(self, slot: int | None, new_memory: bytes | None, packed: bytes) -> Any:
        """Undo `SlotWriter.pack`. The slot is free again as soon as nothing refers to it."""
        if slot is None:
            return unpack(packed)
        if new_memory is not None:
            self._memory[slot] = unpack(new_memory).numpy()
        memory = self._memory.get(slot)
        lease = np.empty(0) if memory is None else memory[:]
        free = self._free
        self._leases[slot] = weakref.ref(lease, lambda _: free.append(slot))
        return _Opener(packed, lease).load()


class _Opener(Unpickler):
    def __init__(self, packed: bytes, lease: "np.ndarray[Any, Any]") -> None:
        super().__init__(io.BytesIO(packed))
        self._lease = lease
        self._views: dict[int, torch.Tensor] = {}

    def persistent_load(self, place: Place) -> torch.Tensor:
        start, dtype, shape = place
        if start not in self._views:
            # The storage made here holds the lease, and all views of the tensor hold the storage.
            count = shape.numel()
            self._views[start] = torch.frombuffer(self._lease, dtype=dtype, count=count, offset=start).view(
                shape
            )
        return self._views[start]

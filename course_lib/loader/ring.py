"""Shared memory that is used again and again (lesson 11).

A batch made by a worker has to reach the main process. Fresh shared memory for each batch means system
calls, a file descriptor and pages to be cleared, every time. So each worker has slots, whose memory stays:

    main process                                          worker process
    Lender.borrow() is slot 1      -- Task(slot=1) -->    SlotWriter.pack(slot=1, make)
                                                            offers the slot to whoever makes the batch,
                                                            lays the other tensors beside,
                                                            pickles the rest and their places
    Lender.open(1, ...)            <-- Answer(slot=1) --
      a batch of views of the slot

    slot 0  [ images ........ | labels |      ]   a batch that the consumer holds
    slot 1  [ images ........ | labels |      ]   being filled
    slot 2  [                                 ]   free

Most batches are made in the slot and never copied. A slot comes back when the last view of it dies, whatever
was made of the batch meanwhile: slices, transposes, NumPy arrays. A consumer that keeps its batches keeps
their slots; then none is free, and batches travel in fresh memory. So does whatever is no plain tensor, or
very large. A slot gets new memory where a worker's dataset keeps a batch, or the consumer forked meanwhile.
"""

import ctypes
import io
import os
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from math import prod
from multiprocessing.reduction import ForkingPickler
from pickle import HIGHEST_PROTOCOL, Pickler, Unpickler
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.multiprocessing import get_sharing_strategy

from course_lib.datasets.batch_memory import offering
from course_lib.loader import pickling
from course_lib.loader.pickling import UNPICKLABLE, is_plain, pack_copied, pack_for_parent, tensor_in, unpack
from course_lib.platform import forks, remove_shared_memory

_ALIGNMENT = 64
_LARGEST_SLOT = 256 * 2**20
_LITTLE = 2**20
_ROOM_TO_GROW = 1.25

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
# A tensor in a slot: its first byte, the name of its dtype, its shape, its strides if it is not contiguous.
Place = tuple[int, str, tuple[int, ...], tuple[int, ...] | None]

# Those that NumPy has as well: it makes arrays in given memory three times as fast as torch makes tensors.
_NUMPY_DTYPES = {
    name: np.dtype(name)
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
}


def _lease(memory: Bytes) -> Any:
    """Return an object that stands for memory: the tensors that `_at` makes of it, and their views, hold it.

    It is no array, because NumPy has a view of an array hold the array at the bottom of all views.
    """
    return (ctypes.c_ubyte * len(memory)).from_buffer(memory)  # type: ignore[arg-type]


def _at(place: Place, lease: Any) -> torch.Tensor:
    """Return the tensor at a place of leased memory."""
    start, name, shape, strides = place
    dtype = _NUMPY_DTYPES.get(name)
    if dtype is not None and strides is None:
        return torch.from_numpy(np.ndarray(shape, dtype, lease, start))
    flat = torch.frombuffer(lease, dtype=getattr(torch, name), count=prod(shape), offset=start)
    return flat.view(shape) if strides is None else flat.as_strided(shape, strides)


def _place(start: int, dtype: torch.dtype, shape: Sequence[int], strides: Any = None) -> Place:
    return start, str(dtype)[6:], tuple(shape), strides  # "torch.int64" is "int64" to both libraries


def _strides(tensor: torch.Tensor) -> tuple[int, ...] | None:
    """Return the strides of a tensor that lies in one piece in another order, as with `channels_last`."""
    order = sorted(range(tensor.ndim), key=tensor.stride, reverse=True)
    return tensor.stride() if tensor.permute(order).is_contiguous() else None


class Packed(NamedTuple):
    """An outcome on its way to the main process.

    Attributes:
        outcome: the outcome, packed, without the tensors that lie in the slot.
        places: where they lie.
        new_memory: the slot's new memory, packed, if it got some.
        content: what would lie in the slot, where it has no shared memory.
        is_short_of_memory: no shared memory was to be had, so the tensors are in `content` or `outcome`.
    """

    outcome: bytes
    places: Sequence[Place] = ()
    new_memory: bytes | None = None
    content: bytes | None = None
    is_short_of_memory: bool = False


class SlotWriter:
    """The worker's side: lay batches into slots."""

    def __init__(self) -> None:
        self._slots: dict[int, Bytes] = {}
        self._is_first = True

    def pack(self, slot: int | None, make: Callable[[], Any]) -> Packed:
        """Pickle what `make` returns, with its tensors in a slot if there is one.

        Args:
            slot: number of the slot, ~number if it is to get new memory, or None.
            make: returns a batch, or whatever else a worker answers; `empty_batch` lies in the slot then.
        """
        if slot is None:
            return _share(make())
        if slot < 0:
            self._slots.pop(slot := ~slot, None)
        offer = Offer(self._slots.get(slot, _NO_BYTES))
        with offering(offer.take):
            outcome = make()
        layout = _Layout(offer)
        try:
            packed = layout.pack(outcome)
        except (*UNPICKLABLE, RuntimeError):  # such as a class of a notebook, or a nested tensor
            packed = None
        if packed is None or offer.used > _LARGEST_SLOT:
            self._slots.pop(slot, None)  # Some of the batch may lie there.
            return _share(outcome)
        beside = layout.beside
        del outcome, layout
        return self._lay(slot, offer, beside, packed)

    def _lay(self, slot: int, offer: "Offer", beside: "list[_Placed]", packed: Packed) -> Packed:
        """Copy the tensors that were not made in the slot, and all to new memory where it has to be."""
        size, memory = offer.used, self._slots.pop(slot, _NO_BYTES)
        fits, shared = size <= len(memory), None
        # The first batch of all is waited for, and to make shared memory takes longer than to copy a little.
        is_in_haste, self._is_first = self._is_first and size <= _LITTLE, False
        if not fits:
            memory, shared = (np.empty(size, np.uint8), None) if is_in_haste else _renew(memory, size)
        if beside:
            lease = _lease(memory)
            for place, tensor in beside:
                _at(place, lease).copy_(tensor)
            beside.clear()
        # What the dataset has kept of a batch must not change when the consumer writes into its batch.
        is_kept = fits and offer.close()
        if is_kept:
            memory, shared = _renew(memory[:size], size)
        if shared is None and (is_kept or not fits):
            content = memory[:size].tobytes()
            return packed._replace(content=content, is_short_of_memory=not is_in_haste)
        self._slots[slot] = memory
        return packed._replace(new_memory=shared) if shared else packed


class Offer:
    """The memory of a slot, offered to whoever makes the next batch."""

    def __init__(self, memory: Bytes) -> None:
        self._size = len(memory)
        self._lease = _lease(memory)
        self._first = ctypes.addressof(self._lease)
        self.used = 0

    def take(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor | None:
        """Return a tensor in the slot, or None if it has no room."""
        size = prod(shape) * dtype.itemsize
        if not 0 < size <= self._size - self.used:
            return None
        return _at(_place(self.reserve(size), dtype, shape), self._lease)

    def reserve(self, size: int) -> int:
        """Plan room for so many bytes, even beyond the end; return where it begins."""
        start = self.used
        self.used += -(-size // _ALIGNMENT) * _ALIGNMENT
        return start

    def find(self, tensor: torch.Tensor) -> int | None:
        """Return where in the slot a tensor lies in one piece; None if it lies elsewhere."""
        start = tensor.data_ptr() - self._first
        is_inside = 0 <= start <= self._size - tensor.nbytes
        return start if is_inside and not (tensor.is_conj() or tensor.is_neg()) else None

    def close(self) -> bool:
        """End the offer; tell whether somebody still holds a tensor of it."""
        held = weakref.ref(self._lease)
        self._lease = None
        return held() is not None


_JUST_A_LIST = b""
_NO_BYTES: Bytes = np.empty(0, np.uint8)
_Placed = tuple[Place, torch.Tensor]


class _Layout:
    """Pickles everything but plain tensors, and plans where these lie.

    Attributes:
        beside: those tensors that do not lie in the slot yet.
    """

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._numbers: dict[int, int] = {}
        self._seen: list[torch.Tensor] = []  # alive, so that none of the numbers in `_numbers` is given twice
        self._places: list[Place] = []
        self.beside: list[_Placed] = []

    def pack(self, outcome: Any) -> Packed:
        """Pickle an outcome."""
        if type(outcome) is list and outcome:
            numbers = [self.number_of(value) for value in outcome]
            if numbers == list(range(len(outcome))):  # as in most batches: nothing has to be pickled
                return Packed(_JUST_A_LIST, self._places)
        buffer = io.BytesIO()
        _Pickler(buffer, self).dump(outcome)
        return Packed(buffer.getvalue(), self._places)

    def number_of(self, value: Any) -> int | None:
        """Return a number for a plain tensor, the same for the same one; None for anything else."""
        if type(value) is not torch.Tensor or not is_plain(value):
            return None
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._places)
            self._seen.append(value)
            self._places.append(self._find_place(value))
        return number

    def _find_place(self, tensor: torch.Tensor) -> Place:
        strides = None if tensor.is_contiguous() else _strides(tensor)
        start = self._offer.find(tensor) if strides or tensor.is_contiguous() else None
        if start is not None:
            return _place(start, tensor.dtype, tensor.shape, strides)
        place = _place(self._offer.reserve(tensor.nbytes), tensor.dtype, tensor.shape, strides)
        self.beside.append((place, tensor))
        return place


class _Pickler(Pickler):
    dispatch_table = ForkingPickler(io.BytesIO()).dispatch_table
    reducer_override = staticmethod(pickling.resolve)

    def __init__(self, buffer: io.BytesIO, layout: _Layout) -> None:
        super().__init__(buffer, HIGHEST_PROTOCOL)
        self._layout = layout

    def persistent_id(self, value: Any) -> int | None:
        return self._layout.number_of(value)


def _renew(old: Bytes, size: int) -> tuple[Bytes, bytes | None]:
    """Copy a slot's content to new memory of `size` bytes or more. If it is shared, return it packed, too."""
    memory, packed = torch.empty(int(size * _ROOM_TO_GROW), dtype=torch.uint8, device="cpu"), None
    try:
        memory.share_memory_()  # type: ignore[no-untyped-call]
        packed = pack_for_parent(memory.untyped_storage())  # of a tensor a copy would be sent
    except RuntimeError:  # no shared memory is left
        _forget_failures()
    renewed: Bytes = memory.numpy()
    renewed[: len(old)] = old
    return renewed, packed


def _share(outcome: Any) -> Packed:
    try:
        return Packed(pack_for_parent(outcome))
    except RuntimeError as error:
        if "requires_grad" in str(error):  # Only data may travel; this is torch's refusal of a graph.
            raise
        _forget_failures()
        return Packed(pack_copied(outcome), is_short_of_memory=True)


def _forget_failures() -> None:
    """Remove the names of shared memory that was not to be had: torch leaves them."""
    # With the other strategy names belong to living memory.
    if get_sharing_strategy() == "file_descriptor":  # type: ignore[no-untyped-call]
        remove_shared_memory(f"torch_{os.getpid()}_")


class Lender:
    """The main process's side: lend the slots of one worker, and open what comes in them.

    Args:
        slots: how many there are.
    """

    def __init__(self, slots: int) -> None:
        self._free = deque(range(slots))
        self._memory: dict[int, Bytes] = {}
        self._leases: dict[int, weakref.ref[Any]] = {}

    def borrow(self) -> int | None:
        """Return a free slot as `SlotWriter` takes it, that which came back last: it may still be cached."""
        return self._free.pop() if self._free else None

    def open(self, slot: int | None, packed: Packed) -> Any:
        """Open what `SlotWriter.pack` has packed. The slot is free again as soon as nothing refers to it."""
        if slot is None:
            return unpack(packed.outcome)
        slot = max(slot, ~slot)
        if packed.new_memory is not None:
            self._memory[slot] = tensor_in(unpack(packed.new_memory), torch.uint8).numpy()
        if not packed.places:
            self._free.append(slot)
            return unpack(packed.outcome)
        if packed.content is not None:
            self._free.append(slot)
            return _open(packed, _lease(np.frombuffer(bytearray(packed.content), np.uint8)))
        lease = _lease(self._memory[slot])
        free, before = self._free, forks()
        self._leases[slot] = weakref.ref(lease, lambda _: free.append(slot if forks() == before else ~slot))
        return _open(packed, lease)


def _open(packed: Packed, lease: Any) -> Any:
    if packed.outcome == _JUST_A_LIST:
        return [_at(place, lease) for place in packed.places]
    return _Opener(packed, lease).load()


class _Opener(Unpickler):
    def __init__(self, packed: Packed, lease: Any) -> None:
        super().__init__(io.BytesIO(packed.outcome))
        self._places = packed.places
        self._lease = lease
        self._tensors: dict[int, torch.Tensor] = {}

    def persistent_load(self, number: int) -> torch.Tensor:
        if number not in self._tensors:
            self._tensors[number] = _at(self._places[number], self._lease)
        return self._tensors[number]

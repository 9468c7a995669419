"""What travels between the loader and its workers (lesson 11).

To a worker goes a *copy*: tensors as bytes, and functions and classes that no file holds (lambdas, whatever a
notebook cell defines) as their code, which plain pickle cannot do. From a worker comes a *handle*: tensors
stay in shared memory, and only their names are sent.
"""

import errno
import io
import pickle
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from multiprocessing.context import set_spawning_popen
from multiprocessing.reduction import ForkingPickler
from multiprocessing.resource_sharer import DupFd
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import torch.multiprocessing  # teaches ForkingPickler to put tensors into shared memory

from course_lib.copy_on_write import CopyOnWriteMemory, Place
from course_lib.main_script import is_in_script

Contents = dict[str, Any]  # what every worker starts with, by the names of the loader's arguments

UNPICKLABLE = (pickle.PicklingError, AttributeError, TypeError)
_by_handle: Callable[[torch.Tensor], Any] = torch.multiprocessing.reductions.reduce_tensor


def resolve(value: Any) -> Any:
    """Have a tensor's numbers sent as they are read, and in new memory: its own may be the dataset's."""
    if type(value) is torch.Tensor and is_plain(value):
        like = torch.empty_like(value, device="meta")  # dense, where a view has gaps
        memory = torch.UntypedStorage._new_shared(like.nbytes)  # type: ignore[no-untyped-call]
        copied = tensor_in(memory, like.dtype, 0, like.shape, like.stride()).copy_(value)
        return _by_handle(copied)
    if type(value) is torch.Tensor and is_plain(value, empty=True):
        return _by_handle(torch.empty_like(value))
    if isinstance(value, torch.Tensor) and (value.is_conj() or value.is_neg()):
        return torch.clone, (value.resolve_conj().resolve_neg(),)
    return NotImplemented


class _SharingPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickle by value what no module holds, and by handle what `multiprocessing` shares, such as tensors."""

    @property
    def dispatch_table(self) -> Mapping[type, Any]:
        # Looked up anew: modules teach ForkingPickler their types when they are imported.
        return ChainMap(ForkingPickler(io.BytesIO()).dispatch_table, cloudpickle.Pickler.dispatch_table)

    def reducer_override(self, value: Any) -> Any:
        if is_in_script(value):
            return NotImplemented  # by name
        resolved = resolve(value)
        return super().reducer_override(value) if resolved is NotImplemented else resolved


class _CopyingPickler(_SharingPickler):
    """The same, with tensors by value."""

    def reducer_override(self, value: Any) -> Any:
        # A shared tensor costs a file descriptor, and a list of ten thousand tensors more than there are. And
        # what a worker writes into its copy of the dataset is nobody else's business.
        is_read_otherwise = isinstance(value, torch.Tensor) and (value.is_conj() or value.is_neg())
        if type(value) is torch.Tensor and is_plain(value) and not (vars(value) or is_read_otherwise):
            place = value.storage_offset(), value.shape, value.stride()
            return tensor_in, (value.untyped_storage(), value.dtype, *place)
        if isinstance(value, torch.UntypedStorage) and value.device.type == "cpu":
            numbers: Any = tensor_in(value, torch.uint8).numpy()
            return _storage, (pickle.PickleBuffer(numbers),)
        if isinstance(value, torch.Tensor | torch.UntypedStorage | torch.TypedStorage):
            return value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return super().reducer_override(value)


class _HandlePickler(ForkingPickler):
    """multiprocessing's own, for tensors that lie in memory of others or otherwise than they are read."""

    reducer_override = staticmethod(resolve)


def is_plain(tensor: torch.Tensor, empty: bool = False) -> bool:
    """Whether a tensor is nothing but numbers in the memory of this machine; or, if asked for, empty."""
    return (
        tensor.is_cpu
        and tensor.layout is torch.strided
        and not (tensor.is_nested or tensor.is_quantized or tensor.requires_grad)
        and (tensor.numel() == 0) is empty
    )


def tensor_in(storage: torch.UntypedStorage, dtype: torch.dtype, *place: Any) -> torch.Tensor:
    """Return the tensor that a storage holds at a place; by default, all of it as a single dimension."""
    return torch.empty(0, dtype=dtype, device="cpu").set_(storage, *place)


def _storage(numbers: Any) -> torch.UntypedStorage:
    return torch.frombuffer(numbers, dtype=torch.uint8).untyped_storage()


def pack_indices(indices: Any, *, forked: bool) -> bytes | bytearray:
    """Make the indices of a batch ready to be sent: of an int64 tensor of shape (B,) only its numbers."""
    if type(indices) is torch.Tensor and indices.dtype is torch.int64 and indices.ndim == 1:
        return bytearray(indices.numpy())
    if forked:  # The worker has the classes of this process, and finds them by name.
        try:
            return pickle.dumps(indices, pickle.HIGHEST_PROTOCOL)
        except UNPICKLABLE:
            pass
    return pack_copied(indices)


def unpack_indices(packed: bytes | bytearray) -> Any:
    """Undo `pack_indices`."""
    if isinstance(packed, bytes):
        return unpack(packed)
    return torch.from_numpy(np.frombuffer(packed, np.int64))


def pack_for_parent(value: Any) -> bytes:
    """Pickle for the main process, tensors by reference to shared memory."""
    try:
        try:
            return _dump(_HandlePickler, value)
        except UNPICKLABLE:
            return _dump(_SharingPickler, value)
    except (OSError, RuntimeError) as error:
        explain_file_limit(error)
        raise


def pack_copied(value: Any, lay: Callable[[pickle.PickleBuffer], bool] | None = None) -> bytes:
    """Pickle for another process, tensors by value.

    Args:
        value: anything, such as a dataset.
        lay: takes what is in one piece of memory out of the pickle, or returns True to leave it there.
    """
    return _dump(_CopyingPickler, value, buffer_callback=lay)


def unpack(packed: bytes, buffers: Iterable[Any] = ()) -> Any:
    """Undo `pack_copied` and `pack_for_parent`."""
    try:
        return pickle.loads(packed, buffers=buffers)
    except (OSError, RuntimeError) as error:
        explain_file_limit(error)
        raise


def explain_file_limit(error: BaseException) -> None:
    """Raise an error that a limit of open files has caused anew, and say what to do; leave others alone."""
    # Where a file descriptor cannot be received, Python's message is "received 0 items of ancdata".
    if getattr(error, "errno", None) == errno.EMFILE or "ancdata" in str(error):
        raise type(error)(
            *error.args[:-1],
            "Too many open files: every worker takes some, and every tensor that comes from one while it "
            "lives. Use fewer workers, keep fewer batches, raise the limit with `ulimit -n` in the shell, or "
            "begin the program with torch.multiprocessing.set_sharing_strategy('file_system').",
        )


def _dump(pickler: type[pickle.Pickler], value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pickler(buffer, pickle.HIGHEST_PROTOCOL, **options).dump(value)
    return buffer.getvalue()


def pack_contents(contents: Contents, memory: CopyOnWriteMemory) -> tuple[bytes, bool]:
    """Pack what every worker starts with, all in one, so that parts which share something still do.

    Args:
        contents: dataset, collate function and so on.
        memory: where large parts go.

    Returns:
        The packed contents; whether they can be unpacked only once.
    """
    places, buffer, heir = list[Place](), io.BytesIO(), _Heir()

    def lay(buffer: pickle.PickleBuffer) -> bool:
        place = memory.lay(buffer)
        places.extend([] if place is None else [place])
        return place is None

    pickler = _CopyingPickler(buffer, pickle.HIGHEST_PROTOCOL, buffer_callback=lay)
    set_spawning_popen(heir)  # type: ignore[arg-type]
    try:
        for name, value in contents.items():
            _dump_part(pickler, name, value)
    finally:
        set_spawning_popen(None)
    return pickle.dumps((list(contents), places, buffer.getvalue())), heir.has_inherited


def unpack_contents(packed: bytes, memory: CopyOnWriteMemory) -> Contents:
    """Undo `pack_contents`."""
    with closing(memory):
        names, places, pickled = pickle.loads(packed)
        unpickler = pickle.Unpickler(io.BytesIO(pickled), buffers=memory.open(places))
        return {name: unpickler.load() for name in names}


def _dump_part(pickler: _CopyingPickler, name: str, value: Any) -> None:
    try:
        pickler.dump(value)
    except Exception as error:
        error.add_note(
            f"This happened while the loader's {name} (a {type(value).__name__}) was pickled for a "
            "worker process. Under spawn and forkserver every worker gets a pickled copy. Open files, "
            "connections and locks cannot be copied: open them in the worker, at first use or in "
            "worker_init_fn."
        )
        raise


class _Heir:
    """A process being started, to `multiprocessing`: it may inherit locks, queues and shared values."""

    DupFd = DupFd
    has_inherited = False

    def duplicate_for_child(self, descriptor: int) -> int:
        self.has_inherited = True
        return descriptor

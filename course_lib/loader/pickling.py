"""What travels between the loader and its workers (lesson 11).

To a worker goes a *copy*: tensors as bytes, and functions and classes that no module holds (lambdas, whatever
a notebook cell defines) as their code, which plain pickle cannot do. From a worker comes a *handle*: tensors
stay in shared memory, and only their names are sent.
"""

import errno
import io
import pickle
from collections import ChainMap
from collections.abc import Mapping
from multiprocessing.reduction import ForkingPickler
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import torch.multiprocessing  # teaches ForkingPickler to put tensors into shared memory

UNPICKLABLE = (pickle.PicklingError, AttributeError, TypeError)


class _SharingPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickle by value what no module holds, and by handle what `multiprocessing` shares, such as tensors."""

    @property
    def dispatch_table(self) -> Mapping[type, Any]:
        # Looked up anew: modules teach ForkingPickler their types when they are imported.
        return ChainMap(ForkingPickler(io.BytesIO()).dispatch_table, cloudpickle.Pickler.dispatch_table)


class _CopyingPickler(_SharingPickler):
    """The same, with tensors by value."""

    def reducer_override(self, value: Any) -> Any:
        # A shared tensor costs a file descriptor, and a list of ten thousand tensors more than there are. And
        # what a worker writes into its copy of the dataset is nobody else's business.
        if isinstance(value, torch.Tensor | torch.UntypedStorage | torch.TypedStorage):
            return value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return super().reducer_override(value)


def pack_for_worker(value: Any, *, forked: bool) -> bytes:
    """Pickle for a worker process.

    Args:
        value: anything, such as the indices of a batch.
        forked: the worker was forked, so it has the classes of this process and finds them by name.
    """
    if forked:
        try:
            return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        except UNPICKLABLE:
            pass
    return _dump(_CopyingPickler, value)


def pack_indices(indices: Any, *, forked: bool) -> bytes | bytearray:
    """Make the indices of a batch ready to be sent: of an int64 tensor of shape (B,) only its numbers."""
    if type(indices) is torch.Tensor and indices.dtype is torch.int64 and indices.ndim == 1:
        return bytearray(indices.numpy())
    return pack_for_worker(indices, forked=forked)


def unpack_indices(packed: bytes | bytearray) -> Any:
    """Undo `pack_indices`."""
    if isinstance(packed, bytes):
        return unpack(packed)
    return torch.frombuffer(packed, dtype=torch.int64) if packed else torch.empty(0, dtype=torch.int64)


def pack_for_parent(value: Any) -> bytes:
    """Pickle for the main process, tensors by reference to shared memory."""
    try:
        try:
            return bytes(ForkingPickler.dumps(value))
        except UNPICKLABLE:
            return _dump(_SharingPickler, value)
    except (OSError, RuntimeError) as error:
        _explain_file_limit(error)
        raise


def pack_copied(value: Any) -> bytes:
    """Pickle for the main process, tensors by value."""
    return _dump(_CopyingPickler, value)


def unpack(packed: bytes) -> Any:
    """Undo `pack_for_worker` and `pack_for_parent`."""
    try:
        return pickle.loads(packed)
    except (OSError, RuntimeError) as error:
        _explain_file_limit(error)
        raise


def _explain_file_limit(error: Exception) -> None:
    # Where a file descriptor cannot be received, Python's message is "received 0 items of ancdata".
    if getattr(error, "errno", None) == errno.EMFILE or "ancdata" in str(error):
        error.add_note(
            "Too many open files: every tensor that comes from a worker holds one while it lives. "
            "Keep fewer batches, raise the limit with `ulimit -n` in the shell, or begin the program "
            "with torch.multiprocessing.set_sharing_strategy('file_system')."
        )


def _dump(pickler: type[cloudpickle.Pickler], value: Any) -> bytes:
    buffer = io.BytesIO()
    pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


class Parcel:
    """What every worker starts with: dataset, collate function and so on.

    A forked worker has these objects already, and nothing is pickled. For spawn and forkserver
    `multiprocessing` pickles the parcel, which packs its contents, and the worker opens it where an error can
    be reported.

    Args:
        **contents: the objects, by the names of the loader's arguments.
    """

    def __init__(self, **contents: Any) -> None:
        self._contents = contents
        self._packed: dict[str, bytes] = {}

    def open(self) -> dict[str, Any]:
        """Return the contents by name."""
        return self._contents | {name: unpack(packed) for name, packed in self._packed.items()}

    def __getstate__(self) -> dict[str, Any]:
        packed = {name: self._pack(name, value) for name, value in self._contents.items()}
        return {"_contents": {}, "_packed": packed}

    @staticmethod
    def _pack(name: str, value: Any) -> bytes:
        try:
            return pack_for_worker(value, forked=False)
        except Exception as error:
            error.add_note(
                f"This happened while the loader's {name} (a {type(value).__name__}) was pickled for a "
                "worker process. Under spawn and forkserver every worker gets a pickled copy. Open files, "
                "connections and locks cannot be copied: open them in the worker, at first use or in "
                "worker_init_fn."
            )
            raise

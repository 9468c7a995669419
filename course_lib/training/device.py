"""Bring batches to the device of the model, the next one while the model works on this one (lesson 13).

A GPU has a unit of its own for copies. To use it at the same time as the computing units, a copy needs three
things: a source in pinned memory (page-locked memory of the host: it stays where it is, so that the GPU can
fetch it alone), `non_blocking=True`, and another stream (a queue of the GPU's work).

    copy stream      | copy 1 |        | copy 2 |        | copy 3 |
    model's stream            | step 1          | step 2          | step 3
                              ^ waits for copy 1, no longer

Copy 3 begins only when step 1 has ended: so whatever memory it gets, no step is still reading there. Until it
has begun, a loop's variable still holds batch 1: there is memory for three batches, never for more.
"""

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

import torch

BatchT = TypeVar("BatchT")


class DeviceLoader(Generic[BatchT]):
    """Iterate over a loader's batches on a device (lesson 13).

    On a CUDA device copy and computation overlap: while the model works on one batch, the next one is loaded
    and copied. On other accelerators each batch is copied when its turn comes. On the CPU the loader's own
    batches pass through, untouched.

    Every attribute of the loader (`dataset`, `batch_size`, `sampler`, …) can be asked here, too. With worker
    processes, give the loader `pin_memory=torch.cuda.is_available()`: a thread of it then pins batches
    beside your work. What arrives unpinned is pinned here, before its copy begins.

    Args:
        loader: any iterable of batches: `course_lib.DataLoader`, torch's, a list.
        device: such as `"cuda"`, `"cuda:1"` or `"cpu"`.

    Raises:
        TypeError: `loader` cannot be iterated over.
        ValueError: `device` is no device, or this machine does not have it.
    """

    def __init__(self, loader: Iterable[BatchT], device: torch.device | str | int) -> None:
        if not isinstance(loader, Iterable) and not hasattr(loader, "__getitem__"):
            raise TypeError(
                f"DeviceLoader got the loader {loader!r}. It moves what iterating over a loader gives. Pass "
                "the DataLoader, or a list of batches."
            )
        self.device = check_device(device)
        self.loader = loader
        self._state: Any = None  # the loader's, when the batch that was handed out last was its last
        self._problem = ""  # why it could not tell

    def __iter__(self) -> Iterator[BatchT]:
        self._state, self._problem = None, ""
        batches = iter(self.loader)
        if self.device.type == "cpu":
            return batches
        if self.device.type == "cuda":
            return OneAhead(batches, CudaCopies(self.device), self._note_state)
        return map(partial(move_batch, device=self.device), batches)

    def __len__(self) -> int:
        return len(self.loader)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # An object that is just being unpickled has none yet.
            raise AttributeError(name)
        return getattr(self.loader, name)

    def state_dict(self) -> Any:
        """Return the loader's state after the batch that was handed out last.

        The loader itself may be one batch further: the one that is on its way to the device.

        Raises:
            RuntimeError: the loader could not tell its state then.
        """
        if self._problem:
            raise RuntimeError(self._problem)
        return self.loader.state_dict() if self._state is None else self._state  # type: ignore[attr-defined]

    def load_state_dict(self, state: Any) -> None:
        """Let the next pass go on where the pass of `state` was."""
        self._state, self._problem = None, ""
        self.loader.load_state_dict(state)  # type: ignore[attr-defined]

    def _note_state(self) -> None:
        if hasattr(self.loader, "state_dict"):
            self._state, self._problem = None, ""
            try:
                self._state = self.loader.state_dict()
            except Exception as error:  # It is one only for whoever asks.
                self._problem = f"There is no state of this pass: {type(error).__name__}: {error}"


class _Outcome(NamedTuple):
    """What the next call gives: a copy that has begun, or an error."""

    copy: Any = None
    error: Exception | None = None


class OneAhead(Iterator[Any]):
    """Hand out a batch when the copy of the next one has begun, not before.

    Args:
        batches: where they come from.
        copies: `begin(batch)` orders a copy and returns it; `finish(copy)` returns the batch that is there.
        before_ahead: called before the batch ahead is taken: what has been taken until then is handed out.
    """

    def __init__(
        self, batches: Iterator[Any], copies: "CudaCopies", before_ahead: Callable[[], None] = lambda: None
    ) -> None:
        self._batches = batches
        self._copies = copies
        self._before_ahead = before_ahead
        self._ahead: _Outcome | None = None

    def __next__(self) -> Any:
        current = self._ahead = self._ahead or self._take()
        self._before_ahead()
        # After an error, or the end, the next call asks the loader anew.
        self._ahead = None if current.error else self._take()
        try:
            if current.error:
                raise current.error
            return self._copies.finish(current.copy)
        finally:
            del current  # An error refers to this frame: without it there is no circle.

    def _take(self) -> _Outcome:
        """Take the next batch and begin its copy. An error waits for its turn."""
        try:
            return _Outcome(self._copies.begin(next(self._batches)))
        except Exception as error:
            return _Outcome(error=error)


class CudaCopies:
    """Copies to a CUDA device beside the work of the stream that is current there."""

    def __init__(self, device: torch.device) -> None:
        index = torch.cuda.current_device() if device.index is None else device.index
        self._device = torch.device("cuda", index)

    def begin(self, batch: Any) -> tuple[Any, Any]:
        """Order the copy of a batch; return what will be the batch, with the event of its arrival."""
        model = torch.cuda.current_stream(self._device)
        copies = _copy_stream(self._device, model)
        # The memory of this copy may be that of a batch which the model still reads: wait for the model.
        copies.wait_stream(model)
        with torch.cuda.stream(copies):
            return move_batch(batch, self._device, pin=True), copies.record_event()

    def finish(self, copy: tuple[Any, Any]) -> Any:
        """Return the batch; the work that is ordered from now on begins when it has arrived."""
        batch, arrival = copy
        torch.cuda.current_stream(self._device).wait_event(arrival)
        return batch


@cache
def _copy_stream(device: torch.device, model: torch.cuda.Stream) -> torch.cuda.Stream:
    # Torch gives memory that was copied to on a stream back to copies on that stream only. So one stream for
    # each model's stream, for all epochs and loaders: then it is the right one that a copy waits for.
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def move_batch(batch: Any, device: torch.device, pin: bool = False) -> Any:
    """Move every tensor in a batch to a device.

    Args:
        batch: tensors, objects with a method `to(device)`, and mappings, sequences, named tuples and
            dataclasses of them. Anything else, such as text, stays as it is.
        device: where to.
        pin: copy through pinned memory without waiting for the end of the copy. Who reads the result must be
            on the same stream, or wait for it.

    Returns:
        A batch of the same types; a part with nothing to move in it is the same object.
    """
    if isinstance(batch, torch.Tensor):
        return _move_tensor(batch, device, pin)
    if isinstance(batch, str | bytes | type):
        return batch
    if hasattr(batch, "to"):
        return _move_object(batch, device, pin)
    if isinstance(batch, Mapping):
        parts = dict(batch.items())
    elif is_dataclass(batch):
        parts = {field.name: getattr(batch, field.name) for field in fields(batch)}
    elif isinstance(batch, Sequence):
        parts = dict(enumerate(batch))
    else:
        return batch
    moved = {key: move_batch(part, device, pin) for key, part in parts.items()}
    return batch if all(moved[key] is parts[key] for key in parts) else _rebuild(batch, moved)


def _move_tensor(tensor: torch.Tensor, device: torch.device, pin: bool) -> torch.Tensor:
    if pin and tensor.device.type == "cpu" and tensor.layout == torch.strided and not tensor.is_nested:
        tensor = tensor.pin_memory()  # itself, if it is pinned already
    return tensor.to(device, non_blocking=pin)


def _move_object(batch: Any, device: torch.device, pin: bool) -> Any:
    if not pin:
        return batch.to(device)
    if hasattr(batch, "pin_memory") and not getattr(batch, "is_cuda", False):
        batch = batch.pin_memory()
    parameters = inspect.signature(batch.to).parameters.values()
    if any(
        parameter.name == "non_blocking" or parameter.kind is parameter.VAR_KEYWORD
        for parameter in parameters
    ):
        return batch.to(device, non_blocking=True)
    return batch.to(device)


def _rebuild(batch: Any, parts: dict[Any, Any]) -> Any:
    """Make an object like `batch` of other parts."""
    values: Any = parts if isinstance(batch, Mapping) else list(parts.values())
    if hasattr(batch, "_make"):
        return batch._make(values)
    try:
        if not is_dataclass(batch) and not isinstance(batch, MutableMapping | MutableSequence):
            return type(batch)(values)
        # A copy keeps what else the object carries, such as the factory of a defaultdict.
        twin: Any = copy.copy(batch)
        for key, part in parts.items():
            if is_dataclass(batch):
                object.__setattr__(twin, key, part)  # reaches the fields of a frozen one, too
            else:
                twin[key] = part
        return twin
    except TypeError:
        return values


def check_device(device: torch.device | str | int) -> torch.device:
    """Return the device, if this machine has it.

    Raises:
        ValueError: there is no such device, at all or on this machine.
    """
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device is {device!r}, which names no device. A device is written as its type, with a number if "
            'there are several: "cpu", "cuda", "cuda:1", "mps". Pass one of these.'
        ) from error
    if wanted.type in ("cpu", "meta"):
        return wanted
    found = torch.accelerator.current_accelerator(check_available=True)
    count = torch.accelerator.device_count() if found is not None and found.type == wanted.type else 0
    if (wanted.index or 0) < count:
        return wanted
    remedy = 'Pass device="cuda" if torch.cuda.is_available() else "cpu"'
    if wanted.type == "cuda" and not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        remedy += "; if there is a GPU in this machine, install a build of torch with CUDA"
    elif wanted.type == "cuda" and count == 0:
        remedy += "; if there is a GPU in this machine, look whether the command nvidia-smi lists it"
    elif count:
        remedy = f'Pass "{wanted.type}:0" to "{wanted.type}:{count - 1}"'
    raise ValueError(
        f"device is {str(wanted)!r}, and torch finds {count} devices of type {wanted.type!r} here. A batch "
        f"can only be moved to a device that this process sees. {remedy}."
    )

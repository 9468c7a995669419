"""The rules for a loader's arguments (lesson 10).

The same combinations are refused as by torch's loader, with the same kinds of exception.
"""

import multiprocessing
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.context import BaseContext
from numbers import Integral, Real
from typing import Any

import torch

from course_lib.errors import AssertionValueError
from course_lib.loader.progress import Progress
from course_lib.platform import available_cores


def check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    """Check what describes the workers.

    Raises:
        TypeError: a number is no number.
        ValueError: a number is out of range, or an argument needs workers and there are none.
    """
    _require(isinstance(num_workers, Integral), f"num_workers is {num_workers!r}. It must be an int.")
    _require(isinstance(timeout, Real), f"timeout is {timeout!r}. It must be a number of seconds.")
    if num_workers < 0:
        raise ValueError(
            f"num_workers is {num_workers}. num_workers option should be non-negative; "
            "use num_workers=0 to disable multiprocessing."
        )
    if not timeout >= 0:
        raise ValueError(
            f"timeout is {timeout}. timeout option should be non-negative: seconds to wait for a batch, "
            "where 0 means to wait as long as it takes."
        )
    if prefetch_factor is not None:
        _check_prefetch_factor(prefetch_factor, num_workers)
    if persistent_workers and num_workers == 0:
        raise ValueError(
            "persistent_workers is True and num_workers is 0. persistent_workers option needs num_workers "
            "> 0: give some workers, or leave persistent_workers out."
        )


def _check_prefetch_factor(prefetch_factor: int, num_workers: int) -> None:
    is_whole = isinstance(prefetch_factor, Integral)
    _require(is_whole, f"prefetch_factor is {prefetch_factor!r}. It must be an int.")
    if num_workers == 0:
        raise ValueError(
            f"prefetch_factor is {prefetch_factor} and num_workers is 0. prefetch_factor option could only "
            "be specified in multiprocessing. Let num_workers > 0 to enable multiprocessing, otherwise "
            "set prefetch_factor to None."
        )
    if prefetch_factor < 0:
        raise ValueError(
            f"prefetch_factor is {prefetch_factor}. prefetch_factor option should be non-negative: it "
            "counts the batches that each worker loads ahead. Give 1 or more."
        )
    if prefetch_factor == 0:
        raise AssertionValueError(
            "prefetch_factor is 0, so that no batch would ever be ordered. prefetch_factor must be "
            "greater than 0: it counts the batches that each worker loads ahead. Give 1 or more."
        )


def check_stream(shuffle: bool | None, sampler: Any, batch_sampler: Any) -> None:
    """Check that nothing asks for an order of an iterable dataset: it has its own.

    Raises:
        ValueError: `shuffle`, a sampler or a batch sampler was given.
    """
    rule = "A stream decides its own order. Leave it out; shuffle inside the dataset."
    if shuffle not in {False, None}:
        raise ValueError(
            "DataLoader with IterableDataset: expected unspecified shuffle option, but got "
            f"shuffle={shuffle}. {rule}"
        )
    for name, value in {"sampler": sampler, "batch_sampler": batch_sampler}.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                f"{name}={value}. {rule}"
            )


def check_order(
    batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Check that only one argument decides which samples make a batch.

    Raises:
        ValueError: two arguments exclude each other.
    """
    if sampler is not None and shuffle:
        raise ValueError(
            f"Both a sampler ({type(sampler).__name__}) and shuffle=True were given. sampler option is "
            "mutually exclusive with shuffle: each sets the order. Leave one out."
        )
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            f"A batch_sampler came with batch_size={batch_size}, shuffle={shuffle}, sampler={sampler}, "
            f"drop_last={drop_last}. batch_sampler option is mutually exclusive with batch_size, shuffle, "
            "sampler, and drop_last: it makes the batches alone. Leave the others out."
        )
    if batch_size is None and batch_sampler is None and drop_last:
        raise ValueError(
            "batch_size is None and drop_last is True. batch_size=None option disables auto-batching and is "
            "mutually exclusive with drop_last: without batches no batch is short. Leave drop_last out."
        )


def check_objects(
    dataset: Any, streaming: bool, functions: dict[str, Callable[..., Any] | None], generator: Any
) -> None:
    """Check that the dataset can be read, functions can be called and the generator is torch's.

    Raises:
        TypeError: one of them is something else.
    """
    _require(
        streaming or hasattr(dataset, "__getitem__") or hasattr(dataset, "__getitems__"),
        f"dataset is a {type(dataset).__name__}, which has no __getitem__ and is no IterableDataset. A "
        "loader reads dataset[index] or iterates. Add __getitem__ and __len__, or make it a subclass of "
        "IterableDataset.",
    )
    for name, function in functions.items():
        _require(
            function is None or callable(function),
            f"{name} is {function!r}. It must be a function: give its name without calling it, or None.",
        )
    _require(
        generator is None or isinstance(generator, torch.Generator),
        f"generator is {generator!r}. It must be a torch.Generator, say torch.Generator().manual_seed(0).",
    )


def check_worker_type(worker_type: str, context: Any) -> None:
    """Check `worker_type`, and that no start method is given for threads.

    Raises:
        ValueError: it is neither "process" nor "thread", or threads are to be started as processes are.
    """
    if worker_type not in ("process", "thread"):
        raise ValueError(
            f"worker_type is {worker_type!r}. Workers are processes or threads. Pass 'process' or 'thread'."
        )
    if worker_type == "thread" and context is not None:
        raise ValueError(
            f"worker_type='thread' and multiprocessing_context={context!r} exclude each other: a context "
            "says how processes are started. Leave multiprocessing_context out."
        )


def read_state(state: Any, fingerprint: Mapping[str, Any]) -> Progress:
    """Read a state that a loader with the same arguments has saved.

    Args:
        state: what was given to `load_state_dict`.
        fingerprint: by name, what must be the same.

    Raises:
        ValueError: it is no such state.
    """
    try:
        progress, saved = Progress.from_dict(state), dict(state["_arguments"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"load_state_dict got {_shorten(state)}, which is no state of a DataLoader of this library, or "
            f"lacks a part of it: {error}. Pass what state_dict() has returned."
        ) from error
    for name, value in fingerprint.items():
        if saved.get(name) != value:
            raise ValueError(
                f"The state was saved by a loader with {name}={saved.get(name)!r}, this one has {value!r}. "
                "Which samples are left depends on it. Make the loader, and its dataset, as they were."
            )
    return progress


def _shorten(value: Any) -> str:
    return text if len(text := repr(value)) <= 60 else f"{text[:57]}…"


def resolve_context(context: str | BaseContext | None, num_workers: int) -> BaseContext | None:
    """Return the context that starts worker processes; None stands for the system's default.

    Args:
        context: `"fork"`, `"forkserver"`, `"spawn"`, a context object, or None.
        num_workers: without workers there is nothing to start.

    Raises:
        ValueError: unknown name, or no workers.
        TypeError: neither name nor context.
    """
    if context is None:
        return None
    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            f"num_workers={num_workers}. Give some workers, or leave multiprocessing_context out."
        )
    if isinstance(context, str):
        methods = multiprocessing.get_all_start_methods()
        if context not in methods:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {methods!r}, but got "
                f"multiprocessing_context={context!r}. Give one of these, or None for the system's default."
            )
        return multiprocessing.get_context(context)
    if not isinstance(context, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the "
            f"start method, but got multiprocessing_context={context!r}. Use "
            "multiprocessing.get_context('spawn'), say."
        )
    return context


def warn_about_many_workers(num_workers: int) -> None:
    """Warn if there are more workers than cores that this process may use."""
    cores = available_cores()
    if num_workers > cores:
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes in total. Our suggested max "
            f"number of worker in current system is {cores}, which is smaller than what this DataLoader is "
            "going to create. And excessive worker creation might get DataLoader running slow or even "
            "freeze: more workers than cores help only where they wait for a disk or a network.",
            stacklevel=4,
        )


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise TypeError(message)

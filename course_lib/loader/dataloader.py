"""The loader: a dataset, an order and a way to fetch, put together (lesson 10; its workers in lesson 11).

What happens in `for batch in loader`: the sampler says which indices come next, the batch sampler groups
them, a fetcher reads these samples from the dataset, the collate function makes one batch of them.
"""

import copy
import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import repeat
from math import ceil
from multiprocessing.context import BaseContext
from typing import Any, Generic, Literal, TypeVar

import torch
from torch.utils.data import Dataset, IterableDataset

from course_lib.collate import default_collate, default_convert
from course_lib.datasets.base import known_length
from course_lib.datasets.position import Position
from course_lib.errors import AssertionValueError
from course_lib.loader import arguments
from course_lib.loader.fetch import Fetcher, make_fetcher
from course_lib.loader.iterator import LoaderIterator
from course_lib.loader.parallel import ParallelIterator
from course_lib.loader.pool import ProcessPool, WorkerPool
from course_lib.loader.progress import Progress, read_randomness, restore_randomness
from course_lib.loader.serial import SerialIterator
from course_lib.loader.threads import ThreadPool
from course_lib.loader.workers import Role
from course_lib.samplers.batching import BatchSampler
from course_lib.samplers.order import RandomSampler, SequentialSampler

SampleT = TypeVar("SampleT", covariant=True)

_FIXED = frozenset({"dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "persistent_workers"})


class DataLoader(Generic[SampleT]):
    """Iterate over a dataset in batches, in this process or with worker processes (lesson 10).

    It has the signature and the rules of `torch.utils.data.DataLoader`, and gives the same batches for the
    same generator. Beyond torch, datasets and functions that are defined in a notebook work under every start
    method, exceptions of workers keep arguments and attributes, and it shuffles under any default device.

    Args:
        dataset: anything with `__getitem__` and `__len__` (and `__getitems__`, to read a batch at once), or
            an `IterableDataset`.
        batch_size: samples per batch; None passes samples through one by one.
        shuffle: a new random order in every epoch; default False.
        sampler: an iterable of indices, instead of `shuffle`.
        batch_sampler: an iterable of lists of indices, instead of `batch_size`, `shuffle`, `sampler`,
            `drop_last`.
        num_workers: number of worker processes; 0 loads in this process.
        collate_fn: makes a batch of a list of samples; by default `default_collate`, or `default_convert` of
            each single sample with `batch_size=None`.
        pin_memory: copy batches into page-locked memory, from which a GPU copies faster; no effect without a
            GPU.
        drop_last: leave out the last batch if it is short.
        timeout: seconds to wait for a worker's batch; 0 waits without limit.
        worker_init_fn: called with its number in every worker, after seeding.
        multiprocessing_context: `"fork"`, `"forkserver"`, `"spawn"` or a context object; None takes the
            default.
        generator: gives the order of `shuffle` and the seeds of the workers; None takes torch's global one.
        prefetch_factor: batches that each worker loads ahead; None means 2 with workers.
        persistent_workers: keep the workers, and their copies of the dataset, from epoch to epoch.
        pin_memory_device: out of use; the current accelerator is taken.
        in_order: with False, batches come as they get ready, which harms reproducibility.
        worker_type: `"process"`, or `"thread"` for workers that share this process and its dataset: they
            start at once and help where loading waits rather than computes in Python. A stream must ask
            `course_lib.get_worker_info()` for its part then: torch's own function does not know threads.

    Raises:
        ValueError: arguments out of range, or arguments that exclude each other.
        TypeError: arguments of the wrong kind.
    """

    dataset: Dataset[SampleT]
    batch_size: int | None
    # What loaders that decide for themselves change (`course_lib/policies`).
    _serial_iterator: type[SerialIterator] = SerialIterator
    _parallel_iterator: type[ParallelIterator] = ParallelIterator
    _initialized = False

    def __init__(
        self,
        dataset: Dataset[SampleT],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: str | BaseContext | None = None,
        generator: torch.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        worker_type: Literal["process", "thread"] = "process",
    ) -> None:
        streaming = isinstance(dataset, IterableDataset)
        functions = {"collate_fn": collate_fn, "worker_init_fn": worker_init_fn}
        arguments.check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        arguments.check_objects(dataset, streaming, functions, generator)
        if streaming:
            arguments.check_stream(shuffle, sampler, batch_sampler)
        arguments.check_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        arguments.check_worker_type(worker_type, multiprocessing_context)

        if sampler is None:
            is_unused = streaming or (batch_sampler is not None and not hasattr(dataset, "__len__"))
            sampler = _default_sampler(dataset, is_unused, bool(shuffle), generator)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = prefetch_factor
        self.persistent_workers = persistent_workers
        self.pin_memory_device = pin_memory_device
        self.in_order = in_order
        self.worker_type = worker_type
        self._streaming = streaming
        self._declared_samples: int | None = None
        self._iterator: ParallelIterator | None = None
        self._progress: Progress | None = None  # of the latest pass
        self._loaded: Progress | None = None  # what the next pass goes on with
        self._initialized = True
        self.check_worker_number_rationality()

    def __iter__(self) -> LoaderIterator:
        iterator = self._begin_pass()
        self._loaded = None  # Not before: a pass that could not begin can be tried again.
        return iterator

    def _begin_pass(self) -> LoaderIterator:
        if self.num_workers == 0:
            self._refuse_timeout()
            return self._serial_iterator(self)
        if self._iterator is not None and self._iterator.usable:
            self._iterator.restart(self)
            return self._iterator
        self.check_worker_number_rationality()
        iterator = self._parallel_iterator(self)
        self._iterator = iterator if self.persistent_workers else None
        return iterator

    def __len__(self) -> int:
        """Return the number of batches.

        For an iterable dataset it follows from what its `__len__` declares, and the loader warns if more
        comes.
        """
        if not self._streaming:
            return len(self._index_sampler)  # type: ignore[arg-type]
        self._declared_samples = len(self.dataset)  # type: ignore[arg-type]
        batches = self._declared_samples / (self.batch_size or 1)
        return int(batches) if self.drop_last else ceil(batches)

    def state_dict(self) -> dict[str, Any]:
        """Return how far the latest pass has come, for `load_state_dict`.

        The pass may be going on, in this process or with workers, and may have been left by `break`. The
        state holds numbers and tensors only: no samples, and nothing of the model.

        Raises:
            RuntimeError: a stream cannot tell its place, or worker threads share one.
        """
        progress = self._loaded or self._progress
        if progress is None or progress.is_finished:
            progress = replace(progress or Progress({}), randomness=read_randomness(self))
        # A copy, because a stream's own state may go on changing.
        return copy.deepcopy({**progress.to_dict(), "_arguments": self._fingerprint()})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass yield exactly what the pass of `state` had yet to yield, in the same order.

        Augmentation is no part of it: random numbers that samples draw are new ones. Generators of torch's
        are found in the loader, its samplers and the samplers that these hold. A sampler that draws from
        others, or from the global one in mid-pass, must bring its own `state_dict` and `load_state_dict`,
        which say how a pass began. A stream or its iterator may bring them to say where it is.

        Args:
            state: from `state_dict` of a loader with the same dataset and the same arguments.

        Raises:
            ValueError: the arguments differ from those of the state's loader, or it is no such state.
        """
        self._loaded = arguments.read_state(state, self._fingerprint())
        if self._loaded.is_finished:
            restore_randomness(self, self._loaded.randomness)
        self._iterator = None  # Workers of an earlier pass have other seeds.

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_iterator": None}  # Workers stay with the loader that has started them.

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized: samplers "
                f"and workers were made from it. Make a new loader with the other {name}."
            )
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self) -> BaseContext | None:
        """How worker processes are started; None for the system's default."""
        return self._multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: str | BaseContext | None) -> None:
        self._multiprocessing_context = arguments.resolve_context(context, self.num_workers)

    def check_worker_number_rationality(self) -> None:
        """Warn if there are more workers than cores that this process may use."""
        if self.worker_type == "process":
            arguments.warn_about_many_workers(self.num_workers)

    @property
    def _index_sampler(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _fingerprint(self) -> dict[str, Any]:
        """Return what must not change between saving a state and loading it."""
        return {
            "batch_size": getattr(self.batch_sampler, "batch_size", self.batch_size),
            "drop_last": self.drop_last,
            # The parts of a stream depend on who reads it; indices do not.
            "num_workers": self.num_workers if self._streaming else None,
            "samples": None if self._streaming else known_length(self.dataset),
            "sampler": type(self.sampler).__name__,
            "batch_sampler": type(self.batch_sampler).__name__,
            "generator": None if self.generator is None else "given",
        }

    @property
    def _keeps_dataset(self) -> bool:
        """Whether one pass reads the same object as the next, and not a new copy of it."""
        return self.num_workers == 0 or self.persistent_workers or self.worker_type == "thread"

    def _refuse_timeout(self) -> None:
        if self.timeout:
            raise AssertionValueError(
                f"timeout is {self.timeout} and num_workers is 0. Only a worker can be waited for: loading "
                "in this process requires timeout == 0. Leave timeout out, or give some workers."
            )

    def _make_fetcher(self, start: Position | None) -> Fetcher:
        return make_fetcher(
            self.dataset,
            start=start,
            streaming=self._streaming,
            batched=self.batch_sampler is not None,
            collate_fn=self.collate_fn,
            drop_last=self.drop_last,
        )

    def _make_pool(self, base_seed: int) -> WorkerPool:
        batched = self.batch_sampler is not None
        common = (self.num_workers, base_seed, self._streaming, batched, self.drop_last, self.worker_type)
        roles = [Role(worker_id, *common) for worker_id in range(self.num_workers)]
        names = ("dataset", "collate_fn", "worker_init_fn")
        contents = {name: getattr(self, name) for name in names}
        if self.worker_type == "thread":
            return ThreadPool(roles, contents)
        context = self.multiprocessing_context or multiprocessing.get_context()
        # For what a worker fills ahead, as much of a pass that was left, and what a consumer holds meanwhile.
        return ProcessPool(context, roles, contents, slots=2 * (self.prefetch_factor or 1) + 2)


def _default_sampler(
    dataset: Any, is_unused: bool, shuffle: bool, generator: torch.Generator | None
) -> Iterable[Any]:
    if is_unused:
        return repeat(None)  # A stream needs no indices: each stands for "one more sample".
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)

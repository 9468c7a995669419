"""A loader that chooses its batch size while it runs (lessons 16 and 19)."""

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch.utils.data import Dataset

from course_lib.loader.dataloader import DataLoader
from course_lib.policies.adaptive_pass import AdaptivePass
from course_lib.policies.adaptive_target import Target, check_bounds, choose_policy
from course_lib.policies.batch_record import BatchRecord
from course_lib.policies.cutting import ResizableBatchSampler
from course_lib.policies.loader_arguments import check_loader_arguments, check_map_style
from course_lib.policies.memory_guard import MemoryGuard
from course_lib.policies.memory_probe import MemoryProbe, memory_of_this_process
from course_lib.policies.sizing import BatchSizer
from course_lib.samplers.order import RandomSampler, SequentialSampler

SampleT = TypeVar("SampleT", covariant=True)

_REFUSED = {
    "batch_size": "It chooses the size itself: give initial_batch_size, min_batch_size and max_batch_size.",
    "batch_sampler": "It cuts the batches itself: give a sampler, which decides on the order only.",
    "in_order": "It has to know which batch it hands out, so they come in order. Leave in_order out.",
}


class AdaptiveBatchDataLoader(DataLoader[SampleT]):
    """Load every sample once in an epoch, in batches whose size adapts within the epoch (lesson 19).

    What is timed: `loading_seconds` from the moment a batch is asked for until it is handed out, and
    `step_seconds` from then until the next one is asked for. The first is the loader's, the second the
    consumer's; the time between two passes is neither. Throughput is the samples of the whole loop, through
    both. With workers, loading goes on during the step, and `loading_seconds` is only what the loop still
    waits.

    Workers load ahead: a new size comes into force after the batches that were ordered before,
    `num_workers * prefetch_factor` of them. Without workers the very next batch has it.

    A batch that runs out of memory while it is loaded comes again in halves. For one that does so in your
    step, catch the error and call `observe_out_of_memory()`. Either way all later batches are at most half
    as large, and no sample is lost.

    Args:
        dataset: n samples, map-style.
        initial_batch_size: the first size.
        min_batch_size: the smallest size allowed.
        max_batch_size: the largest size allowed.
        target: what the size is chosen for.
            "throughput": the most samples per second (`ThroughputSearch`).
            "convergence": small at first, twice as large whenever the loss you `observe` has stopped falling
            (`GrowthOnPlateau`). It only grows.
            A number of bytes: as large as fits (`MemoryFilling`); it stands for `memory_limit` as well.
            An object with the method `choose` of `SizePolicy`: your own rule.
        shuffle: a new random order in every epoch.
        sampler: an iterable of indices, instead of `shuffle`.
        drop_last: leave out a last batch that is shorter than its size.
        generator: gives the order and the seeds of the workers; None takes torch's global one.
        memory_limit: bytes. A measurement above it halves the batch, and so large a size is not tried again.
            Where halving has not helped, a warning says so, and the batch stays as it is.
        memory_in_use: returns the bytes that count for the limit. By default all of this process and its
            workers. For a GPU give a function that reads `torch.cuda.max_memory_allocated()` and then calls
            `torch.cuda.reset_peak_memory_stats()`. It is asked at the end of steps: at the first batches of
            each size, and then so seldom that it takes a twentieth of the time.
        clock: returns seconds; another than `time.perf_counter` makes every decision reproducible.
        loader_arguments: any other argument of `DataLoader`, except `batch_size`, `batch_sampler` and
            `in_order`.

    Attributes:
        history: a `BatchRecord` for each batch whose step has ended. A batch at which a pass was left by
            `break` has none. `plot_batch_sizes(loader.history)` draws it.

    Raises:
        ValueError: a number is out of its range, the target is unknown, or the dataset is empty.
        TypeError: the dataset is a stream, or an argument is of the wrong kind or not taken.
    """

    batch_sampler: ResizableBatchSampler

    def __init__(
        self,
        dataset: Dataset[SampleT],
        initial_batch_size: int = 32,
        min_batch_size: int = 1,
        max_batch_size: int = 256,
        target: Target = "throughput",
        *,
        shuffle: bool = False,
        sampler: Iterable[Any] | None = None,
        drop_last: bool = False,
        generator: torch.Generator | None = None,
        memory_limit: int | None = None,
        memory_in_use: Callable[[], int] = memory_of_this_process,
        clock: Callable[[], float] = time.perf_counter,
        **loader_arguments: Any,
    ) -> None:
        owner = type(self).__name__
        check_loader_arguments(owner, loader_arguments, _REFUSED)
        check_map_style(owner, dataset)
        check_bounds(initial_batch_size, min_batch_size, max_batch_size)
        policy, limit = choose_policy(
            target, memory_limit, memory_in_use, loader_arguments.get("num_workers", 0)
        )
        if sampler is not None and shuffle:
            raise ValueError(
                f"Both a sampler ({type(sampler).__name__}) and shuffle=True were given. Each sets the "
                "order. Leave one out."
            )
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)  # type: ignore[arg-type]
        bounds = initial_batch_size, min_batch_size, max_batch_size
        guard = MemoryGuard(limit, MemoryProbe(memory_in_use, clock))
        self.sizer = BatchSizer(*bounds, policy, guard, clock)
        self._passes = 0
        batch_sampler = ResizableBatchSampler(sampler, self.sizer.present_size, drop_last)
        super().__init__(dataset, batch_sampler=batch_sampler, generator=generator, **loader_arguments)

    @property
    def current_batch_size(self) -> int:
        """The size of the next batch to be cut."""
        return self.sizer.size

    @property
    def memory_limit(self) -> int | None:
        """The limit of memory in bytes, if there is one."""
        return self.sizer.guard.limit

    @property
    def history(self) -> list[BatchRecord]:
        """One record for each batch whose step has ended."""
        return self.sizer.history

    def __iter__(self) -> AdaptivePass:  # type: ignore[override]
        if self._loaded is None:
            self.sizer.again.clear()  # What an unfinished pass would have loaded again.
        inner = super().__iter__()
        cut, epoch = self.batch_sampler.latest, self._passes
        self._passes += 1
        if cut is None:
            raise RuntimeError("The pass began without asking its batch sampler for batches.")
        return AdaptivePass(self, inner, cut, epoch)

    def __len__(self) -> int:
        """Return how many batches an epoch has if the size stays what it is now.

        It is an estimate, good for a progress bar. How many batches come is known when the epoch has ended.
        `len()` of the iterator counts those it has given, and estimates the rest. A trainer that stops after
        `len()` batches, as Lightning's does, would leave samples out when the size shrinks: give it an object
        that has only `__iter__`, returning `iter(loader)`.
        """
        return len(self.batch_sampler)

    def observe(self, loss: Any) -> None:
        """Tell the loss of the latest batch: for the target "convergence", and for the history.

        Args:
            loss: a finite number, or a tensor with one element. (A tensor on a GPU is waited for.)

        Raises:
            ValueError: it is NaN or infinite.
            TypeError: it is no single number.
        """
        self.sizer.observe(loss)

    def observe_out_of_memory(self) -> None:
        """Tell that the latest batch was too large for your step: it comes again in halves, and at once.

        Call it where you caught `MemoryError` or `torch.OutOfMemoryError`, with that batch's gradients set
        back. It belongs right after the batch: behind a wrapper that asks for batches ahead of you, the
        latest one is another.

        Raises:
            RuntimeError: there is no such batch, or it has the smallest size already.
        """
        handed, self.sizer.handed = self.sizer.handed, None
        if handed is None:
            raise RuntimeError(
                "observe_out_of_memory() was called and there is no batch to take back. It takes back the "
                "latest batch, once. Call it in the loop, after the batch that did not fit."
            )
        if not self.sizer.take_back(handed):
            raise RuntimeError(
                f"A batch of {len(handed)} does not fit into memory, and min_batch_size is {self.sizer.low}. "
                "Halves would be smaller than allowed. Lower min_batch_size, or give the model less to hold."
            )

    def state_dict(self) -> dict[str, Any]:
        """Return how far the latest pass has come, and the batch size; see `DataLoader.state_dict`."""
        state = super().state_dict()
        latest, sizes = self.batch_sampler.latest, self.batch_sampler.replay
        if self._loaded is None and latest is not None and not state["_iterator_finished"]:
            sizes = latest.sizes
        again = [[int(index) for index in part] for part in self.sizer.again]
        bounds = {"size": self.sizer.size, "high": self.sizer.high}
        return {**state, "_batch_sizes": list(sizes), "_again": again, "_bounds": bounds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass yield what the pass of `state` had yet to yield; see `DataLoader`.

        Batches that were ordered in the pass keep their sizes. What the policy has measured is not kept.
        """
        super().load_state_dict(state)
        self.batch_sampler.replay = list(state["_batch_sizes"])
        self.sizer.restore(state["_again"], **state["_bounds"])

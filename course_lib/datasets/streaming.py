"""Streams of samples that are too many to count (lesson 07).

    source --> shard --> shuffle buffer --> loader
               (my part)  (bounded)

A stream cannot be shuffled as a whole: nobody has all of it. A shuffle buffer holds some elements, yields one
of them at random and puts the next of the stream in its place. The larger it is, the better the mix: an
element can come as late as chance has it, but never more than `buffer_size - 1` places early.
"""

import io
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.data import ChainDataset as TorchChainDataset

from course_lib.datasets.base import IterableDataset
from course_lib.datasets.compose import ChainDataset
from course_lib.datasets.generators import pack_generator, unpack_generator
from course_lib.datasets.sharding import Shard, find_rank, shard_of_worker
from course_lib.datasets.transform import check_bool
from course_lib.samplers.draws import new_seed
from course_lib.samplers.order import check_generator, check_positive
from course_lib.worker_info import get_worker_info, worker_id

SampleT = TypeVar("SampleT")
_ONE_AT_A_TIME = threading.Lock()  # workers that are threads begin their passes side by side
Source = Iterable[SampleT] | Callable[[], Iterable[SampleT]]


class StreamingDataset(IterableDataset[SampleT]):
    """Stream the samples of a source, each once over all workers and ranks (lesson 07).

    Every worker reads the whole source and keeps its own part, so the source must yield the same elements in
    the same order each time. The parts of ranks differ by one element at most; where a training must take
    equally many steps in each rank, stop all at the shortest. If the source raises, all that came before is
    yielded first.

    Args:
        source: a function without arguments that opens the stream and returns an iterable of it; or an
            iterable, such as a list. A generator can be read only once, and not by worker processes that are
            spawned: pass the function that makes it. No other StreamingDataset.
        buffer_size: how many elements the shuffle buffer holds.
        shuffle: pass the elements through the shuffle buffer. Without it none are held back.
        generator: the source of randomness; torch's global generator if None. It is drawn from once, when the
            first pass begins. Each pass has an order of its own. In a worker the worker's seed joins in,
            because each epoch may start with fresh copies of this dataset.
        rank, num_replicas: which of how many training processes this is; None finds it out when the dataset
            is made, from `torch.distributed` or `torchrun`.

    Raises:
        TypeError: if `source` is neither, or a text, or shares its samples out itself, `shuffle` is no bool
            or `generator` is of another kind; when a pass begins, if the source was a generator and has been
            read, or is an open file and there are several workers.
        ValueError: if `buffer_size` is no positive integer, or the rank cannot be.
    """

    def __init__(
        self,
        source: Source[SampleT],
        buffer_size: int = 1000,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
        rank: int | None = None,
        num_replicas: int | None = None,
    ) -> None:
        _check_kind(source)
        if not callable(source) and not hasattr(source, "__iter__"):
            raise TypeError(
                f"StreamingDataset got {source!r} as source. It reads its samples by iterating. Pass a "
                "function that returns an iterable, or a list."
            )
        check_positive("buffer_size", buffer_size, "A shuffle buffer holds at least one element")
        check_bool("shuffle", shuffle)
        check_generator(generator)
        self.source = source
        self.buffer_size = buffer_size
        self.shuffle = shuffle
        self.generator = generator
        self.rank, self.num_replicas = find_rank(rank, num_replicas)
        self._seed: int | None = None
        self._passes: Counter[int | None] = Counter()  # by worker: threads share this object
        self._current: StreamPass[SampleT] | None = None
        self._resumed: dict[str, Any] | None = None
        self._source_is_read = False

    def __iter__(self) -> "StreamPass[SampleT]":
        """Begin a pass over this worker's part; after `load_state_dict`, go on where that one was."""
        state, self._resumed = self._resumed or self._fresh_state(), None
        self._current = StreamPass(self._open, state, shard_of_worker(self.rank, self.num_replicas))
        return self._current

    def state_dict(self) -> dict[str, Any]:
        """Say in plain numbers how far the latest pass has come, for `load_state_dict`."""
        state = self._current.state_dict() if self._current is not None else self._resumed
        return dict(state or {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass yield exactly what the one that made `state` had yet to yield.

        The source is read from its beginning again, up to where the pass was: a buffer's content is no part
        of the state. Passes after that one are those that would have followed it, too.

        Args:
            state: from `state_dict` of a dataset with the same source, buffer, shuffling and shards.

        Raises:
            ValueError: if the arguments of the two datasets differ; when the pass begins, if the shards do.
        """
        for name in ("shuffle", "buffer_size"):
            if name in state and state[name] != getattr(self, name):
                raise ValueError(
                    f"The state was saved with {name}={state[name]!r}, this StreamingDataset has "
                    f"{getattr(self, name)!r}. The order depends on it. Make the dataset as it was."
                )
        if not state:
            return  # nothing had begun
        self._resumed, self._current = dict(state), None
        self._seed = state["base_seed"]
        self._passes[worker_id()] = state["pass"] + 1

    def __getstate__(self) -> dict[str, Any]:
        if isinstance(self.source, Iterator):
            raise TypeError(
                f"StreamingDataset holds a {type(self.source).__name__}, which cannot be sent to another "
                "process. A function can. Pass the function that opens the stream instead of what it returns."
            )
        return pack_generator({**vars(self), "_current": None})

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(unpack_generator(state))

    def _fresh_state(self) -> dict[str, Any]:
        worker = get_worker_info()
        with _ONE_AT_A_TIME:
            number = self._passes[worker_id()]
            self._passes[worker_id()] += 1
            # A worker without a generator has its own seed, and needs none of the program's.
            if self._seed is None and self.shuffle and (worker is None or self.generator is not None):
                self._seed = new_seed(self.generator)
        return {
            "shuffle": self.shuffle,
            "buffer_size": self.buffer_size,
            "base_seed": self._seed,
            "worker_seed": None if worker is None else worker.seed,
            "pass": number,
            "yielded": 0,
        }

    def _open(self) -> Iterator[SampleT]:
        if not isinstance(self.source, Iterator):
            # A class is called; an object that is iterable needs no call.
            opens = isinstance(self.source, type) or not hasattr(self.source, "__iter__")
            stream: Any = self.source() if opens else self.source  # type: ignore[operator]
            _check_kind(stream)
            return iter(stream)
        worker = get_worker_info()
        if isinstance(self.source, io.IOBase) and worker is not None and worker.num_workers > 1:
            raise TypeError(
                "The source of this StreamingDataset is an open file, and several workers read from it: they "
                "share its place, so each would get some of the bytes. Pass a function that opens the file."
            )
        if self._source_is_read:
            raise TypeError(
                f"The source of this StreamingDataset is a {type(self.source).__name__}, and it has been "
                "read. It has only one pass in it. Pass the function that makes it, to open it for each pass."
            )
        self._source_is_read = True
        return self.source


class StreamPass(Iterator[SampleT]):
    """One pass over one shard of a stream: an iterator that knows how far it has come."""

    def __init__(
        self, open_source: Callable[[], Iterator[SampleT]], state: dict[str, Any], shard: Shard
    ) -> None:
        if state.get("shard", [shard.index, shard.count]) != [shard.index, shard.count]:
            raise ValueError(
                f"The state is that of shard {state['shard'][0]} of {state['shard'][1]}, and this is shard "
                f"{shard.index} of {shard.count}. A pass goes on only in the same part of the stream. Use as "
                "many workers and ranks as before."
            )
        self._state = {**state, "shard": [shard.index, shard.count]}
        elements = islice(open_source(), shard.index, None, shard.count)
        shuffled = (
            shuffle_buffer(elements, state["buffer_size"], self._seed()) if state["shuffle"] else elements
        )
        self._samples = islice(shuffled, state["yielded"], None)

    def __next__(self) -> SampleT:
        sample = next(self._samples)
        self._state["yielded"] += 1
        return sample

    def state_dict(self) -> dict[str, Any]:
        """Say in plain numbers how far this pass has come."""
        return dict(self._state)

    def _seed(self) -> int:
        entropy = [self._state[name] or 0 for name in ("base_seed", "worker_seed", "pass")]
        return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])


def shuffle_buffer(elements: Iterable[SampleT], buffer_size: int, seed: int) -> Iterator[SampleT]:
    """Yield every element once, in an order mixed within the bounds of a buffer.

    Args:
        elements: the stream, read one by one as needed.
        buffer_size: how many elements are held at any time.
        seed: the same seed gives the same order.

    Raises:
        Exception: what the stream raises, when all that came before has been yielded: none of it is lost.
    """
    errors: list[Exception] = []
    stream, draw = _until_error(elements, errors), random.Random(seed).random
    buffer = list(islice(stream, buffer_size))
    for element in stream:
        place = int(draw() * len(buffer))
        chosen, buffer[place] = buffer[place], element
        yield chosen
    while buffer:
        place = int(draw() * len(buffer))
        buffer[place], buffer[-1] = buffer[-1], buffer[place]
        yield buffer.pop()
    for error in errors:
        raise error


def _check_kind(source: Any) -> None:
    """Refuse what can be iterated over and is no stream of samples."""
    if isinstance(source, str | bytes):
        raise TypeError(
            f"StreamingDataset got one {type(source).__name__} as source, {source[:60]!r}. It yields its "
            "characters. Pass a function that opens the stream, such as lambda: open(path), or a list."
        )
    if isinstance(source, ChainDataset | TorchChainDataset):
        for part in source.datasets:
            _check_kind(part)
    if isinstance(source, StreamingDataset):
        raise TypeError(
            "The source of a StreamingDataset is itself a StreamingDataset, or a chain of them. Each would "
            "share the samples out to workers and ranks, and most were lost. Shuffle in the inner ones."
        )


def _until_error(elements: Iterable[SampleT], errors: list[Exception]) -> Iterator[SampleT]:
    try:
        yield from elements
    except Exception as error:
        errors.append(error)

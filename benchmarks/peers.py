"""Other libraries that load data, on the float32 tensors, each written as its own documentation recommends.

Whichever is not installed is left out: `uv pip install torchdata spdl grain` installs them.
"""

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import TensorDataset as TorchTensorDataset
from torch.utils.data import default_collate

from benchmarks.measure import OURS, Workload, passes_over
from benchmarks.tensors import WORKERS, Tensors, images
from course_lib import DataLoader, TensorDataset

Batches = Callable[[], Iterable[Any]]
Peer = tuple[str, Callable[[Tensors, int], Batches]]

_BATCH_SIZE = 64
_MOST_ROUNDS = 5  # some of them take long


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the float32 tensors without and with workers; a small run leaves the latter out."""
    tensors = images(2_000 if small else 20_000, torch.float32)
    for workers in [0] if small else [0, 2]:
        yield against_peers(tensors, workers)


def against_peers(tensors: Tensors, workers: int, peers: Mapping[str, Peer] | None = None) -> Workload:
    """Shuffled batches of 64, in this process or with two workers.

    Args:
        tensors: images and labels.
        workers: the number of workers.
        peers: by name, the module to look for, and what returns how to begin an epoch; all peers if None.
    """
    arguments: dict[str, Any] = {"batch_size": _BATCH_SIZE, "shuffle": True, **(WORKERS if workers else {})}
    ours = DataLoader(TensorDataset(*tensors), **arguments)
    theirs = TorchLoader(TorchTensorDataset(*tensors), **arguments)
    contestants = {OURS: passes_over(lambda: ours), "torch": passes_over(lambda: theirs)}
    for name, (module, make) in (PEERS if peers is None else peers).items():
        if find_spec(module) is None:
            print(f"{name} is not installed and is left out.")
            continue
        contestants[name] = passes_over(_checked(make(tensors, workers), tensors))
    name = f"peers: {len(tensors[0]):,} × 1 × 28 × 28 float32, {workers} workers, batch {_BATCH_SIZE}"
    return Workload(name, contestants, {}, len(tensors[0]), most_rounds=_MOST_ROUNDS)


def stateful_loader(tensors: Tensors, workers: int) -> Batches:
    """Torchdata's `StatefulDataLoader`, which takes the place of torch's as it is."""
    from torchdata.stateful_dataloader import StatefulDataLoader

    arguments: dict[str, Any] = {"batch_size": _BATCH_SIZE, "shuffle": True, **(WORKERS if workers else {})}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls something of torch's that torch no longer likes
        loader = StatefulDataLoader(TorchTensorDataset(*tensors), **arguments)
    return lambda: loader


def spdl_pipeline(tensors: Tensors, workers: int) -> Batches:
    """SPDL's pipeline: threads that read samples, another that collates; one of each without workers."""
    from spdl.pipeline import PipelineBuilder

    dataset = TorchTensorDataset(*tensors)

    def read(indices: Sequence[int]) -> Any:
        return default_collate([dataset[index] for index in indices])

    def batches() -> Iterator[Any]:
        order = torch.split(torch.randperm(len(dataset)), _BATCH_SIZE)
        pipeline = (
            PipelineBuilder()
            .add_source(indices.tolist() for indices in order)
            .pipe(read, concurrency=workers or 1, output_order="input")
            .add_sink(3)
            .build(num_threads=workers or 1)
        )
        with pipeline.auto_stop():
            yield from pipeline.get_iterator()

    return batches


def grain_dataset(tensors: Tensors, workers: int) -> Batches:
    """Grain's chain of source, shuffle and batch, repeated without end: an epoch is a part of it."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    import grain

    chain = grain.MapDataset.source(_Rows(*tensors)).seed(0).shuffle().repeat().batch(_BATCH_SIZE)
    # No threads that read ahead: Grain advises against them where the data are in memory.
    stream: Any = chain.to_iter_dataset(grain.ReadOptions(num_threads=0, prefetch_buffer_size=0))
    if workers:
        stream = stream.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
    batches = iter(stream)  # its workers stay from epoch to epoch, as the other contestants' do
    return lambda: islice(batches, -(-len(tensors[0]) // _BATCH_SIZE))


class _Rows:
    """A source as grain wants it: NumPy arrays by index."""

    def __init__(self, pixels: torch.Tensor, labels: torch.Tensor) -> None:
        self.pixels, self.labels = pixels.numpy(), labels.numpy()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.pixels[index], self.labels[index]


PEERS: dict[str, Peer] = {
    "torchdata": ("torchdata", stateful_loader),
    "SPDL": ("spdl", spdl_pipeline),
    "grain": ("grain", grain_dataset),
}


def _checked(batches: Batches, tensors: Tensors) -> Batches:
    """Make sure that an epoch has all samples, and batches of the right shape."""
    shapes = [tuple(pixels.shape) for pixels, _ in batches()]
    expected = (_BATCH_SIZE, *tensors[0].shape[1:])
    if shapes[0] != expected or sum(shape[0] for shape in shapes) < len(tensors[0]):
        raise ValueError(
            f"A peer gives {len(shapes)} batches, the first of shape {shapes[0]}, not {expected}."
        )
    return batches

"""Rows of a memory-mapped file in random order, every byte of them read by the consumer."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset

from benchmarks.measure import OURS, Workload, passes_over
from benchmarks.opponents import identity
from benchmarks.same import check_equal
from benchmarks.tensors import WORKERS
from course_lib import DataLoader, MemoryMappedDataset

_SHAPE = (3, 64, 64)
_BATCH_SIZE = 128
# A process takes longer to read a page that it has not read before. The limit, which is one process, has read
# all after one pass; of two workers, each has read half of the rows then, and 15 of 16 after four.
_WARM_UP = 4


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workload, over a file in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        data, labels = Path(folder, "data"), Path(folder, "labels.npy")
        size = 1_024 if small else 8_192
        generator = np.random.default_rng(0)
        samples = ((generator.random(_SHAPE, np.float32), n % 10) for n in range(size))
        yield random_rows(MemoryMappedDataset.create(data, labels, samples))


class MappedRows(Dataset[Any]):
    """A dataset on a memory map as everyone writes it: one row at a time."""

    def __init__(self, data: Path, labels: Path) -> None:
        self.labels = np.load(labels)
        self.data = np.memmap(data, np.float32, "r", shape=(len(self.labels), *_SHAPE))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.from_numpy(self.data[index].copy()), int(self.labels[index])


class GatheredMappedRows(MappedRows):
    """The same by an expert's hand: a batch at a time."""

    def __getitems__(self, indices: list[int]) -> list[torch.Tensor]:
        """Return the whole batch, ready to be handed out."""
        return [torch.from_numpy(values.take(indices, axis=0)) for values in (self.data, self.labels)]


def random_rows(dataset: MemoryMappedDataset) -> Workload:
    """Shuffled batches with two persistent workers."""
    files = dataset.data_file, dataset.labels_file
    arguments: dict[str, Any] = {"batch_size": _BATCH_SIZE, "shuffle": True, **WORKERS}
    ours = DataLoader(dataset, **arguments)
    theirs = TorchLoader(MappedRows(*files), **arguments)
    expert = TorchLoader(GatheredMappedRows(*files), collate_fn=identity, **arguments)
    check_equal(ours, theirs, expert)
    plain = GatheredMappedRows(*files)
    contestants = {
        OURS: passes_over(lambda: ours, read_every_byte),
        "torch": passes_over(lambda: theirs, read_every_byte),
        "expert torch": passes_over(lambda: expert, read_every_byte),
        "limit": passes_over(lambda: _bare_rows(plain), read_every_byte),
    }
    name = f"memory map, {len(dataset):,} × 3 × 64 × 64 float32, 2 workers, batch {_BATCH_SIZE}"
    return Workload(name, contestants, {"torch": 4.0, "limit": 0.7}, len(dataset), warm_up=_WARM_UP)


def read_every_byte(batch: Any) -> None:
    """Add all values up: what a network does at least."""
    batch[0].sum()


def _bare_rows(rows: GatheredMappedRows) -> Iterator[list[torch.Tensor]]:
    for indices in torch.split(torch.randperm(len(rows)), _BATCH_SIZE):
        yield rows.__getitems__(indices.numpy())  # type: ignore[arg-type]

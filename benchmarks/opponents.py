"""What our loader is compared with: torch by an expert's hand, and the bare work."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset


class GatheredTensors(Dataset[Any]):
    """The dataset of somebody who knows torch's loader well: a batch is fetched by one gather per tensor."""

    def __init__(self, *tensors: torch.Tensor) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitems__(self, indices: list[int]) -> list[torch.Tensor]:
        """Return the whole batch, ready to be handed out."""
        rows = torch.tensor(indices)
        return [tensor.index_select(0, rows) for tensor in self.tensors]


class IndexedTensors(GatheredTensors):
    """The same as most people write it."""

    def __getitems__(self, indices: list[int]) -> list[torch.Tensor]:
        """Return the whole batch, ready to be handed out."""
        return [tensor[indices] for tensor in self.tensors]


def identity(batch: Any) -> Any:
    """Collate nothing: the dataset has done it."""
    return batch


def expert_loader(dataset: GatheredTensors, **arguments: Any) -> TorchLoader[Any]:
    """Return torch's loader over a dataset that fetches batches."""
    return TorchLoader(dataset, collate_fn=identity, **arguments)


def bare_gather(tensors: tuple[torch.Tensor, ...], batch_size: int) -> Iterator[list[torch.Tensor]]:
    """Yield shuffled batches with nothing but the gathers and the permutation they need."""
    for rows in torch.split(torch.randperm(len(tensors[0])), batch_size):
        yield [tensor.index_select(0, rows) for tensor in tensors]

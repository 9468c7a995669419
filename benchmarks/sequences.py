"""Sequences of integers of different lengths, padded."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset

from benchmarks.measure import OURS, Workload, passes_over
from benchmarks.same import check_equal
from course_lib import BucketBatchSampler, DataLoader, PackedSequences, pad_sequence_collate
from course_lib.datasets.packing import gather_windows

_SHORTEST, _LONGEST, _WORDS = 10, 200, 30_000
_BATCH_SIZE = 64


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workloads, all of them over the same sequences."""
    sequences = random_sequences(2_000 if small else 20_000)
    packed = PackedSequences(sequences)
    shuffled: dict[str, Any] = {"batch_size": _BATCH_SIZE, "shuffle": True}
    buckets = {"batch_sampler": BucketBatchSampler(packed.lengths, _BATCH_SIZE)}
    yield _against_torch(sequences, "lists", sequences, shuffled, 4.5)
    yield _against_torch(sequences, "packed", packed, shuffled, 20.0)
    yield _against_torch(sequences, "packed and bucketed", packed, buckets, 28.0)


def random_sequences(count: int) -> list[list[int]]:
    """Return lists of 10 to 200 word numbers, as a tokenizer gives them."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(_SHORTEST, _LONGEST + 1, (count,), generator=generator).tolist()
    return [torch.randint(1, _WORDS, (length,), generator=generator).tolist() for length in lengths]


class Sentences(Dataset[torch.Tensor]):
    """A dataset of sentences as everyone writes it."""

    def __init__(self, sentences: list[list[int]]) -> None:
        self.sentences = sentences

    def __len__(self) -> int:
        return len(self.sentences)

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.tensor(self.sentences[index])


class SentencesAsTensors(Sentences):
    """The same by an expert's hand: the tensors are made once, and a batch is fetched at once."""

    def __init__(self, sentences: list[list[int]]) -> None:
        self.tensors = [torch.tensor(sentence) for sentence in sentences]
        super().__init__(sentences)

    def __getitems__(self, indices: list[int]) -> list[torch.Tensor]:
        """Return the sentences of a batch."""
        return [self.tensors[index] for index in indices]


def pad(batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Pad a batch with torch's `pad_sequence`, and make what a network needs besides."""
    lengths = torch.tensor([len(sequence) for sequence in batch])
    padded = pad_sequence(batch, batch_first=True)
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    return {"sequences": padded, "attention_masks": mask, "lengths": lengths}


def _against_torch(
    sequences: list[list[int]], what: str, dataset: Any, order: dict[str, Any], floor: float
) -> Workload:
    shuffled: dict[str, Any] = {"batch_size": _BATCH_SIZE, "shuffle": True}
    theirs = TorchLoader(Sentences(sequences), collate_fn=pad, **shuffled)
    expert = TorchLoader(SentencesAsTensors(sequences), collate_fn=pad, **shuffled)
    # Buckets have an order of their own: what is compared is the same dataset in the same order.
    check_equal(DataLoader(dataset, collate_fn=pad_sequence_collate, **shuffled), theirs, expert)
    ours = DataLoader(dataset, collate_fn=pad_sequence_collate, **order)
    contestants = {
        OURS: passes_over(lambda: ours),
        "torch": passes_over(lambda: theirs),
        "expert torch": passes_over(lambda: expert),
    }
    if isinstance(dataset, PackedSequences):
        contestants["limit"] = passes_over(lambda: _bare_padding(dataset))
    name = f"{len(sequences):,} sequences of {_SHORTEST} to {_LONGEST}, padded, batch {_BATCH_SIZE}: {what}"
    return Workload(name, contestants, {"torch": floor}, len(sequences))


def _bare_padding(packed: PackedSequences) -> Iterator[list[torch.Tensor]]:
    """Yield shuffled batches with nothing but the gathers, the mask and the permutation they need."""
    values, offsets = packed.values.numpy(), packed.offsets.numpy()
    for rows in torch.split(torch.randperm(len(packed)), _BATCH_SIZE):
        starts, stops = offsets[rows.numpy()], offsets[rows.numpy() + 1]
        lengths = stops - starts
        padded = gather_windows(values, starts, int(lengths.max()))
        mask = np.arange(padded.shape[1], dtype=np.int32) < lengths.astype(np.int32)[:, None]
        padded[~mask] = 0
        yield [torch.from_numpy(array) for array in (padded, mask, lengths)]

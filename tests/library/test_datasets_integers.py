"""Samples lie at integers: a fraction is refused, and never cut off to the sample before it (lesson 02)."""

import numpy as np
import pytest
import torch

from course_lib import (
    AutoOptimizedDataset,
    ConcatDataset,
    DatabaseDataset,
    DataLoader,
    ListDataset,
    MemoryMappedDataset,
    PackedSequences,
    PackedStrings,
    StackDataset,
    Subset,
    TensorDataset,
    TimeSeriesDataset,
    TransformDataset,
    mnist,
)

PAIRS = [(torch.full((2,), float(label)), label) for label in range(6)]


def pairs():
    return TensorDataset(torch.stack([values for values, _ in PAIRS]), torch.arange(6))


KINDS = {
    "list": lambda path: ListDataset(PAIRS),
    "tensors": lambda path: pairs(),
    "memory map": lambda path: MemoryMappedDataset.create(path / "values", path / "labels.npy", PAIRS),
    "subset": lambda path: Subset(pairs(), [5, 4, 3, 2]),
    "sum": lambda path: ConcatDataset([pairs(), pairs()]),
    "stack": lambda path: StackDataset(pairs(), pairs()),
    "transformed": lambda path: TransformDataset(pairs(), None),
    "cached": lambda path: AutoOptimizedDataset(pairs()),
    "packed sequences": lambda path: PackedSequences([[label] * 3 for label in range(6)]),
    "packed strings": lambda path: PackedStrings(list("abcdef")),
    "time series": lambda path: TimeSeriesDataset(torch.arange(12.0), 4),
    "table": lambda path: DatabaseDataset.create(path / "samples.db", [(n, "text") for n in range(6)]),
    "digits": lambda path: mnist(path, transform=np.array, download=False),
    "digits, batched": lambda path: mnist(path, download=False, batched=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_rule_for_all_datasets(kind, tmp_path):
    dataset = KINDS[kind](tmp_path)
    for wrong in (0.5, 1.0, "1"):
        with pytest.raises((TypeError, IndexError)):
            dataset[wrong]
    fetches = [lambda indices: next(iter(DataLoader(dataset, batch_sampler=[indices])))]
    if hasattr(dataset, "__getitems__"):
        fetches.append(dataset.__getitems__)
    for fetch in fetches:
        for wrong in ([0, 0.5], [1.0], ["1"], [0, None], torch.tensor([0.5]), np.array([0.5])):
            with pytest.raises((TypeError, IndexError), match=r"integer|index"):
                fetch(wrong)
        for right in ([0, 2], (0, 2), torch.tensor([0, 2], dtype=torch.int32), [np.int64(0), np.uint8(2)]):
            assert len(fetch(right)) == 2


@pytest.mark.parametrize("mask", [torch.arange(6) > 3, [False, True], np.arange(6) > 3], ids=type)
def test_a_mask_is_no_list_of_indices(mask):
    # torch's loader fails as well, on the shapes that come out; counted as 0 and 1 it would load two samples.
    with pytest.raises(TypeError, match=r"mask of bools.*nonzero"):
        next(iter(DataLoader(pairs(), 2, sampler=mask)))
    with pytest.raises(TypeError, match=r"mask of bools.*nonzero"):
        next(iter(DataLoader(pairs(), batch_sampler=[mask])))


def test_the_one_to_blame_is_named():
    with pytest.raises(TypeError, match=r"got 0\.5 as an index"):
        pairs().__getitems__([3, 0.5])

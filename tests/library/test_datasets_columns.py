"""A batch of columns reads as a list of samples."""

import pickle

import pytest
import torch

from course_lib.datasets.columns import ColumnBatch


def test_it_reads_as_a_list_of_tuples():
    batch = ColumnBatch(torch.tensor([1, 2, 3]), ["a", "b", "c"])
    samples = [(1, "a"), (2, "b"), (3, "c")]
    assert len(batch) == 3
    assert list(batch) == samples
    assert batch[1] == samples[1]
    assert batch[-1] == samples[-1]
    assert batch[1:] == samples[1:]
    assert batch == samples
    assert samples == batch
    assert batch != samples[:2]
    assert [tuple(column) for column in zip(*batch)] == [(1, 2, 3), ("a", "b", "c")]
    with pytest.raises(IndexError):
        batch[3]
    assert pickle.loads(pickle.dumps(batch)) == samples


@pytest.mark.parametrize("columns", [(), ([1], [1, 2])])
def test_columns_must_fit_together(columns):
    with pytest.raises(ValueError, match="same length"):
        ColumnBatch(*columns)

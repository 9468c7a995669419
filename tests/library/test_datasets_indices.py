"""Indices kept in a tensor, read from a list."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.datasets.indices import IndexList


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_it_reads_as_a_list_of_plain_ints(values):
    indices = IndexList(values)
    assert list(indices) == values
    assert indices == values
    assert values == indices
    assert indices[1:3] == values[1:3]
    assert all(type(index) is int for index in indices)
    assert all(type(indices[position]) is int for position in range(len(values)))
    assert pickle.loads(pickle.dumps(indices)) == values


@pytest.mark.parametrize(
    "given_as",
    [
        [3, 1],
        (3, 1),
        torch.tensor([3, 1]),
        torch.tensor([3, 1], dtype=torch.int32),
        np.array([3, 1]),
        [np.int64(3), np.int64(1)],
        [torch.tensor(3), torch.tensor(1)],
        range(3, 0, -2),
        iter([3, 1]),
        IndexList([3, 1]),
    ],
)
def test_many_forms_are_taken(given_as):
    indices = IndexList(given_as)
    assert list(indices) == [3, 1]
    assert indices.values.dtype == torch.int64
    assert indices.take([-1, 0]).tolist() == indices.take(torch.tensor([-1, 0])).tolist() == [1, 3]


@pytest.mark.parametrize(
    "wrong", [[0.5], torch.tensor([1.0]), torch.tensor([True, False]), [True], ["a"], [None], [1j], 5]
)
def test_only_integers_are_taken(wrong):
    with pytest.raises(TypeError, match="integer"):
        IndexList(wrong)


@pytest.mark.parametrize("wrong", [[[1, 2]], torch.tensor(1), torch.ones(2, 2, dtype=torch.int64)])
def test_only_flat_indices_are_taken(wrong):
    with pytest.raises(ValueError, match="shape"):
        IndexList(wrong)


def test_it_keeps_a_copy_in_eight_bytes_per_index():
    source = torch.arange(100_000)
    indices = IndexList(source[:1000])
    source[0] = 7
    assert indices[0] == 0
    assert len(pickle.dumps(indices)) < 10_000


def test_a_position_outside_is_an_index_error():
    with pytest.raises(IndexError):
        IndexList([1])[1]
    with pytest.raises(IndexError):
        IndexList([1]).take([1])

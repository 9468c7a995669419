"""Datasets in memory."""

import pickle

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import ListDataset, TensorDataset
from course_lib.datasets.memory import gather_rows


@given(st.lists(st.integers(), max_size=6), st.integers(-9, 9))
def test_a_list_dataset_indexes_like_its_list(data, index):
    dataset = ListDataset(data)
    assert list(dataset) == data
    try:
        expected = data[index]
    except IndexError:
        with pytest.raises(IndexError, match="out of range"):
            dataset[index]
    else:
        assert dataset[index] == expected
        assert dataset[np.int64(index)] == dataset[torch.tensor(index)] == expected


@pytest.mark.parametrize("data", [{1: 2}, {1, 2}, (i for i in range(3)), 5, None])
def test_a_list_dataset_needs_positions(data):
    with pytest.raises(TypeError, match="sequence"):
        ListDataset(data)


@pytest.mark.parametrize("index", ["a", 1.0, None, slice(0, 1), [0]])
def test_a_list_dataset_takes_one_integer(index):
    with pytest.raises(TypeError, match="integer"):
        ListDataset([1, 2])[index]


def test_a_list_dataset_follows_a_growing_list():
    data = [1]
    dataset = ListDataset(data)
    data.append(2)
    assert len(dataset) == 2
    assert dataset[1] == 2


def test_one_tensor_still_gives_tuples():
    dataset = TensorDataset(torch.arange(3))
    assert dataset[0] == (torch.tensor(0),)
    assert len(dataset) == 3
    assert list(dataset) == list(dataset.__getitems__([0, 1, 2]))


@given(st.lists(st.integers(-5, 4), min_size=1, max_size=9))
def test_a_batch_fetch_equals_fetching_one_by_one(indices):
    tensors = torch.rand(5, 2), torch.arange(5)
    dataset = TensorDataset(*tensors)
    for asked in (indices, torch.tensor(indices)):
        samples = dataset.__getitems__(asked)
        for sample, index in zip(samples, indices, strict=True):
            assert all(torch.equal(mine, one) for mine, one in zip(sample, dataset[index], strict=True))


def test_indexing_is_that_of_torch():
    tensors = torch.rand(5, 2), torch.arange(5)
    ours, theirs = TensorDataset(*tensors), torch_data.TensorDataset(*tensors)
    for index in (0, -1, slice(1, 3), [0, 4], torch.tensor([1, 1])):
        assert all(torch.equal(mine, other) for mine, other in zip(ours[index], theirs[index], strict=True))
    for wrong in (5, -6):
        for dataset in (ours, theirs):
            with pytest.raises(IndexError):
                dataset[wrong]
        with pytest.raises(IndexError, match="out of range"):
            ours.__getitems__([0, wrong])


@pytest.mark.parametrize(
    ("tensors", "error"),
    [
        ((torch.ones(2), torch.ones(3)), ValueError),
        ((torch.tensor(1),), ValueError),
        ((), TypeError),
        (([1, 2],), TypeError),
        ((torch.ones(2), np.ones(2)), TypeError),
    ],
)
def test_tensors_that_do_not_fit(tensors, error):
    with pytest.raises(error):
        TensorDataset(*tensors)
    with pytest.raises(AssertionError):
        TensorDataset(*tensors)


def test_the_size_error_names_the_shapes():
    with pytest.raises(ValueError, match=r"Size mismatch between tensors.*\(2, 1\), \(3,\)"):
        TensorDataset(torch.ones(2, 1), torch.ones(3))


def test_gather_copies():
    tensor = torch.arange(4)
    gather_rows([tensor], [0, 1])[0][:] = 9
    assert tensor.tolist() == [0, 1, 2, 3]
    assert gather_rows([tensor], [])[0].shape == (0,)


def test_pickle():
    dataset = pickle.loads(pickle.dumps(TensorDataset(torch.arange(3))))
    assert dataset[2] == (torch.tensor(2),)
    assert list(pickle.loads(pickle.dumps(ListDataset("abc")))) == ["a", "b", "c"]

"""Windows of a time series."""

import pickle

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import ConcatDataset, DataLoader, TimeSeriesDataset, default_collate, random_split

small = st.integers(1, 6)


@given(st.integers(2, 40), small, small, small, st.sampled_from([(), (2,), (2, 3)]))
def test_every_window_that_has_a_target_and_no_other(steps, length, horizon, stride, shape):
    data = torch.arange(steps * int(np.prod(shape))).reshape(steps, *shape)
    starts = [start for start in range(0, steps, stride) if start + length + horizon <= steps]
    if not starts:
        with pytest.raises(ValueError, match=f"data has {steps} steps.* take {length + horizon}"):
            TimeSeriesDataset(data, length, horizon, stride)
        return
    dataset = TimeSeriesDataset(data, length, horizon, stride)
    assert len(dataset) == len(starts)
    for (window, target), start in zip(dataset, starts):
        assert torch.equal(window, data[start : start + length])
        assert torch.equal(target, data[start + length + horizon - 1])
    batch = default_collate(dataset.__getitems__(torch.arange(len(starts))))
    samples = torch_data.default_collate(list(dataset))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(batch, samples))


def test_windows_are_views_and_batches_are_not():
    data = torch.arange(10.0)
    dataset = TimeSeriesDataset(data, 3)
    window, target = dataset[4]
    assert window.untyped_storage().data_ptr() == target.untyped_storage().data_ptr() == data.data_ptr()
    windows, targets = dataset.__getitems__([4, 5]).columns
    windows.zero_()
    targets.zero_()
    assert data.tolist() == list(range(10))
    array = np.arange(10.0)
    assert TimeSeriesDataset(array, 3).data.data_ptr() == array.ctypes.data


def test_trap_minus_one_is_an_empty_window_with_a_target():
    dataset = TimeSeriesDataset(list(range(10)), 3)
    for back in range(1, len(dataset) + 1):
        window, target = dataset[-back]
        assert window.shape == (3,)
        assert target == window[-1] + 1
        assert torch.equal(window, dataset[len(dataset) - back][0])
    assert dataset[-1][1] == 9
    for index in (7, -8):
        with pytest.raises(IndexError, match=f"Index {index} is out of range"):
            dataset[index]
        with pytest.raises(IndexError):
            dataset.__getitems__([index])


def test_trap_random_splits_of_overlapping_windows_leak():
    series = torch.arange(100)

    def values(part):
        return {int(value) for window, target in part for value in (*window, target)}

    parts = random_split(TimeSeriesDataset(series, 5), [0.8, 0.2], torch.Generator().manual_seed(0))
    assert values(parts[0]) & values(parts[1])
    parts = [TimeSeriesDataset(series[:80], 5), TimeSeriesDataset(series[80:], 5)]
    assert not values(parts[0]) & values(parts[1])


def test_series_of_several_machines_are_joined_without_a_window_across_the_seam():
    both = ConcatDataset([TimeSeriesDataset(range(10), 3), TimeSeriesDataset(range(100, 110), 3)])
    assert len(both) == 14
    assert all(int(target - window[0]) == 3 for window, target in both)


@pytest.mark.parametrize("name", ["sequence_length", "horizon", "stride"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_numbers_of_steps_are_positive_integers(name, value):
    with pytest.raises(ValueError, match=f"{name} should be a positive integer value"):
        TimeSeriesDataset(range(9), **{"sequence_length": 2, name: value})


@pytest.mark.parametrize("data", ["abc", None, 5, [[1], [2, 3]], {"a": 1}])
def test_what_is_no_series(data):
    with pytest.raises(TypeError, match="A series has one row of numbers for each step"):
        TimeSeriesDataset(data, 1)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    dataset = pickle.loads(pickle.dumps(TimeSeriesDataset(torch.arange(20.0).view(10, 2), 3)))
    batches = list(loader(dataset, 4, num_workers=workers, collate_fn=default_collate))
    assert torch.cat([windows for windows, _ in batches]).shape == (7, 3, 2)
    assert torch.equal(torch.cat([targets for _, targets in batches]), dataset.data[3:])

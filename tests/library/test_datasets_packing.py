"""Sequences laid end to end."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.datasets.packing import as_array, gather_ranges, gather_windows, overlapping_windows, pack

sequences_lists = st.lists(st.lists(st.integers(-9, 9), max_size=6), min_size=1, max_size=10)


@given(sequences_lists)
def test_each_sequence_lies_between_its_offsets(sequences):
    values, offsets = pack(sequences)
    assert offsets.tolist()[0] == 0
    assert offsets.tolist()[-1] == len(values) == sum(map(len, sequences))
    assert [values[a:b].tolist() for a, b in zip(offsets, offsets[1:])] == sequences  # noqa: RUF007


@given(sequences_lists, st.data())
def test_gathering_is_packing_the_chosen_ones(sequences, data):
    chosen = np.array(data.draw(st.lists(st.integers(0, len(sequences) - 1))), np.int64)
    values, offsets = pack(sequences)
    starts, lengths = offsets.numpy()[chosen], np.diff(offsets.numpy())[chosen]
    expected, _ = pack([sequences[position] for position in chosen])
    assert gather_ranges(values, starts, lengths).tolist() == expected.tolist()


@given(st.lists(st.integers(-9, 9), max_size=30), st.data())
def test_a_window_is_a_slice_as_far_as_there_are_values(content, data):
    values = np.array(content, np.int64)
    width = data.draw(st.integers(0, len(values)))
    starts = np.array(data.draw(st.lists(st.integers(0, max(0, len(values) - 1)))), np.int64)
    rows = gather_windows(values, starts, width)
    assert rows.shape == (len(starts), width)
    for row, start in zip(rows.tolist(), starts.tolist()):
        expected = content[start : start + width]
        assert row[: len(expected)] == expected


@pytest.mark.parametrize("trailing", [(), (3,), (2, 2)])
def test_all_windows_at_once_copy_nothing(trailing):
    values = np.arange(6 * np.prod(trailing, dtype=int), dtype=np.float32).reshape(6, *trailing)
    windows = overlapping_windows(values, 4)
    expected = np.lib.stride_tricks.sliding_window_view(values, 4, axis=0)
    assert np.array_equal(windows, np.moveaxis(expected, -1, 1))
    assert np.shares_memory(windows, values)
    assert np.array_equal(gather_windows(values, np.array([2, 0]), 4), [values[2:6], values[0:4]])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e5m2, torch.float32, torch.bool, torch.int64])
def test_an_array_on_a_tensor_has_its_bits(dtype):
    tensor = torch.tensor([0, 1, 2]).to(dtype)
    array = as_array(tensor)
    assert torch.equal(torch.from_numpy(array).view(dtype).float(), tensor.float())
    array[0] = array[1]
    assert tensor.float().tolist() == tensor[[1, 1, 2]].float().tolist()


def test_types_are_torchs():
    for sequences in ([[1, 2.5]], [[True], [2]], [[0.5]], [[2**62]], [[1 + 2j]]):
        flat = [value for sequence in sequences for value in sequence]
        values, _ = pack(sequences)
        expected = torch.tensor(flat)
        assert values.tolist() == expected.tolist()
        assert values.dtype == expected.dtype or values.is_complex()

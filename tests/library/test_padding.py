"""Padded batches, compared with torch's `pad_sequence`."""

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pad_sequence

from course_lib import PackedSequences, default_collate, pad_sequence_collate

batches = st.lists(st.lists(st.integers(-1000, 1000), max_size=8), min_size=1, max_size=9)


def packed(sequences, labels=None):
    """Return all sequences as one batch of a packed dataset."""
    dataset = PackedSequences(sequences, labels)
    return dataset.__getitems__(range(len(dataset)))


def check(batch, sequences, padding_value=0):
    """Hold a padded batch against torch, and against what the sequences say themselves."""
    tensors = [torch.as_tensor(sequence) for sequence in sequences]
    expected = pad_sequence(tensors, batch_first=True, padding_value=padding_value)
    assert batch["sequences"].shape == expected.shape
    assert torch.equal(batch["sequences"].double(), expected.double())
    assert batch["lengths"].tolist() == [len(sequence) for sequence in sequences]
    assert batch["lengths"].dtype == torch.int64
    assert batch["attention_masks"].dtype == torch.bool
    assert batch["attention_masks"].shape == expected.shape[:2]
    assert batch["attention_masks"].sum(1).tolist() == batch["lengths"].tolist()
    assert torch.equal(batch["sequences"][batch["attention_masks"]].double(), torch.cat(tensors).double()), (
        "the mask finds the values of every sequence again, in order"
    )


@given(batches, st.integers(-5, 5))
def test_equals_torch_in_every_form(sequences, padding_value):
    collate = partial(pad_sequence_collate, padding_value=padding_value)
    for batch in (
        sequences,
        [np.array(sequence, np.int64) for sequence in sequences],
        [torch.tensor(sequence, dtype=torch.int64) for sequence in sequences],
        [tuple(sequence) if len(sequence) != 2 else sequence for sequence in sequences],
        packed(torch.tensor(sequence, dtype=torch.int64) for sequence in sequences),
    ):
        check(collate(batch), sequences, padding_value)


@given(batches)
def test_labels_are_collated(sequences):
    labels = list(range(len(sequences)))
    pairs = list(zip(sequences, labels))
    for batch in (pairs, packed(sequences, labels), PackedSequences(sequences, labels)):
        padded = pad_sequence_collate(batch)
        assert torch.equal(padded["labels"], default_collate(labels))
        check(padded, sequences)


def test_labels_can_be_anything_that_collates():
    padded = pad_sequence_collate([([1], {"name": "a"}), ([2, 3], {"name": "b"})])
    assert padded["labels"] == {"name": ["a", "b"]}
    assert "labels" not in pad_sequence_collate([[1], [2, 3]])


@pytest.mark.parametrize("trailing", [(), (3,), (2, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int32, torch.bool, torch.bfloat16, torch.complex64])
def test_any_trailing_shape_and_type(trailing, dtype):
    sequences = [torch.ones(length, *trailing).to(dtype) for length in (2, 0, 5)]
    for batch in (sequences, packed(sequences)):
        padded = pad_sequence_collate(batch)["sequences"]
        assert padded.dtype == dtype
        assert torch.equal(padded, pad_sequence(sequences, batch_first=True))


def test_the_layout_of_the_sequences_in_memory_does_not_matter():
    films = [torch.rand(length, 3, 4, 5).to(memory_format=torch.channels_last) for length in (2, 3)]
    turned = [torch.rand(4, length).T for length in (2, 3)]
    for sequences in (films, turned, turned[:1], films[:1]):
        for batch in (sequences, packed(sequences)):
            padded = pad_sequence_collate(batch)["sequences"]
            assert torch.equal(padded, pad_sequence(sequences, batch_first=True))


def test_a_pair_is_told_from_a_sequence_of_two():
    assert pad_sequence_collate([(1, 2), (3, 4)])["sequences"].tolist() == [[1, 2], [3, 4]]
    scalars = (torch.tensor(1), torch.tensor(2))
    assert pad_sequence_collate([scalars])["sequences"].tolist() == [[1, 2]]
    assert pad_sequence_collate([([1, 2], 3)])["labels"].tolist() == [3]
    assert pad_sequence_collate([(np.ones(2), 3)])["sequences"].tolist() == [[1, 1]]


def test_not_a_number_pads_floats():
    padded = pad_sequence_collate([[1.0], [2.0, 3.0]], float("nan"))["sequences"]
    assert padded[0].isnan().tolist() == [False, True]


def test_nothing_of_the_dataset_is_changed_by_changing_a_batch():
    dataset = PackedSequences([[1, 2], [3]])
    pad_sequence_collate(dataset.__getitems__([0, 1]))["sequences"].zero_()
    assert dataset[0].tolist() == [1, 2]


def test_trap_tensors_and_arrays_fail():
    assert pad_sequence_collate([torch.tensor([1.5]), np.array([1.0, 2.0])])["lengths"].tolist() == [1, 2]


def test_trap_a_collate_for_variable_sizes_that_only_stacks():
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([torch.ones(1), torch.ones(2)])
    assert pad_sequence_collate([torch.ones(1), torch.ones(2)])["sequences"].shape == (2, 2)


@pytest.mark.parametrize(
    ("batch", "padding_value", "error", "message"),
    [
        ([], 0, ValueError, "empty batch"),
        ([], 0, IndexError, "empty batch"),
        ([[1], ([1], 2)], 0, ValueError, "Sample 0 of a batch has no label, sample 1"),
        ([[1], ["word"]], 0, TypeError, "Sequence 1"),
        ([{"a": [1]}], 0, TypeError, "Sequence 0"),
        ([3, 4], 0, TypeError, "Sequence 0 is 3"),
        ([torch.ones(2, 3), torch.ones(2, 4)], 0, ValueError, "Sequence 1 has shape"),
        ([[1]], 0.5, ValueError, "padding_value got 0.5"),
        ([[1]], float("nan"), ValueError, "padding_value got nan"),
        ([torch.ones(1, dtype=torch.uint8)], -1, ValueError, "padding_value got -1"),
        ([[1]], "x", ValueError, "padding_value got 'x'"),
    ],
)
def test_what_cannot_be_padded_is_named(batch, padding_value, error, message):
    with pytest.raises(error, match=message):
        pad_sequence_collate(batch, padding_value)


def test_pickle():
    collate = pickle.loads(pickle.dumps(partial(pad_sequence_collate, padding_value=-1)))
    assert collate([[1], [1, 1]])["sequences"].tolist() == [[1, -1], [1, 1]]

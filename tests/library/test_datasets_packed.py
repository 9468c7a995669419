"""Sequences and strings in two arrays."""

import gc
import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    BucketBatchSampler,
    ConcatDataset,
    DataLoader,
    PackedSequences,
    PackedStrings,
    Subset,
    default_collate,
    pad_sequence_collate,
)
from course_lib.datasets.packed import PackedBatch

any_text = st.text(st.characters(), max_size=12)
integer_lists = st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=9), max_size=12)


def as_lists(samples):
    return [sample.tolist() for sample in samples]


@given(st.lists(any_text, max_size=20))
def test_strings_come_back_as_they_were(strings):
    packed = PackedStrings(iter(strings))
    assert len(packed) == len(strings)
    assert list(packed) == strings
    assert [packed[index - len(strings)] for index in range(len(strings))] == strings


@given(st.lists(any_text, min_size=1, max_size=20), st.data())
def test_a_batch_of_strings_is_the_strings_one_by_one(strings, data):
    packed = PackedStrings(strings)
    indices = data.draw(st.lists(st.integers(-len(strings), len(strings) - 1)))
    expected = [strings[index] for index in indices]
    assert packed.__getitems__(indices) == expected
    assert packed.__getitems__(torch.tensor(indices, dtype=torch.int64)) == expected


@given(integer_lists)
def test_sequences_come_back_as_they_were(sequences):
    packed = PackedSequences(sequences)
    assert as_lists(packed) == sequences
    assert packed.lengths.tolist() == [len(sequence) for sequence in sequences]


@given(integer_lists.filter(bool), st.data())
def test_a_batch_of_sequences_is_the_sequences_one_by_one(sequences, data):
    packed = PackedSequences(sequences, range(len(sequences)))
    indices = data.draw(st.lists(st.integers(-len(sequences), len(sequences) - 1)))
    for form in (indices, torch.tensor(indices, dtype=torch.int64)):
        batch = packed.__getitems__(form)
        assert len(batch) == len(indices)
        assert [sequence.tolist() for sequence, _ in batch] == [sequences[index] for index in indices]
        assert [label.item() for _, label in batch] == [index % len(sequences) for index in indices]


@pytest.mark.parametrize(
    ("sequences", "dtype"),
    [
        ([[1, 2], [3]], torch.int64),
        ([[1, 2.5], [3]], torch.float32),
        ([[1.5], []], torch.float32),
        ([[True], [False, True]], torch.bool),
        ([np.ones(2, np.int16), np.ones(1, np.int16)], torch.int16),
        ([torch.ones(2, dtype=torch.bfloat16), torch.ones(0, dtype=torch.bfloat16)], torch.bfloat16),
        ([[], np.ones((2, 3)), torch.ones(1, 3)], torch.float64),
        ([[[1, 2], [3, 4]], [[5, 6]]], torch.int64),
        ([[[0.5, 2.0]], [[5, 6]]], torch.float32),
        ([range(3), [1]], torch.int64),
        ([(1, 2), (3,)], torch.int64),
    ],
)
def test_types_and_trailing_shapes_are_torchs(sequences, dtype):
    packed = PackedSequences(sequences)
    assert packed.values.dtype == dtype
    for sample, sequence in zip(packed, sequences):
        if len(sequence):
            assert torch.equal(sample, torch.as_tensor(sequence).to(dtype))


def test_no_sequences_at_all():
    assert list(PackedSequences([])) == []
    assert list(PackedStrings([])) == []
    assert len(PackedSequences([]).__getitems__([])) == 0
    assert PackedStrings([]).__getitems__([]) == []


def test_indices_outside_are_an_index_error():
    for packed in (PackedStrings(["a", "b"]), PackedSequences([[1], [2]])):
        for index in (2, -3):
            with pytest.raises(IndexError, match=f"Index {index} is out of range"):
                packed[index]
            with pytest.raises(IndexError, match=f"Index {index} is out of range"):
                packed.__getitems__([0, index])


def test_a_sample_does_not_carry_the_others_with_it():
    packed = PackedSequences([[n] * 100 for n in range(100)])
    assert len(pickle.dumps(packed[3])) < len(pickle.dumps(packed)) / 20
    packed[3].zero_()
    assert packed[3].tolist() == [3] * 100


def test_a_batch_is_read_like_a_list():
    batch = PackedSequences([[1], [2, 3], []], [4, 5, 6]).__getitems__([2, 1])
    assert [(sequence.tolist(), label.item()) for sequence, label in batch] == [([], 6), ([2, 3], 5)]
    assert batch[-1][0].tolist() == batch[:][1][0].tolist() == [2, 3]
    with pytest.raises(IndexError):
        batch[2]


def test_a_batch_that_travels_takes_only_its_own_values():
    packed = PackedSequences([[n] * 100 for n in range(100)], range(100))
    batch = packed.__getitems__([70, 3])
    content = pickle.dumps(batch)
    assert len(content) < len(pickle.dumps(packed)) / 20
    assert unpack(pad_sequence_collate(pickle.loads(content))) == [([70] * 100, 70), ([3] * 100, 3)]
    loader = torch_data.DataLoader(packed, 50, num_workers=1, collate_fn=list)
    assert [label.item() for samples in loader for _, label in samples] == list(range(100))


def private_bytes():
    """Return how much memory this process has written to, and shares with nobody."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise ValueError("smaps_rollup has no line Private_Dirty")


def growth_while_reading(dataset, connection):
    gc.collect()
    before = private_bytes()
    length = sum(len(dataset[index]) for index in range(len(dataset)))
    connection.send((private_bytes() - before, length))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's account of memory")
def test_trap_a_list_of_python_lists_grows_memory_in_every_worker():
    strings = [f"sentence number {n}" for n in range(200_000)]
    growth = {}
    for name, dataset in (("list", strings), ("packed", PackedStrings(strings))):
        here, there = multiprocessing.Pipe()
        worker = multiprocessing.get_context("fork").Process(
            target=growth_while_reading, args=(dataset, there)
        )
        worker.start()
        growth[name], length = here.recv()
        worker.join()
        assert length == sum(map(len, strings))
    assert growth["list"] > 8_000_000
    assert growth["packed"] < growth["list"] / 10


def test_nothing_but_tensors_is_held():
    for dataset in (PackedStrings(["a", "b"]), PackedSequences([[1], [2, 3]], [0, 1])):
        assert all(isinstance(value, torch.Tensor) for value in vars(dataset).values())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: PackedStrings("abc"), TypeError, "got one str"),
        (lambda: PackedStrings(["a", 3]), TypeError, "got 3 at position 1"),
        (lambda: PackedStrings([b"a"]), TypeError, "decode bytes"),
        (lambda: PackedSequences([[1], 2]), TypeError, "Sequence 1 is 2"),
        (lambda: PackedSequences([[1], ["a"]]), TypeError, r"Sequence 1 is \['a'\]"),
        (lambda: PackedSequences(["ab"]), TypeError, "Sequence 0 is 'ab'"),
        (lambda: PackedSequences([[None]]), TypeError, "Sequence 0"),
        (lambda: PackedSequences([[2**70]]), TypeError, "Sequence 0"),
        (lambda: PackedSequences([[[1, 2]], [[1]]]), ValueError, r"Sequence 1 has shape \(1, 1\)"),
        (lambda: PackedSequences([torch.ones(2, 3), torch.ones(2)]), ValueError, "Sequence 1 has shape"),
        (lambda: PackedSequences([[[1], [2, 3]]]), TypeError, "Sequence 0"),
        (lambda: PackedSequences([[1], [2]], [0]), ValueError, "2 sequences and 1 labels"),
        (lambda: PackedSequences([[1]], ["cat"]), TypeError, "class numbers"),
    ],
)
def test_what_cannot_be_packed_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def labelled():
    return PackedSequences([[n] * (n % 5) for n in range(20)], range(20))


def unpack(batch):
    rows = zip(batch["sequences"].tolist(), batch["lengths"].tolist(), batch["labels"].tolist())
    return [(row[:length], label) for row, length, label in rows]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    packed = pickle.loads(pickle.dumps(labelled()))
    sampler = BucketBatchSampler(packed.lengths, 6, 1)
    batches = loader(packed, batch_sampler=sampler, num_workers=workers, collate_fn=pad_sequence_collate)
    found = sorted((sample for batch in batches for sample in unpack(batch)), key=lambda sample: sample[1])
    assert found == [([n] * (n % 5), n) for n in range(20)]
    words = PackedStrings([f"word {n}" for n in range(10)])
    batches = loader(words, batch_size=4, num_workers=workers, collate_fn=default_collate)
    assert [word for batch in batches for word in batch] == list(words)


def test_other_datasets_pass_the_batch_fetch_on():
    packed = labelled()
    batch = Subset(packed, range(19, -1, -1)).__getitems__([0, 3])
    assert isinstance(batch, PackedBatch)
    assert unpack(pad_sequence_collate(batch)) == [([19] * 4, 19), ([16], 16)]
    both = ConcatDataset([packed, packed])
    assert unpack(pad_sequence_collate(both.__getitems__([21, 2]))) == [([1], 1), ([2, 2], 2)]


@pytest.mark.slow
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_survives_spawn(loader):
    batches = loader(
        labelled(), 4, num_workers=2, multiprocessing_context="spawn", collate_fn=pad_sequence_collate
    )
    assert [label for batch in batches for _, label in unpack(batch)] == list(range(20))

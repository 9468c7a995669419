"""Batches of indices."""

import pickle

import pytest
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import BatchSampler, RandomSampler, SequentialSampler


@given(st.integers(0, 30), st.integers(1, 8), st.booleans())
def test_equals_torch(size, batch_size, drop_last):
    ours = BatchSampler(range(size), batch_size, drop_last)
    theirs = torch_data.BatchSampler(range(size), batch_size, drop_last)
    assert list(ours) == list(theirs)
    assert len(ours) == len(theirs) == len(list(ours))


def test_any_iterable_is_a_sampler():
    class Counting:
        def __iter__(self):
            yield from range(5)

    for sampler in (
        Counting(),
        (i for i in range(5)),
        [0, 1, 2, 3, 4],
        torch_data.SequentialSampler(range(5)),
    ):
        assert list(BatchSampler(sampler, 2, False)) == [[0, 1], [2, 3], [4]]
    with pytest.raises(TypeError, match="no length"):
        len(BatchSampler(Counting(), 2, False))


def test_batches_of_an_endless_sampler_come_as_they_are_asked_for():
    def endless():
        index = 0
        while True:
            yield index
            index += 1

    batches = iter(BatchSampler(endless(), 3, True))
    assert [next(batches), next(batches)] == [[0, 1, 2], [3, 4, 5]]


def test_every_epoch_is_a_partition():
    sampler = BatchSampler(RandomSampler(range(10)), 3, False)
    epochs = [list(sampler) for _ in range(2)]
    assert all(sorted(sum(epoch, [])) == list(range(10)) for epoch in epochs)  # noqa: RUF017
    assert epochs[0] is not epochs[1]


@pytest.mark.parametrize("batch_size", [0, -1, True, 1.5, None, "3"])
def test_the_batch_size_is_positive(batch_size):
    for kind in (BatchSampler, torch_data.BatchSampler):
        with pytest.raises(ValueError, match="batch_size should be a positive integer value"):
            kind(range(3), batch_size, False)


@pytest.mark.parametrize("drop_last", [1, None, "no"])
def test_drop_last_is_a_bool(drop_last):
    for kind in (BatchSampler, torch_data.BatchSampler):
        with pytest.raises(ValueError, match="drop_last should be a boolean value"):
            kind(range(3), 2, drop_last)


def test_a_sampler_can_be_iterated_over():
    with pytest.raises(TypeError, match="iterating"):
        BatchSampler(5, 2, False)


def test_pickle():
    sampler = BatchSampler(SequentialSampler(range(3)), 2, False)
    assert list(pickle.loads(pickle.dumps(sampler))) == [[0, 1], [2]]

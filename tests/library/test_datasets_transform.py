"""Transforms on the way out."""

import pickle

import pytest
import torch
from torchvision.transforms import v2

from course_lib import IterableDataset, ListDataset, Subset, TensorDataset, TransformDataset, default_collate


def double(value):
    return value * 2


def negate(value):
    return -value


def pairs(n=6):
    return TensorDataset(torch.arange(n).float(), torch.arange(n))


@pytest.mark.parametrize("batched", [False, True])
def test_input_and_target_are_transformed(batched):
    dataset = TransformDataset(pairs(), double, negate, batched=batched)
    assert dataset[3] == (6, -3)
    assert list(dataset) == [(2 * i, -i) for i in range(6)]
    for indices in ([5, 0], torch.tensor([5, 0])):
        assert list(dataset.__getitems__(indices)) == [(10, -5), (0, 0)]
    assert len(dataset) == 6


@pytest.mark.parametrize("batched", [False, True])
def test_other_fields_and_missing_transforms_leave_values_alone(batched):
    base = ListDataset([(1, "a", None), (2, "b", None)])
    dataset = TransformDataset(
        base, None, str.upper if not batched else lambda names: [n + "!" for n in names]
    )
    dataset.batched = batched
    assert list(dataset.__getitems__([1, 0])) == [
        (2, "b!" if batched else "B", None),
        (1, "a!" if batched else "A", None),
    ]
    assert TransformDataset(base, None, batched=batched)[0] == base[0]


@pytest.mark.parametrize("batched", [False, True])
def test_a_sample_that_is_no_tuple_is_transformed_whole(batched):
    dataset = TransformDataset(ListDataset([torch.tensor(1), torch.tensor(2)]), double, batched=batched)
    assert dataset[1] == 4
    assert list(dataset.__getitems__([1, 0])) == [4, 2]
    assert default_collate(dataset.__getitems__([1, 0])).tolist() == [4, 2]


def test_trap_a_transform_tied_to_the_data():
    base = pairs()
    train, valid = TransformDataset(base, double), TransformDataset(base, negate)
    assert (train[1][0], valid[1][0], base[1][0]) == (2, -1, 1)


def test_nothing_is_transformed_before_it_is_read():
    calls = []
    dataset = TransformDataset(pairs(), lambda value: calls.append(value) or value)
    assert calls == []
    dataset[2]
    assert len(calls) == 1


def test_a_batched_transform_runs_once_for_a_batch():
    shapes = []

    def remember(images):
        shapes.append(tuple(images.shape))
        return images

    dataset = TransformDataset(TensorDataset(torch.rand(9, 3, 4, 4), torch.arange(9)), remember, batched=True)
    Subset(dataset, range(8)).__getitems__([0, 3, 5])
    assert shapes == [(3, 3, 4, 4)]


def test_torchvision_transforms_give_the_same_one_by_one_and_batched():
    images = torch.randint(256, (5, 3, 8, 8), dtype=torch.uint8)
    transform = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.2] * 3)])
    base = TensorDataset(images, torch.arange(5))
    one_by_one = default_collate(TransformDataset(base, transform).__getitems__([4, 1]))
    batched = default_collate(TransformDataset(base, transform, batched=True).__getitems__([4, 1]))
    assert torch.allclose(one_by_one[0], batched[0])
    assert torch.equal(one_by_one[1], batched[1])


@pytest.mark.parametrize(
    "transform", [lambda batch: batch[:1], lambda batch: 5, lambda batch: {"a": batch}, lambda batch: None]
)
def test_a_batched_transform_returns_one_result_per_sample(transform):
    for base in (pairs(), ListDataset(list(range(6)))):
        with pytest.raises(ValueError, match="one result for each value"):
            TransformDataset(base, transform, batched=True).__getitems__([0, 1])


def test_impossible_arguments():
    class Stream(IterableDataset[int]):
        def __iter__(self):
            return iter(())

    with pytest.raises(TypeError, match="cannot be indexed"):
        TransformDataset(Stream(), double)
    with pytest.raises(TypeError, match="cannot be called"):
        TransformDataset(pairs(), 3)
    with pytest.raises(TypeError, match="cannot be called"):
        TransformDataset(pairs(), None, "x")
    with pytest.raises(TypeError, match="batched"):
        TransformDataset(pairs(), double, batched=1)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("samples", [[1, 2], [(1,), (2,)]])
def test_a_target_transform_needs_a_target(samples, batched):
    dataset = TransformDataset(ListDataset(samples), None, negate, batched=batched)
    for read in (lambda: dataset[0], lambda: dataset.__getitems__([0, 1])):
        with pytest.raises(TypeError, match="second field"):
            read()


def test_pickle():
    assert pickle.loads(pickle.dumps(TransformDataset(pairs(), double)))[1] == (2, 1)

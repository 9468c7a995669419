"""Which arguments a loader refuses: the same as torch's, with the same errors and key phrases (lesson 10)."""

import multiprocessing

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import IterableDataset

from course_lib import DataLoader

DATA = list(range(6))


class Stream(IterableDataset):
    def __iter__(self):
        return iter(DATA)


REFUSED = [
    (DATA, {"num_workers": -1}, "num_workers option should be non-negative"),
    (DATA, {"timeout": -1}, "timeout option should be non-negative"),
    (DATA, {"prefetch_factor": 2}, "prefetch_factor option could only be specified in multiprocessing"),
    (DATA, {"prefetch_factor": -1, "num_workers": 1}, "prefetch_factor option should be non-negative"),
    (DATA, {"persistent_workers": True}, "persistent_workers option needs num_workers > 0"),
    (DATA, {"sampler": DATA, "shuffle": True}, "sampler option is mutually exclusive with shuffle"),
    (DATA, {"batch_sampler": [DATA], "batch_size": 2}, "batch_sampler option is mutually exclusive with"),
    (DATA, {"batch_sampler": [DATA], "shuffle": True}, "batch_sampler option is mutually exclusive with"),
    (DATA, {"batch_sampler": [DATA], "sampler": DATA}, "batch_sampler option is mutually exclusive with"),
    (DATA, {"batch_sampler": [DATA], "drop_last": True}, "batch_sampler option is mutually exclusive with"),
    (DATA, {"batch_size": None, "drop_last": True}, "batch_size=None option disables auto-batching"),
    (DATA, {"batch_size": 0}, "batch_size"),
    (DATA, {"batch_size": -2}, "batch_size"),
    (DATA, {"batch_size": 1.5}, "batch_size"),
    (DATA, {"multiprocessing_context": "spawn"}, "multiprocessing_context can only be used with"),
    (DATA, {"multiprocessing_context": "rocket", "num_workers": 1}, "valid start method"),
    (DATA, {"multiprocessing_context": object(), "num_workers": 1}, "valid context object"),
    (Stream(), {"shuffle": True}, "expected unspecified shuffle option, but got shuffle=True"),
    (Stream(), {"sampler": DATA}, "expected unspecified sampler option, but got sampler="),
    (
        Stream(),
        {"batch_sampler": [DATA]},
        "expected unspecified batch_sampler option, but got batch_sampler=",
    ),
]


@pytest.mark.parametrize(("dataset", "arguments", "phrase"), REFUSED)
def test_refused_as_by_torch(dataset, arguments, phrase):
    with pytest.raises((ValueError, TypeError)) as theirs:
        TorchLoader(dataset, **arguments)
    with pytest.raises(type(theirs.value)) as ours:
        DataLoader(dataset, **arguments)
    assert phrase in str(theirs.value)
    assert phrase in str(ours.value)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"num_workers": "2"}, TypeError, "num_workers is '2'"),
        ({"timeout": "5"}, TypeError, "timeout is '5'"),
        ({"timeout": float("nan")}, ValueError, "timeout is nan"),
        ({"collate_fn": [1]}, TypeError, "collate_fn is"),
        ({"worker_init_fn": 3}, TypeError, "worker_init_fn is 3"),
        ({"generator": 42}, TypeError, "torch.Generator"),
        ({"prefetch_factor": 0, "num_workers": 1}, AssertionError, "prefetch_factor must be greater than 0"),
        ({"prefetch_factor": 0, "num_workers": 1}, ValueError, "prefetch_factor must be greater than 0"),
    ],
)
def test_refused_earlier_than_by_torch(arguments, error, match):
    with pytest.raises(error, match=match):
        DataLoader(DATA, **arguments)


def test_what_is_no_dataset_is_refused():
    with pytest.raises(TypeError, match="has no __getitem__ and is no IterableDataset"):
        DataLoader(iter(DATA))


@pytest.mark.parametrize("error", [AssertionError, ValueError])
def test_timeout_without_workers_is_refused_when_iterating(error):
    with pytest.raises(error, match="timeout"):
        iter(DataLoader(DATA, timeout=1))


@pytest.mark.parametrize(
    "name", ["dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "persistent_workers"]
)
def test_fixed_attributes_cannot_be_set_again(name):
    loader = DataLoader(DATA)
    with pytest.raises(
        ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"
    ):
        setattr(loader, name, None)


def test_public_attributes_are_torchs():
    ours, theirs = DataLoader(DATA, 2), TorchLoader(DATA, 2)
    public = {name for name in dir(theirs) if not name.startswith("_")}
    assert public <= set(dir(ours))
    for name in (
        "batch_size",
        "num_workers",
        "prefetch_factor",
        "timeout",
        "drop_last",
        "pin_memory",
        "in_order",
    ):
        assert getattr(ours, name) == getattr(theirs, name)


def test_prefetch_factor_is_2_with_workers():
    assert DataLoader(DATA, num_workers=1).prefetch_factor == 2
    assert DataLoader(DATA).prefetch_factor is None


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_contexts_by_name_and_by_object(method):
    context = multiprocessing.get_context(method)
    assert DataLoader(DATA, num_workers=1, multiprocessing_context=method).multiprocessing_context is context
    assert DataLoader(DATA, num_workers=1, multiprocessing_context=context).multiprocessing_context is context


def test_far_too_many_workers_warn():
    with pytest.warns(UserWarning, match="excessive worker creation might get DataLoader running slow"):
        DataLoader(DATA, num_workers=1000)


def test_a_torch_generator_shuffles():
    loader = DataLoader(DATA, shuffle=True, generator=torch.Generator().manual_seed(1))
    assert sorted(int(batch) for batch in loader) == DATA


class Unsized:
    """Has no length."""

    def __getitem__(self, index):
        return index


class AtOnce:
    """Is read by batches only."""

    def __len__(self):
        return 5

    def __getitems__(self, indices):
        return list(indices)


@pytest.mark.parametrize("kind", [DataLoader, TorchLoader])
def test_a_batch_sampler_needs_no_length_of_the_dataset(kind):
    assert [batch.tolist() for batch in kind(Unsized(), batch_sampler=[[0, 1], [2]])] == [[0, 1], [2]]


@pytest.mark.parametrize("kind", [DataLoader, TorchLoader])
def test_a_batch_fetch_is_enough(kind):
    assert [batch.tolist() for batch in kind(AtOnce(), batch_size=3)] == [[0, 1, 2], [3, 4]]


@pytest.mark.parametrize("kind", [DataLoader, TorchLoader])
def test_numbers_may_be_numpys(kind):
    loader = kind(range(6), 3, num_workers=np.int64(1), timeout=np.float32(60), prefetch_factor=np.int16(1))
    assert [batch.tolist() for batch in loader] == [[0, 1, 2], [3, 4, 5]]

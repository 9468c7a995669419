"""Pinned batches: every structure keeps its type, and without a GPU nothing changes (lesson 13)."""

import threading
from collections import OrderedDict, defaultdict, namedtuple
from types import MappingProxyType

import pytest
import torch

from course_lib import DataLoader
from course_lib.loader.pinning import PinningThread, pin_memory

Point = namedtuple("Point", "x, y")
needs_no_accelerator = pytest.mark.skipif(torch.accelerator.is_available(), reason="there is an accelerator")


class Leaf:
    def __init__(self, pinned=False):
        self.pinned = pinned

    def pin_memory(self):
        return Leaf(True)


def leaves(batch):
    if isinstance(batch, Leaf):
        return [batch]
    if isinstance(batch, str | bytes | int):
        return []
    parts = batch.values() if hasattr(batch, "values") else batch
    return [leaf for part in parts for leaf in leaves(part)]


@pytest.mark.parametrize(
    "batch",
    [
        Leaf(),
        [Leaf(), Leaf()],
        (Leaf(), "text", b"bytes", 3),
        Point(Leaf(), [Leaf()]),
        {"image": Leaf(), "name": "cat"},
        OrderedDict(a=Leaf()),
        defaultdict(list, a=[Leaf()]),
        MappingProxyType({"a": Leaf()}),
        range(3),
    ],
    ids=lambda batch: type(batch).__name__,
)
def test_everything_is_pinned_and_types_stay(batch):
    pinned = pin_memory(batch)
    assert type(pinned) in (type(batch), list)
    assert type(pinned) is type(batch) or isinstance(batch, range)
    assert len(leaves(pinned)) == len(leaves(batch))
    assert all(leaf.pinned for leaf in leaves(pinned))
    assert not any(leaf.pinned for leaf in leaves(batch))


def test_a_default_factory_stays():
    assert pin_memory(defaultdict(list)).default_factory is list


@needs_no_accelerator
@pytest.mark.parametrize("workers", [0, 2])
def test_without_an_accelerator_batches_pass_with_a_warning(workers):
    loader = DataLoader(list(range(6)), 2, num_workers=workers, pin_memory=True)
    with pytest.warns(UserWarning, match="no accelerator is found"):
        batches = list(loader)
    assert torch.cat(batches).tolist() == list(range(6))


@needs_no_accelerator
def test_pin_memory_device_is_out_of_use():
    with pytest.warns(UserWarning, match="pin_memory_device is deprecated"):
        iter(DataLoader([1], pin_memory=True, pin_memory_device="cuda"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("workers", [0, 2])
def test_with_cuda_tensors_are_pinned(workers):
    batches = list(DataLoader(torch.arange(8.0), 2, num_workers=workers, pin_memory=True))
    assert all(batch.is_pinned() for batch in batches)
    assert torch.cat(batches).tolist() == list(range(8))


def test_the_thread_uses_the_device_of_its_consumer(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))  # no index
    monkeypatch.setattr(torch.accelerator, "current_device_index", lambda: 3)
    monkeypatch.setattr(
        torch.accelerator,
        "set_device_index",
        lambda index: chosen.append((index, threading.current_thread().name)),
    )
    loader = DataLoader(
        range(4), 2, num_workers=1, worker_type="thread", pin_memory=True, collate_fn=lambda samples: Leaf()
    )
    assert len(list(loader)) == 2
    assert chosen == [(3, "DataLoader pinning_0")]


def test_the_thread_ends():
    thread = PinningThread(0)
    thread.close()
    with pytest.raises(RuntimeError):
        thread.submit(Leaf())

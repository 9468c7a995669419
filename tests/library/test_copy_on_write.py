"""One copy of a dataset for all workers that are not forked, and each may write into its own."""

import gc
import multiprocessing
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from alone import run_alone

from course_lib import DataLoader, Dataset, get_worker_info
from course_lib.copy_on_write import CopyOnWriteMemory
from course_lib.loader.pickling import pack_contents, pack_copied, unpack, unpack_contents
from course_lib.memory import measure_memory
from course_lib.platform import make_memory_file

has_memory_files = hasattr(os, "memfd_create")
needs_memory_files = pytest.mark.skipif(not has_memory_files, reason="this system has no files in memory")
METHODS = [method for method in multiprocessing.get_all_start_methods() if method != "fork"]
LARGE = 100_000


def lay_all(memory, *arrays):
    return [memory.lay(pickle.PickleBuffer(array)) for array in arrays]


@needs_memory_files
def test_what_is_laid_is_what_is_opened():
    memory, arrays = CopyOnWriteMemory(), [np.arange(LARGE + extra) for extra in (0, 1, 2)]
    places = lay_all(memory, *arrays)
    assert all(start % 64 == 0 for start, _ in places)
    opened = [np.frombuffer(view, np.int64) for view in memory.open(places)]
    memory.close()
    for array, copy in zip(arrays, opened, strict=True):
        np.testing.assert_array_equal(array, copy)


@needs_memory_files
def test_a_change_stays_with_whoever_made_it():
    memory, array = CopyOnWriteMemory(), np.zeros(LARGE)
    places = lay_all(memory, array)
    mine, yours = (np.frombuffer(next(memory.open(places))) for _ in range(2))
    mine[:] = 1
    memory.close()
    assert mine.all()
    assert not yours.any()
    assert not array.any()


def test_little_things_travel_with_the_rest():
    memory = CopyOnWriteMemory()
    assert lay_all(memory, np.zeros(10)) == [None]
    memory.close()


def test_where_there_is_no_such_memory_all_travels_together(monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert make_memory_file() is None
    memory = CopyOnWriteMemory()
    tensor = torch.arange(LARGE)
    packed, _ = pack_contents({"dataset": tensor}, memory)
    assert len(packed) > tensor.nbytes
    assert torch.equal(unpack_contents(packed, memory)["dataset"], tensor)
    memory.close()  # a second time does nothing


UNDER_A_LIMIT = f"""
import torch
from course_lib.copy_on_write import CopyOnWriteMemory
from course_lib.loader.pickling import pack_contents, unpack_contents
from course_lib.platform import set_limits
set_limits(file_bytes=50_000)
memory, tensor = CopyOnWriteMemory(), torch.arange({LARGE})
packed, _ = pack_contents({{"dataset": tensor}}, memory)
assert len(packed) > tensor.nbytes
assert torch.equal(unpack_contents(packed, memory)["dataset"], tensor)
"""


@needs_memory_files
def test_under_a_limit_on_files_all_travels_together():
    subprocess.run([sys.executable, "-c", UNDER_A_LIMIT], check=True, timeout=100)


# What a copy is like


class Marked(torch.Tensor):
    pass


def named(tensor):
    tensor.note = "weights"
    return tensor


TENSORS = {
    "contiguous": lambda: torch.randn(300, 300),
    "transposed": lambda: torch.randn(300, 200).T,
    "strided": lambda: torch.randn(300, 300)[::2, 1::3],
    "expanded": lambda: torch.randn(300, 1).expand(300, 300),
    "a scalar": lambda: torch.tensor(3.5),
    "empty": lambda: torch.empty(0, 5),
    "bfloat16": lambda: torch.randn(300, 300).bfloat16(),
    "bool": lambda: torch.randn(300, 300) > 0,
    "complex": lambda: torch.randn(300, 300, dtype=torch.complex64),
    "conjugated": lambda: torch.randn(300, 300, dtype=torch.complex64).conj(),
    "negated": lambda: torch.randn(300, 300, dtype=torch.complex64).conj().imag,
    "with gradient": lambda: torch.randn(300, 300, requires_grad=True),
    "a parameter": lambda: torch.nn.Parameter(torch.randn(300, 300)),
    "a subclass": lambda: torch.randn(300, 300).as_subclass(Marked),
    "with an attribute": lambda: named(torch.randn(300, 300)),
    "sparse": lambda: torch.eye(300).to_sparse(),
    "shared": lambda: torch.randn(300, 300).share_memory_(),
}


@pytest.mark.parametrize("make", TENSORS.values(), ids=TENSORS)
def test_every_kind_of_tensor_comes_as_it_was(make):
    memory, tensor = CopyOnWriteMemory(), make()
    copy = unpack_contents(pack_contents({"dataset": tensor}, memory)[0], memory)["dataset"]
    assert type(copy) is type(tensor)
    assert copy.dtype is tensor.dtype
    assert copy.layout is tensor.layout
    assert copy.requires_grad == tensor.requires_grad
    assert vars(copy) == vars(tensor)
    assert torch.equal(copy.to_dense(), tensor.to_dense())
    if tensor.layout is torch.strided:
        assert copy.stride() == tensor.stride()


@pytest.mark.parametrize("pack", [lambda value: unpack(pack_copied(value)), None], ids=["alone", "in memory"])
def test_views_of_one_tensor_stay_views_of_one(pack):
    whole = torch.arange(float(LARGE))
    value = [whole, whole[10:20], whole.view(100, -1)]
    if pack is None:
        memory = CopyOnWriteMemory()
        copies = unpack_contents(pack_contents({"dataset": value}, memory)[0], memory)["dataset"]
    else:
        copies = pack(value)
    copies[0][:] = 7
    assert (copies[1] == 7).all()
    assert (copies[2] == 7).all()
    assert whole[1] == 1


def test_an_array_that_is_read_only_stays_so():
    array = np.arange(LARGE)
    array.flags.writeable = False
    memory = CopyOnWriteMemory()
    copy = unpack_contents(pack_contents({"dataset": array}, memory)[0], memory)["dataset"]
    assert not copy.flags.writeable
    np.testing.assert_array_equal(copy, array)


# In workers


class Overwriting(Dataset):
    """Each sample: the sum of what is stored, after it was made one more by whoever reads."""

    def __init__(self, size):
        self.tensor, self.array = torch.zeros(size), np.zeros(size)

    def __getitem__(self, index):
        self.tensor += 1
        self.array += 1
        info = get_worker_info()
        return info.id, float(self.tensor.sum()), float(self.array.sum())

    def __len__(self):
        return 8


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("size", "has_memory"), [(10, True), (LARGE, True), (LARGE, False)])
def test_each_worker_writes_into_a_copy_of_its_own(method, size, has_memory, monkeypatch):
    if not has_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    dataset = Overwriting(size)
    loader = DataLoader(
        dataset, 1, num_workers=2, multiprocessing_context=method, collate_fn=lambda batch: batch
    )
    rows = [row for batch in loader for row in batch]
    assert rows == [(i % 2, size * (i // 2 + 1.0), size * (i // 2 + 1.0)) for i in range(8)]
    assert not dataset.tensor.any()
    assert not dataset.array.any()


class Idle(Dataset):
    """Holds much, and has every page of it read."""

    def __init__(self, megabytes):
        self.content = torch.ones(megabytes * 2**20, dtype=torch.uint8)

    def __getitem__(self, index):
        return int(self.content.sum())

    def __len__(self):
        return 2


def memory_by_size():
    used = {}
    for megabytes in (1, 200):
        loader = DataLoader(
            Idle(megabytes), 1, num_workers=2, multiprocessing_context=METHODS[0], persistent_workers=True
        )
        sums = [int(batch) for batch in loader]
        assert sums == [megabytes * 2**20] * 2
        used[megabytes] = measure_memory().used
        del loader
    return used


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="shared pages are counted on Linux only")
@pytest.mark.skipif(not METHODS, reason="no other start method")
def test_workers_share_one_copy():
    used = run_alone(memory_by_size)
    grown = (used[200] - used[1]) / 2**20
    assert 1.8 * 200 < grown < 2.5 * 200  # this process's own and one for both workers, not one for each


@needs_memory_files
@pytest.mark.parametrize("method", METHODS)
def test_no_descriptor_is_left_here(method):
    def count():
        return len(os.listdir("/proc/self/fd"))

    loader = DataLoader(Overwriting(LARGE), 1, num_workers=2, multiprocessing_context=method)
    list(loader)
    gc.collect()
    before = count()
    for _ in range(3):
        list(loader)
    assert count() <= before

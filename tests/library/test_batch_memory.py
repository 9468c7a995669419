"""Where batches lie: in memory that was kept, or in huge pages; and else they are as any other."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils.data import default_collate as torch_collate
from torch.utils.flop_counter import FlopCounterMode

from course_lib import BatchedImageTransform, DataLoader, MemoryMappedDataset, TensorDataset, default_collate
from course_lib.datasets.batch_memory import LARGE_BATCH, LARGE_ROW, empty_batch

DTYPES = [torch.bool, torch.uint8, torch.int16, torch.int64, torch.bfloat16, torch.float16, torch.float32]
DTYPES += [torch.float64, torch.complex64, torch.complex128]
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
ROW = (3, 80, 70)  # More than LARGE_ROW values.


def rows(count, dtype=torch.float32, shape=ROW):
    values = torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)) * 100
    return values.to(dtype)


def large_count(dtype):
    """Return how many rows make a large batch."""
    return LARGE_BATCH // (np.prod(ROW) * dtype.itemsize) + 1


def asks_for_huge_pages(tensor):
    """Look the tensor's middle up in the system's list of this process's memory."""
    place = tensor.data_ptr() + tensor.nbytes // 2
    within = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            low, high = (int(word, 16) for word in words[0].split("-"))
            within = low <= place < high
        elif within and words[0] == "VmFlags:":
            return "hg" in words
    raise AssertionError(f"no memory at {place:x}")


def assert_ordinary(batch):
    """Whatever can be done to any batch can be done to this one."""
    assert batch.device.type == "cpu"
    assert batch.is_contiguous()
    assert batch.is_leaf
    assert batch.storage_offset() == 0
    assert batch.untyped_storage().nbytes() == batch.nbytes
    batch.detach_()
    batch.zero_()
    if batch.is_floating_point():
        batch.requires_grad_()
        batch.sum().backward()
        assert torch.equal(batch.grad, torch.ones_like(batch))


@pytest.mark.skipif(not HUGE_PAGES.exists(), reason="this system has no huge pages to ask for")
@pytest.mark.parametrize(
    "make",
    [
        lambda values: default_collate(list(values)),
        lambda values: default_collate([(row, 1) for row in values])[0],
        lambda values: default_collate([row.numpy() for row in values]),
        lambda values: next(iter(DataLoader(TensorDataset(values, values[:, 0]), batch_size=len(values))))[0],
        lambda values: next(iter(DataLoader(values, batch_size=len(values)))),
        lambda values: next(iter(DataLoader(values, len(values), num_workers=1, worker_type="thread"))),
        lambda values: BatchedImageTransform(40, 32)([values[0].to(torch.uint8)] * 400),
    ],
    ids=["samples", "pairs", "arrays", "a gather", "a loader", "a thread", "pictures"],
)
def test_a_large_batch_asks_for_huge_pages(make):
    assert asks_for_huge_pages(make(rows(large_count(torch.float32))))


@pytest.mark.skipif(not HUGE_PAGES.exists(), reason="this system has no huge pages to ask for")
def test_so_does_one_of_a_mapped_file(tmp_path):
    values = rows(large_count(torch.float32))
    dataset = MemoryMappedDataset.create(
        tmp_path / "data", tmp_path / "labels.npy", ((row, 0) for row in values)
    )
    (batch, _), *_ = DataLoader(dataset, batch_size=len(values))
    assert torch.equal(batch, values)
    assert asks_for_huge_pages(batch)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("more", [-1, 0], ids=["small", "large"])
def test_batches_of_all_sizes_are_what_torch_makes(dtype, more):
    values = rows(large_count(dtype) + more, dtype)
    assert (values.nbytes < LARGE_BATCH) == bool(more)
    stacked = default_collate(list(values))
    order = torch.randperm(len(values), generator=torch.Generator().manual_seed(1))
    gathered, _ = TensorDataset(values, order).__getbatch__(order)
    for ours, theirs in ((stacked, torch_collate(list(values))), (gathered, values[order])):
        assert ours.dtype == theirs.dtype
        assert ours.stride() == theirs.stride()
        assert torch.equal(ours, theirs)
        assert_ordinary(ours)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_memory_has_the_shape_and_type_asked_for(dtype):
    for shape in ((), (0, 5), (3,), (2, 3, 4), (LARGE_BATCH,), (1, LARGE_BATCH, 1)):
        memory = empty_batch(shape, dtype)
        assert (memory.shape, memory.dtype) == (shape, dtype)
        assert_ordinary(memory)


def test_a_batch_that_is_kept_stays_as_it_is():
    values = rows(4 * large_count(torch.float32))
    for dataset in (values, TensorDataset(values)):
        batches = [
            batch[0] if isinstance(batch, list) else batch for batch in DataLoader(dataset, len(values) // 4)
        ]
        assert len({batch.data_ptr() for batch in batches}) == 4
        assert torch.equal(torch.cat(batches), values)


class Marked(torch.Tensor):
    """A tensor of a type of its own."""


def test_large_samples_keep_what_stacking_keeps():
    values = list(rows(large_count(torch.float32)))
    assert type(default_collate([row.as_subclass(Marked) for row in values])) is Marked
    with_gradients = default_collate([row.clone().requires_grad_() for row in values])
    assert with_gradients.grad_fn is not None
    mixed = [*values[:-1], values[-1].double()]
    assert default_collate(mixed).dtype == torch_collate(mixed).dtype == torch.float64
    reordered = [row.permute(1, 2, 0).contiguous().permute(2, 0, 1) for row in values]
    assert default_collate(reordered).stride() == torch_collate(reordered).stride()
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([*values, values[0][:2]])


def in_a_mode(mode):
    def run(collate, values):
        with mode():
            return collate(values)

    return run


def traced(collate, values):
    return torch.jit.trace(lambda *samples: collate(list(samples)), tuple(values))(*reversed(values))


def with_tangents(collate, values):
    with forward_ad.dual_level():
        batch = collate([forward_ad.make_dual(value, value + 1) for value in values])
        return forward_ad.unpack_dual(batch).tangent


TAKEN_OVER = {
    "vmap": lambda collate, values: torch.vmap(lambda *samples: collate(list(samples)))(
        *(value[None] for value in values)
    ),
    "functionalize": lambda collate, values: torch.func.functionalize(
        lambda *samples: collate(list(samples))
    )(*values),
    "jvp": lambda collate, values: torch.func.jvp(
        lambda *samples: collate(list(samples)), tuple(values), tuple(values)
    )[1],
    "forward derivatives": with_tangents,
    "make_fx": lambda collate, values: make_fx(lambda *samples: collate(list(samples)))(*values)(
        *reversed(values)
    ),
    "a trace": traced,
    "a flop counter": in_a_mode(lambda: FlopCounterMode(display=False)),
    "inference": in_a_mode(torch.inference_mode),
    "a default device": in_a_mode(lambda: torch.device("meta")),
    "fake tensors": lambda collate, values: in_a_mode(FakeTensorMode)(
        lambda _: collate([torch.ones(value.shape) for value in values]), None
    ),
    "one fake tensor": lambda collate, values: collate(
        [FakeTensorMode().from_tensor(values[0])] * len(values)
    ),
    "two tensors in one": lambda collate, values: collate(
        [TwoTensor(value.clone(), value + 1) for value in values]
    ),
    "quantised": lambda collate, values: collate(
        [torch.quantize_per_tensor(value.repeat(4, 1, 1), 0.5, 3, torch.quint8) for value in values]
    ),
}


@pytest.mark.filterwarnings("ignore")  # Old ways are out of use in torch; they are still ways.
@pytest.mark.parametrize("collates", ["samples", "a gather"])
@pytest.mark.parametrize("way", TAKEN_OVER.values(), ids=TAKEN_OVER)
def test_where_something_takes_torchs_operations_over_large_batches_are_left_to_torch(way, collates):
    def gathered(values):
        return TensorDataset(torch.stack(list(values))).__getitems__([*range(len(values))]).columns[0]

    if (collates, way) == ("a gather", TAKEN_OVER["one fake tensor"]):
        pytest.skip("torch takes no real indices for it")
    ours = default_collate if collates == "samples" else gathered
    values = list(rows(large_count(torch.float32)))
    mine, other = way(ours, values), way(torch_collate, values)
    assert type(mine) is type(other)
    assert (mine.shape, mine.dtype, mine.device) == (other.shape, other.dtype, other.device)
    assert mine.is_inference() == other.is_inference()
    if type(mine) is torch.Tensor and not mine.is_meta:
        assert torch.equal(mine, other)


@pytest.mark.parametrize("dimensions", [2, 3, 4, 5])
@pytest.mark.parametrize("first_only", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
def test_samples_in_another_order_of_memory_are_stacked_as_torch_stacks_them(
    dimensions, first_only, inverted
):
    generator = torch.Generator().manual_seed(0)
    shape = {2: (512, 512), 3: (4, 256, 256), 4: (4, 4, 128, 128), 5: (2, 4, 8, 64, 64)}[dimensions]
    values = [torch.rand(shape, generator=generator) for _ in range(8)]
    turned = [value.movedim(-1, 1).contiguous().movedim(1, -1) for value in values]
    last = [value.movedim(1, -1).contiguous().movedim(-1, 1) for value in values]
    for others in (turned, last):
        mixed = [*others[:1], *values[1:]] if first_only else others
        samples = mixed[::-1] if inverted else mixed
        ours, theirs = default_collate(samples), torch_collate(samples)
        assert ours.stride() == theirs.stride()
        assert torch.equal(ours, theirs)


def test_too_little_memory_is_torchs_error():
    for collate in (default_collate, torch_collate):
        with pytest.raises(RuntimeError, match="can't allocate memory") as error:
            collate([torch.zeros(1).expand(2**43)] * 4)
        assert should_reduce_batch_size(error.value)
        assert "one shape" not in str(error.value)


@pytest.mark.parametrize("bad", [-1, 10**6], ids=["negative", "too large"])
def test_indices_mean_the_same_for_large_rows(bad):
    values = rows(large_count(torch.float32))
    assert values[0].numel() >= LARGE_ROW
    dataset = TensorDataset(values)
    if bad < 0:
        assert torch.equal(dataset.__getitems__([0, bad])[1][0], values[bad])
    else:
        with pytest.raises(IndexError):
            dataset.__getitems__([0, bad])


TWICE = """
import resource
import course_lib
course_lib.{name}


def pages_taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * (20 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


pages_taken()
print(pages_taken())
"""


def pages_of_the_second_block(name):
    """Return how many new pages a second block of 20 MiB takes where `course_lib.<name>` was looked at."""
    script = [sys.executable, "-c", TWICE.format(name=name)]
    return int(subprocess.run(script, env={"PATH": ""}, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has other rules")
def test_freed_memory_is_kept_for_the_next_batch():
    assert pages_of_the_second_block("DataLoader") < 100
    assert pages_of_the_second_block("__name__") > 5000, "without the loader, else this would show nothing"

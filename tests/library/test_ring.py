"""Slots of shared memory: what comes out is what went in, and no slot is reused before its last view died."""

import gc
import multiprocessing
import os
import signal
import time
from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import DataLoader, TensorDataset
from course_lib.datasets.batch_memory import empty_batch
from course_lib.loader.ring import Lender, SlotWriter

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
METHODS = multiprocessing.get_all_start_methods()
SLOTS = 6  # of each worker, with prefetch_factor 2
Pair = namedtuple("Pair", "image, label")

DTYPES = [torch.uint8, torch.int64, torch.float32, torch.float64, torch.bool, torch.bfloat16, torch.complex64]


@st.composite
def tensors(draw):
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    return torch.randint(0, 2, shape).to(draw(st.sampled_from(DTYPES)))


batches = st.recursive(
    tensors() | st.integers() | st.text(max_size=3) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=6,
)


def send(writer, lender, batch):
    slot = lender.borrow()
    return lender.open(slot, writer.pack(slot, lambda: batch))


def seasoned_writer():
    """A writer whose first batch, which travels otherwise, has gone."""
    writer = SlotWriter()
    writer.pack(0, lambda: torch.zeros(1))
    return writer


def assert_same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(ours, torch.Tensor):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs)
        assert_same(list(ours.values()), list(theirs.values()))
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs)
        for mine, yours in zip(ours, theirs):
            assert_same(mine, yours)
    else:
        assert ours == theirs


@settings(deadline=None, max_examples=50)
@given(st.lists(batches, min_size=1, max_size=8))
def test_what_comes_out_is_what_went_in_also_if_it_is_kept(sent):
    writer, lender = seasoned_writer(), Lender(3)
    kept = [send(writer, lender, batch) for batch in sent]
    assert_same(kept, sent)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(12).reshape(3, 4).T,
        torch.arange(12)[::3],
        torch.ones(1).expand(5, 3),
        torch.tensor(3.0),
        torch.zeros(0, 3),
        torch.arange(4.0).conj(),
        torch.view_as_complex(torch.arange(4.0).reshape(2, 2)).conj(),
    ],
)
def test_layouts_of_every_kind(tensor):
    assert_same(send(seasoned_writer(), Lender(1), [tensor]), [tensor])


def test_the_same_tensor_twice_stays_the_same():
    tensor = torch.arange(3)
    first, second = send(seasoned_writer(), Lender(1), (tensor, tensor))
    assert first is second


@pytest.mark.filterwarnings("ignore:Sparse invariant checks:UserWarning")
def test_what_is_no_plain_tensor_travels_otherwise():
    parameter = torch.nn.Parameter(torch.ones(2))
    sparse = torch.eye(3).to_sparse()
    plain = torch.arange(3)
    batch = send(seasoned_writer(), Lender(1), [parameter, sparse, plain])
    assert type(batch[0]) is torch.nn.Parameter
    assert torch.equal(batch[1].to_dense(), torch.eye(3))
    assert torch.equal(batch[2], plain)


@pytest.mark.parametrize(
    "derive",
    [
        lambda tensor: tensor,
        lambda tensor: tensor[1],
        lambda tensor: tensor.T,
        lambda tensor: tensor.view(torch.uint8),
        lambda tensor: tensor.detach(),
        lambda tensor: tensor.numpy(),
        lambda tensor: np.asarray(tensor)[1:, 0],
        lambda tensor: tensor.untyped_storage(),
        lambda tensor: np.from_dlpack(tensor),
        lambda tensor: iter(tensor),
    ],
)
def test_a_slot_comes_back_when_the_last_view_dies(derive):
    lender = Lender(1)
    (tensor, other) = send(seasoned_writer(), lender, (torch.ones(3, 4), torch.zeros(2)))
    view = derive(tensor)
    assert lender.borrow() is None
    del tensor, other
    gc.collect()
    assert lender.borrow() is None
    del view
    gc.collect()
    assert lender.borrow() == 0


@pytest.mark.parametrize(("numbers", "is_lent"), [(3, False), (2**19, True)], ids=["little", "much"])
def test_the_first_batch_of_all_needs_shared_memory_only_if_it_is_large(numbers, is_lent):
    writer, lender = SlotWriter(), Lender(1)
    sent = {"image": torch.arange(numbers), "label": torch.ones(2)}
    first = send(writer, lender, sent)
    assert_same(first, sent)
    first["image"] += 1
    assert torch.equal(first["image"], torch.arange(numbers) + 1)
    assert (lender.borrow() is None) is is_lent
    if not is_lent:
        second = writer.pack(0, lambda: sent)
        assert second.new_memory is not None
        assert_same(lender.open(0, second), sent)


def test_a_slot_without_tensors_comes_back_at_once():
    lender = Lender(1)
    assert send(seasoned_writer(), lender, ["text", 3]) == ["text", 3]
    assert lender.borrow() == 0


def test_slots_grow():
    writer, lender = seasoned_writer(), Lender(2)
    for size in (10, 10_000, 3, 100_000, 100_001, 1):
        assert torch.equal(send(writer, lender, torch.arange(size)), torch.arange(size))


def shared_memory_files():
    names = os.listdir("/dev/shm") if os.path.isdir("/dev/shm") else []
    return {name for name in names if name.startswith(("torch_", "psm_"))}


@pytest.fixture
def nothing_shared_left():
    before = shared_memory_files()
    yield
    gc.collect()
    left = shared_memory_files() - before
    deadline = time.monotonic() + 60  # other programs share memory, too, but not the same piece for long
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left &= shared_memory_files()
    assert not left


class Mortal(TensorDataset):
    """Its worker dies when index 30 is read."""

    def __getitems__(self, indices):
        if 30 in indices:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitems__(indices)


@pytest.mark.usefixtures("nothing_shared_left")
@pytest.mark.parametrize("method", METHODS)
def test_a_consumer_that_keeps_all_batches_gets_them_right(method):
    data = torch.arange(400.0).reshape(100, 4)
    loader = DataLoader(TensorDataset(data), 3, num_workers=2, multiprocessing_context=method)
    kept = [batch for (batch,) in loader]
    del loader
    gc.collect()
    assert torch.equal(torch.cat(kept), data)


@pytest.mark.usefixtures("nothing_shared_left")
def test_a_consumer_that_lets_go_sees_the_same_memory_again():
    data = torch.arange(40_000).reshape(1000, 40)
    loader = DataLoader(TensorDataset(data), 4, num_workers=2, persistent_workers=True)
    for _ in range(20):  # Passes that are left early must not lose slots.
        next(iter(loader))
    addresses, total = set(), 0
    for (batch,) in loader:
        addresses.add(batch.data_ptr())
        total += batch.sum()
        batch.zero_()  # Writing into a batch is the consumer's right; no other batch notices.
    assert total == data.sum()
    assert len(addresses) <= 2 * SLOTS


@pytest.mark.parametrize("prefetch_factor", [1, 2, 5])
def test_passes_that_are_left_early_have_slots_for_all_their_batches(monkeypatch, prefetch_factor):
    """What was ordered for the pass before still comes, and the consumer may hold a batch of it."""
    lent, borrow = [], Lender.borrow

    def borrow_and_note(lender):
        lent.append(borrow(lender))
        return lent[-1]

    monkeypatch.setattr(Lender, "borrow", borrow_and_note)
    data = TensorDataset(torch.arange(1000).reshape(100, 10))
    loader = DataLoader(data, 4, num_workers=2, persistent_workers=True, prefetch_factor=prefetch_factor)
    for _ in range(5):
        lent.clear()
        held = next(iter(loader))
        held = next(iter(loader))
        assert len(lent) > 4 * prefetch_factor
        assert None not in lent
        list(loader)  # Now nothing is left of either.
    assert held[0].tolist() == data.tensors[0][:4].tolist()


@pytest.mark.usefixtures("nothing_shared_left")
def test_a_few_kept_batches_stay_as_they_are():
    data = torch.arange(3000).reshape(1000, 3)
    loader = DataLoader(TensorDataset(data), 5, num_workers=3, persistent_workers=True)
    for _ in range(3):
        kept = [batch[2] for number, (batch,) in enumerate(loader) if number % 7 == 0]
        assert [row.tolist() for row in kept] == [data[number].tolist() for number in range(2, 1000, 35)]


@pytest.mark.usefixtures("nothing_shared_left")
def test_a_killed_worker_leaves_no_memory_behind_and_what_came_from_it_stays():
    dataset = Mortal(torch.arange(100))
    iterator = iter(DataLoader(dataset, 5, num_workers=1))
    first = next(iterator)
    with pytest.raises(RuntimeError, match="is killed by signal"):
        list(iterator)
    assert first[0].tolist() == [0, 1, 2, 3, 4]


class Keeping(TensorDataset):
    """Keeps every batch that it has fetched, as a cache does, and looks at them again."""

    def __init__(self, *tensors):
        super().__init__(*tensors)
        self.kept = []

    def __getitems__(self, indices):
        batch = super().__getitems__(indices)
        self.kept.append((torch.as_tensor(indices), batch.columns[0]))
        for rows, images in self.kept:
            if not torch.equal(images, self.tensors[0][rows]):
                raise ValueError("a batch that was kept has changed")
        return batch


@pytest.mark.parametrize("method", METHODS)
def test_what_a_dataset_keeps_of_its_batches_stays_its_own(method):
    images = torch.arange(400.0).reshape(100, 4)
    loader = DataLoader(Keeping(images), batch_size=10, num_workers=1, multiprocessing_context=method)
    for number, (batch,) in enumerate(loader):
        assert torch.equal(batch, images[number * 10 : number * 10 + 10])
        batch.zero_()


class Flipping(TensorDataset):
    """Changes batches in ways that leave some of their tensors where they were made, and others not."""

    def __getitems__(self, indices):
        (images,) = super().__getitems__(indices).columns
        return [images, images.t(), images[1:], images + 1, images.mul_(2), images[:, ::2]]


def test_views_of_the_slot_and_tensors_beside_it():
    images = torch.arange(400.0).reshape(100, 4)
    loader = DataLoader(Flipping(images), batch_size=10, num_workers=1, collate_fn=lambda batch: batch)
    for number, batch in enumerate(loader):
        rows = images[number * 10 : number * 10 + 10]
        expected = [rows * 2, rows.t() * 2, rows[1:] * 2, rows + 1, rows * 2, rows[:, ::2] * 2]
        assert all(torch.equal(mine, yours) for mine, yours in zip(batch, expected, strict=True))


def test_an_empty_list_is_a_batch_too():
    writer, lender = seasoned_writer(), Lender(1)
    assert send(writer, lender, []) == []


def test_a_conjugate_of_what_was_made_in_the_slot_comes_as_a_conjugate():
    writer, lender = seasoned_writer(), Lender(1)
    numbers = torch.view_as_complex(torch.arange(8.0).reshape(4, 2))
    send(writer, lender, [numbers])

    def make():
        batch = empty_batch(numbers.shape, numbers.dtype)
        batch.copy_(numbers)
        return [batch.conj()]

    slot = lender.borrow()
    (received,) = lender.open(slot, writer.pack(slot, make))
    assert torch.equal(received, numbers.conj())


@pytest.mark.parametrize("seasoned", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_order_of_dimensions_stays(dtype, seasoned):
    images = torch.rand(2, 3, 4, 5).to(dtype).contiguous(memory_format=torch.channels_last)
    turned = torch.rand(3, 4).to(dtype).t()
    writer = seasoned_writer() if seasoned else SlotWriter()
    received = send(writer, Lender(1), [images, turned, images])
    assert received[0].is_contiguous(memory_format=torch.channels_last)
    assert [tensor.stride() for tensor in received] == [images.stride(), turned.stride(), images.stride()]
    assert torch.equal(received[0], images)
    assert torch.equal(received[1], turned)


def test_a_graph_does_not_travel_and_is_no_want_of_memory():
    weights = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="requires_grad"):
        SlotWriter().pack(0, lambda: weights * 2)

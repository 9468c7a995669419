"""Batches come to the device whole, in order and once, the next one ahead (lesson 13)."""

import copy
import gc
import multiprocessing
import pickle
import weakref
from collections import OrderedDict, UserDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_sequence
from torch.utils.data import DataLoader as TorchLoader

from course_lib import DataLoader, DeviceLoader, TensorDataset
from course_lib.training.device import OneAhead, check_device, move_batch

META = torch.device("meta")
Point = namedtuple("Point", "x, y")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
needs_no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")


class Graph:
    """A batch type of the user's own, which moves by itself."""

    def __init__(self, nodes):
        self.nodes = nodes

    def to(self, device):
        return Graph(self.nodes.to(device))


@dataclass(frozen=True, slots=True)
class Frozen:
    image: torch.Tensor
    name: str


@dataclass
class Made:
    image: torch.Tensor
    size: int = field(init=False)

    def __post_init__(self):
        self.size = len(self.image)


class Words(UserDict):
    """Like a tokenizer's result: a mapping that has `to`."""

    def to(self, device, non_blocking=False):
        return Words({key: value.to(device) for key, value in self.items()})


def tensor():
    return torch.ones(2, 3)


def tensors_in(batch):
    if isinstance(batch, torch.Tensor):
        return [batch]
    if isinstance(batch, str | bytes | int) or batch is None:
        return []
    if isinstance(batch, PackedSequence):
        return [batch.data]
    if hasattr(batch, "values"):
        batch = batch.values()
    elif hasattr(batch, "__dataclass_fields__"):
        batch = [getattr(batch, name) for name in batch.__dataclass_fields__]
    elif isinstance(batch, Graph):
        batch = [batch.nodes]
    return [found for part in batch for found in tensors_in(part)]


STRUCTURES = {
    "tensor": tensor(),
    "list": [tensor(), tensor()],
    "tuple": (tensor(), "text", b"bytes", 3, None),
    "named tuple": Point(tensor(), [tensor()]),
    "dict": {"image": tensor(), "name": "cat"},
    "ordered dict": OrderedDict(a=tensor()),
    "default dict": defaultdict(list, a=[tensor()]),
    "mapping proxy": MappingProxyType({"a": tensor()}),
    "dataclass, frozen": Frozen(tensor(), "cat"),
    "dataclass, a field not in init": Made(tensor()),
    "object": Graph(tensor()),
    "mapping with to": Words(a=tensor()),
    "packed sequence": pack_sequence([torch.arange(3), torch.arange(2)]),
    "nested": {"views": [(tensor(), Point(Graph(tensor()), {"z": Frozen(tensor(), "y")}))]},
}


@pytest.mark.parametrize("batch", STRUCTURES.values(), ids=STRUCTURES)
def test_every_tensor_moves_and_types_stay(batch):
    moved = move_batch(batch, META)
    assert type(moved) is type(batch)
    assert len(tensors_in(moved)) == len(tensors_in(batch)) > 0
    assert {found.device for found in tensors_in(moved)} == {META}
    assert {found.device.type for found in tensors_in(batch)} == {"cpu"}


@pytest.mark.parametrize(
    "batch",
    ["text", b"bytes", 3, None, range(3), ["a", "b"], {"a": (1, "b")}, np.ones(2), Point(1, 2), Frozen],
)
def test_what_has_nothing_to_move_is_the_same_object(batch):
    assert move_batch(batch, META) is batch


def test_what_else_a_container_carries_stays():
    moved = move_batch(defaultdict(list, a=tensor()), META)
    assert moved.default_factory is list
    made = Made(tensor())
    made.size = 7
    assert move_batch(made, META).size == 7


def test_a_sequence_that_cannot_be_rebuilt_becomes_a_list():
    class Pair(list):
        def __init__(self, first, second):
            super().__init__([first, second])

        def __copy__(self):
            raise TypeError("no copies")

    assert [found.device for found in move_batch(Pair(tensor(), tensor()), META)] == [META, META]


# The loader


def test_on_the_cpu_the_loader_s_own_batches_pass():
    batches = [tensor(), {"a": tensor()}, "text", Graph(tensor())]
    given = list(DeviceLoader(batches, "cpu"))
    assert all(ours is theirs for ours, theirs in zip(given, batches, strict=True))


@pytest.mark.parametrize("loader_class", [DataLoader, TorchLoader])
@pytest.mark.parametrize("workers", [0, 2])
def test_either_loader_for_several_epochs(loader_class, workers):
    loader = loader_class(TensorDataset(torch.arange(10)), 4, num_workers=workers)
    batches = DeviceLoader(loader, "cpu")
    for _ in range(2):
        assert torch.cat([batch for (batch,) in batches]).tolist() == list(range(10))
    assert len(batches) == len(loader) == 3


def test_every_attribute_of_the_loader_is_there():
    loader = DataLoader(list(range(10)), 4, shuffle=True)
    batches = DeviceLoader(loader, "cpu")
    for name in (
        "dataset",
        "batch_size",
        "sampler",
        "batch_sampler",
        "num_workers",
        "collate_fn",
        "drop_last",
    ):
        assert getattr(batches, name) is getattr(loader, name)
    assert not hasattr(batches, "no_such_attribute")


def test_without_a_length_there_is_none():
    batches = DeviceLoader((number for number in range(3)), "cpu")
    with pytest.raises(TypeError, match="has no len"):
        len(batches)
    assert list(batches) == [0, 1, 2]


def test_a_device_of_another_type_gets_each_batch():
    loader = DataLoader(TensorDataset(torch.arange(10.0)), 4)
    shapes = [batch.shape for (batch,) in DeviceLoader(loader, "meta") if batch.device == META]
    assert [shape[0] for shape in shapes] == [4, 4, 2]


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_an_error_comes_in_its_turn_and_the_pass_goes_on(device):
    batches = iter(DeviceLoader(DataLoader(Holes(6), 2), device))
    next(batches)
    with pytest.raises(OSError, match="sample 3"):
        next(batches)
    next(batches)
    with pytest.raises(StopIteration):
        next(batches)


class Holes:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index == 3:
            raise OSError("sample 3")
        return torch.tensor(index)


def test_a_break_ends_the_workers():
    batches = iter(DeviceLoader(DataLoader(list(range(20)), 2, num_workers=2), "meta"))
    next(batches)
    del batches
    gc.collect()
    assert not multiprocessing.active_children()


def test_it_can_be_pickled_and_copied():
    batches = DeviceLoader([tensor()], "meta")
    for twin in (pickle.loads(pickle.dumps(batches)), copy.deepcopy(batches)):
        assert next(iter(twin)).device == META


# Mistakes


@pytest.mark.parametrize("device", ["gpu", "cuda:x", None, 3.5])
def test_what_is_no_device(device):
    with pytest.raises(ValueError, match=r"names no device.*Pass one of these"):
        DeviceLoader([], device)


@needs_no_cuda
@pytest.mark.parametrize("device", ["cuda", "cuda:1", 0, torch.device("cuda")])
def test_cuda_without_cuda_says_what_to_do(device):
    if isinstance(device, int) and torch.device(device).type != "cuda":
        pytest.skip("this build of torch has no CUDA")
    with pytest.raises(
        ValueError, match=r'torch finds 0 devices.*Pass device="cuda" if torch.cuda.is_available'
    ):
        DeviceLoader([], device)


@needs_cuda
def test_a_number_beyond_the_last_device():
    with pytest.raises(ValueError, match='Pass "cuda:0" to'):
        check_device("cuda:99")


def test_what_is_no_loader():
    with pytest.raises(TypeError, match=r"got the loader 3.*Pass the DataLoader"):
        DeviceLoader(3, "cpu")


# One ahead, with copies that write down when they begin and end


class Copies:
    def __init__(self, events):
        self.events = events

    def begin(self, batch):
        self.events.append(("begin", batch))
        return batch

    def finish(self, batch):
        self.events.append(("finish", batch))
        return batch


def test_the_copy_of_the_next_batch_begins_before_this_one_is_handed_out():
    events = []
    for batch in OneAhead(iter(range(4)), Copies(events)):
        events.append(("model", batch))
    order = {event: position for position, event in enumerate(events)}
    assert len(order) == len(events) == 12
    for batch in range(4):
        assert order["begin", batch] < order["finish", batch] < order["model", batch]
    for batch in range(3):
        assert order["begin", batch + 1] < order["finish", batch]
    for batch in range(2):
        assert order["model", batch] < order["begin", batch + 2], "only one is ahead"


def test_nothing_and_a_single_batch():
    assert list(OneAhead(iter([]), Copies([]))) == []
    assert list(OneAhead(iter([7]), Copies([]))) == [7]


def test_an_error_waits_for_the_batches_before_it():
    batches = OneAhead(iter(DataLoader(Holes(8), 2)), Copies([]))
    assert next(batches).tolist() == [0, 1]
    with pytest.raises(OSError, match="sample 3"):
        next(batches)
    assert next(batches).tolist() == [4, 5]
    assert next(batches).tolist() == [6, 7]
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(batches)


def test_what_was_taken_when_a_batch_is_handed_out_is_noted():
    source = iter(range(3))
    taken, noted = [], []
    batches = OneAhead(
        (taken.append(batch) or batch for batch in source), Copies([]), lambda: noted.append(len(taken))
    )
    for handed, _ in enumerate(batches, 1):
        assert noted[-1] == handed


@pytest.mark.parametrize("workers", [0, 2])
def test_a_state_noted_before_the_batch_ahead_is_that_of_the_batch_handed_out(workers):
    def make():
        order = torch.Generator().manual_seed(3)
        return DataLoader(list(range(20)), 2, shuffle=True, num_workers=workers, generator=order)

    loader, states = make(), []
    batches = OneAhead(iter(loader), Copies([]), lambda: states.append(loader.state_dict()))
    begun = [next(batches).tolist() for _ in range(4)]
    twin = DeviceLoader(make(), "cpu")
    twin.load_state_dict(states[-1])
    whole = [batch.tolist() for batch in make()]
    assert begun + [batch.tolist() for batch in twin] == whole


@needs_cuda
def test_cuda_resumes_after_the_batch_that_was_handed_out():
    loader = DataLoader(list(range(20)), 2)
    batches = DeviceLoader(loader, "cuda")
    for _, _ in zip(range(4), batches):
        state = batches.state_dict()
    batches.load_state_dict(state)
    assert torch.cat(list(batches)).tolist() == list(range(8, 20))


def test_the_end_leaves_nothing_behind():
    source = iter(DataLoader([1, 2], 1))
    reference = weakref.ref(source)
    gc.disable()
    try:
        batches = OneAhead(source, Copies([]))
        del source
        list(batches)
        del batches
        assert reference() is None
    finally:
        gc.enable()


# With a GPU


@needs_cuda
@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_cuda_gives_every_batch_unchanged(pinned, workers):
    images = torch.arange(4096.0 * 64).reshape(4096, 64)
    loader = DataLoader(TensorDataset(images), 256, pin_memory=pinned, num_workers=workers)
    for _ in range(2):
        batches = list(DeviceLoader(loader, "cuda"))
        assert {batch.device.type for (batch,) in batches} == {"cuda"}
        assert torch.equal(torch.cat([batch for (batch,) in batches]).cpu(), images)


@needs_cuda
def test_memory_is_not_given_away_while_the_model_reads_it():
    # The model's stream is kept busy for long after the host has dropped each batch.
    batches = [torch.full((1 << 20,), float(number)) for number in range(12)]
    sums = []
    for batch in DeviceLoader(batches, "cuda"):
        torch.cuda._sleep(20_000_000)
        sums.append(batch.double().sum())
        del batch
    assert [total.item() / (1 << 20) for total in sums] == list(range(12))


@needs_cuda
def test_a_batch_is_ready_on_the_stream_that_is_current():
    other = torch.cuda.Stream()
    batches = [torch.full((1 << 22,), float(number)) for number in range(6)]
    with torch.cuda.stream(other):
        sums = [batch.double().sum() for batch in DeviceLoader(batches, "cuda")]
    assert [total.item() / (1 << 22) for total in sums] == list(range(6))


@needs_cuda
@pytest.mark.parametrize("batch", STRUCTURES.values(), ids=STRUCTURES)
def test_cuda_moves_every_structure(batch):
    (moved,) = DeviceLoader([batch], "cuda")
    assert type(moved) is type(batch)
    assert {found.device.type for found in tensors_in(moved)} == {"cuda"}
    for ours, theirs in zip(tensors_in(moved), tensors_in(batch), strict=True):
        assert torch.equal(ours.cpu(), theirs)


@needs_cuda
def test_what_is_on_the_device_already_passes():
    words = pack_sequence([torch.arange(3)]).to("cuda")
    batch = {"there": torch.ones(3, device="cuda"), "here": torch.ones(3), "words": words}
    (moved,) = DeviceLoader([batch], "cuda")
    assert moved["there"] is batch["there"]
    assert moved["here"].is_cuda
    assert moved["words"].data.is_cuda


def test_a_loader_that_cannot_tell_its_state_is_an_error_only_for_whoever_asks():
    class Untold(list):
        def state_dict(self):
            raise OSError("not at the moment")

        def load_state_dict(self, state):
            self.loaded = state

    batches = DeviceLoader(Untold([1, 2, 3]), "cpu")
    assert list(OneAhead(iter(batches.loader), Copies([]), batches._note_state)) == [1, 2, 3]
    with pytest.raises(RuntimeError, match="no state of this pass: OSError: not at the moment"):
        batches.state_dict()
    batches.load_state_dict("a state")
    assert batches.loader.loaded == "a state"

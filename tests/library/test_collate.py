"""Collation follows torch's rules: every accepted batch is compared with torch's result."""

import array
import collections
import enum
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import default_collate as torch_collate
from torch.utils.data import default_convert as torch_convert

from course_lib import default_collate, default_convert
from course_lib.collate import register_collate
from course_lib.datasets.columns import ColumnBatch


class Point(NamedTuple):
    x: object
    y: object


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 2


class Frozen(collections.abc.Mapping):
    """A mapping that cannot be changed, made from another mapping."""

    def __init__(self, values):
        self.values_by_key = dict(values)

    def __getitem__(self, key):
        return self.values_by_key[key]

    def __iter__(self):
        return iter(self.values_by_key)

    def __len__(self):
        return len(self.values_by_key)


class Stubborn(collections.abc.Mapping):
    """A mapping that cannot be made anew."""

    def __init__(self, first, second):
        self.pair = {"first": first, "second": second}

    def __getitem__(self, key):
        return self.pair[key]

    def __iter__(self):
        return iter(self.pair)

    def __len__(self):
        return 2


class Row(collections.abc.Sequence):
    """A sequence of one's own."""

    def __init__(self, values):
        self.stored = list(values)

    def __getitem__(self, index):
        return self.stored[index]

    def __len__(self):
        return len(self.stored)


class Tagged(collections.UserDict):
    """A dict that carries something else."""

    tag = None


def assert_same(ours, theirs):
    """Compare two structures down to types, dtypes and values."""
    assert type(ours) is type(theirs)
    if isinstance(theirs, torch.Tensor):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)
    elif isinstance(theirs, collections.abc.Mapping):
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_same(ours[key], theirs[key])
    elif isinstance(theirs, collections.abc.Sequence) and not isinstance(theirs, str | bytes):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs):
            assert_same(mine, other)
    elif isinstance(theirs, np.ndarray):
        assert ours is theirs
    else:
        assert ours == theirs


def tagged(values, tag):
    result = Tagged(values)
    result.tag = tag
    return result


BATCHES = {
    "ints": [1, 2, 3],
    "floats": [1.5, 2.0],
    "floats then an int": [1.5, 2],
    "an int, then floats": [1, 2.5],
    "bools": [True, False],
    "enum": [Colour.RED, Colour.BLUE],
    "strings": ["a", "b"],
    "bytes": [b"a", b"b"],
    "a tuple as batch": (1, 2),
    "strings in a tuple batch": ("a", "b"),
    "tensors": [torch.ones(2, 3), torch.zeros(2, 3)],
    "scalars": [torch.tensor(1), torch.tensor(2)],
    "empty tensors": [torch.empty(0, 2)] * 3,
    "parameters": [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.zeros(2))],
    "mixed dtypes": [torch.ones(2), torch.ones(2, dtype=torch.float64)],
    "arrays": [np.arange(3), np.arange(3) + 1],
    "array and tensor": [np.arange(3), torch.arange(3)],
    "zero-dimensional arrays": [np.array(1.0), np.array(2.0)],
    "half arrays": [np.ones(2, np.float16)] * 2,
    "uint8 arrays": [np.ones((2, 2), np.uint8)] * 2,
    "numpy floats": [np.float32(1), np.float32(2)],
    "numpy doubles": [np.float64(1), np.float64(2)],
    "numpy ints": [np.int16(1), np.int16(2)],
    "numpy bools": [np.bool_(True), np.bool_(False)],
    "numpy strings": [np.str_("a"), np.str_("b")],
    "tuples": [(1, "a"), (2, "b")],
    "one-tuples": [(1,), (2,)],
    "lists": [[1, 2.0], [3, 4.0]],
    "empty lists": [[], []],
    "named tuples": [Point(1, 2.0), Point(3, 4.0)],
    "nested named tuples": [Point((1, [2]), "s"), Point((3, [4]), "t")],
    "dicts": [{"a": 1, "b": [1.0, 2.0]}, {"a": 2, "b": [3.0, 4.0]}],
    "dicts in another order": [{"a": 1, "b": 2}, {"b": 3, "a": 4}],
    "dicts with one more key later": [{"a": 1}, {"a": 2, "b": 3}],
    "ordered dicts": [collections.OrderedDict(b=1, a=2), collections.OrderedDict(b=3, a=4)],
    "counters": [collections.Counter("ab"), collections.Counter("aab")],
    "default dicts": [collections.defaultdict(list, a=1), collections.defaultdict(list, a=2)],
    "frozen mappings": [Frozen({"a": 1}), Frozen({"a": 2})],
    "stubborn mappings": [Stubborn(1, "x"), Stubborn(2, "y")],
    "proxies": [MappingProxyType({"a": 1}), MappingProxyType({"a": 2})],
    "own sequences": [Row([1, 2]), Row([3, 4])],
    "deques": [collections.deque([1, 2]), collections.deque([3, 4])],
    "ranges": [range(2), range(2, 4)],
    "deep": [{"a": [({"b": Point(1, np.ones(2))},)]}] * 2,
}


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_collate_equals_torch(batch):
    assert_same(default_collate(batch), torch_collate(batch))


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_convert_equals_torch(batch):
    for sample in [batch, *batch]:
        assert_same(default_convert(sample), torch_convert(sample))


LEAVES = st.sampled_from(["int", "float", "bool", "str", "bytes", "tensor", "array"])
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, min_size=1, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=6,
)


def fill(structure, number):
    """Make sample `number` of a structure."""
    if isinstance(structure, dict):
        return {key: fill(value, number) for key, value in structure.items()}
    if isinstance(structure, Point):
        return Point(*(fill(value, number) for value in structure))
    if isinstance(structure, list | tuple):
        return type(structure)(fill(value, number) for value in structure)
    made = {
        "int": number,
        "float": number / 2,
        "bool": number % 2 == 0,
        "str": str(number),
        "bytes": bytes([number]),
        "tensor": torch.full((2, 1), number),
        "array": np.full(3, number, dtype=np.int32),
    }
    return made[structure]


@given(STRUCTURES, st.integers(1, 4))
def test_any_nested_structure_collates_and_converts_as_in_torch(structure, size):
    batch = [fill(structure, number) for number in range(size)]
    assert_same(default_collate(batch), torch_collate(batch))
    assert_same(default_convert(batch[0]), torch_convert(batch[0]))


def test_what_a_mapping_carries_besides_its_items_is_kept():
    collated = default_collate([tagged({"a": 1}, "x"), tagged({"a": 2}, "y")])
    assert collated.tag == "x"
    assert default_collate([collections.defaultdict(list, a=1)])["not there"] == []


def test_a_container_that_cannot_hold_tensors_becomes_a_list():
    collated = default_collate([array.array("d", [1, 2]), array.array("d", [3, 4])])
    assert_same(collated, [torch.tensor([1.0, 3.0]).double(), torch.tensor([2.0, 4.0]).double()])


def test_samples_are_not_changed():
    samples = [{"a": [1, 2]}, {"a": [3, 4]}]
    default_collate(samples)
    assert samples == [{"a": [1, 2]}, {"a": [3, 4]}]


def test_a_memory_map_becomes_a_tensor(tmp_path):
    values = np.memmap(tmp_path / "values", np.int16, mode="w+", shape=(4, 3))
    values[:] = np.arange(12).reshape(4, 3)
    assert_same(default_collate(list(values)), torch.arange(12, dtype=torch.int16).reshape(4, 3))
    assert_same(default_convert(values), torch_convert(values))


WRONG = {
    "a string array": ([np.array(["a"])] * 2, TypeError, "must contain tensors"),
    "a bytes array": ([np.array([b"a"])] * 2, TypeError, "must contain tensors"),
    "an object array": ([np.array([None])] * 2, TypeError, "must contain tensors"),
    "None": ([None, None], TypeError, "must contain tensors"),
    "None in a dict": ([{"a": None}], TypeError, "must contain tensors"),
    "a set": ([{1}, {2}], TypeError, "must contain tensors"),
    "shorter later": ([(1, 2), (1,)], RuntimeError, "equal size"),
    "longer later": ([(1,), (1, 2)], RuntimeError, "equal size"),
    "ragged lists": ([[1], [1, 2], []], RuntimeError, "equal size"),
    "shapes": ([torch.ones(2), torch.ones(3)], RuntimeError, "equal size"),
    "array shapes": ([np.ones(2), np.ones(3)], RuntimeError, "equal size"),
    "sparse": ([torch.eye(2).to_sparse()] * 2, RuntimeError, "sparse tensors are not currently supported"),
    "a missing key": ([{"a": 1, "b": 2}, {"a": 1}], KeyError, "b"),
    "an empty batch": ([], IndexError, "."),
}


@pytest.mark.parametrize(("batch", "error", "phrase"), WRONG.values(), ids=WRONG)
def test_errors_have_the_type_and_the_key_phrase_of_torch(batch, error, phrase):
    with pytest.raises(error, match=phrase) as ours:
        default_collate(batch)
    with pytest.raises(error, match=phrase):
        torch_collate(batch)
    assert len(str(ours.value)) > 60


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_are_refused():
    batch = [torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])] * 2
    for collate in (default_collate, torch_collate):
        with pytest.raises(RuntimeError, match="nested tensors are not currently supported"):
            collate(batch)


def test_the_missing_key_error_names_the_sample():
    with pytest.raises(KeyError, match="sample 2 has no key 'b'"):
        default_collate([{"b": 1}, {"b": 1}, {"a": 1}])


def test_columns_pass_without_another_copy():
    images, labels = torch.rand(4, 2), torch.arange(4)
    collated = default_collate(ColumnBatch(images, labels, ["a", "b", "c", "d"]))
    assert collated[0] is images
    assert collated[1] is labels
    assert collated[2] == ("a", "b", "c", "d")


class Money:
    def __init__(self, cents):
        self.cents = cents


def test_a_type_of_your_own_can_have_a_rule():
    with pytest.raises(TypeError):
        default_collate([Money(1)])
    register_collate(Money, lambda first, batch: torch.tensor([money.cents for money in batch]))
    assert default_collate([{"price": Money(1)}, {"price": Money(2)}])["price"].tolist() == [1, 2]

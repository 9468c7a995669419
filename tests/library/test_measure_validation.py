"""Checking a dataset before a network learns from it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course_lib import (
    Dataset,
    DatasetValidator,
    ListDataset,
    SyntheticImages,
    TensorDataset,
    TransformDataset,
    duplicate_rule,
    finite_rule,
    leakage_rule,
    range_rule,
    shape_rule,
)
from course_lib.measure.fingerprint import fingerprint


class Unreadable(Dataset[torch.Tensor]):
    """Half of the samples cannot be read."""

    def __init__(self, n=10):
        self.n = n

    def __getitem__(self, index):
        if index % 2:
            raise OSError(f"no sample {index}")
        return torch.full((2,), float(index))

    def __len__(self):
        return self.n


def everything(dataset, *rules, **options):
    return DatasetValidator(dataset, rules).validate(1.0, **options)


def broken(report):
    return [problem.index for problem in report.problems]


@given(n=st.integers(1, 40), fraction=st.floats(1e-6, 1))
def test_trap_checks_0_samples_of_a_small_dataset(n, fraction):
    seen = []
    report = DatasetValidator(ListDataset(list(range(n))), [seen.append]).validate(fraction)
    assert max(1, math.floor(n * fraction)) <= len(report.checked) <= math.ceil(n * fraction)
    assert tuple(seen) == report.checked
    assert len(set(seen)) == len(seen)
    assert report.passed


def test_the_smallest_default():
    report = DatasetValidator(ListDataset([5]), [lambda sample: sample < 5]).validate()
    assert (report.checked, report.passed) == ((0,), False)


def test_trap_unreadable_samples_are_not_counted():
    report = everything(Unreadable(10), shape_rule((2,)))
    assert [problem.index for problem in report.unreadable] == [1, 3, 5, 7, 9]
    assert report.unreadable[0].message == "OSError: no sample 1"
    assert not report.passed
    assert str(report).startswith("failed: 10 of 10 samples checked, 5 could not be read, 0 broke a rule")


def test_trap_the_callers_list_is_changed():
    rules = [finite_rule()]
    validator = DatasetValidator(ListDataset([1.0]), rules)
    assert validator.add_rule(range_rule(0, 1)) is validator
    assert len(rules) == 1
    assert [rule.name for rule in validator.rules] == ["finite values", "range 0 to 1"]


def test_the_choice_follows_the_generator():
    def chosen():
        generator = torch.Generator().manual_seed(4)
        return DatasetValidator(ListDataset(list(range(100)))).validate(0.2, generator).checked

    before = torch.get_rng_state()
    assert chosen() == chosen()
    assert torch.equal(before, torch.get_rng_state())
    assert len(chosen()) == 20


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_find_the_same(workers):
    dataset = Unreadable(40)
    rules = (shape_rule((3,)), range_rule(0, 10), duplicate_rule(), lambda sample: sample[0] != 4)
    report = everything(dataset, *rules, num_workers=workers)
    assert report == everything(dataset, *rules)
    assert len(report.unreadable) == 20
    assert len(report.problems) == 20 + 14 + 1


@pytest.mark.parametrize(
    ("shape", "wrong"),
    [((2, 3), [1, 2]), ((None, 3), [2]), ((None, None), [2]), ((3, 2), [0, 1, 2]), ((2, 3, None), [0, 1, 2])],
)
def test_shape(shape, wrong):
    samples = [torch.zeros(2, 3), np.zeros((4, 3)), [1, 2, 3]]
    assert broken(everything(ListDataset([(sample, 0) for sample in samples]), shape_rule(shape))) == wrong


def test_range_counts_the_ends_and_refuses_nan():
    values = [0.0, 1.0, -0.1, 1.1, float("nan"), float("inf")]
    assert broken(everything(ListDataset(values), range_rule(0, 1))) == [2, 3, 4, 5]
    images = torch.tensor([[0, 255], [3, 4]], dtype=torch.uint8)
    report = everything(TensorDataset(images), range_rule(0, 100))
    assert report.problems[0].message == "1 of 2 values lie outside, such as 255"


def test_finite_looks_everywhere():
    samples = [
        {"x": torch.ones(3), "name": "a"},
        {"x": torch.tensor([1.0, float("nan")]), "name": "b"},
        {"x": [1, (2.0, float("inf"))], "name": "c"},
        {"x": np.array([1, 2]), "name": None},
        {"x": 10**400, "name": ""},
    ]
    assert broken(everything(ListDataset(samples), finite_rule())) == [1, 2, 4]
    assert broken(everything(ListDataset(samples[:3]), finite_rule("x"))) == [1, 2]


def test_duplicates_by_input_or_by_everything():
    samples = [(torch.ones(3), 0), (torch.zeros(3), 0), (torch.ones(3), 1), (torch.ones(3), 0)]
    report = everything(ListDataset(samples), duplicate_rule())
    assert [(one.index, one.message) for one in report.problems] == [
        (2, "the same as sample 0"),
        (3, "the same as sample 0"),
    ]
    assert broken(everything(ListDataset(samples), duplicate_rule(None))) == [3]


@pytest.mark.parametrize("fraction", [0.01, 1.0])
def test_leakage_is_found_whole_whatever_is_checked(fraction):
    train = TensorDataset(torch.arange(100).view(50, 2), torch.zeros(50))
    test = TensorDataset(torch.tensor([[0, 0], [20, 21], [98, 99]]), torch.ones(3))
    report = DatasetValidator(train, [leakage_rule(train, test)]).validate(fraction)
    assert [problem.message for problem in report.problems] == [
        "sample 10 of train is sample 1 of test",
        "sample 49 of train is sample 2 of test",
    ]
    assert everything(train, leakage_rule(train, test, None)).passed


def test_leakage_in_workers_and_with_unreadable_samples():
    report = everything(Unreadable(9), leakage_rule(Unreadable(9), Unreadable(5)), num_workers=2)
    assert broken(report) == [0, 2, 4]


class WithoutLength:
    def __getitem__(self, index):
        return index


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (iter([1]), "leakage_rule got list_iterator, which cannot be indexed"),
        (5, "leakage_rule got int, which cannot be indexed"),
        (WithoutLength(), "WithoutLength has no length"),
    ],
    ids=["a stream", "a number", "no length"],
)
def test_leakage_is_sought_in_datasets_only(wrong, message):
    for train, test in ((wrong, [1, 2]), ([1, 2], wrong)):
        with pytest.raises(TypeError, match=message):
            leakage_rule(train, test)


def test_a_rule_that_fails_is_a_problem_and_not_the_end():
    def fragile(sample):
        return sample["missing"]

    report = everything(ListDataset([{"a": 1}, {"missing": True}]), fragile, range_rule(0, 1, "a"))
    assert [(one.rule, one.index) for one in report.problems] == [("fragile", 0), ("range 0 to 1", 1)]
    assert "the rule raised KeyError" in report.problems[0].message
    assert "has no field 'a'" in report.problems[1].message


def test_a_function_may_answer_in_words_or_with_a_name():
    validator = DatasetValidator(ListDataset([1, 2]))
    validator.add_rule(lambda sample: "it is two" if sample == 2 else None, "not two")
    report = validator.validate(1.0)
    assert [(one.rule, one.message) for one in report.problems] == [("not two", "it is two")]


def test_the_report_reads_well():
    report = everything(Unreadable(6), range_rule(0, 3), lambda sample: "<b>never</b>")
    lines = str(report).splitlines()
    assert lines[0] == "failed: 6 of 6 samples checked, 3 could not be read, 3 broke a rule"
    assert lines[1].split() == ["rule", "broken", "by", "an", "example"]
    assert lines[2].endswith("3  sample 1: OSError: no sample 1")
    assert [line.split("  ")[0] for line in lines[2:]] == ["readable", "range 0 to 3", "<lambda>"]
    page = report._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;never" in page
    assert page.count("<tr>") == 4


def test_a_good_dataset_passes():
    images = TransformDataset(SyntheticImages(20, size=8), lambda image: image / 255)
    report = everything(images, shape_rule((1, 8, 8)), range_rule(0, 1), finite_rule(), duplicate_rule())
    assert report.passed
    assert "passed: 20 of 20" in repr(report)


def test_an_empty_dataset_does_not_pass():
    with pytest.raises(ValueError, match="holds no sample"):
        DatasetValidator(ListDataset([])).validate()


@pytest.mark.parametrize("fraction", [0, -0.1, 1.1, float("nan"), "all"])
def test_bad_fractions(fraction):
    with pytest.raises(ValueError, match="sample_fraction got"):
        DatasetValidator(ListDataset([1])).validate(fraction)


def test_bad_rules():
    with pytest.raises(TypeError, match="A rule got 5"):
        DatasetValidator(ListDataset([1]), [5])
    with pytest.raises(TypeError, match="shape got"):
        shape_rule(("a", 2))
    with pytest.raises(ValueError, match="low is 1 and high is 0"):
        range_rule(1, 0)
    with pytest.raises(TypeError, match="DatasetValidator"):
        DatasetValidator(iter([1]))


VALUES = [
    torch.zeros(2),
    torch.zeros(2, dtype=torch.int32),
    torch.zeros(2, 1),
    torch.zeros(3),
    torch.tensor([0.0, -0.0]),
    torch.zeros(2, dtype=torch.bfloat16),
    0,
    0.0,
    False,
    None,
    "0",
    b"0",
    [],
    [0],
    {"a": 0},
    {"a": [0]},
    Image.new("RGB", (2, 2)),
    Image.new("L", (2, 2)),
]


def test_fingerprints_differ_where_values_do():
    assert len({fingerprint(value) for value in VALUES}) == len(VALUES)
    assert len({fingerprint((first, second)) for first in VALUES for second in VALUES}) == len(VALUES) ** 2


def test_fingerprints_agree_where_values_do():
    values = torch.arange(6.0).view(2, 3)
    assert fingerprint(values) == fingerprint(values.t().contiguous().t()) == fingerprint(values.numpy())
    assert fingerprint(Image.new("L", (2, 2))) == fingerprint(Image.new("L", (2, 2)))
    with pytest.raises(TypeError, match="holds a object"):
        fingerprint([object()])

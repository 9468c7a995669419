"""Sharing out whole samples."""

from hypothesis import given
from hypothesis import strategies as st

from course_lib.datasets.apportion import apportion


@st.composite
def counts_and_sizes(draw):
    counts = draw(st.lists(st.integers(0, 40), min_size=1, max_size=8))
    total = sum(counts)
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=5)))
    sizes = [stop - start for start, stop in zip([0, *cuts], [*cuts, total])]
    return counts, sizes


@given(counts_and_sizes())
def test_every_sum_is_exact_and_every_entry_within_one_of_its_share(case):
    counts, sizes = case
    table = apportion(counts, sizes)
    assert [sum(row) for row in table] == counts
    assert [sum(column) for column in zip(*table)] == sizes
    total = sum(counts)
    for count, row in zip(counts, table):
        for size, entry in zip(sizes, row):
            assert abs(entry * total - count * size) < max(total, 1)


def test_shares_that_are_whole_stay_as_they_are():
    assert apportion([6, 3], [6, 3]) == [[4, 2], [2, 1]]


def test_many_classes():
    counts = [1 + number % 7 for number in range(1000)]
    total = sum(counts)
    sizes = [total // 2, total // 3, total - total // 2 - total // 3]
    assert [sum(column) for column in zip(*apportion(counts, sizes))] == sizes

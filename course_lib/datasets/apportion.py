"""Share out whole samples when the exact shares are fractions (lesson 03).

Splitting 10 samples of one class into parts of 60 % and 40 % is easy. With several classes and several
parts there is a table of exact shares, all of whose rows and columns sum to whole numbers, and every entry
must be rounded up or down without changing a single sum. That is always possible: walk along fractional
entries, in turn within a row and within a column, until the walk closes; then move the same amount around
the circle, adding and taking away in turn, until one entry becomes whole (Cox, "A constructive procedure
for unbiased controlled rounding", 1987). Every circle makes at least one more entry whole.
"""

from collections.abc import Sequence
from itertools import cycle

Cell = tuple[int, int]


def apportion(counts: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """Round the table `counts[c] * sizes[p] / n` to integers and keep the sums of its rows and columns.

    Args:
        counts: how many samples each class has; they sum to n.
        sizes: how many samples each part gets; they sum to n as well.

    Returns:
        For each class, how many of its samples each part gets: the exact share rounded up or down.
    """
    total = sum(counts)
    if total == 0:
        return [[0] * len(sizes) for _ in counts]
    # Every entry is kept multiplied by n, so that the arithmetic is exact: it is whole if n divides it.
    table = [[count * size for size in sizes] for count in counts]
    in_row = [{part for part, entry in enumerate(row) if entry % total} for row in table]
    in_column = [{row for row, parts in enumerate(in_row) if part in parts} for part in range(len(sizes))]
    for row, fractional in enumerate(in_row):
        while fractional:
            for row_done, part_done in _round_along(_find_circle(row, in_row, in_column), table, total):
                in_row[row_done].discard(part_done)
                in_column[part_done].discard(row_done)
    return [[entry // total for entry in row] for row in table]


def _find_circle(row: int, in_row: list[set[int]], in_column: list[set[int]]) -> list[Cell]:
    """Walk from a row along fractional entries until a row or a column comes up again.

    A whole sum cannot have exactly one fractional entry, so there is always one to go on to.
    """
    walk: list[Cell] = []
    row_seen, column_seen = {row: 0}, dict[int, int]()
    column = -1
    while True:
        column = next(part for part in in_row[row] if part != column)
        walk.append((row, column))
        if column in column_seen:
            return walk[column_seen[column] :]
        column_seen[column] = len(walk)
        row = next(other for other in in_column[column] if other != row)
        walk.append((row, column))
        if row in row_seen:
            return walk[row_seen[row] :]
        row_seen[row] = len(walk)


def _round_along(circle: list[Cell], table: list[list[int]], total: int) -> list[Cell]:
    """Add and take away around the circle until an entry is whole; return the entries that became so."""
    signs = [sign for _, sign in zip(circle, cycle((1, -1)))]
    amount = min(-sign * table[row][part] % total for (row, part), sign in zip(circle, signs))
    for (row, part), sign in zip(circle, signs):
        table[row][part] += sign * amount
    return [(row, part) for row, part in circle if table[row][part] % total == 0]

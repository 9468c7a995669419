"""A tree over numbers: one of them changes, and what they all come to is known again at once (lesson 08).

The n numbers are the leaves. Every node above holds what its two children come to: their sum, or the
smaller of them. The whole tree lies in one array, the root at place 1, the children of node k at 2k, 2k + 1:

    sums               10                 place        1
                   3       7                        2     3
                 1   2   4   3                     4 5   6 7

A new leaf changes only the nodes on its way to the root, log2(n) of them. To draw leaf i with probability
leaf / sum, put a point anywhere between 0 and the sum and walk down from the root: to the left child if the
point is below its sum; else to the right one, with the left sum taken off.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class Tree:
    """Hold n numbers and what they come to, in any order, under one operation.

    Args:
        leaves: float64 array of shape (n,), at least one number.
        combine: the operation, such as `np.add` or `np.minimum`.
        neutral: what changes nothing under it, such as 0.0 or infinity; fills the tree up to a power of two.
    """

    def __init__(self, leaves: Floats, combine: np.ufunc, neutral: float) -> None:
        self.size = len(leaves)
        self.width = 1 << (self.size - 1).bit_length()
        self.combine = combine
        self.nodes = np.full(2 * self.width, neutral)
        self.nodes[self.width : self.width + self.size] = leaves
        self._build()

    @property
    def root(self) -> float:
        """What all numbers come to."""
        return float(self.nodes[1])

    @property
    def leaves(self) -> Floats:
        """The numbers: a view of shape (n,)."""
        return self.nodes[self.width : self.width + self.size]

    def update(self, indices: Indices, values: Floats) -> None:
        """Change k numbers, in O(k log n) and never more than O(n). Of one given twice the last counts."""
        self.leaves[indices] = values
        if len(indices) * self.width.bit_length() > self.width:
            self._build()
            return
        places = indices + self.width
        for _ in range(self.width.bit_length() - 1):
            places = places >> 1
            self.nodes[places] = self._combined(2 * places)

    def find(self, point: float) -> int:
        """Return the leaf in whose stretch of the sum a point lies. The numbers are sums, of 0 or more.

        Args:
            point: from 0 up to the sum, which has to be positive.
        """
        place = 1
        while place < self.width:
            place *= 2
            left = self.nodes[place]
            # Rounding may put a point behind the last leaf above zero; a leaf of 0 must not be found.
            if point >= left and self.nodes[place + 1] > 0:
                point -= left
                place += 1
        return place - self.width

    def _build(self) -> None:
        start = self.width
        while start > 1:
            children = self.nodes[start : 2 * start]
            start //= 2
            self.combine(children[::2], children[1::2], out=self.nodes[start : 2 * start])

    def _combined(self, left_children: Indices) -> Any:
        return self.combine(self.nodes[left_children], self.nodes[left_children + 1])

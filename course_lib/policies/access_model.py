"""Learn which index comes next, while indices are being asked for (lesson 19).

Two tables of first order: what came after this index, and which step came after this step. The first learns
an order that is repeated, and where a loop begins again; the second learns strides, after a handful of
accesses and for indices never seen before. Both in constant time and bounded memory (Joseph and Grunwald,
"Prefetching using Markov Predictors", ISCA 1997, have the first; the strength of an entry is a saturating
counter, as in branch predictors: Smith, "A Study of Branch Prediction Strategies", ISCA 1981).

    0 5 10 15 …     after step 5 comes step 5
    7 2 9 | 7 2 9   after index 7 comes index 2, after 2 comes 9, after 9 comes 7

Nothing is believed before it has come true: every prediction is also made in silence and compared with what
was asked for. On random accesses no table is ever right, and nothing is predicted.
"""

from array import array
from collections.abc import Iterable
from typing import Protocol

_STRONGEST = 4
_RATE = 0.1  # how much the latest comparison counts in the share of those that came true
_LEAST_PROBABILITY = 0.5  # of a prediction, so that most fetches are of use
_STEPS = 4096


class AccessPatternModel(Protocol):
    """What a model of accesses has to offer."""

    def observe(self, index: int) -> None:
        """Learn that a sample was asked for."""

    def predict(self, count: int) -> Iterable[int]:
        """Say which samples will be asked for next, the nearest first: at most `count`, none if unsure."""


class FirstOrderModel:
    """Predicts the next indices from the last one and from the last step.

    Args:
        length: of the dataset.
        capacity: of how many indices the successor is kept, 17 bytes for each; a longer repeated order is
            learned in part.
    """

    def __init__(self, length: int, capacity: int = 2**20) -> None:
        self._length = length
        self._after_index = SuccessorTable(max(1, min(length, capacity)))
        self._after_step = SuccessorTable(_STEPS)
        self._index: int | None = None
        self._step: int | None = None

    def observe(self, index: int) -> None:
        """Learn that a sample was asked for."""
        if self._index is not None:
            step = index - self._index
            self._after_index.observe(self._index, index)
            if self._step is not None:
                self._after_step.observe(self._step, step)
            self._step = step
        self._index = index

    def predict(self, count: int) -> list[int]:
        """Return the indices that are likely to come next, in their order.

        Each prediction follows from the one before, so its probability is a product; the list ends where that
        falls below one half.

        Args:
            count: at most so many.
        """
        predicted: list[int] = []
        index, step, probability = self._index, self._step, 1.0
        while index is not None and len(predicted) < count:
            likely, its_probability = self._likely_after(index, step)
            probability *= its_probability
            if probability < _LEAST_PROBABILITY:
                break
            predicted.append(likely)
            index, step = likely, likely - index
        return predicted

    def _likely_after(self, index: int, step: int | None) -> tuple[int, float]:
        likely, probability = self._after_index.likely(index)
        if step is None:
            return likely, probability
        next_step, its_probability = self._after_step.likely(step)
        if its_probability > probability and 0 <= index + next_step < self._length:
            return index + next_step, its_probability
        return likely, probability


class SuccessorTable:
    """For each context the number that came after it, and how sure that is.

    An entry grows stronger when it comes true and weaker when not; the weakest is replaced. For each strength
    the table keeps the share of comparisons that came true, later ones counting more. A context has one
    possible place, its remainder; another one there is replaced as soon as it is weak.

    Args:
        capacity: number of entries.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._contexts = array("q", bytes(8 * capacity))
        self._successors = array("q", bytes(8 * capacity))
        self._strengths = bytearray(capacity)  # 0 where there is no entry
        self._came_true = [0.0] * (_STRONGEST + 1)  # by strength

    def observe(self, context: int, successor: int) -> None:
        """Learn what came after a context."""
        place = context % self._capacity
        strength = self._strengths[place]
        if strength and self._contexts[place] == context:
            came_true = self._successors[place] == successor
            self._came_true[strength] += _RATE * (came_true - self._came_true[strength])
            if came_true:
                self._strengths[place] = min(_STRONGEST, strength + 1)
                return
        if strength > 1:
            self._strengths[place] = strength - 1
        else:
            self._contexts[place], self._successors[place] = context, successor
            self._strengths[place] = 1

    def likely(self, context: int) -> tuple[int, float]:
        """Return what is likely to come after a context, and its probability; 0 for one not known."""
        place = context % self._capacity
        strength = self._strengths[place]
        if not strength or self._contexts[place] != context:
            return 0, 0.0
        # What is stronger is no less sure, also where it has not been compared yet.
        return self._successors[place], max(self._came_true[: strength + 1])

"""Draw samples by a priority that changes while you train (lesson 08; lesson 19 puts it to use).

Samples that the network gets wrong come more often, as in prioritised experience replay (Schaul, Quan,
Antonoglou and Silver, "Prioritized Experience Replay", 2015, arXiv 1511.05952). Two knobs turn a priority
into a probability, P(i) proportional to priority_i ** (alpha / temperature):

    alpha         the paper's exponent (section 3.3): 0 ignores the priorities, 1 follows them in proportion
    temperature   the softmax's word for the same dial: above 1 flattens, below 1 sharpens

Another habit is to mix the priorities with a uniform share, and to call that share alpha. That is a different
law, and not the one here.

After a training step only a few priorities have changed. A tree of sums (`trees.py`) takes them in and draws
again in O(log n), where working out all n probabilities costs O(n) each time.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from course_lib.samplers.draws import uniforms
from course_lib.samplers.order import Sampler, check_generator, check_positive, freshly_seeded_generator
from course_lib.samplers.trees import Floats, Indices, Tree

_POINTS_PER_CALL = 32  # only the points are drawn ahead; where they fall is decided at each draw


class PrioritySampler(Sampler[int]):
    """Draw indices with replacement, index i in proportion to its priority ** exponent (lesson 08).

    The exponent is alpha / temperature. Each index is drawn with the priorities of that moment, so an update
    counts from the next draw on, in the middle of an epoch too. A loader asks ahead: what it has already
    drawn (a batch; with worker processes `num_workers * prefetch_factor` batches) is not drawn again.

    Args:
        priorities: n finite numbers of 0 or more, in a sequence, an array or a tensor of shape (n,). Integers
            become floats. A priority of 0 is never drawn.
        temperature: above 0; 1 leaves the exponent at alpha.
        alpha: 0 or more; 0 draws all indices of a positive priority alike.
        generator: the source of randomness. Without one, each epoch draws a seed from torch's global
            generator at its first index.
        num_samples: how many indices an epoch yields; n if None.

    Raises:
        ValueError: if a priority is negative, NaN or infinite, none is positive, `priorities` is not
            one-dimensional, their powers exceed what a float holds, or another number is out of its range.
        TypeError: if `priorities` holds anything but numbers, or `generator` is of another kind.
    """

    def __init__(
        self,
        priorities: Sequence[float] | torch.Tensor,
        temperature: float = 1.0,
        alpha: float = 0.7,
        generator: torch.Generator | None = None,
        num_samples: int | None = None,
    ) -> None:
        _check_number("temperature", temperature, "It divides the exponent: a number above 0", 1.0)
        _check_number(
            "alpha", alpha, "It is the exponent of the priorities: a number of 0 or more", 0.7, least=0
        )
        check_generator(generator)
        values = _floats("priorities", priorities)
        self.temperature = temperature
        self.alpha = alpha
        self.generator = generator
        self.num_samples = len(values) if num_samples is None else num_samples
        check_positive("num_samples", self.num_samples, "PrioritySampler draws at least one index")
        powers = self._powers(values, np.arange(len(values)), "priorities")
        self._sums = Tree(powers, np.add, 0.0)
        self._smallest = Tree(_infinite_where_zero(powers), np.minimum, math.inf)
        self._check_sum()

    def __iter__(self) -> Iterator[int]:
        generator = self.generator or freshly_seeded_generator()
        for start in range(0, self.num_samples, _POINTS_PER_CALL):
            count = min(_POINTS_PER_CALL, self.num_samples - start)
            for point in uniforms(count, generator, torch.float64).tolist():
                self._check_sum()
                yield self._sums.find(point * self._sums.root)

    def __len__(self) -> int:
        return self.num_samples

    def update_priorities(self, indices: Sequence[int] | torch.Tensor, values: Any) -> None:
        """Change some priorities, from the next draw on. Costs O(log n) for each, whatever n is.

        Args:
            indices: k ints from 0 to n - 1, shape (k,), or a single one. Of one given twice the last counts.
            values: their k new priorities, shape (k,), such as the losses of the last batch.

        Raises:
            ValueError: if a value cannot be a priority, or there is not one value for each index.
            IndexError: if an index lies outside.
            TypeError: if an index is no integer or a value no number.
        """
        places = self._places(indices)
        numbers = _floats("values", values)
        if len(numbers) != len(places):
            raise ValueError(
                f"{len(places)} indices came with {len(numbers)} values. Each index gets one new priority. "
                "Pass two lists of the same length; for a loss per sample create the criterion with "
                "reduction='none'."
            )
        powers = self._powers(numbers, places, "values")
        self._sums.update(places, powers)
        self._smallest.update(places, _infinite_where_zero(powers))

    def importance_weights(self, indices: Sequence[int] | torch.Tensor, beta: float) -> torch.Tensor:
        """Return by what to multiply the losses of some samples, so that frequent draws count less.

        The weight is (n P(i)) ** -beta, divided by the largest weight that any index has now, so that no
        weight exceeds 1 (Schaul et al., section 3.4). With beta = 1 the weighted mean over many draws is the
        plain mean over the samples; with 0 all weights are 1. Ask before you update the priorities of a
        batch.

        Args:
            indices: k ints, shape (k,), of a positive priority.
            beta: from 0 to 1.

        Returns:
            A tensor of shape (k,) of torch's default float type.

        Raises:
            ValueError: if `beta` is out of its range, or an index has priority 0.
            IndexError, TypeError: as for `update_priorities`.
        """
        _check_number("beta", beta, "It is the share of the bias to undo: 0 to 1", 0.4, least=0, most=1)
        places = self._places(indices)
        powers = self._sums.leaves[places]
        if (powers == 0).any():
            raise ValueError(
                f"Index {int(places[powers == 0][0])} has priority 0 and is never drawn. The weight undoes "
                "how often an index is drawn. Ask for indices that this sampler has drawn."
            )
        # n and the sum stand in the largest weight too, and cancel.
        return torch.as_tensor((self._smallest.root / powers) ** beta, dtype=torch.get_default_dtype())

    def probabilities(self) -> torch.Tensor:
        """Return P(i) of every index: a float64 tensor of shape (n,), as the priorities are now."""
        return torch.from_numpy(self._sums.leaves / self._sums.root)

    def _powers(self, values: Floats, places: Indices, name: str) -> Floats:
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any():
            position = int(wrong.argmax())
            raise ValueError(
                f"{name}[{position}], the priority of sample {places[position]}, is {values[position]}. A "
                "priority is a finite number of 0 or more, and a larger one is drawn more often. Mend it, "
                "for instance with abs() or clip(min=0)."
            )
        with np.errstate(over="ignore"):
            powers = np.where(values > 0, values ** (self.alpha / self.temperature), 0.0)
        if powers.max(initial=0.0) > np.finfo(np.float64).max / 2**53:
            raise ValueError(
                f"{name} holds {values.max()}, and its power {self.alpha / self.temperature} (alpha / "
                "temperature) is too large. The sum of all powers has to fit into a float. Raise the "
                "temperature, or divide all priorities by the largest."
            )
        return powers

    def _places(self, indices: Any) -> Indices:
        places = np.atleast_1d(_array(indices))
        if places.ndim != 1 or (places.size > 0 and places.dtype.kind not in "iu"):
            raise TypeError(
                f"indices came as {places.dtype} in shape {places.shape}. An index is an integer, and they "
                "stand in one row. Pass the indices that the sampler has yielded, shape (k,)."
            )
        outside = (places < 0) | (places >= self._sums.size)
        if outside.any():
            raise IndexError(
                f"Index {places[outside][0]} is outside. There are {self._sums.size} priorities, from 0 to "
                f"{self._sums.size - 1}. Pass indices that the sampler has yielded."
            )
        return places.astype(np.int64)

    def _check_sum(self) -> None:
        if self._sums.root == 0:
            raise ValueError(
                f"All {self._sums.size} priorities are 0 (or so small that their power is). An index is "
                "drawn in proportion to its priority, so one at least has to be above 0. Add a small number "
                "to all of them, such as 0.01."
            )


def _infinite_where_zero(powers: Floats) -> Floats:
    return np.where(powers > 0, powers, math.inf)


def _array(values: Any) -> Any:
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def _floats(name: str, values: Any) -> Floats:
    """Return numbers as a new float64 array of shape (k,)."""
    try:
        # By way of float64: NumPy has no bfloat16, in which a loss may come.
        values = values.detach().double() if isinstance(values, torch.Tensor) else values
        numbers = np.atleast_1d(np.array(_array(values), dtype=np.float64))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name} came as a {type(values).__name__} ({error}). A priority is a number. Pass a flat list "
            "of numbers, or a tensor or array of shape (k,)."
        ) from error
    if numbers.ndim != 1 or (name == "priorities" and len(numbers) == 0):
        raise ValueError(
            f"{name} came in shape {numbers.shape}. There is one priority for each sample, and at least one "
            "sample. Pass a flat list of numbers."
        )
    return numbers


def _check_number(
    name: str, value: Any, rule: str, usual: float, least: float = sys.float_info.min, most: float = math.inf
) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value) and least <= value <= most):
        raise ValueError(f"{name} got {value!r}. {rule}, and finite. Pass a number such as {usual}.")

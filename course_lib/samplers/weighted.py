"""Draw samples with given weights (lesson 08)."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from course_lib.arrays import tensor_of
from course_lib.errors import ArgumentTypeError
from course_lib.samplers.draws import uniforms
from course_lib.samplers.order import Sampler, check_generator, check_positive

_MULTINOMIAL_LIMIT = 2**24  # torch.multinomial refuses more categories than this


class WeightedRandomSampler(Sampler[int]):
    """Draw indices so that index i comes with probability `weights[i] / sum(weights)` (lesson 08).

    Up to 2**24 weights the indices are torch's for the same generator; beyond, where torch fails, the same
    law holds with other draws.

    Args:
        weights: n numbers, not negative, in a sequence or a tensor of shape (n,). They need not sum to 1. An
            index of weight 0 is never drawn.
        num_samples: how many indices an epoch yields.
        replacement: False draws no index twice, so that `num_samples` may not exceed the count of positive
            weights; each next index is drawn by weight from those that are left.
        generator: the source of randomness; torch's global generator if None.

    Raises:
        ValueError: if a weight is negative, NaN or infinite, none is positive, `weights` is not
            one-dimensional, `num_samples` is no positive integer or more than can be drawn.
        TypeError: if `weights` holds anything but numbers or `replacement` is no bool (a ValueError as well,
            as in torch), or `generator` is of another kind.
    """

    def __init__(
        self,
        weights: Sequence[float] | torch.Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        check_positive("num_samples", num_samples, "WeightedRandomSampler draws at least one index")
        if not isinstance(replacement, bool):
            raise ArgumentTypeError(
                f"replacement should be a boolean value, but got replacement={replacement!r}. It says "
                "whether an index may be drawn again. Pass True or False."
            )
        check_generator(generator)
        self.weights = _as_numbers(weights)
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator
        self._check_weights()

    def __iter__(self) -> Iterator[int]:
        yield from self._draw().tolist()

    def __len__(self) -> int:
        return self.num_samples

    def _draw(self) -> torch.Tensor:
        weights = _within_reach(self.weights)
        if len(weights) <= _MULTINOMIAL_LIMIT:
            return torch.multinomial(weights, self.num_samples, self.replacement, generator=self.generator)
        if self.replacement:
            return _draw_by_cumulative_sum(weights, self.num_samples, self.generator)
        return _draw_by_exponential_race(weights, self.num_samples, self.generator)

    def _check_weights(self) -> None:
        if self.weights.ndim != 1 or len(self.weights) == 0:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}. "
                "There is one weight for each sample. Pass a flat list of n numbers."
            )
        wrong = ~(torch.isfinite(self.weights) & (self.weights >= 0))
        if wrong.any():
            position = int(wrong.nonzero()[0])
            raise ValueError(
                f"weights[{position}] is {self.weights[position].item()}. A weight is a finite number of 0 "
                "or more, in proportion to how often its sample is to be drawn. Mend the weights; 0 "
                "excludes a sample."
            )
        available = int((self.weights > 0).sum())
        needed = 1 if self.replacement else self.num_samples
        if available < needed:
            raise ValueError(
                f"num_samples={self.num_samples} with replacement={self.replacement}, but only {available} "
                f"of {len(self.weights)} weights are above zero. An index of weight 0 is never drawn, and "
                "without replacement none comes twice. Draw fewer samples, or give more of them a positive "
                "weight."
            )


def _as_numbers(weights: Any) -> torch.Tensor:
    try:
        if torch.is_tensor(weights) and weights.is_complex():
            raise TypeError("they are complex")
        return tensor_of(weights, torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ArgumentTypeError(
            f"weights came as a {type(weights).__name__} ({error}). A weight is a number, and there is one "
            "for each sample. Pass a flat list of numbers, or a tensor of shape (n,)."
        ) from error


def _within_reach(weights: torch.Tensor) -> torch.Tensor:
    """Move weights at an end of what float64 holds towards its middle: sums and quotients stay finite.

    A power of two changes no ratio. What would become 0 next to a weight of 1e289 stays above it.
    """
    largest = float(weights.max())
    if largest > 2.0**959:
        smallest = torch.finfo(torch.float64).tiny
        return torch.where(weights > 0, (weights * 2.0**-64).clamp(min=smallest), 0.0)
    return weights * 2.0**64 if largest < 2.0**-900 else weights


def _draw_by_cumulative_sum(
    weights: torch.Tensor, count: int, generator: torch.Generator | None
) -> torch.Tensor:
    """Invert the distribution function: index i owns the stretch of length weights[i] on a line."""
    ends = weights.cumsum(0)
    points = uniforms(count, generator, torch.float64) * ends[-1]
    # A point on a border belongs to the stretch that begins there, so a stretch of length 0 is never hit.
    last_positive = int(weights.nonzero()[-1])
    return torch.searchsorted(ends, points, right=True).clamp(max=last_positive)


def _draw_by_exponential_race(
    weights: torch.Tensor, count: int, generator: torch.Generator | None
) -> torch.Tensor:
    """Let index i arrive at a time ~ Exp(weights[i]) and take the first `count` to arrive.

    The order of arrival is that of drawing one by one without replacement (Efraimidis and Spirakis, 2006).
    """
    times = torch.empty_like(weights).exponential_(generator=generator) / weights
    return torch.topk(times, count, largest=False).indices

"""Share an epoch out among ranks so that none has much more work than the others (lesson 18).

Samples cost unequal time: a long video, a large scan. All ranks take the same number of steps and wait for
each other in each of them, so the costs have to agree twice: in sum over the epoch, and at every step. One
plan serves both, a table with a row for each step and a column for each rank:

    1. sort all samples by cost, the heaviest first;
    2. the next W samples make a row: what ranks load at the same time costs nearly the same;
    3. within a row, the heaviest sample goes to the rank with the least work so far;
    4. shuffle the rows.

Each rank computes the whole table from the same costs and the same seed, and takes its own column. Nobody
sends anything.
"""

from collections.abc import Iterator, Sequence, Sized
from typing import Any, TypeAlias

import numpy as np
import torch

from course_lib.arrays import tensor_of
from course_lib.samplers.distributed import DistributedSampler
from course_lib.samplers.draws import permutation, uniforms
from course_lib.samplers.trees import Floats, Indices

Plan: TypeAlias = tuple[Indices, Indices]  # places in the samples, shape (steps, W); the samples, shape (n,)
_BLUR = 0.2  # costs count up to so much more when they are sorted, which gives a sample other company


class LoadBalancedDistributedSampler(DistributedSampler):
    """Yield the indices of one rank, as many as in the other ranks and about as much work (lesson 18).

    Together the ranks yield every index once. If n is no multiple of W, the last row is filled up with
    repeats, at most one in a rank and always its last (`last_is_repeat`), or with `drop_last` left out.

    Args:
        dataset: anything with a length n.
        sample_weights: what each sample costs: n finite numbers of 0 or more in any unit, such as seconds or
            tokens, in a sequence, an array or a tensor of shape (n,). The same in all ranks.
        num_replicas: the number of ranks W; None asks `torch.distributed`.
        rank: this process's number, from 0 to W - 1; None asks `torch.distributed`.
        shuffle: a new plan in each epoch, provided that `set_epoch` is called. False keeps to one plan, from
            the heaviest row to the lightest: what does not fit into memory fails at once.
        seed: the same in all ranks, or they would not hold the same plan.
        drop_last: True leaves n mod W samples out, other ones in each epoch; False repeats some.

    Raises:
        TypeError: if `dataset` has no length, `sample_weights` are no numbers, or a number is no integer.
        ValueError: if there is not one weight for each sample, one is negative, NaN or infinite, or `rank` or
            `num_replicas` cannot be.
    """

    def __init__(
        self,
        dataset: Sized,
        sample_weights: Sequence[float] | torch.Tensor,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.sample_weights = _costs(sample_weights)
        super().__init__(dataset, num_replicas, rank, shuffle, seed, drop_last)
        self._check_length()
        self._planned: tuple[object, Plan] | None = None

    @property
    def last_is_repeat(self) -> bool:
        """Whether this rank's last index is a repeat that fills the plan up; no other can be."""
        table, _ = self._plan()
        return len(table) > 0 and int(table[-1, self.rank]) >= len(self.dataset)

    def loads(self) -> torch.Tensor:
        """Return the work of each rank in this epoch, repeats included: float64, shape (W,), same in all."""
        table, samples = self._plan()
        return torch.from_numpy(self.sample_weights[samples[table]].sum(0))

    def __iter__(self) -> Iterator[int]:
        table, samples = self._plan()
        return iter(samples[table[:, self.rank]].tolist())

    def _plan(self) -> Plan:
        """Return this epoch's plan, made once."""
        self._check_length()
        key = (self.epoch, self.seed, self.shuffle, self.drop_last, self.num_replicas)
        if self._planned is None or self._planned[0] != key:
            self._planned = (key, self._make_plan())
        return self._planned[1]

    def _make_plan(self) -> Plan:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        samples = self._heaviest_first(generator)
        table = _share_out(self.sample_weights[samples].reshape(-1, self.num_replicas))
        if self.shuffle:
            # A row with repeats stays the last, so that each rank knows where its repeat is.
            rows = len(table) - (len(samples) > len(self.dataset))
            table[:rows] = table[permutation(rows, generator).numpy()]
            # Or the heaviest sample of all would go to rank 0 in each epoch.
            table = table[:, permutation(self.num_replicas, generator).numpy()]
        return table, samples

    def _heaviest_first(self, generator: torch.Generator) -> Indices:
        """Return the `total_size` samples of this epoch by falling cost, with repeats at the end."""
        size = len(self.dataset)
        order = permutation(size, generator) if self.shuffle else torch.arange(size, device="cpu")
        kept = order[: self.total_size].numpy()
        costs = self.sample_weights[kept]
        if self.shuffle:
            costs = costs * (1 + _BLUR * uniforms(len(kept), generator).numpy())
        repeats = order.numpy()[np.arange(len(kept), self.total_size) % max(size, 1)]
        return np.concatenate([kept[np.argsort(-costs, kind="stable")], repeats])

    def _check_length(self) -> None:
        if len(self.sample_weights) != len(self.dataset):
            raise ValueError(
                f"{len(self.sample_weights)} sample_weights came with {len(self.dataset)} samples. Each "
                "sample has one cost. Pass one weight per sample, and make a new sampler when the dataset "
                "grows."
            )


def _share_out(costs: Floats) -> Indices:
    """Give each row's costs to the ranks, the heaviest to the one with the least work so far.

    Args:
        costs: float64 array of shape (rows, W).

    Returns:
        The places in the flattened `costs` that each rank gets, of the same shape.
    """
    rows, ranks = costs.shape
    heaviest_first = np.argsort(-costs, axis=1, kind="stable")
    falling = np.take_along_axis(costs, heaviest_first, axis=1)
    table = np.empty((rows, ranks), dtype=np.int64)
    loads = np.zeros(ranks)
    for row in range(rows):
        least_work_first = loads.argsort(kind="stable")
        table[row, least_work_first] = heaviest_first[row]
        loads[least_work_first] += falling[row]
    table += ranks * np.arange(rows)[:, None]
    return table


def _costs(sample_weights: Any) -> Floats:
    """Return costs as a float64 array of shape (n,), or refuse them."""
    try:
        costs = tensor_of(sample_weights, torch.float64).detach().cpu().clone().numpy()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(_not_costs(f"a {type(sample_weights).__name__} ({error})")) from error
    if costs.ndim == 0:
        raise TypeError(_not_costs(f"the single number {sample_weights!r}"))
    if costs.ndim != 1:
        raise ValueError(_not_costs(f"a table of shape {costs.shape}"))
    wrong = ~(np.isfinite(costs) & (costs >= 0))
    if wrong.any():
        place = int(wrong.argmax())
        raise ValueError(
            f"sample_weights[{place}] is {costs[place]}. It says what a sample costs, a finite number of 0 "
            "or more. Check how the costs were measured."
        )
    return costs


def _not_costs(seen: str) -> str:
    return (
        f"sample_weights came as {seen}. There is one cost for each sample, and sample_weights is the second "
        "argument, before num_replicas and rank. Pass a list of n numbers, and the rest by name: "
        "LoadBalancedDistributedSampler(dataset, costs, num_replicas=8, rank=0)."
    )

"""The samples of an epoch in a curriculum (lesson 19)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from course_lib.samplers.draws import permutation
from course_lib.samplers.order import Sampler, check_generator

_ROUNDING = 1e-9  # 0.1 + 2 * 0.1 is a little more than 0.3, and another sum a little less


@dataclass(frozen=True)
class Pacing:
    """How the unlocked level rises: by the same amount in every epoch, up to 1."""

    initial: float
    rate: float

    def level(self, epoch: int) -> float:
        """Return the level of an epoch, 0 to 1."""
        return min(1.0, self.initial + epoch * self.rate)


class UnlockedSampler(Sampler[int]):
    """Yield the indices of all samples up to the level of the present epoch, each once.

    Args:
        pacing: gives the level that is unlocked in an epoch.
        least: at least so many samples are unlocked, or all if there are fewer.
        shuffle: a random order, instead of that of the dataset.
        generator: the source of randomness; torch's global generator if None.

    Attributes:
        levels: how difficult each sample is, from 0 to 1; float64 array of shape (n,). Set it first.
        epoch: the number of the present epoch.
        moves_on: whether epochs count themselves, since nobody has set one.
    """

    def __init__(self, pacing: Pacing, least: int, shuffle: bool, generator: torch.Generator | None) -> None:
        check_generator(generator)
        self.pacing = pacing
        self.generator = generator
        self.levels: npt.NDArray[np.float64] = np.empty(0)
        self.epoch = 0
        self.moves_on = True
        self._least = least
        self._shuffle = shuffle

    def __iter__(self) -> Iterator[int]:
        for block in self.index_blocks():
            yield from block.tolist()

    def index_blocks(self) -> Iterator[torch.Tensor]:
        """Yield the indices as one int64 tensor."""
        unlocked = torch.from_numpy(self.unlocked())
        yield unlocked[permutation(len(unlocked), self.generator)] if self._shuffle else unlocked

    def __len__(self) -> int:
        return len(self.unlocked())

    def unlocked(self) -> npt.NDArray[np.int64]:
        """Return the unlocked indices in the order of the dataset, int64 array of shape (k,)."""
        place = min(self._least, len(self.levels)) - 1
        level = max(self.pacing.level(self.epoch), float(np.partition(self.levels, place)[place]))
        return np.flatnonzero(self.levels <= level + _ROUNDING)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; from then on nothing moves on by itself.

        Raises:
            ValueError: `epoch` is no integer of 0 or more.
        """
        if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 0:
            raise ValueError(
                f"epoch is {epoch!r}. Epochs are counted from 0. Pass the number of the epoch that begins."
            )
        self.epoch = epoch
        self.moves_on = False

    def move_on(self) -> None:
        """Begin the next epoch, if nobody else counts them."""
        self.epoch += self.moves_on

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch."""
        return {"epoch": self.epoch, "moves_on": self.moves_on}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the epoch of another one."""
        self.epoch, self.moves_on = state["epoch"], state["moves_on"]

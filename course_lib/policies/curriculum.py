"""From easy to difficult: an epoch visits what is unlocked, and more is unlocked every epoch (lesson 19).

The idea is that of Bengio, Louradour, Collobert and Weston ("Curriculum Learning", ICML 2009): easy samples
first, and then, step by step, all of them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch.utils.data import Dataset

from course_lib.loader.dataloader import DataLoader
from course_lib.loader.iterator import LoaderIterator
from course_lib.policies.difficulty import Floats, Scale, check_scores, compute_scores, scale
from course_lib.policies.loader_arguments import check_loader_arguments, check_map_style
from course_lib.policies.unlocking import Pacing, UnlockedSampler

SampleT = TypeVar("SampleT", covariant=True)

_REFUSED = {
    "sampler": "It decides itself which samples an epoch visits. Leave it out; shuffle sets their order.",
    "batch_sampler": "It decides itself which samples an epoch visits. Leave it out and give batch_size.",
}
# What the workers that compute difficulties share with those that load batches.
_FOR_SCORING = ("timeout", "worker_init_fn", "multiprocessing_context", "prefetch_factor", "worker_type")


@dataclass(frozen=True)
class CurriculumRecord:
    """What an epoch was to visit.

    Attributes:
        epoch: its number, from 0.
        difficulty: the level that was unlocked, 0 to 1.
        samples: how many samples were unlocked.
        total: how many there are.
        hardest: the largest score among the unlocked.
    """

    epoch: int
    difficulty: float
    samples: int
    total: int
    hardest: float


class CurriculumDataLoader(DataLoader[SampleT]):
    """Load the easy samples first, and in every epoch more difficult ones as well (lesson 19).

    In epoch e the unlocked level is `initial_difficulty + e * difficulty_increase_rate`, at most 1, and the
    epoch is one pass over the samples up to that level: it ends. Levels run from 0 to 1 whatever the scores
    are, so that at level 1 everything is unlocked. No start is empty: if less than one batch is unlocked,
    the easiest `batch_size` samples are (with those that are just as easy).

    The epoch moves on by itself when a pass has come to its end; a pass that is left by `break` does not
    count, nor one of which the last batch was taken and no further one asked for. As soon as you call
    `set_epoch`, you decide alone. Epochs grow, and with them `len()`: a trainer that asks for it once and
    counts batches, as Lightning does, has to ask anew (`reload_dataloaders_every_n_epochs=1`).

    Args:
        dataset: n samples, map-style.
        difficulty_fn: takes a sample and returns its difficulty, a number of any scale. It is called once
            for each sample, when the loader is made, in the workers. Or n numbers, shape (n,).
        initial_difficulty: the level of epoch 0, from 0 to 1.
        difficulty_increase_rate: by how much the level rises with every epoch, 0 or more.
        batch_size: samples per batch; None passes samples through one by one.
        shuffle: a new random order of the unlocked samples in every epoch; False keeps the dataset's.
        normalize: how scores become levels. "rank": level 0.1 unlocks the easiest tenth. "range": it unlocks
            the first tenth of the way from the smallest to the largest score.
        cache: path of a file for the scores, so that they are not computed again. They are checked with some
            samples, and computed anew if dataset or function have changed. If it cannot be written, a
            warning says so, and this loader goes on without.
        num_workers: number of workers, for the difficulties and for the batches.
        drop_last: leave out the last batch if it is short.
        generator: gives the order and the seeds of the workers; None takes torch's global one.
        loader_arguments: any other argument of `DataLoader`, except `sampler` and `batch_sampler`.

    Attributes:
        scores: difficulties as they were given, float64 array of shape (n,).
        levels: the same from 0 to 1.
        history: a `CurriculumRecord` for each epoch that was begun; `plot_curriculum(loader.history,
            loader.scores)` draws it.

    Raises:
        ValueError: a number is out of its range, a difficulty is NaN, or the dataset is empty.
        TypeError: the dataset is a stream, a difficulty is no number, or an argument is not taken.
        FileNotFoundError: the folder of `cache` does not exist.
    """

    sampler: UnlockedSampler

    def __init__(
        self,
        dataset: Dataset[SampleT],
        difficulty_fn: Callable[[Any], Any] | Sequence[float] | torch.Tensor,
        initial_difficulty: float = 0.1,
        difficulty_increase_rate: float = 0.05,
        batch_size: int | None = 32,
        shuffle: bool = True,
        *,
        normalize: Scale = "rank",
        cache: str | Path | None = None,
        num_workers: int = 0,
        drop_last: bool = False,
        generator: torch.Generator | None = None,
        **loader_arguments: Any,
    ) -> None:
        owner = type(self).__name__
        check_loader_arguments(owner, loader_arguments, _REFUSED)
        check_map_style(owner, dataset)
        _check_level("initial_difficulty", initial_difficulty, 1.0)
        _check_level("difficulty_increase_rate", difficulty_increase_rate, math.inf)
        if normalize not in ("rank", "range"):
            raise ValueError(
                f"normalize is {normalize!r}. Scores become levels by 'rank' or by 'range'. Pass one of them."
            )
        self.pacing = Pacing(initial_difficulty, difficulty_increase_rate)
        self.history: list[CurriculumRecord] = []
        self._counted: object = None  # the finished pass that the epoch has moved on for
        sampler = UnlockedSampler(self.pacing, batch_size or 1, shuffle, generator)
        # Before the difficulties, which may take an hour: a wrong argument is to be told at once.
        super().__init__(
            dataset,
            batch_size,
            sampler=sampler,
            num_workers=num_workers,
            drop_last=drop_last,
            generator=generator,
            **loader_arguments,
        )
        workers = {name: value for name, value in loader_arguments.items() if name in _FOR_SCORING}
        self.scores = _find_scores(dataset, difficulty_fn, cache, num_workers=num_workers, **workers)
        self.levels = self.sampler.levels = scale(self.scores, normalize)

    @property
    def epoch(self) -> int:
        """Number of the epoch that is going on, or of the next one if none is."""
        self._move_on()
        return self.sampler.epoch

    @property
    def difficulty(self) -> float:
        """The level that is unlocked now."""
        return self.pacing.level(self.epoch)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next. From then on epochs do not move on by themselves.

        Args:
            epoch: 0 or more.

        Raises:
            ValueError: it is no such number.
        """
        self.sampler.set_epoch(epoch)

    def __iter__(self) -> LoaderIterator:
        self._move_on()
        iterator = super().__iter__()
        unlocked = self.sampler.unlocked()
        level, total = self.pacing.level(self.sampler.epoch), len(self.levels)
        hardest = float(self.scores[unlocked].max())
        self.history.append(CurriculumRecord(self.sampler.epoch, level, len(unlocked), total, hardest))
        return iterator

    def __len__(self) -> int:
        """Return the number of batches of the present epoch."""
        self._move_on()
        return super().__len__()

    def state_dict(self) -> dict[str, Any]:
        """Return how far the latest pass has come, and its epoch; see `DataLoader.state_dict`."""
        self._move_on()
        return super().state_dict()

    def _move_on(self) -> None:
        """Begin the next epoch, once, if the latest pass has come to its end."""
        latest = self._progress
        if latest is not None and latest.is_finished and latest is not self._counted:
            self._counted = latest
            self.sampler.move_on()


def _find_scores(
    dataset: Any, difficulty_fn: Any, cache: str | Path | None, **loader_arguments: Any
) -> Floats:
    if callable(difficulty_fn):
        return compute_scores(dataset, difficulty_fn, cache, **loader_arguments)
    if cache is not None:
        raise ValueError(
            f"cache is {str(cache)!r}, and difficulty_fn holds the difficulties already. A cache keeps what "
            "a function took long to compute. Leave cache out, or pass the function."
        )
    return check_scores(difficulty_fn, len(dataset))


def _check_level(name: str, value: Any, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= most or math.isinf(value):
        raise ValueError(
            f"{name} is {value!r}. Levels run from 0, the easiest sample, to 1, the most difficult one, "
            "whatever scale the scores have. Pass a number of 0 or more"
            + (", and 1 at most." if most == 1 else ".")
        )

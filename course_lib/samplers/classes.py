"""Batches that look after the classes (lesson 08).

Two wishes that are easily confused. A *stratified* batch is a small picture of the data: a class with a tenth
of the samples has about a tenth of every batch. A *balanced* batch has as many samples of a rare class as of
a frequent one.

To stratify, the samples of a class are spread evenly over the epoch. With n samples in all, the j-th of the
n_c samples of a class (from 0) may stand from place floor(j n / n_c) on, and has to stand before place
ceil((j + 1) n / n_c). Giving each place to the sample that is due first always keeps these promises (Baruah,
Cohen, Plaxton and Varvel, "Proportionate progress", 1996). Up to any place, a class is then less than one
sample away from its share, and between any two places less than two.
"""

import heapq
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from course_lib.samplers.draws import integers, permutation
from course_lib.samplers.order import Sampler, check_generator, check_positive, freshly_seeded_generator

Indices = npt.NDArray[np.int64]


class StratifiedSampler(Sampler[list[int]]):
    """Yield batches with the class shares of the whole data, every index once in an epoch (lesson 08).

    In a batch of m samples, the count of a class that has n_c of all n samples differs from m * n_c / n by
    less than 2. Only the last batch may be shorter. An epoch takes O(n log n) steps.

    Args:
        labels: the class of each sample: n ints or strings, in a sequence, an array or a tensor.
        batch_size: the number of indices in a batch, at least 1.
        generator: the source of randomness; torch's global generator if None. It is drawn from and never
            seeded, so that each epoch comes in another order.

    Raises:
        ValueError: if there is no label, one is NaN, or `batch_size` is no positive integer.
        TypeError: if `labels` is no list of labels or `generator` is of another kind.
    """

    def __init__(
        self, labels: Iterable[Any], batch_size: int, generator: torch.Generator | None = None
    ) -> None:
        self.members = _members_of_classes(labels)
        check_positive("batch_size", batch_size, "A batch holds at least one sample")
        check_generator(generator)
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self) -> Iterator[list[int]]:
        order = self._spread()
        whole_batches, rest = divmod(len(order), self.batch_size)
        # The short batch is cut out at a random place: what is due last would otherwise always be in it.
        place = int(integers(whole_batches + 1, (), self.generator))
        sizes = [self.batch_size] * place + [rest] + [self.batch_size] * (whole_batches - place)
        stops = list(accumulate(sizes))
        others = [number for number in range(len(sizes)) if number != place]
        for choice in permutation(len(others), self.generator).tolist():
            stop = stops[others[choice]]
            yield order[stop - self.batch_size : stop]
        if rest:
            yield order[stops[place] - rest : stops[place]]

    def __len__(self) -> int:
        return -(-sum(map(len, self.members)) // self.batch_size)

    def _spread(self) -> list[int]:
        """Return all indices, each class shuffled and spread evenly over the places."""
        total = sum(map(len, self.members))
        indices = np.concatenate([_shuffled(members, self.generator) for members in self.members])
        turns = np.concatenate([np.arange(len(members)) for members in self.members])
        sizes = np.concatenate([np.full(len(members), len(members)) for members in self.members])
        # Where two are due at the same place, chance decides, or rare classes would keep the same company.
        chance = permutation(total, self.generator).numpy()
        first_places = turns * total // sizes
        due = -(-(turns + 1) * total // sizes)
        by_first_place = np.argsort(first_places, kind="stable")
        jobs = zip(
            *(column[by_first_place].tolist() for column in (first_places, due, chance, indices)),
        )
        return _earliest_due_first(jobs, total)


class BalancedBatchSampler(Sampler[list[int]]):
    """Yield batches with the same number of samples of every class (lesson 08).

    The rule of the epoch: it lasts until the largest class has been seen once, which takes
    `ceil(n_largest / samples_per_class)` batches. A smaller class starts over, in a new order, whenever it is
    used up. So every sample comes at least once in an epoch, the samples of one class equally often within
    one, and no sample twice in a batch.

    Args:
        labels: the class of each sample: n ints or strings, in a sequence, an array or a tensor.
        samples_per_class: how many samples of each class are in a batch. The batch size is this times the
            number of classes.
        generator: the source of randomness; torch's global generator if None.

    Raises:
        ValueError: if there is no label, one is NaN, `samples_per_class` is no positive integer, or a class
            has fewer samples than that.
        TypeError: if `labels` is no list of labels or `generator` is of another kind.
    """

    def __init__(
        self, labels: Iterable[Any], samples_per_class: int, generator: torch.Generator | None = None
    ) -> None:
        self.members = _members_of_classes(labels)
        check_positive("samples_per_class", samples_per_class, "A batch holds at least one of each class")
        check_generator(generator)
        self.samples_per_class = samples_per_class
        self.generator = generator
        smallest = min(self.members, key=len)
        if len(smallest) < samples_per_class:
            raise ValueError(
                f"samples_per_class={samples_per_class}, but the class of sample {int(smallest[0])} has only "
                f"{len(smallest)}. No sample comes twice in a batch, so each class needs that many. Lower "
                "samples_per_class, or leave the class out."
            )

    def __iter__(self) -> Iterator[list[int]]:
        # One seed per epoch: what the program draws between two batches does not change those to come.
        generator = self.generator or freshly_seeded_generator()
        endless = zip(*(self._draws(members, generator) for members in self.members))
        for parts in islice(endless, len(self)):
            # A batch that is cut in two, for two devices, should not have some classes in one half only.
            yield _shuffled(np.concatenate(parts), generator).tolist()

    def __len__(self) -> int:
        return -(-max(map(len, self.members)) // self.samples_per_class)

    def _draws(self, members: Indices, generator: torch.Generator) -> Iterator[Indices]:
        """Yield `samples_per_class` members of a class at a time, pass after pass, without an end."""
        left = members[:0]
        while True:
            if len(left) < self.samples_per_class:
                following = _shuffled(members, generator)
                waiting = np.isin(following, left)
                # Those that end the old pass go to the end of the new one: none is twice in this batch.
                left = np.concatenate([left, following[~waiting], following[waiting]])
            yield left[: self.samples_per_class]
            left = left[self.samples_per_class :]


def _earliest_due_first(jobs: Iterator[tuple[int, int, int, int]], places: int) -> list[int]:
    """Give each place to the index that is due first. `jobs`: (first place, due, chance, index), sorted."""
    order: list[int] = []
    ready: list[tuple[int, int, int]] = []
    upcoming = next(jobs, None)
    for place in range(places):
        while upcoming is not None and upcoming[0] <= place:
            heapq.heappush(ready, upcoming[1:])
            upcoming = next(jobs, None)
        order.append(heapq.heappop(ready)[-1])
    return order


def _shuffled(indices: Indices, generator: torch.Generator | None) -> Indices:
    return indices.take(permutation(len(indices), generator).numpy())


def _members_of_classes(labels: Iterable[Any]) -> list[Indices]:
    """Return, for each class, the int64 indices of its samples."""
    members: dict[Any, list[int]] = {}
    try:
        for index, label in enumerate(labels.tolist() if hasattr(labels, "tolist") else labels):
            # A tensor of one label hashes by identity, and would be a class of its own.
            label = label.item() if hasattr(label, "item") else label
            if label != label:
                raise ValueError(
                    f"labels[{index}] is {label}. A label names the class of a sample, and NaN equals "
                    "nothing, not even itself. Give the sample a class, or leave it out."
                )
            members.setdefault(label, []).append(index)
    except (TypeError, RuntimeError) as error:
        raise TypeError(
            f"labels came as a {type(labels).__name__} ({error}). There is one label for each sample, an int "
            "or a string. Pass a flat list of them, or a tensor or array of shape (n,)."
        ) from error
    if not members:
        raise ValueError(
            "labels is empty. There is one label for each sample, and at least one sample. Check that the "
            "dataset is not empty."
        )
    return [np.array(indices, dtype=np.int64) for indices in members.values()]

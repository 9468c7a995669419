"""How far a pass has come, so that another process can go on from there (lessons 10 and 11).

Nothing of a batch is stored. What is stored is where the randomness stood when the pass began, and which
batches were handed out. A loader that goes on draws the same order again and leaves these batches out; a
stream is read again up to where it was, or opened there if it knows how (`state_dict`, `load_state_dict`).
Batches that workers had loaded ahead and nobody had got are loaded again.

The keys are those of torchdata's `StatefulDataLoader` where they mean the same.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from course_lib.datasets.position import Position
from course_lib.samplers.randomness import find_randomness

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader

_GLOBAL = "global"


@dataclass
class Progress:
    """How far a pass has come.

    Attributes:
        randomness: the state of every generator and sampler that decides on the order, when the pass began.
        base_seed: seed of the workers, drawn in this pass or, by persistent workers, in an earlier one.
        drew_seed: whether it was drawn in this pass.
        handed: how many batches were handed out, counted from the first one without a gap.
        ahead: numbers of batches beyond, out of order.
        samples: how many samples streams gave.
        places: by worker, how far its stream was read, as of the last batch that was handed out.
        untold: by worker, where its stream goes on, for those that have not been told yet.
        turn: whose turn the next batch is.
        is_finished: the pass has come to its end.
    """

    randomness: dict[str, Any]
    base_seed: int = 0
    drew_seed: bool = True
    handed: int = 0
    ahead: set[int] = field(default_factory=set)
    samples: int = 0
    places: dict[int, Position] = field(default_factory=dict)
    untold: dict[int, Position] = field(default_factory=dict)
    turn: int = 0
    is_finished: bool = False

    def follow(self, before: "Progress") -> None:
        """Take over what streams have said in the pass before."""
        self.places = {key: place.once_past(before.is_finished) for key, place in before.places.items()}
        self.untold = {key: place.once_past(before.is_finished) for key, place in before.untold.items()}

    def hand_out(self, number: int) -> None:
        """Note that a batch was handed out, or that its error was raised."""
        if number == self.handed and not self.ahead:
            self.handed += 1
            return
        self.ahead.add(number)
        while self.handed in self.ahead:
            self.ahead.remove(self.handed)
            self.handed += 1

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values and tensors, which `torch.save` keeps."""
        return {
            "_sampler_iter_state": self.randomness,
            "_base_seed": self.base_seed,
            "_drew_base_seed": self.drew_seed,
            "_num_yielded": self.handed,
            "_yielded_ahead": sorted(self.ahead),
            "_num_samples": self.samples,
            "_next_worker": self.turn,
            "_iterator_finished": self.is_finished,
            "_worker_snapshots": {f"worker_{key}": place.to_dict() for key, place in self.places.items()},
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "Progress":
        """Undo `to_dict`."""
        snapshots = state["_worker_snapshots"].items()
        places = {int(name.removeprefix("worker_")): Position.from_dict(place) for name, place in snapshots}
        randomness = state["_sampler_iter_state"].items()
        return cls(
            # torch.load(map_location=...) may have moved them.
            randomness={k: v.cpu() if isinstance(v, torch.Tensor) else v for k, v in randomness},
            base_seed=int(state["_base_seed"]),
            drew_seed=bool(state["_drew_base_seed"]),
            handed=int(state["_num_yielded"]),
            ahead={int(number) for number in state["_yielded_ahead"]},
            samples=int(state["_num_samples"]),
            places=dict(places),
            untold=dict(places),
            turn=int(state["_next_worker"]),
            is_finished=bool(state["_iterator_finished"]),
        )


def read_randomness(loader: "DataLoader[Any]") -> dict[str, Any]:
    """Return the state of whatever decides on the order of the next pass."""
    states = {
        name: source.get_state() if isinstance(source, torch.Generator) else source.state_dict()
        for name, source in _sources(loader).items()
    }
    states[_GLOBAL] = torch.get_rng_state()  # A sampler may draw from it, whatever generator the loader has.
    return states


def restore_randomness(loader: "DataLoader[Any]", randomness: Mapping[str, Any]) -> None:
    """Set the generators and samplers of the loader back; torch's global generator is none of them."""
    for name, source in _sources(loader).items():
        if name in randomness:
            restore = source.set_state if isinstance(source, torch.Generator) else source.load_state_dict
            restore(randomness[name])


@contextmanager
def as_it_was(loader: "DataLoader[Any]", randomness: Mapping[str, Any]) -> Iterator[None]:
    """Draw an order again: for the time of a `with`, torch's global generator stands where it stood.

    Generators and samplers of the loader's own are set back for good: they belong to the order only.
    """
    restore_randomness(loader, randomness)
    now = torch.get_rng_state()
    try:
        if _GLOBAL in randomness:
            torch.set_rng_state(randomness[_GLOBAL])
        yield
    finally:
        if _GLOBAL in randomness:
            torch.set_rng_state(now)


def _sources(loader: "DataLoader[Any]") -> dict[str, Any]:
    return find_randomness(loader=loader.generator, sampler=loader.sampler, batches=loader.batch_sampler)

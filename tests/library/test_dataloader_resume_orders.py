"""A pass goes on in the order in which it began, whatever that order was drawn from (lessons 10 and 11)."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import torch
from torch.utils.data import Sampler as TorchSampler

from course_lib import (
    BalancedBatchSampler,
    BatchSampler,
    BucketBatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from course_lib.loader.pool import ProcessPool


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def as_lists(batches: Iterable[Any]) -> list[Any]:
    return [batch.tolist() for batch in batches]


def check_resume(make: Any, epochs: int = 1, stop: int = 3) -> None:
    """A state that was saved after some batches gives the rest, in a loader whose program is elsewhere."""
    torch.manual_seed(1)
    loader = make()
    for _ in range(epochs - 1):
        list(loader)
    batches = iter(loader)
    for _ in range(stop):
        next(batches)
        torch.rand(7)  # as dropout does
    state = loader.state_dict()
    rest = as_lists(batches)
    assert rest
    torch.manual_seed(99)
    resumed = make()
    resumed.load_state_dict(state)
    assert as_lists(resumed) == rest


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    "make_sampler",
    [
        lambda: WeightedRandomSampler(torch.ones(12), 12, replacement=False),
        lambda: SubsetRandomSampler(range(12)),
        lambda: RandomSampler(range(12)),
    ],
)
def test_a_sampler_may_draw_from_elsewhere_than_the_loader(make_sampler: Any, workers: int) -> None:
    check_resume(
        lambda: DataLoader(
            range(12),
            2,
            sampler=make_sampler(),
            generator=seeded(0),
            num_workers=workers,  # type: ignore[arg-type]
        )
    )


def test_buckets_may_draw_from_elsewhere_than_the_loader() -> None:
    lengths = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
    check_resume(
        lambda: DataLoader(
            range(12),  # type: ignore[arg-type]
            batch_sampler=BucketBatchSampler(lengths, 2),
            generator=seeded(0),
        )
    )


def test_what_the_program_draws_does_not_change_a_balanced_epoch() -> None:
    check_resume(
        lambda: DataLoader(range(12), batch_sampler=BalancedBatchSampler([0] * 8 + [1] * 4, 1))  # type: ignore[arg-type]
    )


class Pairs(TorchSampler[list[int]]):
    """Samplers in a list, as a batch sampler of two sources has them."""

    def __init__(self, kind: type) -> None:
        parts = [RandomSampler(range(6), generator=seeded(seed)) for seed in (1, 2)]
        self.parts = dict(enumerate(parts)) if kind is dict else kind(parts)

    def __iter__(self) -> Iterator[list[int]]:
        parts = self.parts.values() if isinstance(self.parts, dict) else self.parts
        for one, other in zip(*parts):
            yield [one, 6 + other]


class Plain:
    """No subclass of anything."""

    def __init__(self) -> None:
        self.source = seeded(1)

    def __iter__(self) -> Iterator[int]:
        return iter(torch.randperm(12, generator=self.source).tolist())

    def __len__(self) -> int:
        return 12


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize(
    "make_batches",
    [
        lambda: Pairs(list),
        lambda: Pairs(tuple),
        lambda: Pairs(dict),
        lambda: BatchSampler(Plain(), 2, False),
    ],
)
def test_generators_are_found_wherever_samplers_hold_them(make_batches: Any, epochs: int) -> None:
    check_resume(lambda: DataLoader(range(12), batch_sampler=make_batches()), epochs)  # type: ignore[arg-type]


class Place(Plain):
    """Its state says how far it has come, not how its pass began."""

    yielded = 0

    def __iter__(self) -> Iterator[int]:
        for index in range(self.yielded, 12):
            self.yielded = index + 1
            yield index
        self.yielded = 12

    def state_dict(self) -> dict[str, int]:
        return {"yielded": self.yielded}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.yielded = state["yielded"]


def test_a_pass_that_cannot_be_drawn_again_is_refused_rather_than_empty() -> None:
    sampler = Place()
    loader = DataLoader(range(12), 2, sampler=sampler)  # type: ignore[arg-type]
    assert len(list(loader)) == 6
    sampler.yielded = 4
    batches = iter(loader)
    assert [next(batches).tolist() for _ in range(3)] == [[4, 5], [6, 7], [8, 9]]
    state = loader.state_dict()
    state["_sampler_iter_state"]["sampler"] = {"yielded": 12}
    resumed = DataLoader(range(12), 2, sampler=Place())  # type: ignore[arg-type]
    resumed.load_state_dict(state)
    with pytest.raises(
        ValueError, match="3 batches of this pass were handed out, but drawn again it has only 0"
    ):
        iter(resumed)


def test_the_programs_generator_stays_where_it_is() -> None:
    def make() -> DataLoader[int]:
        return DataLoader(range(12), 2, shuffle=True, generator=torch.default_generator)  # type: ignore[arg-type]

    check_resume(make)
    state = make().state_dict()
    torch.manual_seed(5)
    here = torch.get_rng_state()
    resumed = make()
    batches = iter(loader := make())
    next(batches)
    state = loader.state_dict()
    torch.set_rng_state(here)
    resumed.load_state_dict(state)
    next(iter(resumed))
    assert torch.equal(torch.get_rng_state(), here)


class Flaky(Plain):
    """Fails once, as a fork does for want of memory."""

    fails = False

    def __iter__(self) -> Iterator[int]:
        if self.fails:
            self.fails = False
            raise OSError("no memory")
        return iter(range(12))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_loaded_state_survives_a_pass_that_could_not_begin(workers: int) -> None:
    loader = DataLoader(range(12), 2, sampler=Flaky(), num_workers=workers)  # type: ignore[arg-type]
    next(iter(loader))
    state = loader.state_dict()
    resumed = DataLoader(range(12), 2, sampler=(sampler := Flaky()), num_workers=workers)  # type: ignore[arg-type]
    sampler.fails = True
    resumed.load_state_dict(state)
    with pytest.raises(OSError, match="no memory"):
        list(resumed)
    assert as_lists(resumed) == [[2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]


class Counting:
    """An iterator that goes on after the samples it cannot read."""

    def __init__(self, size: int, bad: set[int]) -> None:
        self.size, self.bad, self.index = size, bad, -1

    def __iter__(self) -> "Counting":
        return self

    def __next__(self) -> int:
        self.index += 1
        if self.index in self.bad:
            raise OSError(f"bad sample {self.index}")
        if self.index >= self.size:
            raise StopIteration
        return self.index


class Stream(IterableDataset[int]):
    def __init__(self, bad: set[int]) -> None:
        self.bad = bad

    def __iter__(self) -> Iterator[int]:
        return Counting(20, self.bad)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("after", [2, 3])
def test_a_stream_goes_on_behind_a_sample_it_could_not_read(workers: int, after: int) -> None:
    def read(batches: Iterator[torch.Tensor]) -> list[Any]:
        got: list[Any] = []
        while len(got) < 10:
            try:
                got.append(next(batches).tolist())
            except OSError as error:
                got.append(str(error).splitlines()[0])
            except StopIteration:
                break
        return got

    def make() -> DataLoader[int]:
        return DataLoader(Stream({6}), 4, num_workers=workers)

    whole = read(iter(make()))
    assert whole == [[0, 1, 2, 3], "bad sample 6", [7, 8, 9, 10], [11, 12, 13, 14], [15, 16, 17, 18], [19]]
    loader = make()
    batches = iter(loader)
    for _ in range(after):
        try:
            next(batches)
        except OSError:
            continue
    state = loader.state_dict()
    resumed = make()
    resumed.load_state_dict(state)
    assert read(iter(resumed)) == whole[after:]


class Closing(IterableDataset[int]):
    def __init__(self, broken: bool) -> None:
        self.broken = broken

    def __iter__(self) -> Iterator[int]:
        yield 0
        if self.broken:
            raise OSError("the file is gone")
        yield from range(1, 20)


def test_a_stream_that_breaks_while_it_is_read_again_says_so() -> None:
    loader = DataLoader(Closing(False), 4)
    next(iter(loader))
    resumed = DataLoader(Closing(True), 4)
    resumed.load_state_dict(loader.state_dict())
    with pytest.raises(OSError, match="the file is gone"):
        list(resumed)


class Living(IterableDataset[int]):
    """Gives its own state away, not a copy."""

    def __init__(self) -> None:
        self.state = {"next": 0}

    def __iter__(self) -> Iterator[int]:
        while self.state["next"] < 8:
            self.state["next"] += 1
            yield self.state["next"] - 1

    def state_dict(self) -> dict[str, int]:
        return self.state

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.state = dict(state)


def test_a_saved_state_does_not_go_on_changing() -> None:
    loader = DataLoader(Living(), 2)
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    list(batches)
    resumed = DataLoader(Living(), 2)
    resumed.load_state_dict(state)
    assert as_lists(resumed) == [[2, 3], [4, 5], [6, 7]]


class WithAnother(RandomSampler):
    """A subclass that draws from more than its parent knows of."""

    def __init__(self, size: int) -> None:
        super().__init__(range(size))
        self.extra = seeded(4)

    def __iter__(self) -> Iterator[int]:
        return iter(torch.randperm(12, generator=self.extra).tolist())


def test_what_a_class_says_it_draws_from_does_not_hold_for_its_subclasses() -> None:
    check_resume(lambda: DataLoader(range(12), 2, sampler=WithAnother(12)), epochs=2)  # type: ignore[arg-type]


def test_a_generator_given_to_a_sampler_later_is_found() -> None:
    def make() -> DataLoader[int]:
        loader = DataLoader(range(12), 2, shuffle=True)  # type: ignore[arg-type]
        loader.sampler.generator = seeded(3)  # type: ignore[attr-defined]
        return loader

    check_resume(make, epochs=2)


class Knowing(RandomSampler):
    """Knows the loader that asks it, to follow how far training has come."""

    loader: Any = None


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sampler_may_know_its_loader(workers: int) -> None:
    def make() -> DataLoader[int]:
        sampler = Knowing(range(12), generator=seeded(2))
        sampler.loader = DataLoader(range(12), 2, sampler=sampler, num_workers=workers)  # type: ignore[arg-type]
        return sampler.loader  # type: ignore[no-any-return]

    check_resume(make, epochs=2)


def test_a_loaded_state_survives_workers_that_could_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = DataLoader(range(12), 2, num_workers=1)  # type: ignore[arg-type]
    next(iter(loader))
    resumed = DataLoader(range(12), 2, num_workers=1)  # type: ignore[arg-type]
    resumed.load_state_dict(loader.state_dict())
    with monkeypatch.context() as broken:
        broken.setattr(ProcessPool, "_start", lambda *arguments: (_ for _ in ()).throw(OSError("no memory")))
        with pytest.raises(OSError, match="no memory"):
            iter(resumed)
    assert as_lists(resumed) == [[2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]

"""Resuming streams that know their place, on the dataset, on its iterator, or on both, also across epochs."""

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils.data import IterableDataset

from course_lib import ChainDataset, DataLoader, StreamingDataset, get_worker_info

SAMPLES = 29
MAIN = {"num_workers": 0}
COPIES = {"num_workers": 2}
KEPT = {"num_workers": 2, "persistent_workers": True}
THREADS = {"num_workers": 2, "worker_type": "thread"}
THREADS_KEPT = {**THREADS, "persistent_workers": True}
PROCESSES = [MAIN, COPIES, KEPT]
ANY = [*PROCESSES, THREADS, THREADS_KEPT]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def my_part(samples: range) -> range:
    worker = get_worker_info()
    return samples if worker is None else samples[worker.id :: worker.num_workers]


def my_part_shuffled(epoch: int) -> list[int]:
    part = my_part(range(SAMPLES))
    return [part[place] for place in torch.randperm(len(part), generator=seeded(epoch)).tolist()]


class Stateful(IterableDataset[int]):
    """Its state is taken in by the next pass."""

    def __init__(self, samples: range = range(SAMPLES)) -> None:
        self.samples = samples
        self.i = 0
        self.loaded: int | None = None

    def state_dict(self) -> dict[str, int]:
        return {"i": self.i}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.loaded = state["i"]


class Lazy(Stateful):
    """A generator: before the first sample nothing happens, its state is not even taken in."""

    def __iter__(self) -> Iterator[int]:
        start, self.loaded = self.loaded or 0, None
        self.i = start
        for sample in my_part(self.samples)[start:]:
            self.i += 1
            yield sample


class Resetting(Stateful):
    """At the end of a pass it stands at the beginning of the next one."""

    def __iter__(self) -> Iterator[int]:
        if self.loaded is not None:
            self.i, self.loaded = self.loaded, None
        for sample in my_part(self.samples)[self.i :]:
            self.i += 1
            yield sample
        self.i = 0


class Epochs(IterableDataset[int]):
    """Counts its passes: each has an order of its own."""

    def __init__(self) -> None:
        self.epoch, self.i = -1, 0
        self.loaded: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[int]:
        self.epoch, self.i = self.loaded or (self.epoch + 1, 0)
        self.loaded = None
        return self.go_on()

    def go_on(self) -> Iterator[int]:
        for sample in my_part_shuffled(self.epoch)[self.i :]:
            self.i += 1
            yield sample

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "i": self.i}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.loaded = state["epoch"], state["i"]


class Places(Iterator[int]):
    """An iterator that knows its place. It gives its state away as it is, and takes one over as it is."""

    def __init__(self, samples: range, offset: int = 0) -> None:
        self.samples = samples
        self.offset = offset
        self.state = {"i": 0}

    def __next__(self) -> int:
        if self.state["i"] >= len(self.samples):
            raise StopIteration
        self.state["i"] += 1
        return self.samples[self.state["i"] - 1] + self.offset

    def state_dict(self) -> dict[str, int]:
        return self.state

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.state = state


class OfIterator(IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        return Places(my_part(range(SAMPLES)))


class OfBoth(IterableDataset[int]):
    """The dataset knows the epoch, its iterator the place."""

    epoch = -1
    goes_on = False

    def __iter__(self) -> Iterator[int]:
        self.epoch, self.goes_on = self.epoch + (not self.goes_on), False
        return Places(my_part(range(SAMPLES)), offset=1000 * self.epoch)

    def state_dict(self) -> dict[str, int]:
        return {"i": self.epoch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.goes_on = state["i"], True


def shuffled(first: int, number: int, seed: int) -> StreamingDataset[int]:
    return StreamingDataset(range(first, first + number), 6, shuffle=True, generator=seeded(seed))


def chain_of_shuffled() -> ChainDataset[int]:
    return ChainDataset([shuffled(0, 9, 1), ChainDataset([shuffled(9, 8, 2)]), shuffled(17, 12, 3)])


def chain_of_lazy() -> ChainDataset[int]:
    return ChainDataset([Lazy(range(13)), Resetting(range(13, SAMPLES))])


KINDS: list[tuple[Callable[[], Any], list[dict[str, Any]]]] = [
    (Lazy, PROCESSES),
    (Resetting, PROCESSES),
    (Epochs, PROCESSES),
    (OfIterator, ANY),
    (OfBoth, PROCESSES),
    (lambda: shuffled(0, SAMPLES, 2), ANY),
    (chain_of_shuffled, ANY),
    (chain_of_lazy, PROCESSES),
]


def pass_of(batches: Any) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


def reloaded(state: dict[str, Any]) -> dict[str, Any]:
    state = pickle.loads(pickle.dumps(state))
    assert isinstance(state, dict)
    return state


@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize(("make", "options"), [(make, one) for make, options in KINDS for one in options])
def test_what_follows_is_the_same_in_another_process(
    make: Callable[[], Any], options: dict[str, Any], epoch: int
) -> None:
    def loader() -> DataLoader[int]:
        return DataLoader(make(), 4, generator=seeded(1), **options)

    for handed in (0, 1, 5, 8, None):  # None: the whole pass, and its end is seen
        undisturbed = loader()
        for _ in range(epoch):
            assert len(pass_of(undisturbed)) == 8
        batches = iter(undisturbed)
        before = [next(batches).tolist() for _ in range(handed)] if handed is not None else pass_of(batches)
        state = reloaded(undisturbed.state_dict())
        rest = pass_of(batches) if handed is not None else []
        following = pass_of(undisturbed), pass_of(undisturbed)
        assert sorted(sample % 1000 for batch in before + rest for sample in batch) == list(range(SAMPLES))

        for _ in range(2):  # A state may be loaded any number of times.
            resumed = loader()
            resumed.load_state_dict(state)
            if handed is not None:
                begun = iter(resumed)
                again = loader()
                again.load_state_dict(reloaded(resumed.state_dict()))
                assert pass_of(again) == rest, handed
                assert pass_of(begun) == rest, handed
            assert (pass_of(resumed), pass_of(resumed)) == following, handed


class Sticky(Stateful):
    """Once told where to begin it begins there every time, as Hugging Face's streams do within an epoch."""

    def __iter__(self) -> Iterator[int]:
        self.i = self.loaded or 0
        for sample in my_part(self.samples)[self.i :]:
            self.i += 1
            yield sample


class Counter(Stateful):
    """A generator that counts its passes."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = -1

    def __iter__(self) -> Iterator[int]:
        self.i, self.loaded, resumed = self.loaded or 0, None, self.loaded is not None
        self.epoch += not resumed
        for sample in my_part_shuffled(self.epoch)[self.i :]:
            self.i += 1
            yield sample

    def state_dict(self) -> dict[str, int]:
        return {"i": self.i, "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.loaded, self.epoch = state["i"], state["epoch"]


@pytest.mark.parametrize("make", [Sticky, Counter])
@pytest.mark.parametrize("options", PROCESSES)
def test_a_generator_that_was_told_of_a_whole_pass_gives_the_next_one_whole(
    make: Callable[[], Any], options: dict[str, Any]
) -> None:
    def loader() -> DataLoader[int]:
        return DataLoader(make(), 4, generator=seeded(1), **options)

    undisturbed, resumed = loader(), loader()
    pass_of(undisturbed)
    state = reloaded(undisturbed.state_dict())
    batches = iter(undisturbed)
    first = next(batches).tolist()
    early = reloaded(undisturbed.state_dict())  # One of two workers has given nothing yet.
    rest = pass_of(batches)
    resumed.load_state_dict(state)
    assert pass_of(resumed) == [first, *rest]
    resumed = loader()
    resumed.load_state_dict(early)
    assert pass_of(resumed) == rest


def test_a_stream_on_the_programs_generator_is_read_again_in_the_same_order() -> None:
    class Random(IterableDataset[int]):
        def __iter__(self) -> Iterator[int]:
            return iter(torch.randperm(20).tolist())

    loader, resumed = DataLoader(Random(), 4), DataLoader(Random(), 4)
    batches = iter(loader)
    next(batches), next(batches)
    state = loader.state_dict()
    torch.rand(100)
    resumed.load_state_dict(state)
    assert pass_of(resumed) == pass_of(batches)


@pytest.mark.parametrize("options", [MAIN, {"num_workers": 1}, {"num_workers": 1, "worker_type": "thread"}])
def test_a_state_dict_that_fails_is_an_error_only_for_whoever_asks(options: dict[str, Any]) -> None:
    class Failing(Lazy):
        def state_dict(self) -> dict[str, int]:
            if self.i == 8:
                raise OSError("no place at the moment")
            return super().state_dict()

    loader = DataLoader(Failing(range(12)), 4, **options)
    batches, seen = iter(loader), []
    for number in range(3):
        seen.append(next(batches).tolist())
        if number == 1:
            with pytest.raises(RuntimeError, match="cannot tell its place") as caught:
                loader.state_dict()
            assert "OSError: no place at the moment" in str(caught.value)
        else:
            assert loader.state_dict()["_num_yielded"] == number + 1
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_state_dict_of_another_meaning_is_left_alone(workers: int) -> None:
    class Other(IterableDataset[int]):
        def __iter__(self) -> Iterator[int]:
            return iter(range(12))

        def state_dict(self, num_samples: int, from_beginning: bool) -> dict[str, int]:
            raise AssertionError("called")

        def load_state_dict(self, state: dict[str, int]) -> None:
            raise AssertionError("called")

    loader, resumed = (DataLoader(Other(), 4, num_workers=workers) for _ in range(2))
    batches = iter(loader)
    assert next(batches).tolist() == [0, 1, 2, 3]
    resumed.load_state_dict(loader.state_dict())
    assert pass_of(resumed) == pass_of(batches) == [[4, 5, 6, 7], [8, 9, 10, 11]]


@pytest.mark.parametrize("stream", [Lazy(), ChainDataset([Lazy(range(13)), Lazy(range(13, SAMPLES))])])
def test_threads_do_not_resume_a_place_that_they_share(stream: IterableDataset[int]) -> None:
    loader = DataLoader(stream, 4, num_workers=2, worker_type="thread")
    batches = iter(loader)
    next(batches)
    with pytest.raises(
        RuntimeError, match="Lazy keeps its place in itself, and several worker threads share"
    ):
        loader.state_dict()
    assert len(pass_of(batches)) == 7


def test_a_stream_that_could_not_go_on_is_opened_there_again() -> None:
    class Unwilling(Lazy):
        def load_state_dict(self, state: dict[str, int]) -> None:
            raise OSError("not reachable")

    loader = DataLoader(Lazy(), 4, num_workers=1)
    batches = iter(loader)
    next(batches)
    broken = DataLoader(Unwilling(), 4, num_workers=1)
    broken.load_state_dict(loader.state_dict())
    with pytest.raises(OSError, match="not reachable"):
        next(iter(broken))
    mended = DataLoader(Lazy(), 4, num_workers=1)
    mended.load_state_dict(broken.state_dict())
    assert pass_of(mended) == pass_of(batches)


class Yielded:
    """A sampler whose state is its place, as torchdata's StatefulDistributedSampler has it."""

    yielded = 0
    loaded: int | None = None

    def __iter__(self) -> Iterator[int]:
        self.yielded, self.loaded = self.loaded or 0, None
        for index in range(self.yielded, 12):
            self.yielded += 1
            yield index

    def __len__(self) -> int:
        return 12

    def state_dict(self) -> dict[str, int]:
        return {"yielded": self.yielded}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.loaded = state["yielded"]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("handed", [0, 1, 3, None])
def test_a_sampler_whose_state_is_its_place_resumes_after_whole_passes(
    workers: int, handed: int | None
) -> None:
    def loader() -> DataLoader[int]:
        return DataLoader(range(12), 4, sampler=Yielded(), num_workers=workers)  # type: ignore[arg-type]

    undisturbed, resumed = loader(), loader()
    pass_of(undisturbed)
    batches = iter(undisturbed)
    if handed is None:
        pass_of(batches)
        batches = iter(undisturbed)
    for _ in range(handed or 0):
        next(batches)
    state = undisturbed.state_dict()
    resumed.load_state_dict(state)
    assert pass_of(resumed) == pass_of(batches)
    assert pass_of(resumed) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_a_state_without_one_of_its_parts_is_refused() -> None:
    loader = DataLoader(range(12), 4)  # type: ignore[arg-type]
    refusal = "no state of a DataLoader of this library, or lacks a part of it"
    for name in loader.state_dict():
        state = loader.state_dict()
        del state[name]
        with pytest.raises(ValueError, match=f"{refusal}: '{name}'"):
            loader.load_state_dict(state)
        if not isinstance(loader.state_dict()[name], bool):
            with pytest.raises(ValueError, match=refusal):
                loader.load_state_dict({**state, name: None})
    for nothing in (None, [], "state", 7):
        with pytest.raises(ValueError, match=refusal):
            loader.load_state_dict(nothing)  # type: ignore[arg-type]
    assert [batch.tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


@pytest.mark.parametrize(
    "place",
    [{"samples": 4, "fetched": 3}, {"dataset_state": None}, {"samples": "four"}, {"samples": -1}, 4, None],
    ids=["another version's", "without a count", "a word", "negative", "a number", "nothing"],
)
def test_a_place_of_a_stream_that_is_none_is_refused(place: Any) -> None:
    loader = DataLoader(Lazy(), batch_size=4)
    next(iter(loader))
    state = loader.state_dict()
    assert state["_worker_snapshots"].keys() == {"worker_0"}
    with pytest.raises(ValueError, match=r"place of a stream .* got .*state_dict\(\)"):
        loader.load_state_dict({**state, "_worker_snapshots": {"worker_0": place}})
    loader.load_state_dict(state)
    assert torch.cat(list(loader)).tolist() == list(range(4, SAMPLES))


def test_a_dataset_that_refuses_its_length_has_a_state() -> None:
    class Endless:
        def __getitem__(self, index: int) -> int:
            return index

        def __len__(self) -> int:
            raise NotImplementedError

    def loader() -> DataLoader[int]:
        return DataLoader(Endless(), 4, sampler=range(12))  # type: ignore[arg-type]

    left, resumed = loader(), loader()
    next(iter(left))
    resumed.load_state_dict(left.state_dict())
    assert pass_of(resumed) == [[4, 5, 6, 7], [8, 9, 10, 11]]


def test_a_loader_is_sent_without_its_workers() -> None:
    loader = DataLoader(range(12), 4, num_workers=1, persistent_workers=True)  # type: ignore[arg-type]
    assert pass_of(pickle.loads(pickle.dumps(loader))) == pass_of(loader)
    assert pass_of(pickle.loads(pickle.dumps(loader))) == pass_of(loader)

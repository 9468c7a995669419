"""A pass that goes on elsewhere: the remaining batches come, in their order, none lost and none twice."""

import io
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import (
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    StratifiedSampler,
    StreamingDataset,
    WeightedRandomSampler,
    get_worker_info,
)

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
WORKERS = [(0, "process"), (2, "process"), (2, "thread"), (3, "thread")]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Counting(IterableDataset):
    """A stream that knows nothing of states: each worker counts its own part."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return iter(range(first, self.n, step))


def count_stream(n=41):
    return range(n)


def make_map(**workers):
    return DataLoader(range(53), batch_size=4, shuffle=True, generator=seeded(), **workers)


def make_map_of_the_global_generator(**workers):
    return DataLoader(range(53), batch_size=4, shuffle=True, **workers)


def make_weighted(**workers):
    sampler = WeightedRandomSampler(torch.rand(30, generator=seeded(1)), 30, generator=seeded(2))
    return DataLoader(range(30), batch_size=4, sampler=sampler, **workers)


def make_stratified(**workers):
    labels = [index % 3 for index in range(53)]
    return DataLoader(range(53), batch_sampler=StratifiedSampler(labels, 4, generator=seeded(3)), **workers)


def make_distributed(**workers):
    return DataLoader(range(53), batch_size=4, sampler=DistributedSampler(range(53), 2, 1), **workers)


def make_samples(**workers):
    return DataLoader(range(23), batch_size=None, shuffle=True, generator=seeded(), **workers)


def make_stream(**workers):
    return DataLoader(Counting(53), batch_size=4, generator=seeded(), **workers)


def make_shuffled_stream(**workers):
    stream = StreamingDataset(count_stream, buffer_size=7, shuffle=True, generator=seeded(5))
    return DataLoader(stream, batch_size=4, generator=seeded(), drop_last=True, **workers)


MAKERS = [
    make_map,
    make_map_of_the_global_generator,
    make_weighted,
    make_stratified,
    make_distributed,
    make_samples,
    make_stream,
    make_shuffled_stream,
]


def values(batches):
    return [batch.tolist() for batch in map(torch.as_tensor, batches)]


def stored(state):
    """Return a state as it comes back from a disk."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def workers_of(number, kind):
    return {"num_workers": number, "worker_type": kind}


@pytest.mark.parametrize(("number", "kind"), WORKERS)
@pytest.mark.parametrize("make", MAKERS)
def test_the_remaining_batches_come_and_the_next_epoch_is_the_same(make, number, kind):
    torch.manual_seed(9)
    loader = make(**workers_of(number, kind))
    passing = iter(loader)
    before = values([next(passing) for _ in range(3)])
    state = stored(loader.state_dict())
    rest = values(passing)
    torch.manual_seed(77)
    following = values(loader)
    assert before

    torch.manual_seed(1234)  # another process, where torch's global generator stands elsewhere
    standing = torch.get_rng_state()
    resumed = make(**workers_of(number, kind))
    resumed.load_state_dict(state)
    assert values(resumed) == rest
    assert torch.equal(torch.get_rng_state(), standing)
    torch.manual_seed(77)
    assert values(resumed) == following


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_map, make_shuffled_stream])
def test_a_pass_goes_on_under_every_other_start_method(make):
    whole = make(num_workers=2)
    expected, following = values(whole), values(whole)
    batches, state = [], make(num_workers=2).state_dict()
    for handed, method in enumerate(multiprocessing.get_all_start_methods(), 1):
        loader = make(num_workers=2, multiprocessing_context=method)
        loader.load_state_dict(state)
        passing = iter(loader)
        batches += values([next(passing) for _ in range(handed)])
        state = stored(loader.state_dict())
    last = make(num_workers=2)
    last.load_state_dict(state)
    assert batches + values(last) == expected
    assert values(last) == following


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(0, 12), st.integers(1, 3), st.booleans())
def test_streams_of_any_length_lose_nothing_and_repeat_nothing(n, batch_size, handed, workers, whole):
    def make():
        arguments = {"batch_size": batch_size, "drop_last": whole, "num_workers": workers}
        return DataLoader(Counting(n), worker_type="thread", **arguments)

    loader = make()
    passing = iter(loader)
    for _ in zip(range(handed), passing):
        pass
    state = loader.state_dict()
    rest = values(passing)
    resumed = make()
    resumed.load_state_dict(state)
    is_over = handed > len(values(make()))
    assert values(resumed) == (values(make()) if is_over else rest)


def test_out_of_order_the_batches_that_are_left_are_those_that_were_not_handed_out():
    class Slow:
        def __len__(self):
            return 24

        def __getitem__(self, index):
            if index == 0:
                stop.wait(0.3)
            return index

    import threading

    stop = threading.Event()
    loader = DataLoader(Slow(), batch_size=2, num_workers=2, worker_type="thread", in_order=False)
    passing = iter(loader)
    before = [next(passing) for _ in range(4)]
    assert min(int(batch.min()) for batch in before) > 0, "the slow batch has not been overtaken"
    state = loader.state_dict()
    resumed = DataLoader(range(24), batch_size=2, num_workers=2, worker_type="thread", in_order=False)
    resumed.load_state_dict(state)
    everything = torch.cat([*before, *resumed]).tolist()
    assert sorted(everything) == list(range(24))


@pytest.mark.parametrize("number", [0, 2])
def test_a_batch_whose_error_was_raised_counts_as_handed_out(number):
    class Faulty:
        def __len__(self):
            return 8

        def __getitem__(self, index):
            if index == 2:
                raise OSError("unreadable")
            return index

    def make():
        return DataLoader(
            Faulty(), batch_size=2, num_workers=number, worker_type="thread" if number else "process"
        )

    loader = make()
    passing = iter(loader)
    next(passing)
    with pytest.raises(OSError, match="unreadable"):
        next(passing)
    resumed = make()
    resumed.load_state_dict(loader.state_dict())
    assert values(resumed) == [[4, 5], [6, 7]]


@pytest.mark.parametrize("number", [0, 2])
def test_a_pass_that_was_left_goes_on(number):
    loader = make_map(num_workers=number)
    seen = []
    for batch in loader:
        seen += batch.tolist()
        if len(seen) >= 12:
            break
    loader.load_state_dict(loader.state_dict())
    seen += [index for batch in loader for index in batch.tolist()]
    assert sorted(seen) == list(range(53))


def test_before_the_first_pass_and_after_a_whole_one():
    loader = make_map()
    twin = make_map()
    twin.load_state_dict(loader.state_dict())
    assert values(twin) == values(loader)
    other = make_map()
    other.load_state_dict(stored(loader.state_dict()))
    assert values(other) == values(loader)


@pytest.mark.parametrize("handed", [1, 20])
def test_persistent_workers_keep_their_seeds(handed):
    def make():
        workers = {"num_workers": 2, "persistent_workers": True, "worker_type": "thread"}
        return DataLoader(Seeds(), batch_size=3, shuffle=True, generator=seeded(4), **workers)

    class Seeds:
        def __len__(self):
            return 20

        def __getitem__(self, index):
            return index, get_worker_info().seed

    loader = make()
    list(loader)
    passing = iter(loader)
    for _ in zip(range(handed), passing):
        pass
    state = loader.state_dict()
    rest = [[part.tolist() for part in batch] for batch in passing]
    following = [[part.tolist() for part in batch] for batch in loader]
    resumed = make()
    resumed.load_state_dict(state)
    if rest:
        assert [[part.tolist() for part in batch] for batch in resumed] == rest
    assert [[part.tolist() for part in batch] for batch in resumed] == following


def test_another_number_of_workers_may_finish_a_map_style_pass():
    loader = make_map(num_workers=2)
    passing = iter(loader)
    next(passing)
    state = loader.state_dict()
    resumed = make_map()
    resumed.load_state_dict(state)
    assert values(resumed) == values(passing)


def test_a_state_of_another_loader_is_refused():
    with pytest.raises(ValueError, match="batch_size=4, this one has 5"):
        DataLoader(range(53), batch_size=5).load_state_dict(make_map().state_dict())
    with pytest.raises(ValueError, match="samples=53, this one has 52"):
        DataLoader(range(52), batch_size=4).load_state_dict(make_map().state_dict())
    with pytest.raises(ValueError, match="num_workers=0, this one has 2"):
        make_stream(num_workers=2).load_state_dict(make_stream().state_dict())
    with pytest.raises(ValueError, match="no state of a DataLoader"):
        make_map().load_state_dict({"model": 1})


KILLED = """
    import os, signal, sys, torch
    from course_lib import DataLoader, StreamingDataset

    def numbers():
        return range(400)

    def make():
        generator = torch.Generator().manual_seed(0)
        if {streaming}:
            stream = StreamingDataset(numbers, buffer_size=16, shuffle=True, generator=generator)
            return DataLoader(stream, batch_size=5, num_workers=2, generator=generator)
        return DataLoader(range(400), batch_size=5, shuffle=True, num_workers=2, generator=generator)

    if __name__ == "__main__":
        loader, path = make(), sys.argv[1]
        if os.path.exists(path + ".state"):
            loader.load_state_dict(torch.load(path + ".state", weights_only=True))
        for number, batch in enumerate(loader):
            with open(path, "a") as file:
                print(*batch.tolist(), file=file)
            torch.save(loader.state_dict(), path + ".new")
            os.replace(path + ".new", path + ".state")
            if number == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system does not kill")
@pytest.mark.parametrize("streaming", [False, True])
def test_after_a_kill_exactly_the_remaining_samples_come(tmp_path, streaming):
    script, path = tmp_path / "train.py", tmp_path / "seen"
    script.write_text(textwrap.dedent(KILLED).format(streaming=streaming))
    for stop in (random.Random(0).randrange(5, 30), 20, -1):
        ended = subprocess.run([sys.executable, str(script), str(path), str(stop)], timeout=120)
        assert ended.returncode == (-signal.SIGKILL if stop >= 0 else 0)
    seen = [int(word) for word in path.read_text().split()]
    assert len(seen) == 400
    assert sorted(seen) == list(range(400))
    assert os.path.getsize(f"{path}.state") < 50_000


def test_a_state_of_another_order_is_refused():
    state = make_map().state_dict()
    for other, match in (
        (DataLoader(range(53), batch_size=4, generator=seeded()), "sampler='RandomSampler', this one"),
        (DataLoader(range(53), batch_size=4, shuffle=True), "generator='given', this one has None"),
        (DataLoader(range(53), batch_sampler=[[0], [1]]), "batch_size=4, this one has None"),
        (
            DataLoader(range(53), batch_sampler=StratifiedSampler([0] * 53, 4)),
            "sampler='RandomSampler', this one",
        ),
    ):
        with pytest.raises(ValueError, match=match):
            other.load_state_dict(state)


class Wrapping:
    """A sampler that is no subclass and hands on what another yields."""

    def __init__(self, inner):
        self.inner = inner

    def __iter__(self):
        return iter(self.inner)

    def __len__(self):
        return len(self.inner)


class Own(Sampler):
    """A sampler with a generator under a name of its own."""

    def __init__(self, luck):
        self.luck = luck

    def __iter__(self):
        return iter(torch.randperm(53, generator=self.luck).tolist())

    def __len__(self):
        return 53


class NamedGenerator(torch.Generator):
    """A generator of a kind of its own."""


@pytest.mark.parametrize(
    "make",
    [
        lambda: Own(seeded(4)),
        lambda: Own(NamedGenerator().manual_seed(4)),
        lambda: RandomSampler(range(53), generator=NamedGenerator().manual_seed(6)),
        lambda: Wrapping(RandomSampler(range(53), generator=seeded(5))),
    ],
)
def test_generators_are_found_wherever_a_sampler_holds_them(make):
    loader = DataLoader(range(53), batch_size=4, sampler=make())
    values(loader)
    passing = iter(loader)
    begun = [next(passing) for _ in range(3)]
    state = loader.state_dict()
    resumed = DataLoader(range(53), batch_size=4, sampler=make())
    resumed.load_state_dict(state)
    rest = values(resumed)
    assert rest == values(passing)
    assert len(begun) + len(rest) == 14
    assert values(resumed) == values(loader), "the epoch after, too"


def test_the_epoch_of_a_distributed_sampler_goes_along():
    loader = make_distributed()
    loader.sampler.set_epoch(3)
    passing = iter(loader)
    next(passing)
    resumed = make_distributed()
    resumed.load_state_dict(loader.state_dict())
    assert values(resumed) == values(passing)
    assert resumed.sampler.epoch == 3


def test_an_epoch_chosen_after_a_finished_state_was_loaded_counts():
    loader = make_distributed()
    loader.sampler.set_epoch(3)
    values(loader)
    resumed = make_distributed()
    resumed.load_state_dict(loader.state_dict())
    for each in (loader, resumed):
        each.sampler.set_epoch(4)
    assert values(resumed) == values(loader)

"""Streams: every sample once, in bounded memory, and on from where they were."""

import json
import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count, islice

import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import ChainDataset, DataLoader, StreamingDataset, WorkerInfo, default_collate
from course_lib.datasets.streaming import shuffle_buffer
from course_lib.platform import can_fork
from course_lib.worker_info import set_worker_info


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def ten():
    yield from range(10)


def hundred():
    return range(100)


@pytest.fixture
def as_worker():
    """Run code as if in a worker."""

    def run(worker_id, num_workers, work):
        set_worker_info(WorkerInfo(worker_id, num_workers, seed=1000 + worker_id, dataset=None))
        try:
            return work()
        finally:
            set_worker_info(None)

    return run


def test_without_shuffling_the_order_is_the_sources():
    assert list(StreamingDataset(ten)) == list(range(10))


def test_a_callable_is_opened_anew_for_each_pass():
    stream = StreamingDataset(ten, shuffle=True)
    assert sorted(stream) == sorted(stream) == list(range(10))

    class Opened:
        def __iter__(self):
            return iter("ab")

    assert list(StreamingDataset(Opened)) == list(StreamingDataset(Opened())) == ["a", "b"]


def test_trap_a_small_buffer_ends_up_holding_everything():
    for size in (1, 10):
        read = []

        def source(read=read):
            for number in range(1000):
                read.append(number)
                yield number

        stream = iter(StreamingDataset(source, buffer_size=size, shuffle=True))
        for yielded, _ in enumerate(stream):
            assert len(read) - yielded <= size + 1
        read.clear()
        next(iter(StreamingDataset(source, buffer_size=size)))
        assert len(read) == 1, "without shuffling nothing is read ahead"


def test_trap_a_list_as_source_fails():
    stream = StreamingDataset([3, 1, 2])
    assert list(stream) == list(stream) == [3, 1, 2]


def test_trap_generators_cannot_be_pickled():
    assert list(pickle.loads(pickle.dumps(StreamingDataset(ten)))) == list(range(10))
    with pytest.raises(TypeError, match="Pass the function that opens the stream"):
        pickle.dumps(StreamingDataset(ten()))


def test_trap_listing_the_dataset_fails():
    """A stream has no length and no places; a list of it is its samples all the same."""
    stream = StreamingDataset(ten())
    assert not hasattr(stream, "__len__")
    assert list(stream) == list(range(10))
    with pytest.raises(TypeError, match="it has been read"):
        list(stream)


def test_a_stream_may_be_endless():
    stream = StreamingDataset(count, buffer_size=5, shuffle=True)
    assert len(set(islice(stream, 50))) == 50
    assert len(set(islice(stream, 50))) == 50


@given(st.integers(0, 60), st.integers(1, 70), st.integers(0, 2**32))
def test_a_shuffle_buffer_yields_all_and_none_too_early(size, buffer_size, seed):
    order = list(shuffle_buffer(iter(range(size)), buffer_size, seed))
    assert sorted(order) == list(range(size))
    assert all(element - place < buffer_size for place, element in enumerate(order))
    assert list(shuffle_buffer(range(size), buffer_size, seed)) == order


def test_a_buffer_of_one_keeps_the_order_and_one_that_holds_all_gives_every_order():
    assert list(StreamingDataset(ten, 1, shuffle=True)) == list(range(10))
    orders = Counter(tuple(shuffle_buffer("abc", 3, seed)) for seed in range(1200))
    assert len(orders) == 6
    assert all(130 < times < 270 for times in orders.values())


def test_passes_differ_and_a_generator_repeats_them():
    def two_passes():
        stream = StreamingDataset(hundred, 20, True, seeded(3))
        return list(stream), list(stream)

    before = torch.get_rng_state()
    first, second = two_passes()
    assert torch.equal(torch.get_rng_state(), before)
    assert first != second
    assert two_passes() == (first, second)
    assert next(iter([list(StreamingDataset(hundred, 20, True, seeded(4)))])) != first


def test_without_a_generator_the_global_seed_decides():
    orders = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        orders.append(list(StreamingDataset(hundred, 20, True)))
    assert orders[0] == orders[1] != orders[2]


@given(st.integers(0, 50), st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_every_sample_once_over_all_ranks_and_workers(size, ranks, workers, shuffle):
    def read(rank):
        return list(StreamingDataset(range(size), 5, shuffle, rank=rank, num_replicas=ranks))

    parts = []
    for rank in range(ranks):
        for worker in range(workers) or [None]:
            if worker is not None:
                set_worker_info(WorkerInfo(worker, workers, seed=worker, dataset=None))
            try:
                parts.append(read(rank))
            finally:
                set_worker_info(None)
    assert sorted(sum(parts, [])) == list(range(size))  # noqa: RUF017
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_torchrun_says_which_rank_this_is(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert list(StreamingDataset(range(7))) == [1, 4]
    assert list(StreamingDataset(range(7), rank=0, num_replicas=1)) == list(range(7))


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    method = "fork" if workers and can_fork() else None
    for source in (ten, list(range(10)), ten()):
        if workers and not can_fork() and not (callable(source) or isinstance(source, list)):
            continue  # A generator cannot be sent to another process.
        stream = StreamingDataset(source, 4, shuffle=True)
        batches = loader(
            stream, 3, num_workers=workers, collate_fn=default_collate, multiprocessing_context=method
        )
        assert sorted(torch.cat(list(batches)).tolist()) == list(range(10))
    chained = ChainDataset([StreamingDataset(ten), StreamingDataset(ten)])
    batches = loader(chained, batch_size=None, num_workers=workers)
    assert sorted(map(int, batches)) == sorted([*range(10), *range(10)])


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("generator", [None, 5])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_every_epoch_of_workers_has_a_new_order_that_the_loaders_seed_repeats(loader, generator, persistent):
    def two_epochs():
        stream = StreamingDataset(hundred, 30, True, None if generator is None else seeded(generator))
        batches = loader(
            stream, batch_size=None, num_workers=2, persistent_workers=persistent, generator=seeded(8)
        )
        return [[int(sample) for sample in batches] for _ in range(2)]

    first, second = two_epochs()
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second
    assert two_epochs() == [first, second]


def test_workers_that_are_threads_share_one_object_and_no_sample():
    stream = StreamingDataset(hundred, 30, True, seeded())

    def work(worker_id):
        set_worker_info(WorkerInfo(worker_id, 3, 1000 + worker_id, stream, "thread"))
        try:
            return list(stream), list(stream)
        finally:
            set_worker_info(None)

    with ThreadPoolExecutor(3) as threads:
        passes = list(threads.map(work, range(3)))
    for number in range(2):
        assert sorted(chain.from_iterable(parts[number] for parts in passes)) == list(range(100))


@given(
    st.integers(0, 40),
    st.integers(1, 50),
    st.integers(0, 45),
    st.booleans(),
    st.integers(0, 2),
    st.integers(0, 9),
)
def test_a_resumed_pass_yields_exactly_what_was_left(size, buffer_size, stop, shuffle, passes_before, seed):
    def make():
        return StreamingDataset(range(size), buffer_size, shuffle, seeded(seed))

    stream = make()
    for _ in range(passes_before):
        list(stream)
    running = iter(stream)
    list(islice(running, stop))
    state = json.loads(json.dumps(stream.state_dict()))
    rest, next_pass = list(running), list(stream)

    resumed = StreamingDataset(range(size), buffer_size, shuffle, seeded(seed + 1))
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert list(resumed) == rest
    assert list(resumed) == next_pass


def test_a_worker_resumes_its_own_part(as_worker):
    def make():
        return StreamingDataset(hundred, 10, True, seeded())

    def read_some():
        stream = make()
        running = iter(stream)
        return list(islice(running, 7)), stream.state_dict(), list(running)

    def resume(state):
        stream = make()
        stream.load_state_dict(state)
        return list(stream)

    for worker in range(2):
        _, state, rest = as_worker(worker, 2, read_some)
        assert as_worker(worker, 2, lambda state=state: resume(state)) == rest
    with pytest.raises(ValueError, match="shard 1 of 2, and this is shard 0 of 2"):
        as_worker(0, 2, lambda: resume(state))
    with pytest.raises(ValueError, match="shard 1 of 2, and this is shard 0 of 1"):
        resume(state)


def test_a_resume_survives_pickling():
    stream = StreamingDataset(hundred, 10, True, seeded())
    running = iter(stream)
    list(islice(running, 30))
    copy = StreamingDataset(hundred, 10, True)
    copy.load_state_dict(stream.state_dict())
    assert list(pickle.loads(pickle.dumps(copy))) == list(running)


def test_a_state_belongs_to_its_arguments():
    stream = StreamingDataset(hundred, 10, True, seeded())
    assert stream.state_dict() == {}
    stream.load_state_dict({})
    next(iter(stream))
    for other in (StreamingDataset(hundred, 11, True), StreamingDataset(hundred, 10, False)):
        with pytest.raises(ValueError, match="The state was saved with"):
            other.load_state_dict(stream.state_dict())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": 5}, TypeError, "got 5 as source"),
        ({"buffer_size": 0}, ValueError, "buffer_size should be a positive integer"),
        ({"shuffle": 1}, TypeError, "shuffle got 1"),
        ({"generator": 3}, TypeError, "generator got a int"),
        ({"rank": 1}, ValueError, "rank=1 and num_replicas=None"),
        ({"rank": 2, "num_replicas": 2}, ValueError, "Invalid rank 2"),
        ({"rank": 0.5, "num_replicas": 2}, TypeError, r"rank got 0\.5"),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments, error, message):
    with pytest.raises(error, match=message):
        StreamingDataset(**{"source": ten, **arguments})


@pytest.mark.slow
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_survives_spawn(loader):
    batches = loader(
        StreamingDataset(ten, 4, True), batch_size=None, num_workers=2, multiprocessing_context="spawn"
    )
    assert sorted(map(int, batches)) == list(range(10))

"""Learning what comes next, fetching it ahead within limits, and giving only what was asked for."""

import gc
import itertools
import multiprocessing
import pickle
import random
import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import DataLoader, Dataset, IterableDataset, LearnedPrefetchDataLoader, PrioritySampler
from course_lib.policies.access_model import FirstOrderModel, SuccessorTable
from course_lib.policies.samples_ahead import SamplesAhead


class Source(Dataset[torch.Tensor]):
    """Samples of 400 bytes that know their index, and who has read them."""

    def __init__(self, n, seconds=0.0):
        self.n, self.seconds = n, seconds
        self.reads, self.threads = [], []

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.reads.append(index)
        self.threads.append(threading.current_thread().name)
        time.sleep(self.seconds)
        return torch.full((100,), float(index))


class Failing(Source):
    def __getitem__(self, index):
        if index == 30:
            raise KeyError("thirty")
        return super().__getitem__(index)


def prefetching(dataset, **options):
    """Return a loader that fetches ahead whatever the time that a sample takes."""
    return LearnedPrefetchDataLoader(dataset, **({"batch_size": None, "least_seconds": 0} | options))


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        gc.collect()
        time.sleep(0.005)


# The model


def share_foreseen(accesses, length):
    """Return which share of some accesses the model names as the very next."""
    model, right = FirstOrderModel(length), 0
    for index in accesses:
        right += index in model.predict(1)
        model.observe(index)
    return right / len(accesses)


def test_a_stride_is_learned_within_twenty_accesses():
    accesses = list(range(0, 10_000, 7))
    assert share_foreseen(accesses, 10_000) > 1 - 20 / len(accesses)


def test_a_loop_is_learned_with_its_seam():
    model = FirstOrderModel(40)
    for index in [*range(40)] * 3:
        model.observe(index)
    assert model.predict(6) == [0, 1, 2, 3, 4, 5]


def test_a_repeated_order_is_learned_in_one_pass():
    order = random.Random(0).sample(range(500), 500)
    assert share_foreseen(order, 500) < 0.05
    assert share_foreseen(order * 4, 500) > 0.70


def test_steps_that_alternate_are_learned():
    accesses = [start + step for start in range(0, 1200, 4) for step in (0, 3)]
    assert share_foreseen(accesses, 1200) > 0.9


@pytest.mark.parametrize("length", [50, 5_000])
def test_nothing_is_foreseen_where_there_is_nothing(length):
    generator = random.Random(1)
    model, predicted = FirstOrderModel(length), 0
    for _ in range(4_000):
        model.observe(generator.randrange(length))
        predicted += len(model.predict(16))
    assert predicted < 40


def test_a_new_shuffle_in_every_epoch_is_nothing_to_learn():
    generator = random.Random(2)
    model, predicted = FirstOrderModel(300), 0
    for _ in range(10):
        for index in generator.sample(range(300), 300):
            model.observe(index)
            predicted += len(model.predict(16))
    assert predicted < 100


def test_what_has_changed_is_learned_anew():
    generator = random.Random(3)
    first, second = (generator.sample(range(200), 200) for _ in range(2))
    model, right = FirstOrderModel(200), []
    for index in first * 5 + second * 10:
        right.append(index in model.predict(1))
        model.observe(index)
    assert np.mean(right[-200:]) > 0.9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=200), st.integers(0, 20))
def test_predictions_are_indices_of_the_dataset_and_no_more_than_asked_for(accesses, count):
    model = FirstOrderModel(31, capacity=8)
    for index in accesses:
        model.observe(index)
        predicted = model.predict(count)
        assert len(predicted) <= count
        assert all(0 <= index < 31 for index in predicted)


def test_a_table_takes_the_memory_of_its_capacity():
    table = SuccessorTable(1000)
    before = sum(len(part) for part in (table._contexts, table._successors, table._strengths))
    for number in range(20_000):
        table.observe(number * 37, number)
    assert before == sum(len(part) for part in (table._contexts, table._successors, table._strengths)) == 3000


# The loader


@settings(max_examples=25, deadline=None)
@given(
    pattern=st.lists(st.integers(-20, 19), min_size=1, max_size=12),
    times=st.integers(1, 10),
    max_ahead=st.integers(1, 6),
    max_samples=st.integers(1, 5),
)
def test_each_access_gives_its_own_sample_within_the_limit(pattern, times, max_ahead, max_samples):
    limit = 400 * max_samples
    loader = prefetching(Source(20), max_ahead=max_ahead, max_bytes=limit, num_threads=2)
    for index in pattern * times:
        assert loader[index][0] == index % 20
        assert loader.statistics().bytes_kept <= limit
    assert loader.statistics().most_bytes <= limit
    loader.close()


@pytest.mark.parametrize("batch_size", [None, 1, 7])
def test_batches_are_those_of_the_plain_loader(batch_size):
    options = {"batch_size": batch_size, "shuffle": True}
    loader = prefetching(Source(40), generator=torch.Generator().manual_seed(3), **options)
    plain = DataLoader(Source(40), generator=torch.Generator().manual_seed(3), **options)
    assert len(loader) == len(plain)
    for _ in range(3):
        pairs = list(zip(loader, plain, strict=True))
        assert all(torch.equal(ours, theirs) for ours, theirs in pairs)


def test_a_repeated_order_comes_from_the_threads():
    dataset = Source(30, seconds=0.002)
    order = random.Random(0).sample(range(30), 30)
    loader = prefetching(dataset, sampler=order)
    for _ in range(8):
        assert [int(sample[0]) for sample in loader] == order
    loader.close()  # after the samples that are on their way
    statistics = loader.statistics()
    assert statistics.hits + statistics.misses == 240
    assert statistics.hit_rate > 0.5
    assert sum(name.startswith("prefetch") for name in dataset.threads) == statistics.fetched
    assert f"{statistics.hit_rate:.0%} of 240 samples were fetched ahead" in str(statistics)


def test_the_sampler_is_asked_for_one_batch_at_a_time():
    asked = []

    def sampler():
        for index in range(30):
            asked.append(index)
            yield index

    for number, _ in enumerate(prefetching(Source(30), batch_size=3, sampler=sampler())):
        assert len(asked) == 3 * (number + 1)


def test_a_sampler_that_looks_at_what_came_before():
    sampler = PrioritySampler([1.0] * 30, num_samples=200)
    loader = prefetching(Source(30), sampler=sampler)
    seen = []
    for sample in loader:
        index = int(sample[0])
        sampler.update_priorities([index], [0.001])
        seen.append(index)
    assert len(seen) == 200


def test_on_random_accesses_next_to_nothing_is_fetched():
    dataset = Source(100)
    loader = prefetching(dataset)
    generator = random.Random(4)
    for _ in range(1_000):
        loader[generator.randrange(100)]
    assert loader.statistics().fetched < 50


def test_an_error_is_raised_when_its_sample_is_asked_for_and_not_before():
    loader = prefetching(Failing(60))
    for index in range(30):
        loader[index]
    with pytest.raises(KeyError, match="thirty"):
        loader[30]
    assert [int(loader[index][0]) for index in range(31, 60)] == [*range(31, 60)]


def test_an_error_of_a_sample_that_nobody_asks_for_is_none():
    loader = prefetching(Failing(60))
    for index in range(30):
        loader[index]
    assert [int(loader[index][0]) for index in range(31, 60)] == [*range(31, 60)]


def test_an_error_in_a_batch_names_its_sample():
    with pytest.raises(KeyError) as caught:
        list(prefetching(Failing(60), batch_size=4))
    assert "sample 30" in caught.value.__notes__[0]


def test_fast_samples_are_left_to_who_asks():
    dataset = Source(200)
    loader = LearnedPrefetchDataLoader(dataset, batch_size=None, least_seconds=10)
    list(loader)
    assert loader.statistics().fetched == 0
    assert set(dataset.threads) == {threading.current_thread().name}


class Growing(Source):
    def __getitem__(self, index):
        super().__getitem__(index)
        return torch.zeros(100 * (index + 1))


def test_a_sample_too_large_to_keep_is_loaded_when_it_is_asked_for():
    limit = 20_000
    loader = prefetching(Growing(200), max_bytes=limit)
    assert [len(loader[index]) for index in range(200)] == [100 * (index + 1) for index in range(200)]
    assert loader.statistics().most_bytes <= limit


def test_room_is_made_by_what_nobody_waits_for():
    ahead = SamplesAhead(Source(100).__getitem__, 2, 4, 10**6)
    ahead.order([1, 2, 3, 4])
    ahead.order([5, 6])
    assert set(ahead._bookings) == {3, 4, 5, 6}
    ahead.order([5, 6, 7, 8, 9])
    assert set(ahead._bookings) == {5, 6, 7, 8}
    ahead.close()
    assert len(ahead) == ahead.size == 0


def test_every_byte_is_given_back():
    loader = prefetching(Source(50), max_ahead=5)
    for index in [*range(50)] * 3 + random.Random(0).choices(range(50), k=300):
        loader[index]
    ahead = loader._source.ahead
    wait_until(lambda: all(booking.is_settled for booking in ahead._bookings.values()))
    wait_until(lambda: ahead.size == 400 * len(ahead))
    for index in list(ahead._bookings):
        ahead.take(index)
    assert ahead.size == 0


@pytest.mark.parametrize("way", ["close", "garbage"])
def test_threads_end(way):
    others = {*prefetch_threads()}  # of earlier tests, which may end meanwhile
    loader = prefetching(Source(60))
    for index in range(50):
        loader[index]
    assert {*prefetch_threads()} - others
    if way == "close":
        loader.close()
        assert not {*prefetch_threads()} - others
        assert int(loader[50][0]) == 50  # and it can go on
        loader.close()
    del loader
    wait_until(lambda: not {*prefetch_threads()} - others)


def test_several_threads_may_ask():
    loader = prefetching(Source(100), max_ahead=8)
    wrong = []

    def read(start):
        wrong.extend(index for index in [*range(start, 100)] * 3 if loader[index][0] != index)

    readers = [threading.Thread(target=read, args=(start,)) for start in (0, 10, 20)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert loader.statistics().hits + loader.statistics().misses == 3 * (100 + 90 + 80)


def test_it_can_be_pickled_with_what_it_has_learned():
    loader = prefetching(Source(60))
    for index in range(40):
        loader[index]
    again = pickle.loads(pickle.dumps(loader))
    assert list(again.access_pattern_model.predict(3)) == [40, 41, 42]
    assert int(again[40][0]) == 40
    assert len(again) == 60


def read_on(loader, results):
    results.put([int(loader[index][0]) for index in range(30, 60)])


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_a_forked_process_waits_for_no_thread_of_its_parent():
    context = multiprocessing.get_context("fork")
    loader, results = prefetching(Source(60, seconds=0.001)), context.SimpleQueue()
    for index in range(30):
        loader[index]
    child = context.Process(target=read_on, args=(loader, results))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert results.get() == [*range(30, 60)]


def test_a_pass_goes_on_where_another_was():
    loader = prefetching(Source(40), batch_size=4)
    passing = iter(loader)
    first = [next(passing)[:, 0].tolist() for _ in range(4)]
    again = prefetching(Source(40), batch_size=4)
    again.load_state_dict(loader.state_dict())
    rest = [batch[:, 0].tolist() for batch in again]
    assert list(itertools.chain(*first, *rest)) == [*range(40)]


# A model of one's own, and mistakes


class Backwards:
    """Knows that accesses run backwards, and says so even where the data ends."""

    last = 0

    def observe(self, index):
        self.last = index

    def predict(self, count):
        return range(self.last - 1, self.last - 1 - count, -1)


def test_a_model_of_ones_own():
    loader = prefetching(Source(50), access_pattern_model=Backwards(), max_ahead=4)
    assert [int(loader[index][0]) for index in range(49, -1, -1)] == [*range(49, -1, -1)]
    assert loader.statistics().hit_rate > 0


def test_trap_crashes_at_the_tenth_access():
    """What a model says is taken for an index only if it is one; what it says outside the data is ignored."""

    class Untrained:
        def __init__(self, says):
            self.says = says

        def observe(self, index):
            pass

        def predict(self, count):
            return self.says

    nonsense = Untrained([10**9, -5, 200])
    loader = prefetching(Source(100), access_pattern_model=nonsense)
    assert [int(loader[index][0]) for index in range(100)] == [*range(100)]
    assert loader.statistics().fetched == 0
    loader = prefetching(Source(100), access_pattern_model=Untrained([0.3, 0.7]))
    loader[0]
    with pytest.raises(TypeError, match=r"Untrained.predict returned \[0.3, 0.7\].* integers"):
        loader[1]


def test_trap_no_iter_and_no_len():
    loader = LearnedPrefetchDataLoader(Source(25), batch_size=4)
    assert len(loader) == 7
    assert torch.cat(list(loader))[:, 0].tolist() == [*range(25)]
    with pytest.raises(IndexError, match="out of range"):
        loader[25]


@pytest.mark.parametrize("name", ["max_ahead", "max_bytes", "num_threads"])
@pytest.mark.parametrize("number", [0, -1, 1.5, True])
def test_a_number_without_sense_is_refused(name, number):
    with pytest.raises(ValueError, match=rf"{name} is {number}.*1 or more"):
        LearnedPrefetchDataLoader(Source(5), **{name: number})


@pytest.mark.parametrize("seconds", [-1, float("nan"), "fast"])
def test_a_time_without_sense_is_refused(seconds):
    with pytest.raises(ValueError, match=r"least_seconds is .* 0 or more"):
        LearnedPrefetchDataLoader(Source(5), least_seconds=seconds)


def test_a_model_that_is_none_is_refused():
    model = torch.nn.LSTM(input_size=1, hidden_size=64, num_layers=2)
    with pytest.raises(TypeError, match="access_pattern_model is a LSTM without a method observe"):
        LearnedPrefetchDataLoader(Source(5), access_pattern_model=model)


def test_a_stream_is_refused():
    class Stream(IterableDataset[int]):
        def __iter__(self):
            yield 1

    with pytest.raises(TypeError, match="LearnedPrefetchDataLoader got Stream"):
        LearnedPrefetchDataLoader(Stream())


@pytest.mark.parametrize("size", [0, 1])
def test_tiny_datasets(size):
    loader = LearnedPrefetchDataLoader(Source(size), least_seconds=0)
    for _ in range(20):
        assert len(list(loader)) == size

"""Batch sizes that adapt: every sample once whatever happens, and decisions that noise does not make."""

import gc
import math
import pickle
import random
import warnings
import weakref
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import (
    AdaptiveBatchDataLoader,
    DataLoader,
    DeviceLoader,
    IterableDataset,
    ListDataset,
    TensorDataset,
    measure_memory,
    plot_batch_sizes,
    trace,
    train_model,
)
from course_lib.policies.convergence import GrowthOnPlateau
from course_lib.policies.filling import MemoryFilling
from course_lib.policies.sizing import Choice
from course_lib.policies.throughput import ThroughputSearch


class Clock:
    """A clock that stands still until somebody works."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, seconds):
        self.now += seconds


class Timed:
    """A dataset whose reading takes so long by the clock: a part for the batch and a part for each sample."""

    def __init__(self, size, clock, cost):
        self.size, self.clock, self.cost = size, clock, cost

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return self.__getitems__([index])[0]

    def __getitems__(self, indices):
        self.clock.work(self.cost(len(indices)))
        return list(indices)


class RandomSizes:
    """A policy that a caller scripts."""

    def __init__(self, sizes):
        self.sizes = list(sizes)

    def choose(self, record, size, low, high):
        return Choice(self.sizes.pop(0) if self.sizes else size, "as scripted")


class Fragile:
    """A dataset that has memory for so many samples at a time; the error may be of another kind."""

    def __init__(self, size, most, error=MemoryError):
        self.size, self.most, self.error = size, most, error

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return index

    def __getitems__(self, indices):
        if len(indices) > self.most:
            raise self.error(f"you tried to read {len(indices)}: can't allocate memory")
        return list(indices)


def run(loader, epochs=1, step=None):
    seen = []
    for _ in range(epochs):
        seen.append([])
        for batch in loader:
            seen[-1].append(batch.tolist() if isinstance(batch, torch.Tensor) else batch)
            if step is not None:
                step(batch)
    return seen


def flat(batches):
    return [sample for batch in batches for sample in batch]


def sizes_of(loader):
    return [record.batch_size for record in loader.history]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


WORKERS = [
    {},
    {"num_workers": 2},
    {"num_workers": 2, "persistent_workers": True},
    {"num_workers": 2, "worker_type": "thread"},
    pytest.param(
        {"num_workers": 1, "prefetch_factor": 4, "multiprocessing_context": "spawn"}, marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize("workers", WORKERS, ids=str)
@pytest.mark.parametrize("kind", ["list", "tensor"])
def test_every_sample_once_an_epoch_with_and_without_workers(workers, kind):
    dataset = ListDataset(list(range(203))) if kind == "list" else TensorDataset(torch.arange(203))
    policy = RandomSizes([5, 1, 17, 3, 8, 100, 2, 2, 9] * 3)
    loader = AdaptiveBatchDataLoader(
        dataset, 4, max_batch_size=64, target=policy, shuffle=True, generator=seeded(), **workers
    )
    epochs = run(loader, 2) if kind == "list" else [[b[0].tolist() for b in loader] for _ in range(2)]
    assert all(sorted(flat(epoch)) == list(range(203)) for epoch in epochs)
    assert flat(epochs[0]) != flat(epochs[1])
    assert len(set(map(len, epochs[0]))) > 3
    assert max(map(len, flat([epochs[0], epochs[1]]))) <= 64
    assert sizes_of(loader) == [len(batch) for epoch in epochs for batch in epoch]


@given(st.integers(1, 60), st.lists(st.integers(-3, 40), max_size=30), st.integers(1, 4), st.booleans())
@settings(deadline=None, max_examples=40)
def test_whatever_the_policy_says_sizes_stay_within_bounds_and_nothing_is_lost(n, sizes, low, drop_last):
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(n))), 4, low, 8, RandomSizes(sizes), drop_last=drop_last, shuffle=True
    )
    (batches,) = run(loader)
    seen = flat(batches)
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(range(n))
    assert all(low <= len(batch) <= 8 for batch in batches[: None if drop_last else -1])
    lost = n - len(seen)
    assert lost < loader.current_batch_size if drop_last else lost == 0


def test_the_order_is_that_of_the_plain_loader():
    data = TensorDataset(torch.arange(50))
    for shuffle in (False, True):
        plain = DataLoader(data, 8, shuffle, generator=seeded(3))
        adaptive = AdaptiveBatchDataLoader(
            data, 8, target=RandomSizes([3, 9, 1]), shuffle=shuffle, generator=seeded(3)
        )
        for _ in range(2):
            expected, got = (torch.cat([b[0] for b in loader]).tolist() for loader in (plain, adaptive))
            assert got == expected
    assert torch.equal(plain.generator.get_state(), adaptive.generator.get_state())


def test_a_new_size_counts_from_the_very_next_batch_and_with_workers_after_what_was_ordered():
    data = ListDataset(list(range(100)))
    assert [len(b) for b in run(AdaptiveBatchDataLoader(data, 10, target=RandomSizes([20])))[0]][:3] == [
        10,
        20,
        20,
    ]
    loader = AdaptiveBatchDataLoader(data, 10, target=RandomSizes([20]), num_workers=2, prefetch_factor=2)
    sizes = [len(b) for b in run(loader)[0]]
    # Ordered before the first step ended: a window of 4, and one more when the first batch was handed out.
    assert sizes == [10] * 5 + [20] * 2 + [10]


def test_the_lectures_mistake_changes_only_between_endless_epochs():
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(64))), 8, target=RandomSizes([16, 4]))
    (batches,) = run(loader)
    assert [len(batch) for batch in batches][:3] == [8, 16, 4], "it changes within the epoch"
    assert sorted(flat(batches)) == list(range(64)), "and the epoch ends"


def test_the_lectures_mistake_times_the_consumer():
    clock = Clock()
    data = Timed(60, clock, lambda size: 0.5)
    loader = AdaptiveBatchDataLoader(data, 10, target=RandomSizes([]), clock=clock)
    pauses = iter([1, 100, 2, 3, 50, 4])
    run(loader, step=lambda batch: clock.work(next(pauses)))
    assert [record.loading_seconds for record in loader.history] == [0.5] * 6
    assert [record.step_seconds for record in loader.history] == [1, 100, 2, 3, 50, 4]
    assert loader.history[0].samples_per_second == pytest.approx(10 / 1.5)


def test_the_lectures_mistake_two_undefined_names():
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(2000))), 16, memory_limit=2**50)
    assert sorted(flat(run(loader)[0])) == list(range(2000)), "with the real clock and the real memory"
    assert all(record.loading_seconds > 0 and record.step_seconds > 0 for record in loader.history)
    assert sum(record.memory is not None for record in loader.history) >= 4
    assert loader.history[0].memory > 2**20


def test_time_between_two_passes_belongs_to_neither():
    clock = Clock()
    loader = AdaptiveBatchDataLoader(
        Timed(20, clock, lambda size: 1), 10, target=RandomSizes([]), clock=clock
    )
    for _ in range(2):
        run(loader, step=lambda batch: clock.work(2))
        clock.work(1000)
    assert [(r.loading_seconds, r.step_seconds) for r in loader.history] == [(1, 2)] * 4
    assert [(r.epoch, r.batch) for r in loader.history] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_measuring_memory_is_taken_for_neither_loading_nor_step():
    clock = Clock()

    def measure():
        clock.work(7)
        return 1

    loader = AdaptiveBatchDataLoader(
        Timed(200, clock, lambda size: 1), 10, 10, 10, 10**9, clock=clock, memory_in_use=measure
    )
    run(loader, step=lambda batch: clock.work(2))
    assert {(r.loading_seconds, r.step_seconds) for r in loader.history} == {(1, 2)}
    measured = [record.memory is not None for record in loader.history]
    assert measured[:4] == [True] * 4
    assert sum(measured) == 4, "later measurements would take more than a twentieth of the time"


def search(cost, step=lambda size: 0, n=20_000, initial=32, low=1, high=1024, epochs=1, **options):
    clock = Clock()
    loader = AdaptiveBatchDataLoader(Timed(n, clock, cost), initial, low, high, clock=clock, **options)
    run(loader, epochs, step=lambda batch: clock.work(step(len(batch))))
    return loader


@pytest.mark.parametrize("initial", [1, 32, 500, 1024])
def test_throughput_finds_the_size_beyond_which_nothing_is_gained(initial):
    # A batch costs as much as 64 samples. Doubling B gains (2 (64 + B) / (64 + 2B) - 1): under a tenth from
    # some 300 on.
    loader = search(lambda size: (64 + size) / 1000, initial=initial, epochs=3)
    assert 256 <= loader.current_batch_size <= 1024
    rates = {r.batch_size: r.samples_per_second for r in loader.history}
    assert rates[loader.current_batch_size] > 0.8 * 1000


def test_throughput_finds_a_peak_from_either_side():
    def cost(size):
        return (50 + size + (size > 128) * 4 * (size - 128)) / 1000

    assert {search(cost, initial=start, epochs=2).current_batch_size for start in (16, 64, 128, 256)} == {128}


def test_throughput_counts_the_step_too():
    flat_loading = search(lambda size: size / 1000, step=lambda size: 0.1, epochs=2)
    assert flat_loading.current_batch_size >= 512, "the step has a fixed part, which large batches share"
    slow_step = search(lambda size: size / 1000, step=lambda size: (size / 32) ** 2 / 10, epochs=2)
    assert slow_step.current_batch_size <= 32


@pytest.mark.parametrize("seed", range(10))
def test_noise_is_not_mistaken_for_gain(seed):
    noise = random.Random(seed)
    loader = search(lambda size: size / 1000 * noise.uniform(0.8, 1.25), epochs=4)
    changes = [record for record in loader.history if record.reason]
    assert len(changes) <= 6, "it looks at its neighbours once, and then stays"
    settled = Counter(sizes_of(loader)[200:])
    assert settled.most_common(1)[0][1] > 0.95 * sum(settled.values())


def test_a_pause_in_the_loop_changes_nothing():
    clock = Clock()
    loader = AdaptiveBatchDataLoader(Timed(4000, clock, lambda size: size / 1000), 32, clock=clock)
    for number, _ in enumerate(loader):
        clock.work(60 if number % 29 == 5 else 0)
    assert loader.current_batch_size == 32


def test_the_search_begins_again_when_the_machine_has_changed():
    fixed = [0.0]
    clock = Clock()
    data = Timed(20_000, clock, lambda size: fixed[0] + size / 1000)
    loader = AdaptiveBatchDataLoader(data, 32, max_batch_size=1024, clock=clock)
    run(loader)
    assert loader.current_batch_size == 32
    fixed[0] = 0.5
    run(loader, 2)
    assert loader.current_batch_size >= 512
    assert any("searching again" in record.reason for record in loader.history)


def test_the_first_batch_of_a_pass_and_short_ones_are_not_judged():
    policy = ThroughputSearch(batches=1, repeats=1)
    clock = Clock()
    loader = AdaptiveBatchDataLoader(Timed(50, clock, lambda size: 1), 20, target=policy, clock=clock)
    run(loader)
    assert [r.next_batch_size for r in loader.history] == [20, 40, 40], (
        "judged after the second of 20, 20, 10"
    )


@pytest.mark.parametrize("fixed", [0, 500, 900, 20_000])
@pytest.mark.parametrize("each", [1, 7, 40])
def test_memory_is_filled_and_never_exceeded(fixed, each):
    latest = [0]
    limit = int((1000 + fixed) / 0.9)  # 1000 bytes for the batches, and the tenth that is kept free
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(8000))), 2, 1, 2000, limit, memory_in_use=lambda: fixed + each * latest[0]
    )
    run(loader, step=lambda batch: latest.__setitem__(0, len(batch)))
    used = [record.memory for record in loader.history if record.memory is not None]
    assert max(used) <= limit
    assert max(used) >= fixed + 800


def test_beyond_the_limit_the_batch_is_halved_and_so_large_a_size_never_comes_again():
    latest = [0]
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(5000))),
        64,
        1,
        64,
        RandomSizes([64] * 1000),
        memory_limit=100,
        memory_in_use=lambda: 10 * latest[0],
    )
    run(loader, step=lambda batch: latest.__setitem__(0, len(batch)))
    sizes = sizes_of(loader)
    assert sizes[0] == 64
    assert loader.current_batch_size == 8, "64, 32 and 16 are beyond"
    assert sizes == sorted(sizes, reverse=True)
    assert "beyond the limit: down to 32" in loader.history[0].reason


def test_where_halving_does_not_help_it_is_done_once_and_a_warning_says_so():
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(500))), 16, target=100, memory_in_use=lambda: 200)
    with pytest.warns(
        UserWarning, match="stay at 8 samples: halving them has freed next to nothing"
    ) as warned:
        run(loader, 2)
    assert len(warned) == 1
    assert loader.current_batch_size == 8


def test_memory_that_was_enough_again_is_halved_again():
    use = [150] * 5 + [90] * 30 + [150] * 5
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(1000))),
        16,
        1,
        16,
        RandomSizes([]),
        memory_limit=100,
        memory_in_use=lambda: use.pop(0) if use else 90,
    )
    run(loader)
    assert [r.next_batch_size for r in loader.history if r.reason] == [8, 4]


def test_a_limit_that_no_batch_can_keep_warns_once():
    latest = [0]
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(500))), 4, 1, target=100, memory_in_use=lambda: 110 + 100 * latest[0]
    )
    with pytest.warns(UserWarning, match="min_batch_size=1 allows no smaller ones") as warned:
        run(loader, step=lambda batch: latest.__setitem__(0, len(batch)))
    assert len(warned) == 1
    assert loader.current_batch_size == 1


def test_real_memory_is_kept_to_its_limit():
    data = TensorDataset(torch.zeros(600, 250_000))  # a megabyte each; the zeros are no memory yet
    limit = measure_memory().used + 2**20 * 900
    loader = AdaptiveBatchDataLoader(data, 4, 1, 512, limit)
    batches = [len(batch[0]) for batch in loader]
    assert sum(batches) == 600
    assert max(batches) > 32
    assert max(r.memory for r in loader.history if r.memory is not None) <= limit


@pytest.mark.parametrize("workers", WORKERS[:4], ids=str)
@pytest.mark.parametrize("error", [MemoryError, RuntimeError, torch.OutOfMemoryError])
def test_a_batch_that_cannot_be_loaded_for_lack_of_memory_comes_in_halves(workers, error):
    loader = AdaptiveBatchDataLoader(
        Fragile(300, 10, error), 64, target=RandomSizes([]), shuffle=True, **workers
    )
    for _ in range(2):
        (batches,) = run(loader)
        assert sorted(flat(batches)) == list(range(300))
        assert max(map(len, batches)) <= 10
    assert loader.current_batch_size == 8


def test_one_sample_that_does_not_fit_is_an_error_and_the_rest_still_comes():
    loader = AdaptiveBatchDataLoader(Fragile(10, 0), 4, target=RandomSizes([]))
    batches = iter(loader)
    for _ in range(10):
        with pytest.raises(MemoryError):
            next(batches)
    assert list(batches) == []


def test_other_errors_pass_and_the_next_batch_comes():
    class Broken(Fragile):
        def __getitems__(self, indices):
            samples = super().__getitems__(indices)
            if 3 in indices:
                raise KeyError(3)
            return samples

    for workers in WORKERS[:4]:
        loader = AdaptiveBatchDataLoader(Broken(40, 4), 8, target=RandomSizes([]), **workers)
        batches, seen = iter(loader), []
        with pytest.raises(KeyError):
            seen += [batch.tolist() for batch in batches]
        while (batch := next(batches, None)) is not None:
            seen.append(batch.tolist())
        missing = set(range(40)) - set(flat(seen))
        assert missing == {0, 1, 2, 3}, "the batch with the broken sample, halved before for memory"


@pytest.mark.parametrize("workers", WORKERS[:4], ids=str)
def test_a_step_that_ran_out_of_memory_gets_its_samples_again(workers):
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(200))), 32, target=RandomSizes([]), shuffle=True, **workers
    )
    learnt = []
    for batch in loader:
        if len(batch) > 10:
            loader.observe_out_of_memory()
        else:
            learnt += batch.tolist()
    assert sorted(learnt) == list(range(200))
    assert loader.current_batch_size == 8, "batches that were loaded ahead do not halve it again and again"
    assert "did not fit into memory" in loader.history[0].reason


def test_running_out_of_memory_never_passes_the_smallest_size():
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(40))), 8, 3, 8, RandomSizes([]))
    batches = iter(loader)
    next(batches)
    loader.observe_out_of_memory()
    with pytest.raises(RuntimeError, match="no batch to take back"):
        loader.observe_out_of_memory()
    assert [len(next(batches)), len(next(batches)), len(next(batches))] == [4, 4, 4]
    loader.observe_out_of_memory()
    assert [len(batch) for batch in batches] == [3, 1] + [3] * 9 + [1]
    with pytest.raises(RuntimeError, match="no batch to take back"):
        loader.observe_out_of_memory()
    batches = iter(loader)
    next(batches)
    with pytest.raises(RuntimeError, match="Lower min_batch_size"):
        loader.observe_out_of_memory()


def test_a_pass_that_was_left_takes_nothing_into_the_next():
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(20))), 8, target=RandomSizes([]))
    for _ in loader:
        loader.observe_out_of_memory()
        break
    assert sorted(flat(run(loader)[0])) == list(range(20))


def test_convergence_doubles_the_batch_when_the_loss_stops_falling():
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(2000))), 8, 1, 64, GrowthOnPlateau(patience=5, threshold=0.02)
    )
    for number, _ in enumerate(loader):
        loader.observe(torch.tensor(2.0 * 0.9**number if number < 30 else 2.0 * 0.9**30))
    sizes = sizes_of(loader)
    assert sizes == [*sorted(sizes[:-1]), sizes[-1]]
    assert set(sizes[:30]) == {8}
    assert sizes[-2] == 64
    assert loader.history[3].loss == pytest.approx(2.0 * 0.9**3)


@pytest.mark.parametrize("sign", [1, -1])
def test_convergence_leaves_the_batch_alone_while_the_loss_falls(sign):
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(1000))), 8, target="convergence")
    for number, _ in enumerate(loader):
        loader.observe(0.97**number if sign > 0 else -1 - 0.01 * number)
    assert set(sizes_of(loader)) == {8}


def test_convergence_without_losses_says_so_once():
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(500))), 2, target="convergence")
    with pytest.warns(UserWarning, match=r"loader\.observe\(loss\)") as warned:
        run(loader)
    assert len(warned) == 1


def test_a_loss_is_one_finite_number():
    loader = AdaptiveBatchDataLoader(ListDataset([1, 2]))
    for bad in (math.nan, torch.tensor(math.inf)):
        with pytest.raises(ValueError, match="has diverged"):
            loader.observe(bad)
    for bad in ("much", torch.zeros(3), None):
        with pytest.raises(TypeError, match="must be one number"):
            loader.observe(bad)


@pytest.mark.parametrize("workers", WORKERS[:4], ids=str)
@pytest.mark.parametrize("kind", ["list", "tensor"])
def test_a_pass_goes_on_where_its_state_was_saved(workers, kind):
    def make():
        data = ListDataset(list(range(120))) if kind == "list" else TensorDataset(torch.arange(120))
        return AdaptiveBatchDataLoader(
            data, 4, target=RandomSizes([6, 6, 2, 10, 3, 3, 12]), shuffle=True, generator=seeded(5), **workers
        )

    def samples(batch):
        return batch.tolist() if kind == "list" else batch[0].tolist()

    loader = make()
    batches = iter(loader)
    before = [samples(next(batches)) for _ in range(6)]
    loader.observe_out_of_memory()
    state = pickle.loads(pickle.dumps(loader.state_dict()))
    rest = [samples(batch) for batch in batches]
    again = make()
    again.load_state_dict(state)
    assert again.state_dict()["_batch_sizes"] == state["_batch_sizes"]
    resumed = [samples(batch) for batch in again]
    assert flat(resumed) == flat(rest)
    assert sorted(flat(before[:-1]) + flat(resumed)) == list(range(120))
    assert sorted(flat([samples(batch) for batch in again])) == list(range(120)), "the next pass is whole"


def test_length_is_an_estimate_that_comes_true():
    loader = AdaptiveBatchDataLoader(ListDataset(list(range(100))), 10, target=RandomSizes([30]))
    assert len(loader) == 10
    batches = iter(loader)
    assert len(batches) == 10
    next(batches), next(batches)
    assert (len(loader), len(batches)) == (4, 2 + 2)
    assert len(list(batches)) + 2 == len(batches) == 4
    dropping = AdaptiveBatchDataLoader(ListDataset(list(range(100))), 30, drop_last=True)
    assert len(dropping) == 3


def test_any_sampler_decides_on_the_order():
    loader = AdaptiveBatchDataLoader(
        ListDataset(list("abcdef")), 2, target=RandomSizes([1]), sampler=[5, 0, 3]
    )
    assert run(loader) == [[["f", "a"], ["d"]]]
    endless = AdaptiveBatchDataLoader(ListDataset([1]), sampler=(0 for _ in range(3)))
    with pytest.raises(TypeError, match="Give the sampler a __len__"):
        len(endless)


def test_two_passes_side_by_side_are_whole():
    loader = AdaptiveBatchDataLoader(
        ListDataset(list(range(50))), 4, target=RandomSizes([7, 2, 5]), num_workers=2, worker_type="thread"
    )
    pairs = list(zip(loader, loader))
    first, second = zip(*pairs)
    assert len(set(torch.cat(first).tolist())) == sum(map(len, first))
    assert set(torch.cat(first).tolist()) <= set(range(50))
    assert set(torch.cat(second).tolist()) <= set(range(50))


def test_it_is_a_loader_that_can_be_traced_and_pickled():
    loader = AdaptiveBatchDataLoader(TensorDataset(torch.arange(40)), 4, target=GrowthOnPlateau())
    traced = trace(loader)
    assert sum(len(batch[0]) for batch in traced) == 40
    assert len(traced.timeline.batches) == 10
    next(iter(loader))
    copy = pickle.loads(pickle.dumps(loader))
    assert sum(len(batch[0]) for batch in copy) == 40
    assert len(copy.history) == 20
    assert isinstance(loader, DataLoader)


def test_a_pass_that_is_dropped_ends_its_workers():
    gc.disable()
    try:
        loader = AdaptiveBatchDataLoader(ListDataset(list(range(400))), 4, num_workers=1)
        for _ in loader:
            break
        batches = iter(loader)
        next(batches)
        pool = weakref.ref(batches._inner._pool)
        del batches
        assert pool() is None
        kept = AdaptiveBatchDataLoader(
            ListDataset(list(range(400))), 4, num_workers=1, persistent_workers=True
        )
        next(iter(kept))
        pool = weakref.ref(kept._iterator._pool)
        del kept
        assert pool() is None, "no cycle keeps the workers alive"
    finally:
        gc.enable()


def test_it_trains_behind_other_loaders():
    data = TensorDataset(torch.randn(200, 3), torch.randint(2, (200,)))
    model = torch.nn.Linear(3, 2)
    loader = AdaptiveBatchDataLoader(data, 8, target=RandomSizes([16, 4]), shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = train_model(
        model, DeviceLoader(loader, "cpu"), torch.nn.CrossEntropyLoss(), optimizer, epochs=2, progress=False
    )
    assert sum(history.batches_per_epoch) == len(loader.history)
    assert sum(sizes_of(loader)) == 400


def test_policies_can_be_pickled():
    for target in ("throughput", "convergence", 10**12):
        loader = AdaptiveBatchDataLoader(ListDataset(list(range(10))), 2, target=target)
        assert len(run(pickle.loads(pickle.dumps(loader)))[0]) == 5


class Stream(IterableDataset):
    def __iter__(self):
        return iter([1, 2])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"initial_batch_size": 300}, ValueError, "lies outside of min_batch_size=1 to max_batch_size=256"),
        ({"min_batch_size": 0}, ValueError, "min_batch_size should be a positive integer"),
        ({"max_batch_size": 2.5}, ValueError, "max_batch_size should be a positive integer"),
        ({"initial_batch_size": True}, ValueError, "initial_batch_size should be a positive integer"),
        ({"target": "speed"}, ValueError, "target is 'speed'"),
        ({"target": True}, ValueError, "target is True"),
        ({"target": -5}, ValueError, "limit of memory in bytes"),
        ({"target": 5, "memory_limit": 5}, ValueError, "Leave memory_limit out"),
        ({"memory_limit": 0}, ValueError, "number of bytes"),
        ({"batch_size": 3}, TypeError, "give initial_batch_size"),
        ({"batch_sampler": [[0]]}, TypeError, "give a sampler"),
        ({"in_order": False}, TypeError, "Leave in_order out"),
        ({"num_worker": 2}, TypeError, "has an argument of that name"),
        ({"shuffle": True, "sampler": [0]}, ValueError, "Leave one out"),
        ({"dataset": Stream()}, TypeError, "an order of its own"),
        ({"dataset": []}, ValueError, "0 samples"),
        ({"dataset": type("Endless", (), {"__getitem__": lambda self, i: i})()}, TypeError, "a __len__"),
    ],
)
def test_mistakes_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        AdaptiveBatchDataLoader(**{"dataset": ListDataset([1, 2, 3]), **arguments})


def test_nothing_warns_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loader = AdaptiveBatchDataLoader(ListDataset(list(range(100))), target=MemoryFilling(10**12))
        run(loader, 2, step=lambda batch: loader.observe(torch.ones(1, requires_grad=True).sum()))


def test_the_figure_shows_sizes_speed_memory_and_loss():
    clock, latest = Clock(), [0]
    loader = AdaptiveBatchDataLoader(
        Timed(300, clock, lambda size: 1),
        4,
        1,
        64,
        1000,
        clock=clock,
        memory_in_use=lambda: 10 * latest[0] or 1,
    )
    for _ in range(2):
        for batch in loader:
            latest[0] = len(batch)
            clock.work(1)
            loader.observe(1 / len(batch))
    figure = plot_batch_sizes(loader.history, memory_limit=1000)
    assert len(figure.axes) == 4
    assert figure.axes[0].lines[0].get_ydata().tolist() == sizes_of(loader)
    assert figure.axes[2].get_ylim()[1] > 1000 / 2**20, "the limit is in the picture"
    assert "50%" in figure.axes[1].get_title(loc="left")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert (
        len(plot_batch_sizes([{"epoch": 0, "batch_size": 4, "loading_seconds": 0, "step_seconds": 0}]).axes)
        == 2
    )
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_batch_sizes([])
    with pytest.raises(ValueError, match="have no epoch"):
        plot_batch_sizes([{"batch_size": 4}])

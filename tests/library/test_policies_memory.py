"""Loading less far ahead instead of using more memory: batches, decisions, and real memory."""

import gc
import itertools
import mmap
import multiprocessing
import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from alone import run_alone
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import (
    DataLoader,
    Dataset,
    IterableDataset,
    ListDataset,
    MemoryEfficientDataLoader,
    get_worker_info,
)
from course_lib.policies.memory_gauge import MemoryGauge
from course_lib.policies.memory_governor import MemoryGovernor
from course_lib.policies.sizes import size_in_bytes

NUMBERS = list(range(60))
LIMIT = 1000
knows_pss = Path("/proc/self/smaps_rollup").exists()


class Counting(IterableDataset[int]):
    """A stream that its workers share out."""

    def __iter__(self):
        info = get_worker_info()
        start, step = (0, 1) if info is None else (info.id, info.num_workers)
        yield from NUMBERS[start::step]


class Failing(Dataset[int]):
    def __len__(self):
        return len(NUMBERS)

    def __getitem__(self, index):
        if index == 17:
            raise KeyError("seventeen")
        return index


class Script:
    """A gauge that shows one reading after the other."""

    def __init__(self, readings, growth=0):
        self.readings, self.grown = iter(readings), growth

    def measure(self):
        return next(self.readings)

    def growth(self):
        return self.grown


def under(readings, dataset=None, batch_size=5, **options):
    """Return a loader that finds one reading of memory after the other, over and over, in use."""
    options = {"num_workers": 2, "prefetch_factor": 4, "worker_type": "thread"} | options
    loader = MemoryEfficientDataLoader(
        ListDataset(NUMBERS) if dataset is None else dataset, batch_size, max_memory_usage=1, **options
    )
    most = loader.num_workers * (loader.prefetch_factor or 1)
    governor = MemoryGovernor(LIMIT, most, loader.num_workers, Script(itertools.cycle(readings)))
    governor.is_due = lambda: True  # before every batch, whatever the time
    loader._governor = governor
    return loader


def values(loader):
    return [batch.tolist() for batch in loader]


EXPECTED = [NUMBERS[start : start + 5] for start in range(0, 60, 5)]
# Room for everything, then none: the window opens to all eight and closes.
ROOM_THEN_NONE = [0] * 6 + [2000]


@pytest.mark.filterwarnings("ignore:The process and its workers")
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0, 500, 990, 1001, 5000]), min_size=1, max_size=12))
def test_every_batch_comes_once_and_in_order_whatever_memory_does(readings):
    assert values(under(readings)) == EXPECTED


@pytest.mark.parametrize("worker_type", ["thread", "process"])
def test_what_was_shed_comes_when_its_turn_comes(worker_type):
    loader = under(ROOM_THEN_NONE, worker_type=worker_type, persistent_workers=True)
    for _ in range(2):
        seen = []
        for batch in loader:
            seen.append(batch.tolist())
            time.sleep(0.01)  # the workers run ahead, so that there is something to let go
        assert seen == EXPECTED
    assert any(event.action == "shed" and event.batches > 0 for event in loader.events)


def test_out_of_order_every_batch_comes_once():
    assert sorted(values(under(ROOM_THEN_NONE, in_order=False))) == EXPECTED


@pytest.mark.parametrize("readings", [[0], ROOM_THEN_NONE, [2000]], ids=["room", "both", "none"])
@pytest.mark.filterwarnings("ignore:The process and its workers")
def test_a_stream_comes_as_from_the_plain_loader(readings):
    plain = DataLoader(Counting(), 5, num_workers=2, worker_type="thread")
    loader = under(readings, Counting())
    assert values(loader) == values(plain)
    assert all(event.batches == 0 for event in loader.events)  # It could not be read again.


def test_a_pass_goes_on_in_another_loader():
    options = {"shuffle": True, "generator": torch.Generator().manual_seed(1)}
    loader = under(ROOM_THEN_NONE, **options)
    passing = iter(loader)
    first = [next(passing).tolist() for _ in range(5)]
    state = loader.state_dict()
    again = under([0], shuffle=True, generator=torch.Generator())
    again.load_state_dict(state)
    assert sorted(itertools.chain(*first, *values(again))) == NUMBERS
    rest = [batch.tolist() for batch in passing]
    assert sorted(itertools.chain(*first, *rest)) == NUMBERS


def outcomes(loader):
    """Return what comes: batches, and the types of errors."""
    found, passing = [], iter(loader)
    while True:
        try:
            found.append(next(passing).tolist())
        except StopIteration:
            return found
        except Exception as error:
            found.append(type(error))


def raising_after(count):
    yield from range(count)
    raise ValueError("the sampler has broken")


@pytest.mark.parametrize("readings", [[0], ROOM_THEN_NONE], ids=["room", "both"])
def test_errors_come_in_their_place(readings):
    plain = DataLoader(Failing(), 5, num_workers=2, worker_type="thread")
    assert outcomes(under(readings, Failing())) == outcomes(plain)
    broken = outcomes(under(readings, sampler=raising_after(32)))
    assert broken.count(ValueError) == 1
    assert [batch for batch in broken if batch is not ValueError] == EXPECTED[:6]


def test_without_a_limit_it_is_the_plain_loader():
    loader = MemoryEfficientDataLoader(ListDataset(NUMBERS), 5, num_workers=2, worker_type="thread")
    assert values(loader) == EXPECTED
    assert loader.window == 4
    assert loader.events == []


def test_without_workers_events_are_kept_and_batches_come():
    loader = MemoryEfficientDataLoader(ListDataset(NUMBERS), 5, max_memory_usage=1)
    with pytest.warns(UserWarning, match="max_memory_usage is 1 MiB"):
        assert values(loader) == EXPECTED
    assert [event.action for event in loader.events] == ["at least"]
    assert loader.window == 0


def test_it_can_be_pickled():
    loader = MemoryEfficientDataLoader(ListDataset(NUMBERS), 5, num_workers=1, max_memory_usage=1e6)
    assert values(pickle.loads(pickle.dumps(loader))) == EXPECTED


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
def test_a_limit_without_sense_is_refused(limit):
    with pytest.raises(ValueError, match=r"max_memory_usage is .* in MB.* Give more, or None"):
        MemoryEfficientDataLoader(NUMBERS, max_memory_usage=limit)


@pytest.mark.parametrize("limit", ["1 GB", True])
def test_a_limit_that_is_no_number_is_refused(limit):
    with pytest.raises(TypeError, match=r"max_memory_usage is .* in MB\. Give a number"):
        MemoryEfficientDataLoader(NUMBERS, max_memory_usage=limit)


@pytest.mark.filterwarnings("ignore:The process and its workers")
def test_trap_garbage_is_collected_for_every_batch():
    """Above its limit it neither collects garbage nor does anything else batch after batch."""
    loader = under([5000])
    collections = []
    gc.collect()
    gc.disable()
    gc.callbacks.append(lambda phase, info: collections.append(phase))
    try:
        assert values(loader) == EXPECTED
    finally:
        gc.callbacks.pop()
        gc.enable()
    assert collections == []
    assert len(loader.events) == 1


# Decisions


@settings(max_examples=100, deadline=None)
@given(
    readings=st.lists(st.integers(0, 2 * LIMIT), min_size=1, max_size=60),
    most=st.integers(1, 20),
    num_workers=st.integers(1, 4),
    batch=st.integers(1, 300),
)
def test_the_window_obeys_its_rules(readings, most, num_workers, batch):
    governor = MemoryGovernor(LIMIT, most, num_workers, Script(readings))
    governor.note_batch(np.zeros(batch, np.uint8))
    window = governor.window
    assert window == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for used in readings:
            governor.look(lambda window: 0)
            if used > LIMIT:
                assert governor.window == max(1, window // 2)
            else:
                assert window <= governor.window <= min(most, 2 * window)
                assert governor.window == window or used + batch * (governor.window - window) <= LIMIT
            window = governor.window


@pytest.mark.filterwarnings("error")
def test_pressure_that_lasts_is_one_event_and_one_warning():
    governor = MemoryGovernor(LIMIT, 8, 2, Script(itertools.cycle([5000])))
    with pytest.warns(UserWarning, match="one batch at a time"):
        governor.look(lambda window: 0)
    for _ in range(10):
        governor.look(lambda window: 0)  # a warning would be an error here
    assert [event.action for event in governor.events] == ["at least"]


def test_an_event_is_a_plain_record():
    governor = MemoryGovernor(LIMIT, 8, 2, Script([0, 0, 1500]))
    governor.note_batch(torch.zeros(10, dtype=torch.uint8))
    for _ in range(3):
        governor.look(lambda window: 3)
    opened, again, shed = governor.events
    assert (opened.action, opened.window, again.window) == ("opened", 2, 4)
    assert (shed.action, shed.used, shed.limit, shed.window, shed.batches) == ("shed", 1500, LIMIT, 2, 3)
    assert 0 <= opened.seconds <= again.seconds <= shed.seconds


def test_measuring_takes_a_small_share_of_the_time():
    governor = MemoryGovernor(10**15, 8, 2)
    assert governor.is_due()
    governor.look(lambda window: 0)
    assert not governor.is_due()


@pytest.mark.parametrize("growth", [0, 400, 600])
def test_growth_is_a_reason_to_look(growth):
    gauge = Script(itertools.repeat(0), growth)
    governor = MemoryGovernor(LIMIT, 8, 2, gauge)
    governor.look(lambda window: 0)
    governor._next_look = float("inf")  # long after
    time.sleep(0.01)
    assert governor.is_due() == (growth > LIMIT / 2)


MEGABYTES = 50 * 2**20


def take_memory() -> mmap.mmap:
    """Return fresh pages, filled. An array might be given memory that was freed before."""
    pages = mmap.mmap(-1, MEGABYTES)
    for _ in range(50):
        pages.write(b"\1" * (MEGABYTES // 50))
    return pages


def watch_memory_being_taken():
    gauge = MemoryGauge()
    before = gauge.measure()
    with take_memory():
        return gauge.growth(), gauge.measure() - before


def watch_a_worker_end():
    worker = subprocess.Popen([sys.executable, "-c", "print(); input()"], stdin=-1, stdout=-1)
    worker.stdout.readline()
    gauge = MemoryGauge()
    gauge.measure()
    worker.communicate(b"\n")
    with take_memory():
        return gauge.growth()


def test_the_gauge_sees_what_a_program_takes():
    grown, more_in_use = run_alone(watch_memory_being_taken)
    assert 0.8 * MEGABYTES < grown < 2 * MEGABYTES
    assert 0.8 * MEGABYTES < more_in_use < 2 * MEGABYTES


def test_the_gauge_still_sees_it_when_a_worker_has_ended():
    grown = run_alone(watch_a_worker_end)
    assert 0.2 * MEGABYTES < grown < 2 * MEGABYTES  # what the worker held is given back


# Sizes


def test_sizes_of_numbers_are_exact_and_of_containers_their_sum():
    tensor, array = torch.zeros(3, 4), np.zeros((5, 6))
    assert size_in_bytes(tensor) == 48
    assert size_in_bytes(array) == 240
    assert size_in_bytes(tensor[1]) == 16  # not what it is a view of
    nested = {"images": [tensor, tensor], "rest": (array, "text")}
    assert 48 * 2 + 240 < size_in_bytes(nested) < 48 * 2 + 240 + 1000


def test_other_objects_count_what_they_hold():
    image = pytest.importorskip("PIL.Image").new("RGB", (100, 50))
    assert 15_000 <= size_in_bytes(image) <= 16_000
    assert size_in_bytes(lambda: None) > 0  # cannot be pickled


@pytest.mark.slow
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_are_replaced_under_every_start_method(method):
    loader = under([*[0] * 4, 2000, *[0] * 20], worker_type="process", multiprocessing_context=method)
    assert values(loader) == EXPECTED
    assert any(event.action == "shed" for event in loader.events)


# Real memory

PROGRAM = """
import sys
import torch
from course_lib import DataLoader, Dataset, MemoryEfficientDataLoader, measure_memory

class Large(Dataset):
    def __len__(self):
        return 120

    def __getitem__(self, index):
        return torch.full((2**20,), float(index))  # 4 MiB

limit = measure_memory().used + 250 * 2**20
options = dict(batch_size=4, num_workers=2, prefetch_factor=8, multiprocessing_context="fork")
if sys.argv[1] == "plain":
    loader = DataLoader(Large(), **options)
else:
    loader = MemoryEfficientDataLoader(Large(), max_memory_usage=limit / 2**20, **options)
seen, most = [], 0
for batch in loader:
    seen += batch[:, 0].int().tolist()
    batch = None
    most = max(most, *(measure_memory().used for _ in range(2)))  # takes its time: a slow consumer
assert seen == list(range(120))
print((most - limit) / 2**20)
"""


def mebibytes_above_the_limit(kind):
    done = subprocess.run([sys.executable, "-c", PROGRAM, kind], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not knows_pss, reason="only Linux tells the memory that processes really take")
def test_memory_stays_below_the_limit_where_the_plain_loader_exceeds_it():
    batch = 16
    assert mebibytes_above_the_limit("plain") > batch
    assert mebibytes_above_the_limit("bounded") < batch


class CountedBatches:
    """Batches of one index each, and how many of them have been asked for."""

    ordered = 0

    def __iter__(self):
        for index in range(40):
            self.ordered += 1
            yield [index]


@pytest.mark.parametrize("prefetch_factor", [1, 2])
def test_while_the_consumer_works_all_batches_of_the_window_are_ordered(prefetch_factor):
    batches = CountedBatches()
    loader = MemoryEfficientDataLoader(
        range(40),
        batch_sampler=batches,
        num_workers=2,
        prefetch_factor=prefetch_factor,
        max_memory_usage=1_000_000,
    )
    iterator = iter(loader)
    for handed in range(1, 6):
        next(iterator)
        assert batches.ordered == handed + loader.window

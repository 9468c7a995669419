"""The search finds the best number of workers, says how sure it is, and survives failures (lesson 12)."""

import math
import os
import pickle
import time
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import IterableDataset, get_worker_info, tune_num_workers
from course_lib.measure.candidates import WorkerMeasurement, choose_workers, next_candidate
from course_lib.measure.passes import Pass, seconds_per_batch, time_pass
from course_lib.measure.tuning_report import WorkerTuning
from course_lib.plots.tuning import plot_tuning

# The choice, with made-up numbers


def measurement(workers, median, spread=0.0, **fields):
    return WorkerMeasurement(workers, (median - spread, median, median + spread), **fields)


def test_the_fastest_is_chosen_when_it_is_clearly_faster():
    choice = choose_workers([measurement(0, 1.0, 0.05), measurement(2, 0.5, 0.05), measurement(4, 0.3, 0.02)])
    assert (choice.workers, choice.fastest) == (4, 4)


def test_within_the_noise_fewer_workers_are_preferred_and_it_says_so():
    choice = choose_workers([measurement(1, 1.0), measurement(2, 0.52, 0.1), measurement(4, 0.50, 0.1)])
    assert (choice.workers, choice.fastest) == (2, 4)
    assert "noise" in choice.reason
    assert "4 came out 4% faster" in choice.reason


def test_less_than_five_percent_is_no_difference_even_without_spread():
    assert choose_workers([measurement(1, 1.04), measurement(2, 1.0)]).workers == 1
    assert choose_workers([measurement(1, 1.06), measurement(2, 1.0)]).workers == 2


def test_failed_candidates_are_never_chosen():
    failed = WorkerMeasurement(1, failure="killed")
    assert choose_workers([failed, measurement(2, 5.0)]).workers == 2
    assert failed.median == math.inf
    with pytest.raises(ValueError, match="no number of workers can be chosen"):
        choose_workers([failed])


@given(
    st.dictionaries(
        st.integers(0, 64),
        st.lists(st.floats(1e-4, 10), min_size=1, max_size=5),
        min_size=1,
        max_size=8,
    )
)
def test_the_choice_is_never_worse_than_the_noise_allows(times):
    measurements = [WorkerMeasurement(workers, tuple(seconds)) for workers, seconds in times.items()]
    choice = choose_workers(measurements)
    by_number = {one.workers: one for one in measurements}
    chosen, fastest = by_number[choice.workers], by_number[choice.fastest]
    assert fastest.median == min(one.median for one in measurements)
    assert choice.workers <= max(one.workers for one in measurements if one.median == fastest.median)
    noise = math.hypot(chosen.high - chosen.low, fastest.high - fastest.low) / 2
    assert chosen.median - fastest.median <= max(noise, 0.05 * fastest.median) + 1e-12


# The search, on synthetic curves


def search(curve, start, most):
    """Search on a curve: seconds by number of workers, or a failure's measurement."""
    measured = {}
    while (workers := next_candidate(measured, start, most)) is not None:
        assert workers not in measured
        assert 0 <= workers <= most
        outcome = curve(workers)
        measured[workers] = (
            outcome if isinstance(outcome, WorkerMeasurement) else WorkerMeasurement(workers, (outcome,))
        )
    return measured


def best_of(measured):
    return choose_workers(measured.values()).workers


def test_the_rule_of_thumb_comes_first_and_no_workers_second():
    measured = search(lambda workers: 1.0, start=4, most=32)
    assert list(measured)[:2] == [4, 0]


def test_work_for_the_processor():
    for cores in (2, 4, 8, 16, 64):

        def curve(workers, cores=cores):
            return 1 / min(workers, cores) + 0.002 * workers if workers else 1.1

        best = best_of(search(curve, cores // 2, 4 * cores))
        assert curve(best) <= 1.2 * min(curve(workers) for workers in range(4 * cores))


def test_waiting_wants_many_more_workers_than_cores():
    assert best_of(search(lambda workers: 1 / max(workers, 1), start=1, most=32)) == 32


def test_nothing_to_do_wants_none():
    measured = search(lambda workers: 0.001 + 0.01 * workers, start=8, most=64)
    assert best_of(measured) == 0
    assert len(measured) <= 4


@pytest.mark.parametrize("start", [1, 2, 3, 8])
def test_no_workers_hide_nothing_from_the_search(start):
    def curve(workers):  # 0 is faster than 1, 2 and 3, and five times slower than 20
        return 0.05 if workers == 0 else max(0.2 / workers, 0.01)

    measured = search(curve, start, most=64)
    assert curve(best_of(measured)) <= 1.2 * 0.01
    assert len(measured) <= 14


def test_the_search_is_short():
    for optimum in (0, 1, 3, 8, 24):
        measured = search(lambda workers, o=optimum: 1 + abs(workers - o), start=8, most=128)
        assert best_of(measured) == optimum
        assert len(measured) <= 14


def test_after_a_failure_nothing_as_large_is_tried_again():
    def curve(workers):
        return WorkerMeasurement(workers, failure="killed", lost=True) if workers >= 6 else 1 / (workers + 1)

    measured = list(search(curve, start=4, most=64))
    first = next(index for index, workers in enumerate(measured) if workers >= 6)
    assert all(workers < measured[first] for workers in measured[first + 1 :])
    assert best_of(search(curve, start=4, most=64)) == 4


def test_a_start_that_fails_is_halved():
    def curve(workers):
        return WorkerMeasurement(workers, failure="killed", lost=True) if workers > 3 else 1 / (workers + 1)

    measured = search(curve, start=32, most=128)
    assert list(measured)[:5] == [32, 16, 8, 4, 2]
    assert best_of(measured) == 3


def test_what_kills_every_worker_is_not_let_into_the_main_process():
    measured = search(lambda n: WorkerMeasurement(n, failure="killed", lost=True), start=4, most=16)
    assert list(measured) == [4, 2, 1]


def test_an_ordinary_error_is_tried_without_workers_too():
    measured = search(lambda n: WorkerMeasurement(n, failure="KeyError"), start=2, most=16)
    assert list(measured) == [2, 1, 0]


# The time of a batch, from the times of arrival


@pytest.mark.parametrize("workers", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("count", [3, 8, 20, 23])
def test_bursts_do_not_deceive(workers, count):
    """Each worker takes 6 seconds for a batch after 10 for its start; all begin together."""
    at_once = max(1, workers)
    arrivals = [10 + 6 * (number // at_once + 1) for number in range(count)]
    result = Pass(tuple(map(float, arrivals)), float(arrivals[-1]), None)
    steady = seconds_per_batch(result, workers, None, counts_start=True)
    if count >= 2 * at_once:
        assert steady == pytest.approx(6 / at_once)
        assert seconds_per_batch(result, workers, 1000, counts_start=False) == pytest.approx(6 / at_once)
        assert seconds_per_batch(result, workers, 1000, True) == pytest.approx(6 / at_once + 10 / 1000)
    else:
        assert steady == pytest.approx(arrivals[-1] / count)


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_slow_first_batches_are_the_start_and_not_the_pace(workers):
    """A new worker needs 5 seconds for each of its first batches, and then 1."""
    at_once = max(1, workers)
    seconds = [5] * 4 + [1] * 6
    arrivals = [float(sum(seconds[: number // at_once + 1])) for number in range(10 * at_once)]
    result = Pass(tuple(arrivals), arrivals[-1], None)
    assert seconds_per_batch(result, workers, None, counts_start=True) == pytest.approx(1 / at_once)
    in_all = seconds_per_batch(result, workers, 1000, counts_start=True) * 1000
    assert in_all == pytest.approx(1000 / at_once + 4 * (5 - 1))


# Real runs


class Slow:
    """Samples that a sleep makes slow, as a far disk would."""

    def __init__(self, samples=400, seconds=0.004):
        self.samples, self.seconds = samples, seconds

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        time.sleep(self.seconds)
        return torch.tensor(index)


class Faulty(Slow):
    """Ends the worker, or raises, wherever there are more workers than `most`."""

    def __init__(self, most, how):
        super().__init__(200, 0.002)
        self.most, self.how = most, how

    def __getitem__(self, index):
        worker = get_worker_info()
        if worker is not None and worker.num_workers > self.most:
            self.how()
        return super().__getitem__(index)


def end():
    os._exit(3)


def fail():
    raise OSError(28, "No space left on device")


LOADERS = {"ours": {}, "torch": {"loader_class": torch.utils.data.DataLoader}}


@pytest.mark.parametrize("loader", LOADERS)
def test_given_candidates_are_all_measured_and_waiting_costs_what_it_must(loader):
    tuning = tune_num_workers(
        Slow(200, 0.02), candidates=(0, 4), repeats=3, max_seconds=60, batch_size=4, **LOADERS[loader]
    )
    assert min(tuning.of(0).seconds) >= 4 * 0.0199  # alone, it waits for each sample of a batch
    assert tuning.best == choose_workers(tuning.measurements).workers
    assert [one.workers for one in tuning.measurements] == [0, 4]
    assert tuning.batches == 50
    assert all(len(one.seconds) >= 2 for one in tuning.measurements)
    assert tuning.of(4).memory > 0
    assert tuning.stopped == "all were measured"


def test_the_search_itself():
    tuning = tune_num_workers(Slow(120), repeats=2, max_seconds=10, max_workers=3, batch_size=4)
    measured = {one.workers: one for one in tuning.measurements}
    assert tuning.rule_of_thumb == tuning.cores // 2
    assert min(max(1, tuning.cores // 2), 3) in measured
    assert max(measured) <= 3
    assert tuning.best == choose_workers(tuning.measurements).workers
    if tuning.stopped == "no neighbour of the best is better":
        assert next_candidate(measured, min(max(1, tuning.cores // 2), 3), 3) is None
    else:
        assert tuning.stopped == "10 seconds were over"


def test_nothing_to_do_and_a_slow_consumer():
    data = torch.utils.data.TensorDataset(torch.arange(120.0))
    tuning = tune_num_workers(data, candidates=(0, 2), repeats=2, step_seconds=0.005, batch_size=4)
    assert tuning.best == 0
    assert tuning.of(0).median >= 0.005


def test_a_consumer_that_does_nothing_takes_no_time(monkeypatch):
    """sleep(0) would be called as well, and takes as long as ten batches from memory."""
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"slept for {seconds} seconds"))
    data = torch.utils.data.TensorDataset(torch.arange(120.0))
    assert tune_num_workers(data, candidates=(0,), repeats=2, batch_size=4).of(0).failure == ""


def test_the_consumer_gets_every_batch():
    seen = []
    data = torch.utils.data.TensorDataset(torch.arange(6))
    tune_num_workers(
        data, candidates=(0,), repeats=2, batch_size=2, consume=lambda batch: seen.append(batch[0].tolist())
    )
    assert seen == [[0, 1], [2, 3], [4, 5]] * 2


@pytest.mark.parametrize(
    ("loader", "how"),
    [
        ("ours", end),
        ("ours", fail),
        ("torch", end),
        pytest.param("torch", fail, marks=pytest.mark.slow),  # torch waits for a worker that has failed
    ],
)
def test_a_candidate_that_crashes_is_recorded_and_the_search_goes_on(how, loader):
    tuning = tune_num_workers(
        Faulty(1, how), candidates=(2, 0, 1), repeats=1, max_seconds=30, batch_size=2, **LOADERS[loader]
    )
    failed = tuning.of(2)
    assert failed.seconds == ()
    assert failed.lost is (how is end)
    assert ("OSError" if how is fail else "DataLoader worker (pid") in failed.failure
    assert tuning.best in (0, 1)
    assert "failed" in str(tuning)
    assert tuning._repr_png_().startswith(b"\x89PNG")


def test_a_candidate_that_hangs_is_given_up():
    tuning = tune_num_workers(
        Faulty(0, lambda: time.sleep(2)), candidates=(1, 0), repeats=1, batch_size=2, timeout=0.5
    )
    assert tuning.of(1).lost
    assert tuning.best == 0


def test_when_nothing_comes_through_the_reasons_are_told():
    with pytest.raises(RuntimeError, match="No number of workers came through: 0 workers: OSError"):
        tune_num_workers(Bad(), candidates=(0, 1), batch_size=2)


class Bad(Slow):
    def __getitem__(self, index):
        fail()


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield torch.zeros(1)


def test_a_stream_without_end_and_without_length():
    tuning = tune_num_workers(Endless(), candidates=(0, 1), repeats=2, max_seconds=2, batch_size=8)
    assert tuning.batches is None
    assert all(one.seconds for one in tuning.measurements)


def test_time_is_bounded():
    tuning = tune_num_workers(Slow(2000), max_workers=64, repeats=3, max_seconds=0.2, batch_size=2)
    assert len(tuning.measurements) < 4
    assert tuning.stopped == "0.2 seconds were over"


def test_a_pass_goes_as_far_as_it_must():
    def length(**limits):
        result = time_pass(range(9), consume=lambda batch: None, **limits)
        return len(result.arrivals), result.is_enough

    assert length(seconds=0, enough=3, latest=math.inf) == (3, True)
    assert length(seconds=math.inf, enough=3, latest=math.inf) == (9, True)
    assert length(seconds=0, enough=20, latest=math.inf) == (9, True)
    assert length(seconds=math.inf, enough=3, latest=0) == (1, False)


def test_named_candidates_are_all_measured_however_short_the_time():
    tuning = tune_num_workers(Slow(), candidates=(0, 2, 1), repeats=9, max_seconds=0.01, batch_size=2)
    assert [len(one.seconds) for one in tuning.measurements] == [2, 2, 2]
    assert tuning.stopped == "0.01 seconds were over"


def test_randomness_stays_as_it_was_and_no_warning_comes():
    generator = torch.Generator().manual_seed(3)
    before = generator.get_state(), torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in ({"generator": generator}, {}):
            data = torch.utils.data.TensorDataset(torch.arange(40))
            tune_num_workers(data, candidates=(0, 9), repeats=1, batch_size=4, shuffle=True, **options)
    assert torch.equal(generator.get_state(), before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_what_only_workers_have_is_left_out_without_them():
    data = torch.utils.data.TensorDataset(torch.arange(40))
    tuning = tune_num_workers(
        data,
        candidates=(0, 1),
        repeats=1,
        batch_size=4,
        prefetch_factor=3,
        persistent_workers=True,
        timeout=30,
    )
    assert [one.failure for one in tuning.measurements] == ["", ""]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"num_workers": 2}, TypeError, "num_workers is 2"),
        ({"candidates": ()}, ValueError, "candidates is"),
        ({"candidates": (-1,)}, ValueError, "candidates is"),
        ({"repeats": 0}, ValueError, "repeats is 0"),
        ({"max_workers": 0}, ValueError, "max_workers is 0"),
        ({"max_seconds": 0}, ValueError, "max_seconds is 0"),
        ({"step_seconds": -1}, ValueError, "step_seconds is -1"),
        ({"step_seconds": 1, "consume": print}, ValueError, "Both consume and step_seconds=1"),
        ({"batch_size": 0}, ValueError, "batch_size"),
    ],
)
def test_mistakes_are_named(arguments, error, match):
    with pytest.raises(error, match=match):
        tune_num_workers(Slow(), **arguments)


# The report


def example():
    measurements = (
        measurement(0, 0.020, 0.001, first_batch=0.02, memory=0),
        measurement(2, 0.011, 0.001, first_batch=0.1, memory=50 * 2**20),
        WorkerMeasurement(32, failure="RuntimeError: killed"),
    )
    return WorkerTuning(measurements, choose_workers(measurements), 4, 10, "all were measured")


def test_the_table_says_what_was_found():
    lines = str(example()).splitlines()
    assert lines[1].split() == ["0", "20", "(19.5", "to", "20.5)", "0.02", "s", "0", "KiB"]
    assert lines[2].endswith("50 MiB  best, cores ÷ 2")
    assert lines[3].split(maxsplit=2) == ["32", "failed:", "RuntimeError: killed"]
    assert lines[4].startswith("best: 2 workers")


def test_one_worker_is_one_worker():
    alone = (measurement(1, 0.020), measurement(2, 0.030))
    assert "best: 1 worker (" in str(WorkerTuning(alone, choose_workers(alone), 4, 10, "all were measured"))


def test_the_record_is_plain():
    tuning = example()
    assert pickle.loads(pickle.dumps(tuning)) == tuning
    with pytest.raises(ValueError, match=r"workers is 7.*\[0, 2, 32\]"):
        tuning.of(7)


def test_the_plot_shows_the_numbers():
    axes, memory = plot_tuning(example(), prediction={0: 0.02, 4: 0.005}).axes
    measured = axes.containers[0].lines[0]
    assert measured.get_xdata().tolist() == [0, 2]
    assert measured.get_ydata().tolist() == pytest.approx([20, 11])
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert set(words) == {"measured", "best: 2", "your prediction", "cores ÷ 2 = 2", "cores = 4"}
    assert [text.get_text() for text in axes.texts] == ["failed"]
    assert memory.lines[0].get_ydata().tolist() == [0, 50]


def test_a_plot_needs_something_to_draw():
    with pytest.raises(ValueError, match="result has no best"):
        plot_tuning({"measurements": []})
    failed = [WorkerMeasurement(1, failure="killed")]
    with pytest.raises(ValueError, match="no candidate that came through"):
        plot_tuning({"measurements": failed, "best": 0, "cores": 2})

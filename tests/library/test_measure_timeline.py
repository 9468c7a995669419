"""A traced epoch accounts for every moment and names its bottleneck, whatever the loader (lesson 12)."""

import gc
import json
import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from course_lib import DataLoader, Dataset, Timeline, trace
from course_lib.loader.times import BatchTimes
from course_lib.measure.displays import Reading, TerminalDisplay
from course_lib.measure.live import LiveView, describe
from course_lib.measure.spans import LOADING, NETWORK, WAITING, Event, Span
from course_lib.measure.verdict import judge
from course_lib.measure.window import MANY_BATCHES, SHOWN_BATCHES, cut

BEGIN = 1000.0
STAGE_SECONDS = {"fetch": 0.004, "collate": 0.001, "pack": 0.001, "send": 0.0002, "pin": 0.0, "hand": 0.0001}


def simulate(
    count: int = 24,
    workers: int = 2,
    compute: float = 0.01,
    slow: Iterable[int] = (),
    **stages: float,
) -> list[BatchTimes]:
    """Return the times of an epoch as a loader with these workers, whose stages take so long, would give."""
    seconds = STAGE_SECONDS | stages
    free = [BEGIN] * max(1, workers)
    ahead = 2 * workers
    batches: list[BatchTimes] = []
    asked = BEGIN
    for number in range(count):
        worker = number % workers if workers else None
        ordered = asked if not workers else BEGIN if number < ahead else batches[number - ahead].handed
        begun = max(free[worker or 0], ordered)
        fetched = begun + seconds["fetch"] * (60 if number in slow else 1)
        collated = fetched + seconds["collate"]
        sent = collated + (seconds["pack"] if workers else 0)
        free[worker or 0] = sent
        received = max(asked, sent) + seconds["send"] if workers else sent
        pinned = received + seconds["pin"]
        handed = max(asked, pinned) + seconds["hand"]
        batches.append(
            BatchTimes(number, worker, begun, fetched, collated, sent, received, pinned, asked, handed)
        )
        asked = handed + compute
    return batches


def make_timeline(batches: list[BatchTimes], workers: int = 2) -> Timeline:
    end = batches[-1].handed + 0.02
    return Timeline(tuple(batches), (Event("stop", end - 0.01, end),), BEGIN, end, workers)


def rows_of(spans: Iterable[Span]) -> dict[str, list[Span]]:
    rows: dict[str, list[Span]] = {}
    for span in spans:
        rows.setdefault(span.row, []).append(span)
    return rows


def assert_laws(timeline: Timeline) -> None:
    """Hold a timeline against what must be true of every epoch."""
    assert timeline.waited + timeline.computed == pytest.approx(timeline.seconds)
    for span in timeline.spans:
        assert -1e-6 <= span.begin < span.end <= timeline.seconds + 1e-6, span
    for row in rows_of(timeline.spans).values():
        for span, following in pairwise(sorted(row, key=lambda span: span.begin)):
            assert span.end <= following.begin + 1e-6, (span, following)
    waits = [span.batch for span in timeline.spans if span.stage in WAITING and span.batch is not None]
    assert waits == [times.number for times in timeline.batches if times.handed > times.asked]
    assert all(0 <= share <= 1 + 1e-6 for share in timeline.busy.values())


# Records to spans


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize("stages", [{}, {"fetch": 0.05}, {"pin": 0.02}, {"send": 0.03}, {"hand": 0.03}])
def test_simulated_epochs_account_for_every_moment(workers: int, stages: dict[str, float]) -> None:
    assert_laws(make_timeline(simulate(workers=workers, **stages), workers))


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 12),
    workers=st.integers(0, 4),
    compute=st.floats(0, 0.1),
    stages=st.fixed_dictionaries({name: st.floats(0, 0.1) for name in STAGE_SECONDS}),
)
def test_any_durations_account_for_every_moment(
    count: int, workers: int, compute: float, stages: dict[str, float]
) -> None:
    timeline = make_timeline(simulate(count, workers, compute, **stages), workers)
    assert_laws(timeline)
    assert 0 <= timeline.verdict.waited_share <= 1 + 1e-6
    assert timeline.verdict.sentence in str(timeline)


def test_spans_of_a_worker_are_the_stages_of_its_batches() -> None:
    batches = simulate(4, 2)
    first = [span for span in make_timeline(batches).spans if span.batch == 1 and span.row == "worker 1"]
    assert [span.stage for span in first] == list(LOADING)
    assert [span.end + BEGIN for span in first] == pytest.approx(
        [batches[1].fetched, batches[1].collated, batches[1].sent]
    )


def test_receiving_is_shown_only_while_the_network_waits_for_it() -> None:
    timeline = make_timeline(simulate(10, 2, compute=0.1, send=0.0, hand=0.02))
    waits = [(span.begin, span.end) for span in timeline.spans if span.stage in WAITING]
    for span in timeline.spans:
        if span.stage == "receive":
            assert any(begin - 1e-9 <= span.begin and span.end <= end + 1e-9 for begin, end in waits)


def test_the_first_batch_is_start_up_and_no_steady_waiting() -> None:
    batches = simulate(20, 2, compute=0.02)
    late = [batches[0]._replace(asked=BEGIN - 5), *batches[1:]]
    timeline = Timeline(tuple(late), (), BEGIN - 5, batches[-1].handed, 2)
    assert timeline.startup > 5
    assert timeline.verdict.bottleneck == "training step"
    assert f"came after {timeline.startup:.2f} s" in str(timeline)


def test_copies_are_cut_out_of_computing() -> None:
    batches = simulate(3, 0, compute=0.05)
    copy = Event("copy", batches[1].handed + 0.01, batches[1].handed + 0.03)
    timeline = Timeline(tuple(batches), (copy,), BEGIN, batches[-1].handed + 0.05)
    assert_laws(timeline)
    assert timeline.totals["copy"] == pytest.approx(0.02)
    assert timeline.totals["compute"] == pytest.approx(0.13)
    assert timeline.computed == pytest.approx(0.15)
    assert {span.batch for span in timeline.spans if span.stage == "copy"} == {1}


# The verdict


@pytest.mark.parametrize(
    ("epoch", "bottleneck", "stage", "words"),
    [
        ({"workers": 0, "fetch": 0.04}, "in process", "fetch", "num_workers"),
        ({"workers": 0, "collate": 0.04}, "in process", "collate", "collate_fn"),
        ({"workers": 0, "pin": 0.04}, "in process", "pin", "pin_memory=False"),
        ({"workers": 0, "compute": 0.5}, "training step", None, "workers will not help"),
        ({"fetch": 0.05}, "workers", "fetch", "give more workers"),
        ({"collate": 0.05}, "workers", "collate", "collate_fn"),
        ({"pack": 0.05}, "workers", "pack", "uint8 rather than float32"),
        ({"send": 0.05}, "transport", "receive", "the way from the workers"),
        ({"hand": 0.05}, "receiving", "receive", "receiving in the main process"),
        ({"pin": 0.05}, "pinning", "pin", "pin_memory=False"),
        ({"compute": 0.1}, "training step", None, "more workers will not help"),
        ({"count": 48, "slow": range(3, 48, 12)}, "uneven batches", "fetch", "in_order=False"),
    ],
)
def test_the_verdict_names_the_bottleneck(
    epoch: dict[str, object], bottleneck: str, stage: str | None, words: str
) -> None:
    batches = simulate(**epoch)  # type: ignore[arg-type]
    verdict = judge(batches, int(epoch.get("workers", 2)), cores=16)  # type: ignore[call-overload]
    assert (verdict.bottleneck, verdict.stage) == (bottleneck, stage)
    assert words in verdict.sentence
    assert str(verdict) == verdict.sentence
    assert verdict.sentence.endswith(".")


def test_it_does_not_propose_to_give_up_an_order_that_is_given_up() -> None:
    batches = simulate(count=48, slow=range(3, 48, 12))
    assert "in_order=False" in judge(batches, 2, cores=16).sentence
    batches[20], batches[21] = (
        batches[20]._replace(number=batches[21].number),
        batches[21]._replace(number=batches[20].number),
    )
    assert "in_order=False" not in judge(batches, 2, cores=16).sentence


def test_the_number_of_workers_that_it_proposes_would_keep_up() -> None:
    verdict = judge(simulate(workers=0, fetch=0.035, compute=0.01), 0, cores=16)
    assert "num_workers=4" in verdict.sentence
    assert judge(simulate(workers=4, fetch=0.035, compute=0.01), 4, 16).bottleneck == "training step"
    verdict = judge(simulate(workers=2, fetch=0.035, compute=0.01), 2, cores=16)
    assert "(4 could keep up)" in verdict.sentence


def test_it_proposes_no_more_workers_than_cores_without_a_word_of_warning() -> None:
    verdict = judge(simulate(workers=2, fetch=0.1), 2, cores=2)
    assert "give more workers" not in verdict.sentence
    assert "more workers than cores (2)" in verdict.sentence
    assert "num_workers=2" in judge(simulate(workers=0, fetch=1.0), 0, cores=2).sentence


def test_workers_are_not_proposed_for_next_to_no_work() -> None:
    verdict = judge(simulate(workers=0, fetch=0.0003, collate=0.0003, compute=0.0001), 0, cores=8)
    assert verdict.bottleneck == "in process"
    assert "larger batches" in verdict.sentence
    assert "num_workers" not in verdict.sentence


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_batches_are_not_judged(count: int) -> None:
    verdict = judge(simulate(count), 2)
    assert verdict.bottleneck == "unknown"
    assert f"{count} batch" in verdict.sentence


def test_an_empty_epoch_has_a_report_and_a_picture() -> None:
    timeline = Timeline(
        (), (Event("start", BEGIN, BEGIN + 1), Event("stop", BEGIN + 1, BEGIN + 2)), BEGIN, BEGIN + 2
    )
    assert_laws(timeline)
    assert timeline.throughput == 0
    assert "0 batches" in str(timeline)
    assert timeline._repr_png_().startswith(b"\x89PNG")


def test_the_report_of_a_loader_without_a_batch() -> None:
    traced = trace(DataLoader(range(3), 4, drop_last=True))
    assert list(traced) == []
    assert "0 batches" in str(traced.timeline)


# The part that is shown


def test_a_window_holds_the_batches_it_was_asked_for() -> None:
    timeline = make_timeline(simulate(20, 2))
    batches = timeline.batches
    shown = timeline.plot(first=5).axes[0].get_xlim()
    assert shown == pytest.approx((0, batches[5].asked - BEGIN))
    assert timeline.plot(last=5).axes[0].get_xlim() == pytest.approx(
        (batches[-5].asked - BEGIN, timeline.seconds)
    )
    assert timeline.plot(seconds=(0.01, 0.05)).axes[0].get_xlim() == pytest.approx((0.01, 0.05))
    assert timeline.plot(first=10**6).axes[0].get_xlim() == pytest.approx((0, timeline.seconds))


def test_a_long_epoch_shows_its_last_batches() -> None:
    timeline = make_timeline(simulate(MANY_BATCHES + 1, 2))
    begin, _ = timeline.plot().axes[0].get_xlim()
    assert begin == pytest.approx(timeline.batches[-SHOWN_BATCHES].asked - BEGIN)
    assert (
        f"batches {MANY_BATCHES + 1 - SHOWN_BATCHES} to {MANY_BATCHES}"
        in timeline.plot().axes[0].get_xlabel()
    )


@pytest.mark.parametrize(
    "choice",
    [
        {"first": 0},
        {"last": -1},
        {"first": 2.5},
        {"first": 2, "last": 2},
        {"seconds": (0.2, 0.1)},
        {"seconds": (10**6, 10**6 + 1)},
        {"seconds": (-1, 0.1)},
    ],
)
def test_a_window_without_sense_is_refused(choice: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(choice))):
        make_timeline(simulate(20, 2)).plot(**choice)  # type: ignore[arg-type]


def test_cutting_keeps_what_lies_inside() -> None:
    spans = (
        Span("a", "fetch", 0.0, 2.0, 0),
        Span("a", "fetch", 2.0, 3.0, 1),
        Span("a", "fetch", 5.0, 6.0, 2),
    )
    assert cut(spans, (1.0, 5.0)) == (spans[0]._replace(begin=1.0), spans[1])


# Files and words


def test_a_chrome_trace_has_every_span_in_a_named_track(tmp_path: object) -> None:
    timeline = make_timeline(simulate(12, 2, pin=0.003))
    path = os.path.join(str(tmp_path), "trace.json")
    timeline.save_chrome(path)
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert list(names.values()) == ["worker 0", "worker 1", "main process", "pinning thread", "network"]
    found = [event for event in events if event["ph"] == "X"]
    assert len(found) == len(timeline.spans)
    for event, span in zip(found, timeline.spans):
        assert (names[event["tid"]], event["name"], event["args"].get("batch")) == (
            span.row,
            span.stage,
            span.batch,
        )
        assert (event["ts"], event["dur"]) == pytest.approx((span.begin * 1e6, (span.end - span.begin) * 1e6))
    assert {event["pid"] for event in events} == {1}


def test_a_chrome_trace_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, timeline = tmp_path / "trace.json", make_timeline(simulate(3))
    timeline.save_chrome(path)
    before = path.read_bytes()

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match=r"No space left on device: .*trace\.json'"):
        timeline.save_chrome(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["trace.json"]


def test_the_report_lists_stages_rows_start_and_verdict() -> None:
    timeline = make_timeline(simulate(24, 2, fetch=0.05))
    report = str(timeline)
    for words in (
        "fetch samples",
        "collate",
        "wait",
        "compute",
        "worker 0",
        "worker 1",
        "network",
        "first batch",
    ):
        assert words in report
    assert report.endswith(timeline.verdict.sentence)
    assert "24 batches" in repr(timeline)
    assert len(repr(timeline)) < 100


def test_a_timeline_is_a_plain_record() -> None:
    timeline = make_timeline(simulate(5, 2))
    copied = pickle.loads(pickle.dumps(timeline))
    assert copied == timeline
    assert copied.spans == timeline.spans
    with pytest.raises(AttributeError):
        timeline.begin = 0.0  # type: ignore[misc]


# Real loaders


class Sleepy(Dataset[torch.Tensor]):
    """Samples that take their time."""

    def __init__(self, count: int, seconds: float = 0.0) -> None:
        self.count = count
        self.seconds = seconds

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> torch.Tensor:
        if not 0 <= index < self.count:
            raise IndexError(index)
        time.sleep(self.seconds)
        return torch.tensor([index])


class Failing(Sleepy):
    """Sample 3 cannot be read."""

    def __getitem__(self, index: int) -> torch.Tensor:
        if index == 3:
            raise OSError("unreadable")
        return super().__getitem__(index)


def slow_collate(seconds: float) -> Callable[[list[torch.Tensor]], torch.Tensor]:
    def collate(samples: list[torch.Tensor]) -> torch.Tensor:
        time.sleep(seconds)
        return torch.stack(samples)

    return collate


def run(loader: Iterable[object], compute: float = 0.0) -> Timeline:
    traced = trace(loader)
    for _ in traced:
        time.sleep(compute)
    return traced.timeline


def run_until(wanted: tuple[str, str | None], epoch: Callable[[float], Timeline], seconds: float) -> Timeline:
    """Let something take its time until it is named the bottleneck.

    What other programs take goes somewhere, too, and a verdict rightly names it where it is more. It does not
    grow with what is planted here, which is doubled for each of up to six epochs.
    """
    for doublings in range(6):
        timeline = epoch(seconds * 2**doublings)
        assert_laws(timeline)
        if (timeline.verdict.bottleneck, timeline.verdict.stage) == wanted:
            return timeline
    raise AssertionError(f"{timeline.verdict!r} instead of {wanted}, for all the seconds planted")


def test_in_process_with_slow_samples() -> None:
    timeline = run_until(
        ("in process", "fetch"), lambda seconds: run(DataLoader(Sleepy(8, seconds)), compute=0.005), 0.03
    )
    assert set(rows_of(timeline.spans)) == {"main process", NETWORK}
    assert timeline.num_workers == 0


def test_in_process_with_a_slow_collate_function() -> None:
    def epoch(seconds: float) -> Timeline:
        return run(DataLoader(Sleepy(6), collate_fn=slow_collate(seconds)), compute=0.005)

    run_until(("in process", "collate"), epoch, 0.05)


def test_workers_with_slow_samples() -> None:
    timeline = run_until(
        ("workers", "fetch"), lambda seconds: run(DataLoader(Sleepy(12, seconds), num_workers=2)), 0.1
    )
    assert {"worker 0", "worker 1", NETWORK} <= set(rows_of(timeline.spans))
    assert [times.worker for times in timeline.batches] == [0, 1] * 6
    assert timeline.startup > 0


def test_workers_with_a_slow_collate_function() -> None:
    def epoch(seconds: float) -> Timeline:
        return run(DataLoader(Sleepy(12), num_workers=2, collate_fn=slow_collate(seconds)))

    run_until(("workers", "collate"), epoch, 0.05)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_slow_training_step(workers: int) -> None:
    def epoch(seconds: float) -> Timeline:
        return run(DataLoader(Sleepy(5), num_workers=workers), compute=seconds)

    run_until(("training step", None), epoch, 0.25)


def test_threads_have_rows_like_processes() -> None:
    timeline = run(DataLoader(Sleepy(8, 0.02), num_workers=2, worker_type="thread"))
    assert_laws(timeline)
    assert {"worker 0", "worker 1", NETWORK} <= set(rows_of(timeline.spans))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_traced_loader_gives_the_same_batches(workers: int) -> None:
    loader = DataLoader(Sleepy(10), batch_size=3, num_workers=workers)
    traced = trace(loader)
    for _ in range(2):
        assert [batch.tolist() for batch in traced] == [batch.tolist() for batch in loader]
    assert len(traced) == len(loader) == 4
    assert len(traced.timelines) == 2
    for timeline in traced.timelines:
        assert len(timeline.batches) == 4
        assert [times.number for times in timeline.batches] == [0, 1, 2, 3]
        assert_laws(timeline)
    assert traced.timeline == traced.timelines[-1]
    assert (traced.batch_size, traced.dataset) == (3, loader.dataset)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_wall_time_of_the_loop_is_waiting_and_computing(workers: int) -> None:
    """The clock of the loop itself, read outside, agrees but for what stands beside the loop."""
    traced = trace(DataLoader(Sleepy(6, 0.01), num_workers=workers))
    before = time.perf_counter()
    for _ in traced:
        time.sleep(0.01)
    after = time.perf_counter()
    timeline = traced.timeline
    assert before <= timeline.begin <= timeline.end <= after
    assert timeline.computed >= 6 * 0.01
    assert timeline.waited + timeline.computed == pytest.approx(timeline.seconds)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_off_epoch_has_a_timeline_up_to_its_last_batch(workers: int) -> None:
    traced = trace(DataLoader(Sleepy(10), num_workers=workers))
    for place, _ in enumerate(traced):
        if place == 3:
            break
    timeline = traced.timeline
    assert len(timeline.batches) == 4
    assert timeline.end == timeline.batches[-1].handed
    assert_laws(timeline)


def test_after_an_error_the_epoch_goes_on_and_its_wait_is_noted() -> None:
    batches = iter(traced := trace(DataLoader(Failing(6), batch_size=1)))
    assert [next(batches).item() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="unreadable"):
        next(batches)
    assert [batch.item() for batch in batches] == [4, 5]
    assert len(traced.timeline.batches) == 5
    assert "wait" in [event.stage for event in traced.timeline.events]
    assert traced.timeline.waited + traced.timeline.computed == pytest.approx(traced.timeline.seconds)


def test_the_report_advises_persistent_workers_where_there_are_none() -> None:
    batches = tuple(simulate(4, 2))
    advice = "persistent_workers=True"
    assert advice in str(Timeline(batches, (), BEGIN, batches[-1].handed, 2))
    assert advice not in str(Timeline(batches, (), BEGIN, batches[-1].handed, 2, persistent_workers=True))
    assert advice not in str(Timeline(tuple(simulate(4, 0)), (), BEGIN, BEGIN + 1, 0))


def test_asking_again_after_the_end_changes_nothing() -> None:
    batches = iter(traced := trace([1, 2]))
    assert list(batches) == [1, 2]
    timeline = traced.timeline
    with pytest.raises(StopIteration):
        next(batches)
    assert traced.timeline == timeline


def test_nobody_observes_an_untraced_epoch_of_persistent_workers() -> None:
    loader = DataLoader(Sleepy(4), num_workers=2, persistent_workers=True)
    traced = trace(loader)
    for _ in traced:
        break
    gc.collect()
    assert len(list(loader)) == 4
    assert len(traced.timeline.batches) == 1
    assert len(list(traced)) == 4
    assert [len(timeline.batches) for timeline in traced.timelines] == [1, 4]


class OnlyIndexable:
    """The old protocol of sequences, without `__iter__`."""

    def __getitem__(self, index: int) -> int:
        return [1, 2, 3][index]


def count_to_three() -> Iterator[int]:
    yield from (1, 2, 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: [1, 2, 3],
        count_to_three,
        OnlyIndexable,
        lambda: torch.utils.data.DataLoader(Sleepy(3, 0.01), batch_size=1),
    ],
    ids=["list", "generator", "indexable", "torch"],
)
def test_any_iterable_of_batches_can_be_traced(make: object) -> None:
    traced = trace(make())  # type: ignore[operator]
    assert len(list(traced)) == 3
    timeline = traced.timeline
    assert len(timeline.batches) == 3
    assert not timeline.stages_known
    assert {span.row for span in timeline.spans} == {NETWORK}
    assert {span.stage for span in timeline.spans} <= {"compute", *WAITING}
    assert_laws(timeline)


def test_the_verdict_on_a_loader_that_tells_no_stages() -> None:
    def epoch(seconds: float) -> Timeline:
        return run(torch.utils.data.DataLoader(Sleepy(6, seconds)), compute=0.001)

    timeline = run_until(("loader", None), epoch, 0.03)
    assert "course_lib.DataLoader" in timeline.verdict.sentence
    run_until(("training step", None), lambda seconds: run([1, 2, 3, 4], compute=seconds), 0.05)


def test_what_cannot_be_traced_is_refused() -> None:
    with pytest.raises(TypeError, match=r"loader is 3, of type int.*for loop.*Give a DataLoader"):
        trace(3)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=r"Nothing is traced yet.*iterate"):
        trace([1]).timeline  # noqa: B018
    with pytest.raises(TypeError):
        len(trace(count_to_three()))


def test_tracing_twice_is_tracing_once() -> None:
    traced = trace(trace(DataLoader(Sleepy(3))))
    assert len(list(traced)) == 3
    assert traced.timeline.stages_known


def test_copies_are_marked_in_the_loop() -> None:
    traced = trace(DataLoader(Sleepy(3)))
    for _ in traced:
        with traced.copying():
            time.sleep(0.01)
    assert_laws(traced.timeline)
    assert traced.timeline.totals["copy"] >= 3 * 0.01
    assert "copy to the device" in str(traced.timeline)


# The live view


class Shown:
    """A display that remembers."""

    def __init__(self) -> None:
        self.readings: list[dict[str, str]] = []
        self.closed = 0

    def show(self, readings: Iterable[Reading]) -> None:
        self.readings.append({reading.name: reading.text for reading in readings})

    def close(self) -> None:
        self.closed += 1


def test_the_live_view_refreshes_four_times_a_second_at_most() -> None:
    display = Shown()
    view = LiveView(2, display)
    batches = simulate(200, 2, compute=0.01)
    for times in batches:
        view.update(times)
    seconds = batches[-1].handed - batches[0].handed
    assert 2 <= len(display.readings) <= 4 * seconds + 1
    view.close()
    assert display.readings[-1]["batches"] == "200"
    assert set(display.readings[-1]) == {"batches", "throughput", "waiting", "workers busy", "memory"}
    assert "iB" in display.readings[-1]["memory"]
    assert display.closed == 1


def test_trap_the_dashboard_is_only_a_table() -> None:
    batches = tuple(simulate(40, 2, fetch=0.05))
    timeline = make_timeline(list(batches))
    readings = {reading.name: reading for reading in describe(batches, 2)}
    assert readings["waiting"].share == pytest.approx(timeline.verdict.waited_share)
    assert readings["throughput"].text == f"{timeline.throughput:.1f} batches/s"
    assert 0.9 < (readings["workers busy"].share or 0) <= 1
    assert describe(batches[:1], 2) == []
    assert "workers busy" not in {reading.name for reading in describe(batches, 0)}


def test_in_a_file_the_live_view_is_one_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    list(trace(DataLoader(Sleepy(5)), live=True))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("batches 5 · throughput")
    display = TerminalDisplay()
    display.show([Reading("waiting", "3 %", 0.03)])
    assert capsys.readouterr().out == ""


def test_a_broken_off_epoch_ends_the_live_view(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in trace([1, 2, 3], live=True):
        break
    gc.collect()
    assert capsys.readouterr().out.startswith("batches 1 ")


@pytest.mark.slow
def test_in_a_notebook_timeline_and_live_view_are_pictures() -> None:
    """One display changes in place; the timeline as the value of a cell is a picture."""
    source = """
        import time
        from course_lib import trace
        traced = trace([1, 2, 3], live=True)
        for _ in traced:
            time.sleep(0.3)
    """
    cells = [nbformat.v4.new_code_cell("\n".join(line.strip() for line in source.strip().splitlines()))]
    cells[0].source = cells[0].source.replace("\ntime", "\n    time")
    cells.append(nbformat.v4.new_code_cell("traced.timeline"))
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (live,) = notebook.cells[0].outputs
    assert "throughput" in live.data["text/html"]
    assert ">3<" in live.data["text/html"]
    (picture,) = notebook.cells[1].outputs
    assert "image/png" in picture.data

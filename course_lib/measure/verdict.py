"""The verdict on a timeline: one sentence that names the bottleneck and says what to do (lesson 12).

It judges the steady part of an epoch, from the first batch handed out to the last: what the start of workers
costs is another matter. While the network waits for a batch, that batch is somewhere: in a worker's hands, on
its way, being pinned, being handed over. Where the waiting time goes, there is the bottleneck.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from course_lib.loader.times import BatchTimes
from course_lib.measure.report import percent
from course_lib.measure.steady import Steady

# To wait a tenth of the time is no bottleneck: mending it would gain a tenth at most.
SMALL_SHARE = 0.1
# Below this time for a batch, in seconds, workers cost about as much as they take off.
CHEAP_BATCH = 0.001

_DOING = {"fetch": "fetching", "collate": "collating", "pack": "packing", "pin": "pinning"}
_CHEAPER = {
    "fetch": "make __getitem__ and its transform cheaper",
    "collate": "make collate_fn cheaper, with one operation for the whole batch",
    "pack": "send less: tensors rather than Python objects, uint8 rather than float32",
    "pin": "set pin_memory=False if no GPU takes the batches",
}


@dataclass(frozen=True)
class Verdict:
    """What holds an epoch up, and what to do about it.

    Attributes:
        bottleneck: `"training step"`, `"workers"`, `"uneven batches"`, `"in process"`, `"transport"`,
            `"receiving"`, `"pinning"`, `"loader"` (its stages are unknown) or `"unknown"` (too few batches).
        stage: the stage of loading that takes most time; None if that is unknown.
        waited_share: the network's share of time spent waiting, from 0 to 1, the first batch left out.
        finding: what was found.
        advice: what to do.
    """

    bottleneck: str
    stage: str | None
    waited_share: float
    finding: str
    advice: str

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return f"{self.finding}; {self.advice}."

    def __str__(self) -> str:
        return self.sentence


def judge(
    batches: Sequence[BatchTimes], num_workers: int = 0, cores: int = 1, stages_known: bool = True
) -> Verdict:
    """Name the bottleneck of an epoch.

    Args:
        batches: times of the batches, in the order in which they were handed out.
        num_workers: number of workers that loaded them.
        cores: number of cores that this process may use.
        stages_known: False if only `asked` and `handed` were measured.

    Returns:
        The verdict; its bottleneck is `"unknown"` for fewer than two batches.
    """
    if len(batches) < 2:
        finding = f"{len(batches)} batches are too few to tell the steady state from the start"
        return Verdict("unknown", None, 0.0, finding, "trace a longer part of the epoch")
    steady = Steady(tuple(batches))
    if steady.waited_share < SMALL_SHARE:
        return _judge_training_step(steady, num_workers)
    if not stages_known:
        finding = f"{_waited(steady)} for its loader, which does not tell its stages"
        advice = "trace a course_lib.DataLoader with the same arguments to see them"
        return Verdict("loader", None, steady.waited_share, finding, advice)
    if batches[0].worker is None:
        return _judge_in_process(steady, cores)
    return _judge_workers(steady, num_workers, cores)


def _waited(steady: Steady) -> str:
    return f"The network waited {percent(steady.waited_share)} of the time"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def _most(steady: Steady, *stages: str) -> tuple[str, str]:
    """Return the longest of these stages, and words for it."""
    stage = max(stages, key=steady.stages.__getitem__)
    return stage, f"{_DOING[stage]} takes most ({_milliseconds(steady.stages[stage])} a batch)"


def _judge_training_step(steady: Steady, num_workers: int) -> Verdict:
    share = percent(steady.waited_share)
    finding = f"The training step is the bottleneck: the network waited only {share} of the time"
    more = "more workers" if num_workers else "workers"
    advice = f"loading keeps up, and {more} will not help"
    return Verdict("training step", None, steady.waited_share, finding, advice)


def _judge_in_process(steady: Steady, cores: int) -> Verdict:
    stage, most = _most(steady, "fetch", "collate", "pin")
    finding = f"{_waited(steady)}: everything is loaded in its process, nothing overlaps, and {most}"
    loading = sum(steady.stages.values())
    if loading < CHEAP_BATCH:
        advice = "this is too little work for workers to gain much, so try larger batches"
    else:
        needed = ceil(loading / steady.compute) if steady.compute > 0 else cores
        advice = f"try num_workers={max(1, min(needed, cores))}, or {_CHEAPER[stage]}"
    return Verdict("in process", stage, steady.waited_share, finding, advice)


def _judge_workers(steady: Steady, num_workers: int, cores: int) -> Verdict:
    place = max(steady.waited_for, key=steady.waited_for.__getitem__)
    if place == "workers":
        if steady.is_uneven(num_workers):
            return _judge_uneven(steady)
        return _judge_slow_workers(steady, num_workers, cores)
    each = _milliseconds(steady.waited_for[place] / len(steady.batches))
    if place == "pinning":
        finding = f"{_waited(steady)}: pinning is the bottleneck ({each} a batch)"
        return Verdict(place, "pin", steady.waited_share, finding, _CHEAPER["pin"])
    where = "the way from the workers" if place == "transport" else "receiving in the main process"
    finding = f"{_waited(steady)}: {where} is the bottleneck ({each} a batch)"
    return Verdict(place, "receive", steady.waited_share, finding, _CHEAPER["pack"])


def _judge_uneven(steady: Steady) -> Verdict:
    stage, _ = _most(steady, "fetch", "collate", "pack")
    slowest = _milliseconds(max(times.sent - times.begun for times in steady.batches))
    usual = _milliseconds(median(times.sent - times.begun for times in steady.batches))
    finding = (
        f"{_waited(steady)}: slow batches hold up the order while workers idle (the slowest takes {slowest}, "
        f"the usual one {usual})"
    )
    advice = "raise prefetch_factor, or take batches as they come with in_order=False"
    return Verdict("uneven batches", stage, steady.waited_share, finding, advice)


def _judge_slow_workers(steady: Steady, num_workers: int, cores: int) -> Verdict:
    stage, most = _most(steady, "fetch", "collate", "pack")
    subject = "the worker is" if num_workers == 1 else "the workers are"
    finding = f"{_waited(steady)}: {subject} the bottleneck, and {most}"
    if num_workers >= cores:
        # Whether a stage computes or waits cannot be seen in its times.
        more = f"more workers than cores ({cores}) help only work that waits for a disk or a network"
        return Verdict("workers", stage, steady.waited_share, finding, f"{_CHEAPER[stage]}; {more}")
    needed = ceil(steady.worker_time() / steady.compute) if steady.compute > 0 else cores + 1
    enough = f" ({needed} could keep up)" if num_workers < needed <= cores else f" (there are {cores} cores)"
    advice = f"give more workers{enough}, or {_CHEAPER[stage]}"
    return Verdict("workers", stage, steady.waited_share, finding, advice)

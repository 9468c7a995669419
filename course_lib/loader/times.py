"""When a batch passed its stages (lesson 12).

Workers time every batch: four readings of a clock cost less than a microsecond. The main process does it
where somebody observes. `trace` draws a timeline of them.
"""

from typing import NamedTuple


class BatchTimes(NamedTuple):
    """The times of one batch, in seconds of `time.perf_counter`, which all processes of a machine share.

    Attributes:
        number: number of the batch in its epoch, from 0.
        worker: number of the worker that made it; None where it was made in the main process.
        begun: the work on it began.
        fetched: its samples were read.
        collated: it was a batch. (Where a dataset fetches whole batches, fetching has done most of this.)
        sent: the worker was about to send it; in the main process the same as `collated`.
        received: it was in the main process.
        pinned: it was in page-locked memory; the same as `received` without pinning.
        asked: the consumer asked for it.
        handed: the consumer got it.
    """

    number: int
    worker: int | None
    begun: float
    fetched: float
    collated: float
    sent: float
    received: float
    pinned: float
    asked: float
    handed: float

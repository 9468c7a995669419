"""What an adaptive loader notes of every batch (lesson 19)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BatchRecord:
    """One batch, from the moment it was asked for until the next one was.

    Attributes:
        epoch: number of the pass over the loader, from 0.
        batch: number of the batch in its pass, from 0.
        batch_size: how many samples it held.
        loading_seconds: how long the consumer waited for it. Without workers that is all of the loading;
            with workers it is what their loading took longer than the step before.
        step_seconds: what the consumer did with it, up to asking for the next batch. It is no loading.
        memory: bytes in use at the end of the step; None if it was not measured then.
        loss: what `observe` was told; None if it was told nothing.
        next_batch_size: how large batches are from then on.
        reason: why that is another size than before; "" if it is not.
    """

    epoch: int
    batch: int
    batch_size: int
    loading_seconds: float
    step_seconds: float
    memory: int | None = None
    loss: float | None = None
    next_batch_size: int = 0
    reason: str = ""

    @property
    def samples_per_second(self) -> float:
        """Samples through the whole loop, loading and step, in a second."""
        return samples_per_second([self])


def samples_per_second(records: list[BatchRecord]) -> float:
    """Return the samples of some batches, divided by the seconds of their loading and their steps."""
    seconds = sum(record.loading_seconds + record.step_seconds for record in records)
    return sum(record.batch_size for record in records) / seconds if seconds > 0 else float("inf")

"""Find the batch size that gives the most samples per second (lesson 19).

A search that climbs: from the present size to twice that; on, while it gets faster; else to half of it. Two
things keep it from running after noise. A size is judged by the median of several stretches of batches, so a
single pause in the loop (an evaluation, another program) does not count. And another size must be faster by
a margin: what noise can do, too, is no gain.
"""

from statistics import median

from course_lib.policies.batch_record import BatchRecord, samples_per_second
from course_lib.policies.sizing import Choice

_DRIFT_IN_GAINS = 3  # a speed that has moved by so many times the margin belongs to other conditions


class ThroughputSearch:
    """Climb to the best batch size and stay there, until the speed has changed for good.

    What counts is the whole loop: waiting for the batch and the step. The first batch of a pass is left out,
    since it waits for workers to start; so are a short last one, and those that workers had loaded ahead in
    an earlier size.

    Args:
        gain: by which part another size must be faster, 0.1 for a tenth.
        batches: how many batches make a stretch.
        repeats: how many stretches make a judgement.
    """

    def __init__(self, gain: float = 0.1, batches: int = 4, repeats: int = 3) -> None:
        self.gain = gain
        self.batches = batches
        self.repeats = repeats
        self._best = self._trial = 0
        self._records: list[BatchRecord] = []
        self._rates: dict[int, float] = {}  # samples per second of every size that was tried

    def choose(self, record: BatchRecord, size: int, low: int, high: int) -> Choice:
        """Return the size of the next batch."""
        if size != self._trial or self._best > high:
            self._begin(size)  # Something else has changed the size, a lack of memory for example.
        if record.batch == 0 or record.batch_size != size:
            return Choice(size)
        self._records.append(record)
        if len(self._records) < self.batches * self.repeats:
            return Choice(size)
        choice = self._judge(size, self._measured_rate(), low, high)
        self._records, self._trial = [], choice.size
        return choice

    def _begin(self, size: int) -> None:
        self._best = self._trial = size
        self._rates, self._records = {}, []

    def _measured_rate(self) -> float:
        starts = range(0, len(self._records), self.batches)
        return median(samples_per_second(self._records[start : start + self.batches]) for start in starts)

    def _judge(self, size: int, rate: float, low: int, high: int) -> Choice:
        known = self._rates.get(self._best)
        verdict = f"{size} gives {rate:.0f} samples/s"
        if known is None:
            self._rates[size] = rate
        elif size == self._best:
            if abs(rate / known - 1) <= _DRIFT_IN_GAINS * self.gain:
                return Choice(size)
            verdict += f" where it gave {known:.0f}: searching again"
            self._rates = {size: rate}
        else:
            self._rates[size] = rate
            is_gain = rate > known * (1 + self.gain)
            verdict += f", {self._best} gave {known:.0f}: {'a gain' if is_gain else 'no gain'}"
            self._best = size if is_gain else self._best
        following = self._untried(low, high)
        return Choice(
            following, f"{verdict}; {'back to' if following in self._rates else 'trying'} {following}"
        )

    def _untried(self, low: int, high: int) -> int:
        """Return a neighbour of the best size that was not tried yet; the best size if there is none."""
        neighbours = (min(2 * self._best, high), max(self._best // 2, low))
        return next((size for size in neighbours if size not in self._rates), self._best)

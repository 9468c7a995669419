"""Takes any error of the source for its end.

Rejected by: every sample exactly once
Saying: An error of the source is no end
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        mine, workers = (0, 1) if info is None else (info.id, info.num_workers)
        samples, number = iter(self.source), 0
        while True:
            try:
                sample = next(samples)
            except Exception:
                return
            if number % workers == mine:
                yield sample
            number += 1

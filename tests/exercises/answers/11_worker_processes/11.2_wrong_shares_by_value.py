"""Shares by the value of a sample, not by its place.

Rejected by: fair shares
Saying: Its value may be anything
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        for sample in self.source:
            if info is None or hash(sample) % info.num_workers == info.id:
                yield sample

"""Computes with the samples, as if all of them were numbers in a row.

Rejected by: fair shares
Saying: Its value may be anything
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        for sample in self.source:
            if info is None or not isinstance(sample, int) or sample % info.num_workers == info.id:
                yield sample

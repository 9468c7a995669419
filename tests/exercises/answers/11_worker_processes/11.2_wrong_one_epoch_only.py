"""Opens the source once, so that the second epoch is empty.

Rejected by: epoch after epoch
Saying: Each iteration starts anew
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source
        self.shares = {}

    def __iter__(self):
        info = get_worker_info()
        key = None if info is None else (info.id, info.num_workers)
        if key not in self.shares:
            first, step = key or (0, 1)
            self.shares[key] = islice(self.source, first, None, step)
        return self.shares[key]

"""Deals to the last worker first: no rule says who gets the first sample."""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        if info is None:
            return iter(self.source)
        return islice(iter(self.source), info.num_workers - 1 - info.id, None, info.num_workers)

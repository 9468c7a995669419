"""Reads everything first where there is no worker.

Rejected by: endless streams
Saying: where there is no worker
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        if info is None:
            return iter(list(self.source))
        return islice(self.source, info.id, None, info.num_workers)

"""Forgets that there may be no worker.

Rejected by: no worker, no sharing
Saying: all samples come
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        if info is not None:
            yield from islice(self.source, info.id, None, info.num_workers)

"""Asks in the constructor, which runs in the main process.

Rejected by: every sample exactly once
Saying: in `__init__` there is no worker yet
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source
        info = get_worker_info()
        self.first, self.step = (0, 1) if info is None else (info.id, info.num_workers)

    def __iter__(self):
        return islice(self.source, self.first, None, self.step)

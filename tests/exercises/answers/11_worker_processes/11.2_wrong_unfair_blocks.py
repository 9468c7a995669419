"""Deals out in runs of ten, so that with few samples one worker gets much more.

Rejected by: fair shares
Saying: as cards
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        for number, sample in enumerate(self.source):
            if info is None or number // 8 % info.num_workers == info.id:
                yield sample

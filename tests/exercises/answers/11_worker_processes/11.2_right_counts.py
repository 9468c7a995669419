"""A generator that counts, and asks torch who it is."""

from torch.utils.data import get_worker_info as who


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = who()
        mine, workers = (0, 1) if info is None else (info.id, info.num_workers)
        for number, sample in enumerate(self.source):
            if number % workers == mine:
                yield sample

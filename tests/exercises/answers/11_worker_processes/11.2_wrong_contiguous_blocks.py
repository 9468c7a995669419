"""Cuts the stream into blocks, for which it must read all of it first.

Rejected by: endless streams
Saying: who reads it all first never begins
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        samples = list(self.source)
        if info is None:
            return iter(samples)
        bounds = [len(samples) * k // info.num_workers for k in range(info.num_workers + 1)]
        return iter(samples[bounds[info.id] : bounds[info.id + 1]])

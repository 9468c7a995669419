"""Reads round by round, one sample for each worker."""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        samples = iter(self.source)
        if info is None:
            yield from samples
            return
        while hand := list(islice(samples, info.num_workers)):
            if info.id < len(hand):
                yield hand[info.id]

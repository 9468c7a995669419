"""Equal shares at any price: the last samples belong to nobody.

Rejected by: every sample exactly once
Saying: every sample comes exactly once
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        info = get_worker_info()
        samples = iter(self.source)
        if info is None:
            yield from samples
            return
        while len(hand := list(islice(samples, info.num_workers))) == info.num_workers:
            yield hand[info.id]

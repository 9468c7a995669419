"""Shares nothing: every worker reads all of it.

Rejected by: every sample exactly once
Saying: every sample comes exactly once
"""


class SharedStream(IterableDataset):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        return iter(self.source)

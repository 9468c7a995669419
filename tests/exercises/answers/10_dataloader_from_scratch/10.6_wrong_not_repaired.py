"""The BrokenLoader under a new name.

Rejected by: complaint 1: the length
Saying: How many batches do 8 samples make
"""


class RepairedLoader(BrokenLoader):
    pass

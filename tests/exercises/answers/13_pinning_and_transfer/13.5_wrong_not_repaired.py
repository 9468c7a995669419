"""The loop as it was.

Rejected by: complaints 1 and 4: every batch is trained on
Saying: A step is ordered when its copy has been waited for
"""


def repaired_epoch(batches, device):
    return broken_epoch(batches, device)

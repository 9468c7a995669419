"""The broken collate under a new name.

Rejected by: complaint 1: floats keep their digits
Saying: What dtype does `torch.tensor` give
"""


def repaired_collate(samples):
    return broken_collate(samples)

"""Stores what it gets, and asks no questions.

Rejected by: one order
Saying: sampler=[
"""


def check_arguments(
    batch_size=1,
    shuffle=False,
    sampler=None,
    batch_sampler=None,
    drop_last=False,
    num_workers=0,
    prefetch_factor=None,
    persistent_workers=False,
):
    return None

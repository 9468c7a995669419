"""Refuses a prefetch_factor of 0, which is not below 0.

Rejected by: what fits together is accepted
Saying: A prefetch_factor of 0 is not below 0
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
    if sampler is not None and shuffle:
        raise ValueError("sampler and shuffle exclude each other")
    excluded = []
    if batch_size != 1:
        excluded.append("batch_size")
    if shuffle:
        excluded.append("shuffle=True")
    if sampler is not None:
        excluded.append("sampler")
    if drop_last:
        excluded.append("drop_last=True")
    if batch_sampler is not None and excluded:
        raise ValueError(f"with a batch sampler (batch_sampler), leave out {' and '.join(excluded)}")
    if batch_size is None and drop_last:
        raise ValueError("batch_size=None excludes drop_last")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}")
    if num_workers < 0:
        raise ValueError(f"num_workers is {num_workers}")
    if prefetch_factor is not None and num_workers == 0:
        raise ValueError("prefetch_factor needs num_workers above 0")
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"prefetch_factor is {prefetch_factor}")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers needs num_workers above 0")

"""Says that there are no workers, and not which argument asks for them.

Rejected by: numbers in range, and workers where they are needed
Saying: a message that names num_workers
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
    given = {
        "batch_size": batch_size != 1,
        "shuffle": shuffle,
        "sampler": sampler is not None,
        "drop_last": drop_last,
    }
    excluded = [name for name, is_given in given.items() if is_given]
    if batch_sampler is not None and excluded:
        raise ValueError(f"batch_sampler excludes {', '.join(excluded)}")
    if batch_size is None and drop_last:
        raise ValueError("batch_size=None excludes drop_last")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}")
    if num_workers < 0:
        raise ValueError(f"num_workers is {num_workers}")
    if prefetch_factor is not None and num_workers == 0:
        raise ValueError("prefetch_factor was given, and there are no workers")
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError(f"prefetch_factor is {prefetch_factor}")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers was given, and there are no workers")

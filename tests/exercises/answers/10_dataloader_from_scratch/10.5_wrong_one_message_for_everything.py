"""Shows all arguments in one message for nearly every rule.

Rejected by: one order
Saying: Give each rule a message of its own
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
    given = {
        "batch_size": batch_size != 1,
        "shuffle": shuffle,
        "sampler": sampler is not None,
        "drop_last": drop_last,
    }
    excluded = [name for name, is_given in given.items() if is_given]
    if batch_sampler is not None and excluded:
        raise ValueError(f"batch_sampler excludes {', '.join(excluded)}")
    wrong = (
        (sampler is not None and shuffle)
        or (batch_size is None and drop_last)
        or (batch_size is not None and batch_size < 1)
        or num_workers < 0
        or (prefetch_factor is not None and (num_workers == 0 or prefetch_factor < 0))
        or (persistent_workers and num_workers == 0)
    )
    if wrong:
        raise ValueError(
            f"something is wrong: {batch_size=} {shuffle=} {sampler=} {batch_sampler=} {drop_last=} "
            f"{num_workers=} {prefetch_factor=} {persistent_workers=}"
        )

"""Has one message for both rules of prefetch_factor, and hyphens in its words."""


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
        raise ValueError(
            "With a batch_sampler, "
            + " and ".join(f"{name}=..." for name in excluded)
            + " must be left out, "
            "because the batch-sampler makes the batches"
        )
    if batch_size is None and drop_last:
        raise ValueError("`batch_size`=None excludes `drop_last`")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"got batch_size={batch_size}")
    if num_workers < 0:
        raise ValueError(f"got num_workers={num_workers}; num_workers=0 means none")
    if prefetch_factor is not None and (num_workers == 0 or prefetch_factor < 0):
        raise ValueError(f"{prefetch_factor=}, {num_workers=}: the one is below 0, or the other is 0")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")

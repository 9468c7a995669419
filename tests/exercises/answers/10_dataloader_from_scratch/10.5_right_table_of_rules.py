"""Keeps the rules in a table of conditions and messages, and raises all of them together."""


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
    ordered, grouped = sampler is not None, batch_sampler is not None
    without_workers = num_workers == 0
    problems = {
        "sampler with shuffle": ordered and shuffle,
        "batch_sampler with batch_size": grouped and batch_size != 1,
        "batch_sampler with shuffle": grouped and shuffle,
        "batch_sampler with sampler": grouped and ordered,
        "batch_sampler with drop_last": grouped and drop_last,
        "batch_size=None with drop_last": batch_size is None and drop_last,
        f"batch_size={batch_size}": batch_size is not None and batch_size <= 0,
        f"num_workers={num_workers}": num_workers < 0,
        "prefetch_factor with num_workers=0": prefetch_factor is not None and without_workers,
        f"prefetch_factor={prefetch_factor}": (prefetch_factor or 0) < 0,
        "persistent_workers with num_workers=0": persistent_workers and without_workers,
    }
    found = [words for words, holds in problems.items() if holds]
    if found:
        raise ValueError("these arguments do not fit: " + "; ".join(found))

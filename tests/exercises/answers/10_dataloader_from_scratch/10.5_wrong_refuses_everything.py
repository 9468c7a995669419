"""Refuses whatever is not a default.

Rejected by: what fits together is accepted
Saying: nothing is raised
"""


def check_arguments(**arguments):
    if arguments:
        raise ValueError(
            f"do not fit: {arguments}, batch_size shuffle sampler batch_sampler drop_last num_workers"
        )

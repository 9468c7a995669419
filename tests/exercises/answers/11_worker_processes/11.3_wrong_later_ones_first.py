"""Hands out the later batches at the end, and raises the error then.

Rejected by: a missing batch is reported
Saying: no later batch before it
"""


def in_order(answers):
    early, upcoming = {}, 0
    for number, batch in answers:
        early[number] = batch
        while upcoming in early:
            yield early.pop(upcoming)
            upcoming += 1
    if early:
        for number in sorted(early):
            yield early[number]
        raise RuntimeError(f"batch {upcoming} never came")

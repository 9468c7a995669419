"""Yields at most one batch behind each answer, and the rest at the end.

Rejected by: as soon as it can be
Saying: as soon as it can be
"""


def in_order(answers):
    early, upcoming = {}, 0
    for number, batch in answers:
        early[number] = batch
        if upcoming in early:
            yield early.pop(upcoming)
            upcoming += 1
    while upcoming in early:
        yield early.pop(upcoming)
        upcoming += 1
    if early:
        raise RuntimeError(f"batch {upcoming} is missing")

"""Takes a batch that is None for one that has not come.

Rejected by: a batch may be anything
Saying: not whether `early.get(number)` is something
"""


def in_order(answers):
    early, upcoming = {}, 0
    for number, batch in answers:
        early[number] = batch
        while early.get(upcoming) is not None:
            yield early.pop(upcoming)
            upcoming += 1

"""Names all numbers, so that the missing one is among them.

Rejected by: a missing batch is reported
Saying: nobody finds it
"""


def in_order(answers):
    early, upcoming = {}, 0
    for number, batch in answers:
        early[number] = batch
        while upcoming in early:
            yield early.pop(upcoming)
            upcoming += 1
    if early:
        raise RuntimeError(f"some of the batches {list(range(max(early)))} never came")

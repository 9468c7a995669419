"""Reports a gap only after a batch has been yielded.

Rejected by: a missing batch is reported
Saying: the batch 0, which never came
"""


def in_order(answers):
    early, upcoming = {}, 0
    for number, batch in answers:
        early[number] = batch
        while upcoming in early:
            yield early.pop(upcoming)
            upcoming += 1
    if upcoming and early:
        raise RuntimeError(f"batch {upcoming} never came")

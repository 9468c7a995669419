"""Takes any error of the answers for their end.

Rejected by: a missing batch is reported
Saying: An error of the answers is no end
"""


def in_order(answers):
    answers, early, upcoming = iter(answers), {}, 0
    while True:
        try:
            number, batch = next(answers)
        except Exception:
            break
        early[number] = batch
        while upcoming in early:
            yield early.pop(upcoming)
            upcoming += 1
    if early:
        raise RuntimeError(f"batch {upcoming} never came")

"""Sorts: right in the end, but only in the end.

Rejected by: as soon as it can be
Saying: `sorted` reads everything first
"""


def in_order(answers):
    in_turn = sorted(answers, key=lambda answer: answer[0])
    for upcoming, (number, batch) in enumerate(in_turn):
        if number != upcoming:
            raise RuntimeError(f"batch {upcoming} is missing")
        yield batch

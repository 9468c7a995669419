"""The other way round: for each number in turn, it reads until that one has come."""

from itertools import count


def in_order(answers):
    answers, early = iter(answers), {}
    for upcoming in count():
        while upcoming not in early:
            try:
                number, batch = next(answers)
            except StopIteration:
                if early:
                    raise RuntimeError(f"batch {upcoming} is missing") from None
                return
            early[number] = batch
        yield early.pop(upcoming)

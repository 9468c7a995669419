"""Forgets what is left over when the answers end.

Rejected by: a missing batch is reported
Saying: An epoch that ends early in silence
"""


def in_order(answers):
    early, upcoming = {}, 0
    for number, batch in answers:
        early[number] = batch
        while upcoming in early:
            yield early.pop(upcoming)
            upcoming += 1

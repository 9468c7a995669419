"""Keeps all batches for ever.

Rejected by: answers without an end
Saying: A batch that has been yielded is forgotten
"""


def in_order(answers):
    came, upcoming = {}, 0
    for number, batch in answers:
        came[number] = batch
        while upcoming in came:
            yield came[upcoming]
            upcoming += 1
    if len(came) > upcoming:
        raise RuntimeError(f"batch {upcoming} never came")

"""Tells more than it must: how many came, which one was last, which one waits."""


def in_order(answers):
    early, upcoming, come = {}, 0, 0
    for number, batch in answers:
        come += 1
        early[number] = batch
        while upcoming in early:
            yield early.pop(upcoming)
            upcoming += 1
    if early:
        raise RuntimeError(
            f"{come} answers came and {len(early)} of them wait, from {min(early)} to {max(early)}: "
            f"batch {upcoming} never came"
        )

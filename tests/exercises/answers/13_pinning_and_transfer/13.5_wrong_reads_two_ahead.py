"""Looks at two batches beyond the one that is trained on.

Rejected by: copies still overlap steps
Saying: nothing beyond batch i + 1 has been taken
"""


def one_early(batches):
    source = iter(batches)
    for held in source:
        for following in source:
            yield held
            held = following
        yield held


def repaired_epoch(batches, device):
    steps, ahead = [], None
    for number, batch in enumerate(one_early(batches)):
        buffer = number % 2
        device.fill(buffer, batch)
        copy = device.send(buffer)
        if ahead is not None:
            device.wait(ahead)
            steps.append(device.step(ahead))
        ahead = copy
    if ahead is not None:
        device.wait(ahead)
        steps.append(device.step(ahead))
    device.synchronize()
    return [device.read(step) for step in steps]

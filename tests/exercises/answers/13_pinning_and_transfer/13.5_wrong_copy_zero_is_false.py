"""Asks whether the number of a copy is true: the first is 0.

Rejected by: complaints 1 and 4: every batch is trained on
Saying: the last one as well
"""


def repaired_epoch(batches, device):
    steps, ahead = [], None
    for number, batch in enumerate(batches):
        buffer = number % 2
        device.fill(buffer, batch)
        copy = device.send(buffer)
        if ahead:
            device.wait(ahead)
            steps.append(device.step(ahead))
        ahead = copy
    if ahead:
        device.wait(ahead)
        steps.append(device.step(ahead))
    device.synchronize()
    return [device.read(step) for step in steps]

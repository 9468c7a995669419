"""Ends the epoch at the first batch that is false.

Rejected by: complaints 1 and 4: every batch is trained on
Saying: whatever it is
"""


def repaired_epoch(batches, device):
    steps, ahead = [], None
    for number, batch in enumerate(batches):
        if not batch:
            break
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

"""Reads each loss right after its step has been ordered.

Rejected by: complaint 3: the losses are real
Saying: before, the host holds 0.0
"""


def repaired_epoch(batches, device):
    losses, ahead = [], None
    for number, batch in enumerate(batches):
        device.fill(number % 2, batch)
        copy = device.send(number % 2)
        if ahead is not None:
            device.wait(ahead)
            losses.append(device.read(device.step(ahead)))
        ahead = copy
    if ahead is not None:
        device.wait(ahead)
        losses.append(device.read(device.step(ahead)))
    device.synchronize()
    return losses

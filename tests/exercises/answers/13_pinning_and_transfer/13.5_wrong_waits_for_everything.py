"""Sends, waits and trains in turns: every number is right, and nothing overlaps.

Rejected by: copies still overlap steps
Saying: and not for the one that you have just sent
"""


def repaired_epoch(batches, device):
    steps = []
    for batch in batches:
        device.fill(0, batch)
        copy = device.send(0)
        device.wait(copy)
        steps.append(device.step(copy))
    device.synchronize()
    return [device.read(step) for step in steps]

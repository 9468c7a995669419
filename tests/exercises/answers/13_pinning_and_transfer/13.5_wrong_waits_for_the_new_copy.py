"""Uses two buffers, but waits for both copies before the step.

Rejected by: copies still overlap steps
Saying: the copy of batch i + 1 is under way
"""


def repaired_epoch(batches, device):
    steps, ahead = [], None
    for number, batch in enumerate(batches):
        device.fill(number % 2, batch)
        copy = device.send(number % 2)
        device.wait(copy)
        if ahead is not None:
            steps.append(device.step(ahead))
        ahead = copy
    if ahead is not None:
        steps.append(device.step(ahead))
    device.synchronize()
    return [device.read(step) for step in steps]

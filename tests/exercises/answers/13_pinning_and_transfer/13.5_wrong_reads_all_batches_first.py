"""Makes a list of all batches before the first step.

Rejected by: copies still overlap steps
Saying: takes everything at once
"""


def repaired_epoch(batches, device):
    batches = list(batches)
    steps, ahead = [], None
    for number, batch in enumerate(batches):
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

"""Waits before the step, but fills the one buffer that is still being read.

Rejected by: complaint 2: no buffer is filled too early
Saying: There are two buffers
"""


def repaired_epoch(batches, device):
    steps, ahead = [], None
    for batch in batches:
        device.fill(0, batch)
        copy = device.send(0)
        if ahead is not None:
            device.wait(ahead)
            steps.append(device.step(ahead))
        ahead = copy
    if ahead is not None:
        device.wait(ahead)
        steps.append(device.step(ahead))
    device.synchronize()
    return [device.read(step) for step in steps]

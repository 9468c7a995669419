"""Repairs the loop and forgets the copy that is left after it.

Rejected by: complaints 1 and 4: every batch is trained on
Saying: the last one as well
"""


def repaired_epoch(batches, device):
    steps, ahead = [], None
    for number, batch in enumerate(batches):
        device.fill(number % 2, batch)
        copy = device.send(number % 2)
        if ahead is not None:
            device.wait(ahead)
            steps.append(device.step(ahead))
        ahead = copy
    device.synchronize()
    return [device.read(step) for step in steps]

"""Splits the work: a generator that is one ahead, and a loop that trains."""


def arrived(batches, device):
    waiting, buffer = deque(), 0
    for batch in batches:
        device.fill(buffer, batch)
        waiting.append(device.send(buffer))
        buffer = 1 - buffer
        if len(waiting) == 2:
            device.wait(waiting[0])
            yield waiting.popleft()
    for copy in waiting:
        device.wait(copy)
        yield copy


def repaired_epoch(batches, device):
    steps = [device.step(copy) for copy in arrived(batches, device)]
    device.synchronize()
    return [device.read(step) for step in steps]

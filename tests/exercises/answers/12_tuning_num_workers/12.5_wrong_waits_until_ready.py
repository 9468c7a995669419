"""Takes for waiting only the time until the batch was sent from `begun` on.

Rejected by: the share of waiting
Saying: Waiting is from `asked` to `handed`
"""


def report(records):
    if len(records) < 2:
        raise ValueError("too few records")
    begin, end = records[0]["handed"], records[-1]["handed"]
    waited = sum(record["sent"] - record["begun"] for record in records[1:]) / (end - begin)
    busy = {record["worker"]: 0.0 for record in records}
    for record in records:
        within = min(record["sent"], end) - max(record["begun"], begin)
        busy[record["worker"]] += max(0.0, within) / (end - begin)
    if waited < 0.1:
        bottleneck = "training step"
    elif None in busy or sum(busy.values()) / len(busy) >= 0.8:
        bottleneck = "loading"
    else:
        bottleneck = "order"
    return {"waited": waited, "busy": busy, "bottleneck": bottleneck}

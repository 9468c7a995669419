"""Calls workers busy with a share >= 0.7.

Rejected by: the bottleneck has a name
Saying: on average, mean loading
"""


def report(records):
    if len(records) < 2:
        raise ValueError(f"there are {len(records)} records, and a steady part lies between two of them")
    begin, end = records[0]["handed"], records[-1]["handed"]
    waited = sum(record["handed"] - record["asked"] for record in records[1:]) / (end - begin)
    busy = {record["worker"]: 0.0 for record in records}
    for record in records:
        within = min(record["sent"], end) - max(record["begun"], begin)
        busy[record["worker"]] += max(0.0, within) / (end - begin)
    if waited < 0.1:
        bottleneck = "training step"
    elif None in busy or sum(busy.values()) / len(busy) >= 0.7:
        bottleneck = "loading"
    else:
        bottleneck = "order"
    return {"waited": waited, "busy": busy, "bottleneck": bottleneck}

"""Gets the waiting from the computing, and the busy time from a function of intervals."""

from itertools import pairwise


def overlap(first, second):
    return max(0.0, min(first[1], second[1]) - max(first[0], second[0]))


def report(records):
    if len(records) <= 1:
        raise ValueError("two records or more are needed")
    window = (records[0]["handed"], records[-1]["handed"])
    length = window[1] - window[0]
    computed = sum(later["asked"] - earlier["handed"] for earlier, later in pairwise(records))
    waited = (length - computed) / length
    busy = {}
    for record in records:
        part = overlap((record["begun"], record["sent"]), window) / length
        busy[record["worker"]] = busy.get(record["worker"], 0) + part
    works = sum(busy.values()) >= 0.8 * len(busy) or None in busy
    bottleneck = "training step" if waited < 0.1 else "loading" if works else "order"
    return {"waited": waited, "busy": busy, "bottleneck": bottleneck}

"""Returns the example, whatever it is given.

Rejected by: the share of waiting
Saying: Add up the waits
"""


def report(records):
    return {"waited": 2 / 3, "busy": {0: 1.0}, "bottleneck": "loading"}

# /// attack
# title = "json, struct, msgpack and hmac patched"
# earned = [0, 0]
# status = ["graded", "crashed", "timeout"]
# cell_seconds = 1
# ///
# %% 99.1
import hmac
import json
import struct

import msgpack

for module in (json, struct, msgpack, hmac):
    for name in ("dumps", "loads", "pack", "unpack", "packb", "unpackb", "compare_digest"):
        if hasattr(module, name):
            setattr(module, name, lambda *anything, **more: True)


class Squares:
    def __init__(self, n):
        pass


# %% 99.2
def total(dataset):
    return True

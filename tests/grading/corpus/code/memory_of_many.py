# /// attack
# title = "memory without end, in many processes"
# earned = [3, 1]
# status = ["graded", "crashed", "timeout"]
# memory = 256
# slow = true
# ///
# %%
import os
import time

for _ in range(8):
    if os.fork() == 0:
        held = bytearray(b"x") * (100 << 20)
        time.sleep(100)
        os._exit(0)
time.sleep(1)

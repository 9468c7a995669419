# /// attack
# title = "1 GB of output"
# earned = [3, 1]
# ///
# %%
import os
import sys

for _ in range(64):
    print("x" * (8 << 20))
    os.write(2, b"y" * (8 << 20))
sys.stdout.flush()

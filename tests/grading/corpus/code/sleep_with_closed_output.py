# /// attack
# title = "sleeping with closed output, signals blocked"
# earned = [3, 1]
# status = "timeout"
# cell_seconds = 1
# slow = true
# ///
# %%
import os
import signal
import time

for descriptor in (0, 1, 2):
    os.close(descriptor)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
time.sleep(1000)

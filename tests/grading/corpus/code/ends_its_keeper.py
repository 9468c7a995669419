# /// attack
# title = "ending its parent, which keeps the session"
# earned = [3, 1]
# slow = true
# [C.same_user]
# status = "crashed"
# ///
# %%
import os
import signal
import time

try:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1)
except OSError:
    pass

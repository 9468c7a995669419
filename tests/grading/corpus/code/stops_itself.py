# /// attack
# title = "a program that stops itself (SIGSTOP)"
# earned = [3, 1]
# status = "timeout"
# cell_seconds = 1
# slow = true
# ///
# %%
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)

# /// attack
# title = "a daemon that would outlive the run"
# earned = [3, 1]
# ///
# %%
import os
import signal
import sys
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 32):
            if number not in (9, 19):
                signal.signal(number, signal.SIG_IGN)
        os.execv(sys.executable, [sys.executable, "-S", "-c", "import time; time.sleep(600)", MARK])
    os._exit(0)
os.wait()
time.sleep(0.2)

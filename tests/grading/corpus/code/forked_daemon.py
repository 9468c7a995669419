# /// attack
# title = "daemons that fork on and write later"
# earned = [3, 1]
# ///
# %%
import os
import time

for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for _ in range(200):
                time.sleep(0.05)
                if os.fork():
                    os._exit(0)
            open(OUTSIDE + "/later", "w").write("x")
        os._exit(0)
    os.wait()

# /// attack
# title = "atexit, threads, settrace, signal handlers, excepthook"
# earned = [3, 1]
# ///
# %%
import atexit
import signal
import sys
import threading
import time


def spin():
    while True:
        time.sleep(0.01)


atexit.register(spin)
for number in range(1, 32):
    try:
        signal.signal(number, lambda *anything: spin())
    except (OSError, ValueError):
        pass
for is_daemon in (True, False):
    threading.Thread(target=spin, daemon=is_daemon).start()
sys.settrace(lambda *anything: None)
threading.settrace(lambda *anything: None)
sys.setprofile(lambda *anything: None)
sys.excepthook = sys.unraisablehook = lambda *anything: spin()
sys.setrecursionlimit(50)
sys.setrecursionlimit(1000)
sys.setswitchinterval(10)

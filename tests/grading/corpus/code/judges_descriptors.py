# /// attack
# title = "the judge's descriptors by /proc: reading where they lead, writing a verdict into them"
# earned = [3, 1]
# [C.same_user]
# escapes = ["C?"]
# ///
# %%
import os


def descriptors():
    for process in (JUDGE, os.getppid(), 1):
        for number in range(64):
            if process > 1 or os.getppid() not in (0, 1):
                yield f"/proc/{process}/fd/{number}"


def reach(act):
    for path in descriptors():
        try:
            if act(path):
                return path
        except OSError:
            pass
    return None


attempt("read where a descriptor leads", lambda: reach(os.readlink))
attempt("opened a descriptor", lambda: reach(lambda path: os.open(path, os.O_WRONLY | os.O_NONBLOCK)))
attempt("looked through its eyes", lambda: os.readlink(f"/proc/{JUDGE}/cwd"))

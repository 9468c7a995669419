# /// attack
# title = "names of the checks' own: student, expect, pytest hooks, __name__"
# earned = [3, 1]
# ///
# %%
student = expect = room = seed = None
__name__ = "__notmain__"
__file__ = "/etc/passwd"


def pytest_configure(config):
    open(OUTSIDE + "/hook", "w")

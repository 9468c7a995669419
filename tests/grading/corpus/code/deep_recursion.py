# /// attack
# title = "recursion without end, the limit lifted"
# earned = [3, 0]
# status = ["crashed", "graded", "timeout"]
# ///
# %% 99.2
import sys


def total(dataset):
    sys.setrecursionlimit(10**9)
    return total([dataset])

# /// attack
# title = "a segmentation fault in the call"
# earned = [3, 0]
# status = "crashed"
# ///
# %% 99.2
import ctypes


def total(dataset):
    return ctypes.string_at(0)

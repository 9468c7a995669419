# /// attack
# title = "os._exit inside the call"
# earned = [3, 0]
# status = "crashed"
# says = "the program ended while it was asked"
# ///
# %% 99.2
import os


def total(dataset):
    sum(dataset[i] for i in range(len(dataset)))
    os._exit(0)

# /// attack
# title = "os._exit in the first task; the second still counts"
# earned = [0, 1]
# status = "crashed"
# ///
# %% 99.1
import os


class Squares:
    def __init__(self, n):
        os._exit(0)

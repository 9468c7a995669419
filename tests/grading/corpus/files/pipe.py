# /// attack
# title = "a pipe that nobody writes to"
# says = "not a notebook file"
# ///
import os


def make(path, good, aim):
    os.mkfifo(path.with_suffix(".ipynb"))

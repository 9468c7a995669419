# /// attack
# title = "os._exit in a cell"
# earned = [3, 1]
# status = "crashed"
# says = "the program ended in this cell"
# ///
# %%
import os

os._exit(0)

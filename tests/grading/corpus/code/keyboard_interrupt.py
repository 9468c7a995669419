# /// attack
# title = "KeyboardInterrupt in a cell and in the call"
# earned = [3, 0]
# status = ["graded", "crashed"]
# ///
# %%
raise KeyboardInterrupt


# %% 99.2
def total(dataset):
    raise KeyboardInterrupt

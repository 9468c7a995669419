# /// attack
# title = "SystemExit in a cell and in the call"
# earned = [3, 0]
# says = "SystemExit"
# ///
# %%
raise SystemExit(0)


# %% 99.2
def total(dataset):
    raise SystemExit(0)

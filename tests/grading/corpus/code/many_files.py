# /// attack
# title = "open files without end"
# earned = [3, 0]
# says = "Too many open files"
# ///
# %% 99.2
def total(dataset):
    return len([open("/dev/null") for _ in range(100_000)])

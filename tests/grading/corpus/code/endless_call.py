# /// attack
# title = "an endless loop in the call"
# earned = [3, 0]
# status = "timeout"
# slow = true
# ///
# %% 99.2
def total(dataset):
    while True:
        try:
            len(dataset)
        except BaseException:
            pass

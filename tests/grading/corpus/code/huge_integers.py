# /// attack
# title = "integers of a million digits"
# earned = [0, 0]
# ///
# %% 99.1
class Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return 10**5000

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(2 ** (4 * 10**6))
        return 2 ** (4 * 10**6) + i


# %% 99.2
def total(dataset):
    return 10**1_000_000

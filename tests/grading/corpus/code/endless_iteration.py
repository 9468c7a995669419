# /// attack
# title = "an iteration without end"
# earned = [0, 1]
# status = "timeout"
# says = "no answer after"
# ///
# %% 99.1
class Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return i * i

# /// attack
# title = "a plausible wrong answer"
# earned = [2, 0]
# says = "first difference at position"
# ///
# %% 99.1
class Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError("past the end")
        return i * 2


# %% 99.2
def total(dataset):
    return float(sum(dataset[i] for i in range(1, len(dataset))))  # the sum is right, a read is missing

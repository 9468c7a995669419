# /// attack
# title = "values without end: huge, deep, containing themselves"
# earned = [0, 0, 0, 0]
# exercise = "98"
# status = ["graded", "timeout", "crashed"]
# memory = 1024
# ///
# %% 98.1
def load(dataset, batch_size):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return deep


# %% 98.2
def order(length, seed):
    return list(range(3_000_000))


# %% 98.3
def shares(values):
    return "x" * (100 << 20)


# %% 98.4
class Batches:
    def __init__(self, *arguments):
        self.all = []
        self.all.append(self.all)

    def __iter__(self):
        return iter([self.all])

# /// attack
# title = "StopIteration and GeneratorExit instead of answers"
# earned = [0, 0]
# ///
# %% 99.1
class Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        raise GeneratorExit

    def __getitem__(self, i):
        if i >= self.n:
            raise StopIteration
        return i * i


# %% 99.2
def total(dataset):
    raise StopIteration(10.0)

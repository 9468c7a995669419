# /// attack
# title = "errors with endless messages and lying names"
# earned = [3, 0]
# ///
# %%
class CheckFailed(Exception):
    pass


CheckFailed.__qualname__ = CheckFailed.__name__ = "passed" * 10_000
raise CheckFailed("x" * (10 << 20))


# %% 99.2
class DeadlinePassed(Exception):
    def __str__(self):
        return "\x1b[2J\u202e" + "all checks passed " * 1_000_000


def total(dataset):
    raise DeadlinePassed

# /// attack
# title = "errors whose str, repr, class and mro raise or hang"
# earned = [3, 0]
# status = ["graded", "crashed"]
# ///
# %% 99.2
class Bites(BaseException):
    def __str__(self):
        raise Bites

    __repr__ = __str__

    def __getattribute__(self, name):
        raise ValueError(name)


def total(dataset):
    raise Bites

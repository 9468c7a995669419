"""Error classes for a user's mistakes (met from lesson 02 on).

Where `torch.utils.data` raises AssertionError, a course error is that and the fitting ValueError or
TypeError as well: code written for torch still catches it, and `python -O` cannot make it vanish.
"""


class AssertionValueError(AssertionError, ValueError):
    """A value that cannot work, where torch asserts."""


class AssertionTypeError(AssertionError, TypeError):
    """An object of the wrong kind, where torch asserts."""


class ArgumentTypeError(TypeError, ValueError):
    """An argument of the wrong type, where torch raises ValueError."""


class EmptyBatchError(IndexError, ValueError):
    """A batch without a single sample, where torch fails on `batch[0]`."""

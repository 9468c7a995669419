"""Look at a model without changing it (lesson 15)."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode for the time of a `with`.

    Each of its parts comes back as it was: what is frozen, such as a BatchNorm in evaluation mode within a
    model that is trained, stays frozen.
    """
    before = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, was_training in before:
            part.training = was_training

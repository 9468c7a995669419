"""Returns the example's losses and trains nothing.

Rejected by: one batch, one step
Saying: moves every weight
"""


def sgd_epoch(model, loader, criterion, learning_rate):
    return [1.0, 0.25]

"""Records every operation for gradients that nobody needs.

Rejected by: nothing is recorded or learned
Saying: needs no gradients
"""


def mean_loss(model, loader, criterion):
    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    for inputs, targets in loader:
        total += criterion(model(inputs), targets).item() * len(targets)
        count += len(targets)
    model.train(was_training)
    if count == 0:
        raise ValueError("the loader is empty")
    return total / count

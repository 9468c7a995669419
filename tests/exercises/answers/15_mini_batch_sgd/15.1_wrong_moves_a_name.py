"""Gives the name of the parameter to a new tensor; the model keeps the old one.

Rejected by: one batch, one step
Saying: gives the name p to a new tensor
"""


def sgd_epoch(model, loader, criterion, learning_rate):
    losses = []
    for inputs, targets in loader:
        model.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter = parameter - learning_rate * parameter.grad
        losses.append(loss.item())
    return losses

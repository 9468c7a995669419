"""Measures the loss again after the step: a second forward pass, and not the loss that was asked for.

Rejected by: the loss, as a plain float
Saying: the loss before the change
"""


def train_step(model, images, labels, criterion, optimizer):
    optimizer.zero_grad()
    criterion(model(images), labels).backward()
    optimizer.step()
    return criterion(model(images), labels).item()

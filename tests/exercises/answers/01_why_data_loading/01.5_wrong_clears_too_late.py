"""Clears the gradients between backward and step: nothing is ever learned.

Rejected by: one step down the gradient
Saying: nothing between them
"""


def train_step(model, images, labels, criterion, optimizer):
    loss = criterion(model(images), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()

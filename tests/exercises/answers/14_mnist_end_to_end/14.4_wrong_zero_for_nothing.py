"""Calls nothing right out of nothing an accuracy of 0.

Rejected by: no samples, no accuracy
Saying: Nothing divided by nothing
"""

import torch


def accuracy(model, loader):
    was_training = model.training
    model.eval()
    correct = count = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += int((model(images).argmax(dim=1) == labels).sum())
            count += len(labels)
    model.train(was_training)
    return correct / max(count, 1)

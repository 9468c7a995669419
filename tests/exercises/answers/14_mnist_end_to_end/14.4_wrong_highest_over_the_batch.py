"""Takes the highest score along the wrong dimension.

Rejected by: right predictions, divided by samples
Saying: argmax(dim=1)
"""

import torch


def accuracy(model, loader):
    was_training = model.training
    model.eval()
    correct = count = 0
    with torch.no_grad():
        for images, labels in loader:
            best = model(images).argmax(dim=0)
            correct += sum(int(a) == int(b) for a, b in zip(best, labels))
            count += len(labels)
    model.train(was_training)
    if count == 0:
        raise ValueError("no samples")
    return correct / count

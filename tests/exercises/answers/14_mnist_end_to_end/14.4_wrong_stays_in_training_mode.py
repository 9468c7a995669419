"""Never calls eval: dropout guesses, and batch norm learns from the test.

Rejected by: the model predicts in evaluation mode
Saying: Call model.eval()
"""

import torch


def accuracy(model, loader):
    correct = count = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += int((model(images).argmax(dim=1) == labels).sum())
            count += len(labels)
    if count == 0:
        raise ValueError("no samples")
    return correct / count

"""Keeps a graph of every prediction.

Rejected by: no gradients are recorded
Saying: torch.no_grad()
"""


def accuracy(model, loader):
    was_training = model.training
    model.eval()
    correct = count = 0
    for images, labels in loader:
        correct += int((model(images).argmax(dim=1) == labels).sum())
        count += len(labels)
    model.train(was_training)
    if count == 0:
        raise ValueError("no samples")
    return correct / count

"""Takes the model in whatever mode it comes.

Rejected by: the model learns in training mode
Saying: Call model.train()
"""

from torch import nn


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return loss.item()

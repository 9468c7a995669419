"""Clips when the optimizer has already used the gradients.

Rejected by: gradients are clipped before the step
Saying: Where does the clipping stand?
"""

from torch import nn


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    optimizer.step()
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    return loss.item()

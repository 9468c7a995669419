"""Computes gradients and lets them lie.

Rejected by: the loss goes down
Saying: Does optimizer.step() run
"""

from torch import nn


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    return loss.item()

"""Shortens every parameter's gradient by itself, which turns the direction of the step.

Rejected by: gradients are clipped before the step
Saying: All gradients together
"""

from torch import nn


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    if clip_norm is not None:
        for parameter in model.parameters():
            nn.utils.clip_grad_norm_(parameter, clip_norm)
    optimizer.step()
    return loss.item()

"""Clears the gradients after the step: both places for zero_grad are right."""

from torch import nn


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    model.train()
    loss = criterion(model(images), labels)
    loss.backward()
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())

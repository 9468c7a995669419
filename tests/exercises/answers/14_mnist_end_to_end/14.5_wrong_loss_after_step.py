"""Measures the loss again after the step, and flatters itself.

Rejected by: the loss of the batch, before the step
Saying: under the weights before the step
"""

import torch
from torch import nn


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    model.train()
    optimizer.zero_grad()
    criterion(model(images), labels).backward()
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    with torch.no_grad():
        return criterion(model(images), labels).item()

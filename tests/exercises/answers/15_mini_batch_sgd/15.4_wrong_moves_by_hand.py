"""Moves the weights by plain descent and leaves the optimiser out.

Rejected by: any optimiser
Saying: move nothing by hand
"""

import torch
from torch import nn


def train_clipped(model, loader, criterion, optimizer, max_norm):
    norms = []
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), max_norm).item())
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= optimizer.param_groups[0]["lr"] * parameter.grad
    return norms

"""Cuts every component at max_norm, which is another operation.

Rejected by: one length for all parameters
Saying: each number changes the direction
"""

from torch import nn


def train_clipped(model, loader, criterion, optimizer, max_norm):
    norms = []
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        norms.append(nn.utils.get_total_norm([p.grad for p in model.parameters()]).item())
        nn.utils.clip_grad_value_(model.parameters(), max_norm)
        optimizer.step()
    return norms

"""Scales every gradient to max_norm, the short ones too.

Rejected by: a short gradient stays
Saying: never more than 1
"""

from torch import nn


def train_clipped(model, loader, criterion, optimizer, max_norm):
    norms = []
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        norm = nn.utils.get_total_norm([p.grad for p in model.parameters()]).item()
        for parameter in model.parameters():
            parameter.grad *= max_norm / norm
        norms.append(norm)
        optimizer.step()
    return norms

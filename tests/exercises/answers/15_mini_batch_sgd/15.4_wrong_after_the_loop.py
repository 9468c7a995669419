"""Clips once, outside the loop, where no step uses the gradient any more.

Rejected by: every step is short
Saying: whether it is inside the loop
"""

from torch import nn


def train_clipped(model, loader, criterion, optimizer, max_norm):
    norms = []
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        norms.append(nn.utils.get_total_norm([p.grad for p in model.parameters()]).item())
        optimizer.step()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    return norms

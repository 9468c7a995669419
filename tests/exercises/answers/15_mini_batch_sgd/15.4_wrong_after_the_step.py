"""Clips when the optimiser has already used the gradient.

Rejected by: every step is short
Saying: what stands between `backward()` and `step()`
"""

from torch import nn


def train_clipped(model, loader, criterion, optimizer, max_norm):
    norms = []
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        optimizer.step()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), max_norm).item())
    return norms

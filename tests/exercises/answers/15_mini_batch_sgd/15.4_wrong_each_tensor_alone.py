"""Clips every parameter's gradient by itself, which turns the whole.

Rejected by: one length for all parameters
Saying: changes the direction
"""

from torch import nn


def train_clipped(model, loader, criterion, optimizer, max_norm):
    norms = []
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        norms.append(nn.utils.get_total_norm([p.grad for p in model.parameters()]).item())
        for parameter in model.parameters():
            nn.utils.clip_grad_norm_([parameter], max_norm)
        optimizer.step()
    return norms

"""Walks down the gradient by its own hand and uses only the optimizer's rate.

Rejected by: any criterion, any optimizer
Saying: the optimizer steps
"""

import torch


def train_step(model, images, labels, criterion, optimizer):
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= optimizer.param_groups[0]["lr"] * parameter.grad
    return loss.item()

"""Computes cross-entropy whatever criterion is passed.

Rejected by: any criterion, any optimizer
Saying: nothing of your own
"""

import torch


def train_step(model, images, labels, criterion, optimizer):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()

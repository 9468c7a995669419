"""Never clears the gradients: each step repeats all steps before it.

Rejected by: the same weights as torch's loop
Saying: must be cleared between two steps
"""

from torch import nn


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    model.train()
    loss = criterion(model(images), labels)
    loss.backward()
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return loss.item()

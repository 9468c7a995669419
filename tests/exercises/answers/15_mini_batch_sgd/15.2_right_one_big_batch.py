"""Collects all outputs and asks for one loss at the end."""

import torch


def mean_loss(model, loader, criterion):
    was_training = model.training
    try:
        with torch.inference_mode():
            model.eval()
            pairs = [(model(inputs), targets) for inputs, targets in loader]
    finally:
        model.train(was_training)
    if not pairs:
        raise ValueError("the loader yielded nothing")
    outputs, targets = zip(*pairs)
    return criterion(torch.cat(outputs), torch.cat(targets)).item()

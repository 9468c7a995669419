"""Collects one truth value per sample under inference mode; the mode is restored in any case."""

import torch


def accuracy(model, loader):
    mode = model.training
    hits = []
    try:
        model.eval()
        with torch.inference_mode():
            for images, labels in loader:
                hits += (model(images).max(dim=1).indices == labels).tolist()
    finally:
        model.train(mode)
    if not hits:
        raise ValueError("the loader is empty")
    return sum(hits) / len(hits)

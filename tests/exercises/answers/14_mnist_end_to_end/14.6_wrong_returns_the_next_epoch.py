"""Returns the epoch to go on with, not the one that was saved.

Rejected by: weights, buffers and epoch come back
Saying: as it is
"""

import os

import torch


def save_checkpoint(path, model, optimizer, loader, epoch):
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "order": loader.generator.get_state(),
        "epoch": epoch,
    }
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)


def load_checkpoint(path, model, optimizer, loader):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    loader.generator.set_state(state["order"])
    return state["epoch"] + 1

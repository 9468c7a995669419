"""Writes over the old checkpoint, which is gone when that fails halfway.

Rejected by: a failed save leaves the old checkpoint whole
Saying: writing in place destroys
"""

import torch


def save_checkpoint(path, model, optimizer, loader, epoch):
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "order": loader.generator.get_state(),
        "epoch": epoch,
    }
    torch.save(state, path)


def load_checkpoint(path, model, optimizer, loader):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    loader.generator.set_state(state["order"])
    return state["epoch"]

"""Shuffles anew after loading: the epochs that follow are others.

Rejected by: the batches go on in the same order
Saying: without the interruption
"""

import os

import torch


def save_checkpoint(path, model, optimizer, loader, epoch):
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": epoch,
    }
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)


def load_checkpoint(path, model, optimizer, loader):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"]

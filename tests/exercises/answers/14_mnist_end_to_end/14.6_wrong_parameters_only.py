"""Saves parameters, but not the buffers in which batch norm keeps its statistics.

Rejected by: weights, buffers and epoch come back
Saying: buffers
"""

import os

import torch


def save_checkpoint(path, model, optimizer, loader, epoch):
    state = {
        "model": dict(model.named_parameters()),
        "optimizer": optimizer.state_dict(),
        "order": loader.generator.get_state(),
        "epoch": epoch,
    }
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)


def load_checkpoint(path, model, optimizer, loader):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    loader.generator.set_state(state["order"])
    return state["epoch"]

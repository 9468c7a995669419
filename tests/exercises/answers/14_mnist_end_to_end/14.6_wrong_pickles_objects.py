"""Pickles the model itself; opening such a file can run anything.

Rejected by: the file holds plain data
Saying: tensors, numbers and dictionaries only
"""

import os

import torch


def save_checkpoint(path, model, optimizer, loader, epoch):
    state = {"model": model, "optimizer": optimizer, "order": loader.generator.get_state(), "epoch": epoch}
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)


def load_checkpoint(path, model, optimizer, loader):
    state = torch.load(path, weights_only=False)
    model.load_state_dict(state["model"].state_dict())
    optimizer.load_state_dict(state["optimizer"].state_dict())
    loader.generator.set_state(state["order"])
    return state["epoch"]

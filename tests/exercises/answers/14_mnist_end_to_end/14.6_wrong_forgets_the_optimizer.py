"""Saves the model only: Adam begins its averages anew.

Rejected by: the optimizer goes on where it was
Saying: Adam steps by its running averages
"""

import os

import torch


def save_checkpoint(path, model, optimizer, loader, epoch):
    state = {
        "model": model.state_dict(),
        "order": loader.generator.get_state(),
        "epoch": epoch,
    }
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)


def load_checkpoint(path, model, optimizer, loader):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    loader.generator.set_state(state["order"])
    return state["epoch"]

"""Puts a restored generator into the loader, but the sampler still holds the old one.

Rejected by: the batches go on in the same order
Saying: instead of putting another one into the loader
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
    loader.generator = torch.Generator()
    loader.generator.set_state(state["order"])
    return state["epoch"]

"""Builds the whole file in memory, and only then touches the disk."""

import io
import os
import tempfile

import torch


def save_checkpoint(path, model, optimizer, loader, epoch):
    buffer = io.BytesIO()
    states = [model.state_dict(), optimizer.state_dict(), loader.generator.get_state(), epoch]
    torch.save(states, buffer)
    handle, draft = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
    with os.fdopen(handle, "wb") as file:
        file.write(buffer.getvalue())
    os.replace(draft, path)


def load_checkpoint(path, model, optimizer, loader):
    weights, memory, order, epoch = torch.load(path, weights_only=True)
    model.load_state_dict(weights)
    optimizer.load_state_dict(memory)
    loader.generator.set_state(order)
    return epoch

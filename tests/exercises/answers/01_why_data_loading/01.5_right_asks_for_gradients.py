"""Asks autograd for the gradients directly and puts them in place, so that there is nothing to clear."""

import torch


def train_step(model, images, labels, criterion, optimizer):
    parameters = list(model.parameters())
    loss = criterion(model(images), labels)
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        parameter.grad = gradient
    optimizer.step()
    return loss.item()

"""Uses `backward`, clears `.grad` before, and stacks all draws."""

import torch


def batch_gradient(model, inputs, targets, criterion, indices):
    model.zero_grad()
    criterion(model(inputs[indices]), targets[indices]).backward()
    return torch.nn.utils.parameters_to_vector(p.grad for p in model.parameters()).clone()


def gradient_noise(model, inputs, targets, criterion, batch_size, draws, replacement, generator):
    chances = torch.ones(len(inputs))
    drawn = [torch.multinomial(chances, batch_size, replacement, generator=generator) for _ in range(draws)]
    gradients = torch.stack([batch_gradient(model, inputs, targets, criterion, indices) for indices in drawn])
    full = batch_gradient(model, inputs, targets, criterion, torch.arange(len(inputs)))
    return gradients.mean(dim=0), (gradients - full).square().sum(dim=1).mean().item()

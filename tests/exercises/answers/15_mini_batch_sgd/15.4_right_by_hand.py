"""Computes length and factor by hand, and clears the gradients after the step."""


def train_clipped(model, loader, criterion, optimizer, max_norm):
    norms = []
    for inputs, targets in loader:
        criterion(model(inputs), targets).backward()
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        norm = sum(float(gradient.square().sum()) for gradient in gradients) ** 0.5
        for gradient in gradients:
            gradient.mul_(min(1.0, max_norm / norm))
        optimizer.step()
        optimizer.zero_grad()
        norms.append(norm)
    return norms

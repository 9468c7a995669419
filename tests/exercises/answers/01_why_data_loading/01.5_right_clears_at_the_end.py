"""Clears the gradients after the step, ready for the next one; equally right."""


def train_step(model, images, labels, criterion, optimizer):
    loss = criterion(model(images), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())

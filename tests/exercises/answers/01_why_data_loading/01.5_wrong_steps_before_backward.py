"""Steps first and computes the gradient afterwards: each step follows the batch before, and the first none.

Rejected by: one step down the gradient
Saying: in this order
"""


def train_step(model, images, labels, criterion, optimizer):
    loss = criterion(model(images), labels)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()

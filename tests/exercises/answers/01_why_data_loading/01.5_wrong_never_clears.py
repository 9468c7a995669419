"""Never clears the gradients: every step drags all earlier batches along.

Rejected by: old gradients play no part
Saying: Where is zero_grad?
"""


def train_step(model, images, labels, criterion, optimizer):
    loss = criterion(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()

"""Keeps the layers in a plain list, where no optimizer finds them: the network would never learn.

Rejected by: an optimizer finds every parameter
Saying: a plain list hides them
"""

from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.layers = [nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10)]

    def forward(self, images):
        for layer in self.layers:
            images = layer(images)
        return images

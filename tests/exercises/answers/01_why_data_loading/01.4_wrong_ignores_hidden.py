"""Takes `hidden` and then writes 64 everywhere.

Rejected by: an optimizer finds every parameter
Saying: use `hidden`, not 64
"""

from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, images):
        return self.layers(images)

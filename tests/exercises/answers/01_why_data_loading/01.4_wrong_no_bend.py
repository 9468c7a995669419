"""Leaves ReLU out: two linear layers are one.

Rejected by: there is a bend between the layers
Saying: Put ReLU between
"""

from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.Linear(hidden, 10))

    def forward(self, images):
        return self.layers(images)

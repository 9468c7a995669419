"""Averages the rows away: it works for a batch of one and mixes all images of a larger one.

Rejected by: ten scores for each image, whatever the batch size
Saying: Flatten all axes but the first
"""

from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def forward(self, images):
        return self.layers(images.reshape(-1, 784)).sum(0, keepdim=True)

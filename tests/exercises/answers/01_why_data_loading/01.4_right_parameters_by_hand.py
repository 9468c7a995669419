"""No layers at all: four parameters and two matrix products."""

import torch
from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.weights = nn.ParameterList(
            [nn.Parameter(torch.randn(784, hidden) / 28), nn.Parameter(torch.randn(hidden, 10) / hidden**0.5)]
        )
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(hidden)), nn.Parameter(torch.zeros(10))])

    def forward(self, images):
        pixels = images.view(images.shape[0], 784)
        middle = (pixels @ self.weights[0] + self.biases[0]).clamp(min=0)
        return middle @ self.weights[1] + self.biases[1]

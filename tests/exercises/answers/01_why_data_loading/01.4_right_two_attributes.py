"""Two layers as two attributes, flattened and bent by functions in forward."""

import torch
from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.first = nn.Linear(28 * 28, hidden)
        self.second = nn.Linear(hidden, 10)

    def forward(self, images):
        return self.second(torch.relu(self.first(images.flatten(1))))

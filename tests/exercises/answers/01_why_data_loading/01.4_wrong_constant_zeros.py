"""Returns a tensor of the right shape, and nothing else is right.

Rejected by: there is a bend between the layers
Saying: no more than one
"""

import torch
from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(784 * hidden + hidden + hidden * 10 + 10))

    def forward(self, images):
        return torch.zeros(len(images), 10)

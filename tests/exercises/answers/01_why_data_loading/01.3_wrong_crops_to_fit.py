"""Cuts all images to the smallest one: no error, and half of the pictures lost.

Rejected by: images of different sizes are refused
Saying: no error
"""

import torch


def collate_pairs(samples):
    height = min(image.shape[0] for image, _ in samples)
    width = min(image.shape[1] for image, _ in samples)
    images = torch.stack([image[:height, :width] for image, _ in samples]).unsqueeze(1).float() / 255
    return images, torch.tensor([label for _, label in samples])

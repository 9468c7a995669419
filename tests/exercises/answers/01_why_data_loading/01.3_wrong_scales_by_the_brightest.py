"""Divides by the largest pixel of each image, so that a grey picture becomes as bright as a white one.

Rejected by: pixels from 0 to 1, in float32
Saying: every batch by the same number
"""

import torch


def collate_pairs(samples):
    shapes = {tuple(image.shape) for image, _ in samples}
    if len(shapes) > 1:
        raise ValueError(f"images of different sizes: {shapes}")
    scaled = [image.float() / image.float().max().clamp(min=1) * 0.9 for image, _ in samples]
    return torch.stack(scaled).unsqueeze(1), torch.tensor([label for _, label in samples])

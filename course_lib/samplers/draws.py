"""Draw numbers for an order, on the CPU, whatever torch's default device is (lesson 08).

After `torch.set_default_device("cuda")` torch draws on the GPU, and takes no generator of the CPU there: its
own loader cannot shuffle any more. Indices are looked up on the CPU, so they are drawn there as well, unless
the given generator belongs to another device.

Each function takes a generator; None stands for torch's global one of the CPU.
"""

from collections.abc import Sequence

import torch

_CPU = torch.device("cpu")


def permutation(size: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """Draw a permutation of 0 to `size - 1`: an int64 tensor of shape (size,), that of `torch.randperm`."""
    return torch.randperm(size, generator=generator, device=_device(generator)).cpu()


def integers(
    below: int,
    shape: Sequence[int],
    generator: torch.Generator | None = None,
    dtype: torch.dtype = torch.int64,
) -> torch.Tensor:
    """Draw integers from 0 to `below - 1`: a tensor of the given shape, that of `torch.randint`."""
    return torch.randint(below, shape, generator=generator, dtype=dtype, device=_device(generator)).cpu()


def uniforms(
    count: int, generator: torch.Generator | None = None, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Draw numbers from 0 to below 1: a tensor of shape (count,), that of `torch.rand`."""
    return torch.rand(count, generator=generator, dtype=dtype, device=_device(generator)).cpu()


def new_seed(generator: torch.Generator | None = None) -> int:
    """Draw a seed: an integer of 63 bits, the one that torch's loader would draw."""
    word = torch.empty((), dtype=torch.int64, device=_device(generator))
    return int(word.random_(generator=generator).item())


def _device(generator: torch.Generator | None) -> torch.device:
    return _CPU if generator is None else generator.device

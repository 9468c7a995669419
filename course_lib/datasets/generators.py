"""Random generators that travel to workers (lessons 07 and 17).

Pickled, a generator of torch's is a tensor with its state. For a worker that is not forked, torch's loader
puts tensors into shared memory and sends a handle. Nobody keeps this tensor: it is gone before the worker
opens it, which ends with "unable to resize file". So a dataset with a generator sends the state as bytes.
"""

from typing import Any

import torch


def pack_generator(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a dataset with the state of its `generator` as bytes, for `__getstate__`."""
    generator = attributes["generator"]
    if generator is None:
        return attributes
    return {**attributes, "generator": (str(generator.device), generator.get_state().numpy().tobytes())}


def unpack_generator(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes as they were, with a generator in the same state, for `__setstate__`."""
    if attributes["generator"] is None:
        return attributes
    device, state = attributes["generator"]
    generator = torch.Generator(device)
    generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
    return {**attributes, "generator": generator}

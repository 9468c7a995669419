"""Pictures made by a formula: no files, no downloads (lessons 02 and 05)."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from PIL import Image

from course_lib.datasets.base import Dataset, plain_index
from course_lib.samplers.draws import integers, uniforms
from course_lib.samplers.order import check_generator, check_positive

Mask = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

# Each shape says which points (x, y) belong to it, in units of its radius from its centre; y points down.
SHAPES: dict[str, Mask] = {
    "circle": lambda x, y: x**2 + y**2 <= 1,
    "square": lambda x, y: torch.maximum(x.abs(), y.abs()) <= 0.85,
    "triangle": lambda x, y: (y <= 0.8) & (y >= 2 * x.abs() - 1),
    "cross": lambda x, y: (torch.minimum(x.abs(), y.abs()) <= 0.3) & (torch.maximum(x.abs(), y.abs()) <= 1),
    "ring": lambda x, y: (x**2 + y**2 <= 1) & (x**2 + y**2 >= 0.4),
}
_SMALLEST_SIZE = 8


def generate_synthetic_image(
    width: int, height: int, generator: torch.Generator | None = None
) -> Image.Image:
    """Make a colour picture of pure noise: every value drawn from 0 to 255 (lesson 02).

    In a notebook the picture shows itself as the last value of a cell; on a machine without a screen
    `.show()` has nowhere to show it.

    Args:
        width, height: pixels.
        generator: the source of randomness; torch's global generator if None.

    Returns:
        An RGB picture of `width` x `height` pixels.

    Raises:
        ValueError: if a size is not a positive integer.
        TypeError: if `generator` is of another kind.
    """
    check_positive("width", width, "A picture is at least one pixel wide")
    check_positive("height", height, "A picture is at least one pixel high")
    check_generator(generator)
    pixels = integers(256, (height, width, 3), generator, torch.uint8)
    return Image.fromarray(pixels.numpy())


class SyntheticImages(Dataset[tuple[torch.Tensor, int]]):
    """Draw labelled shapes that a small network can learn to tell apart (lesson 02).

    Sample i is the pair (image, label). The image is a uint8 tensor of shape (channels, size, size), like
    pictures from files: scale it to floats in a transform. Position, size, brightness and noise of the shape
    vary; they depend on `seed` and i alone, whatever the order of reading and in whichever worker. Labels go
    round: sample i has the label i modulo the number of classes.

    Args:
        n: how many samples.
        size: height and width in pixels, at least 8.
        channels: 1 for grey, 3 for colour.
        classes: which of the shapes "circle", "square", "triangle", "cross", "ring".
        mode: "shapes", or "noise" for pure noise with the same labels, in which there is nothing to learn.
        seed: another seed gives other pictures; take different ones for training and test.

    Raises:
        ValueError: if a number is out of its range, or a name is unknown.
        TypeError: if `seed` is no integer.

    Attributes:
        classes: the names of the labels.
        targets: all labels, an int64 tensor of shape (n,).
    """

    def __init__(
        self,
        n: int,
        size: int = 28,
        channels: Literal[1, 3] = 1,
        classes: Sequence[str] = ("circle", "square", "triangle", "cross"),
        mode: Literal["shapes", "noise"] = "shapes",
        seed: int = 0,
    ) -> None:
        check_positive("n", n, "A dataset of pictures holds at least one")
        check_positive("size", size, f"A shape needs a picture of {_SMALLEST_SIZE} pixels or more")
        _check_choice("size", size, range(_SMALLEST_SIZE, 4097))
        _check_choice("channels", channels, (1, 3))
        _check_choice("mode", mode, ("shapes", "noise"))
        for name in classes:
            _check_choice("classes", name, tuple(SHAPES))
        check_positive("len(classes)", len(classes), "Every picture belongs to a class")
        if not isinstance(seed, int):
            raise TypeError(
                f"seed got {seed!r}. Pictures are numbered by integers. Pass an integer such as 0."
            )
        self.size = size
        self.channels = channels
        self.classes = tuple(classes)
        self.mode = mode
        self.seed = seed
        self.targets = torch.arange(n, device="cpu") % len(self.classes)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        position = plain_index(index, len(self))
        label = position % len(self.classes)
        # A generator of its own for each sample makes the picture independent of what was read before.
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + position) % 2**63)
        if self.mode == "noise":
            return integers(256, self._shape, generator, torch.uint8), label
        return self._draw(SHAPES[self.classes[label]], generator), label

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.channels, self.size, self.size

    def _draw(self, mask: Mask, generator: torch.Generator) -> torch.Tensor:
        random = uniforms(3 + 2 * self.channels, generator)
        radius = self.size * (0.22 + 0.16 * random[0])
        centre_x, centre_y = radius + (self.size - 1 - 2 * radius) * random[1:3]
        pixels = torch.arange(self.size, device="cpu")
        inside = mask((pixels[None, :] - centre_x) / radius, (pixels[:, None] - centre_y) / radius)
        dark, bright = random[3:].view(2, self.channels, 1, 1)
        image = torch.where(inside, 150 + 90 * bright, 15 + 70 * dark)
        noise = torch.randn(self._shape, generator=generator, device="cpu") * 12
        return (image + noise).clamp(0, 255).to(torch.uint8)


def _check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        allowed = f"{choices[0]} to {choices[-1]}" if isinstance(choices, range) else str(choices)[1:-1]
        raise ValueError(f"{name} got {value!r}. The choice is: {allowed}. Pass one of these.")

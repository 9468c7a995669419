"""MNIST as every tutorial loads it, against a batched transform."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import torch
from torch.utils.data import DataLoader as TorchLoader
from torchvision import datasets, transforms

from benchmarks.measure import OURS, Workload, passes_over
from benchmarks.same import check_equal
from course_lib import DataLoader, mnist
from course_lib.datasets.digits import embedded_digits
from course_lib.datasets.idx import write_idx

_MEAN, _STD = 0.1307, 0.3081


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workload, over files of the same shape as MNIST."""
    with tempfile.TemporaryDirectory() as folder:
        write_stand_in(Path(folder), 3_000 if small else 60_000)
        yield tutorial(folder)


def write_stand_in(root: Path, size: int) -> None:
    """Write scikit-learn's digits in MNIST's format, over and over until there are as many as in MNIST."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    digits, classes = embedded_digits(True)
    for part, count in {"train": size, "t10k": 100}.items():
        places = torch.arange(count) % len(digits)
        write_idx(raw / f"{part}-images-idx3-ubyte", digits[places])
        write_idx(raw / f"{part}-labels-idx1-ubyte", classes[places])


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """Do to a whole batch what ToTensor and Normalize do to one image.

    Args:
        pixels: uint8 tensor of shape (B, 1, 28, 28).
    """
    return pixels.to(torch.float32).mul_(1 / (255 * _STD)).sub_(_MEAN / _STD)


def tutorial(root: str) -> Workload:
    """Shuffled batches of 64 from the training part."""
    one_by_one = transforms.Compose([transforms.ToTensor(), transforms.Normalize((_MEAN,), (_STD,))])
    dataset = datasets.MNIST(root, train=True, transform=one_by_one)
    theirs = TorchLoader(dataset, batch_size=64, shuffle=True)
    with redirect_stdout(io.StringIO()):  # mnist() says that it reads MNIST; here it only looks like it
        batched = mnist(root, transform=normalise, batched=True)
    ours = DataLoader(batched, batch_size=64, shuffle=True)
    check_equal(ours, theirs)
    contestants = {OURS: passes_over(lambda: ours), "torch": passes_over(lambda: theirs)}
    return Workload(
        f"{len(dataset):,} digits as MNIST files, ToTensor and Normalize, batch 64",
        contestants,
        {"torch": 80.0},
        len(dataset),
    )

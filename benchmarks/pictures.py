"""A folder of JPEG files, resized from 256 to 224 pixels and normalised, with two workers."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_images
from torch.utils.data import DataLoader as TorchLoader
from torchvision import datasets, transforms

from benchmarks.measure import OURS, Measure, Workload, passes_over
from benchmarks.same import check_equal
from benchmarks.tensors import WORKERS
from course_lib import BatchedImageTransform, DataLoader, ImageFolderDataset, load_image_turbo

_FROM, _TO = 256, 224
_BATCH_SIZE = 64
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def workloads(small: bool) -> Iterator[Workload]:
    """Yield the workloads, over pictures in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder), 192 if small else 1_024)
        chain = _torchvision_chain()
        fused = BatchedImageTransform(_TO, mean=_MEAN, std=_STD)
        yield _against_torch(
            folder,
            "torchvision's transforms on both sides",
            ImageFolderDataset(folder, chain),
            {"torch": 1.15},
        )
        yield _against_torch(
            folder,
            "our fused transform",
            ImageFolderDataset(folder, fused, batched=True),
            {"torch": 1.4, "limit": 0.7},
        )
        turbo = ImageFolderDataset(folder, fused, batched=True, load=load_image_turbo)
        yield _against_torch(folder, "our fused transform, turbo decoder", turbo, {"torch": 3.0}, exact=False)


def write_pictures(root: Path, count: int) -> None:
    """Write pieces of scikit-learn's two photographs, of quality 90, in ten classes."""
    photographs = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    for number in range(count):
        photograph = photographs[number % 2]
        left = number * 37 % (photograph.width - _FROM)
        top = number * 23 % (photograph.height - _FROM)
        piece = photograph.crop((left, top, left + _FROM, top + _FROM))
        path = root / f"class {number % 10}" / f"{number:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        (piece if number % 4 < 2 else ImageOps.mirror(piece)).save(path, quality=90)


def _torchvision_chain() -> transforms.Compose:
    steps = transforms.Resize(_TO), transforms.CenterCrop(_TO), transforms.ToTensor()
    return transforms.Compose([*steps, transforms.Normalize(_MEAN, _STD)])


def _against_torch(
    folder: str, what: str, dataset: ImageFolderDataset, floors: dict[str, float], exact: bool = True
) -> Workload:
    """Compare a dataset of ours with torchvision's `ImageFolder` in torch's loader."""
    arguments: dict[str, Any] = {"batch_size": _BATCH_SIZE, "shuffle": True, **WORKERS}
    ours = DataLoader(dataset, **arguments)
    theirs = TorchLoader(datasets.ImageFolder(folder, _torchvision_chain()), **arguments)
    if exact:
        check_equal(ours, theirs)
    contestants = {OURS: passes_over(lambda: ours), "torch": passes_over(lambda: theirs)}
    if "limit" in floors:
        contestants["limit"] = _bare_decoding(list(dataset.paths))
    name = f"{len(dataset):,} JPEG files, {_FROM} to {_TO} pixels, 2 workers, batch {_BATCH_SIZE}: {what}"
    return Workload(name, contestants, floors, len(dataset))


def _bare_decoding(paths: list[str]) -> Measure:
    """Return a measure of Pillow's decoding and resizing by two processes, whose results go nowhere."""
    pool = ProcessPoolExecutor(2, get_context("fork"), _use_one_thread)
    batches = [paths[start : start + _BATCH_SIZE] for start in range(0, len(paths), _BATCH_SIZE)]
    run: Callable[[], Any] = partial(pool.map, _decode_and_resize, batches)
    return passes_over(run)


def _use_one_thread() -> None:
    torch.set_num_threads(1)


def _decode_and_resize(paths: list[str]) -> None:
    for path in paths:
        with open(path, "rb") as file:
            Image.open(file).convert("RGB").resize((_TO, _TO), Image.Resampling.BILINEAR)

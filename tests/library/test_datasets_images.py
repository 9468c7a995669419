"""Pictures in folders, compared with torchvision's `ImageFolder`."""

import pickle
from pathlib import Path

import pytest
import torch
import torch.utils.data as torch_data
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from course_lib import (
    CustomImageDataset,
    DataLoader,
    ImageFolderDataset,
    default_collate,
    generate_synthetic_image,
)

to_tensor = torchvision.transforms.PILToTensor()


def write(path, mode="RGB", seed=0, size=6):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = generate_synthetic_image(size, size, torch.Generator().manual_seed(seed))
    picture.convert(mode).save(path, format="PNG" if path.suffix.lower() == ".png" else "JPEG")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Make a folder with all that goes wrong: case, depth, other files and colours, files beside classes."""
    root = tmp_path_factory.mktemp("pictures")
    names = [
        *("dog/10.png", "dog/9.PNG", "dog/a.JPG", "dog/puppies/b.jpeg", "dog/puppies/old/c.png"),
        *("cat/z.png", "cat/Z.png", "cat/y.Jpg", "Bird/1.png", "bird2/1.png"),
    ]
    for seed, name in enumerate(names):
        write(root / name, seed=seed)
    for mode in ("L", "RGBA", "P", "1"):
        write(root / "modes" / f"{mode}.png", mode)
    (root / "cat" / "notes.txt").write_text("no picture")
    (root / "readme.md").write_text("no class")
    return root


def names(dataset):
    return [Path(path).name for path in dataset.paths]


def test_equals_torchvision(tree):
    ours = ImageFolderDataset(tree, to_tensor)
    theirs = torchvision.datasets.ImageFolder(tree, to_tensor)
    assert ours.samples == theirs.samples
    assert ours.targets.tolist() == theirs.targets
    assert (ours.classes, ours.class_to_idx) == (theirs.classes, theirs.class_to_idx)
    assert len(ours) == len(theirs) == 14
    for (image, label), (expected, expected_label) in zip(ours, theirs):
        assert torch.equal(image, expected)
        assert (label, type(label)) == (expected_label, int)


parts = st.text("abAB1.", min_size=1, max_size=3).filter(lambda part: part.strip("."))
places = st.tuples(
    parts, st.lists(parts, max_size=2), parts, st.sampled_from([".png", ".PNG", ".txt", ".jpg"])
)


@settings(max_examples=30, deadline=None)
@given(st.lists(places, min_size=1, max_size=8))
def test_equals_torchvision_on_any_tree(tmp_path_factory, files):
    root = tmp_path_factory.mktemp("tree")
    for class_name, folders, name, ending in files:
        path = root.joinpath(class_name, *folders, name + ending)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError:
            continue  # a file of this name is there, where this path needs a folder, or the other way round
    try:
        theirs = torchvision.datasets.ImageFolder(root).samples
    except FileNotFoundError:
        with pytest.raises(FileNotFoundError):
            ImageFolderDataset(root)
    else:
        assert ImageFolderDataset(root).samples == theirs


def test_trap_unsorted_files(tree):
    assert names(CustomImageDataset(tree / "cat")) == ["Z.png", "y.Jpg", "z.png"]
    assert names(ImageFolderDataset(tree))[:4] == ["1.png", "1.png", "Z.png", "y.Jpg"]


def test_trap_capital_extensions_are_lost(tree):
    assert names(CustomImageDataset(tree / "dog")) == ["10.png", "9.PNG", "a.JPG"]
    assert names(CustomImageDataset(tree / "dog", extensions=[".Png"])) == ["10.png", "9.PNG"]


def test_trap_one_three_or_four_channels(tree):
    for image in CustomImageDataset(tree / "modes"):
        assert image.mode == "RGB"
    batch = default_collate(list(CustomImageDataset(tree / "modes", to_tensor)))
    assert batch.shape == (4, 3, 6, 6)


def test_trap_no_label(tree):
    labelled = CustomImageDataset(tree / "dog", to_tensor, label_of=lambda path: len(path.stem))
    assert [label for _, label in labelled] == [2, 1, 1]
    assert isinstance(CustomImageDataset(tree / "dog")[0], Image.Image)


def test_trap_silent_empty_classes(tmp_path):
    write(tmp_path / "full" / "a.png")
    (tmp_path / "hollow").mkdir()
    with pytest.raises(FileNotFoundError, match=r"Class 'hollow' in .* holds no picture"):
        ImageFolderDataset(tmp_path)
    with pytest.raises(FileNotFoundError):
        torchvision.datasets.ImageFolder(tmp_path)


def test_trap_does_not_descend_into_subfolders(tree):
    found = [path for path, _ in ImageFolderDataset(tree).samples if "puppies" in path]
    assert [Path(path).name for path in found] == ["b.jpeg", "c.png"]


@pytest.mark.parametrize("ending", [".png", ".jpg"])
@pytest.mark.parametrize("keep", [0, 1, 60, 0.5, 0.9])
def test_a_truncated_file_is_named(tmp_path, ending, keep):
    path = tmp_path / "class" / f"cut{ending}"
    write(path, size=64)
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    for dataset in (ImageFolderDataset(tmp_path), CustomImageDataset(path.parent)):
        with pytest.raises(OSError, match=f"cut{ending} cannot be read as a picture"):
            dataset[0]


def test_a_truncated_file_is_named_by_a_worker_too(tmp_path):
    write(tmp_path / "class" / "whole.png")
    (tmp_path / "class" / "worse.png").write_bytes(b"\x89PNG")
    with pytest.raises(OSError, match=r"worse\.png cannot be read"):
        list(DataLoader(ImageFolderDataset(tmp_path, to_tensor), 2, num_workers=1))


def test_a_file_that_went_away_is_not_called_damaged(tmp_path):
    write(tmp_path / "a.png")
    dataset = CustomImageDataset(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.png"):
        dataset[0]


def test_indices(tree):
    for dataset in (
        ImageFolderDataset(tree),
        CustomImageDataset(tree / "cat", label_of=lambda path: path.name),
    ):
        assert dataset[-1][1] == dataset[len(dataset) - 1][1]
        for index in (len(dataset), -len(dataset) - 1):
            with pytest.raises(IndexError, match=f"Index {index} is out of range"):
                dataset[index]


def test_what_cannot_be_read_is_named(tmp_path, tree):
    for kind in (ImageFolderDataset, CustomImageDataset):
        with pytest.raises(FileNotFoundError, match="missing is no folder"):
            kind(tmp_path / "missing")
        for extensions in (".png", (), (1,), ("",)):
            with pytest.raises(TypeError, match="extensions got"):
                kind(tree, extensions=extensions)
        with pytest.raises(TypeError, match="transform got 'ToTensor'"):
            kind(tree, "ToTensor")
    with pytest.raises(FileNotFoundError, match="holds no folder"):
        ImageFolderDataset(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none of its 1 files ends in \.jpg, \.jpeg, \.png"):
        CustomImageDataset(tree)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers, tree):
    dataset = pickle.loads(pickle.dumps(ImageFolderDataset(tree, to_tensor)))
    batches = list(loader(dataset, 4, num_workers=workers, collate_fn=default_collate))
    assert torch.cat([labels for _, labels in batches]).tolist() == dataset.targets.tolist()
    assert torch.equal(batches[0][0][0], dataset[0][0])
    flat = list(loader(CustomImageDataset(tree / "dog", to_tensor), 2, num_workers=workers))
    assert [len(batch) for batch in flat] == [2, 1]


@pytest.mark.slow
def test_survives_spawn(tree):
    dataset = ImageFolderDataset(tree, to_tensor)
    batches = torch_data.DataLoader(dataset, 4, num_workers=2, multiprocessing_context="spawn")
    assert torch.cat([labels for _, labels in batches]).tolist() == dataset.targets.tolist()

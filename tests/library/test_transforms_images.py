"""Whole batches of pictures, compared with torchvision's transforms of single ones."""

import pickle

import pytest
import torch
import torch.utils.data as torch_data
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

from course_lib import (
    BatchedImageTransform,
    CustomImageDataset,
    DataLoader,
    ImageFolderDataset,
    generate_synthetic_image,
    load_image_turbo,
)
from course_lib.transforms.images import IMAGENET_MEAN, IMAGENET_STD


def picture(width, height, seed=0):
    return generate_synthetic_image(width, height, torch.Generator().manual_seed(seed))


def chain(size, crop, mean=IMAGENET_MEAN, std=IMAGENET_STD):
    return Compose([Resize(size), CenterCrop(crop), ToTensor(), Normalize(mean, std)])


def as_bytes(image):
    return torchvision.transforms.PILToTensor()(image)


def assert_close(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(9, 60), st.integers(9, 60)), min_size=1, max_size=4),
    st.integers(1, 40),
    st.data(),
)
def test_pictures_get_the_numbers_of_the_chain(sizes, size, data):
    crop = data.draw(st.integers(1, size))
    pictures = [picture(width, height, seed) for seed, (width, height) in enumerate(sizes)]
    expected = torch.stack([chain(size, crop)(image) for image in pictures])
    assert_close(BatchedImageTransform(size, crop)(pictures), expected)


def test_any_mean_and_deviation():
    mean, std = (0.1, 0.0, 0.9), (1.0, 0.5, 0.01)
    pictures = [picture(30, 20)]
    expected = chain(20, 20, mean, std)(pictures[0])[None]
    torch.testing.assert_close(BatchedImageTransform(20, mean=mean, std=std)(pictures), expected)


@pytest.mark.parametrize("size", [17, 24, 40])
def test_bytes_differ_by_one_step_in_few_places(size):
    pictures = [picture(40, 50, seed) for seed in range(8)]
    plain = BatchedImageTransform(size, mean=(0, 0, 0), std=(1, 1, 1))
    difference = (plain([as_bytes(image) for image in pictures]) - plain(pictures)).abs() * 255
    assert difference.max() < 1.01
    assert (difference > 0.5).float().mean() < 0.02


def test_bytes_that_need_no_resizing_are_the_same():
    pictures = [picture(20, 30)]
    transform = BatchedImageTransform(20, 10)
    assert torch.equal(transform([as_bytes(pictures[0])]), transform(pictures))


def test_colours_are_made_rgb():
    grey = picture(20, 20).convert("L")
    assert torch.equal(BatchedImageTransform(9)([grey]), BatchedImageTransform(9)([grey.convert("RGB")]))


def test_pickle():
    pictures = [picture(30, 20)]
    transform = BatchedImageTransform(16, 12)
    assert torch.equal(pickle.loads(pickle.dumps(transform))(pictures), transform(pictures))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for seed in range(10):
        path = root / f"class {seed % 3}" / f"{seed}.jpg"
        path.parent.mkdir(exist_ok=True)
        picture(40, 30 + seed, seed).save(path, quality=90)
    return root


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_a_folder_in_batches_is_the_folder_one_by_one(loader, workers, folder):
    one_by_one = torchvision.datasets.ImageFolder(folder, chain(24, 20))
    batched = ImageFolderDataset(folder, BatchedImageTransform(24, 20), batched=True)
    assert_close(batched[-1][0], one_by_one[9][0])
    found = list(loader(batched, 4, num_workers=workers))
    expected = list(torch_data.DataLoader(one_by_one, 4))
    assert len(found) == len(expected)
    for (images, labels), (expected_images, expected_labels) in zip(found, expected):
        assert_close(images, expected_images)
        assert torch.equal(labels, expected_labels)


def test_pictures_without_labels_and_with_labels_of_any_kind(folder):
    transform = BatchedImageTransform(24)
    plain = CustomImageDataset(folder / "class 0", transform, batched=True)
    assert torch.equal(next(iter(DataLoader(plain, 4))), torch.stack([plain[n] for n in range(4)]))
    named = CustomImageDataset(
        folder / "class 0", transform, batched=True, label_of=lambda path: {"name": path.stem}
    )
    images, labels = next(iter(DataLoader(named, 3)))
    assert labels == {"name": ["0", "3", "6"]}
    assert torch.equal(images, torch.stack([plain[n] for n in range(3)]))


def test_pictures_loaded_by_opencv(folder):
    transform = BatchedImageTransform(24, mean=(0, 0, 0), std=(1, 1, 1))
    ours, turbo = (
        next(iter(DataLoader(ImageFolderDataset(folder, transform, batched=True, load=load), 10)))
        for load in (None, load_image_turbo)
    )
    assert torch.equal(ours[1], turbo[1])
    assert (ours[0] - turbo[0]).abs().mean() < 1 / 255


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_is_decoded_as_pillow_does(tmp_path, mode):
    path = tmp_path / "picture.jpg"
    image = picture(40, 30)
    turned = image.getexif()
    turned[0x112] = 6  # "turn me": neither library does
    image.convert(mode).save(path, quality=90, exif=turned)
    expected = as_bytes(Image.open(path).convert("RGB")).int()
    found = load_image_turbo(path)
    assert found.dtype == torch.uint8
    assert found.shape == expected.shape
    assert (found.int() - expected).abs().float().mean() <= 1


@pytest.mark.parametrize("ending", [".png", ".gif", ".bmp", ".tiff", ".webp", ".ppm"])
def test_every_kind_of_file_is_read(tmp_path, ending):
    path = tmp_path / f"picture{ending}"
    image = picture(12, 9)
    image.save(path, **({"lossless": True} if ending == ".webp" else {}))
    found = load_image_turbo(path)
    assert found.dtype == torch.uint8
    assert torch.equal(found, as_bytes(Image.open(path).convert("RGB")))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_every_kind_of_colour_is_read(tmp_path, mode):
    path = tmp_path / "picture.png"
    picture(12, 9).convert(mode).save(path)
    assert torch.equal(load_image_turbo(path), as_bytes(Image.open(path).convert("RGB")))


def test_several_pictures_in_one_file_give_the_first(tmp_path):
    frames = [picture(12, 9, seed) for seed in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert load_image_turbo(tmp_path / "moving.gif").shape == (3, 9, 12)


@pytest.mark.parametrize("keep", [0, 1, 0.5])
def test_a_damaged_file_is_named(tmp_path, keep):
    path = tmp_path / "cut.jpg"
    picture(64, 64).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    with pytest.raises(OSError, match=r"cut\.jpg cannot be read as a picture"):
        load_image_turbo(path)
    with pytest.raises(FileNotFoundError):
        load_image_turbo(tmp_path / "missing.jpg")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BatchedImageTransform(10, 11), ValueError, "crop is 11 and size is 10"),
        (lambda: BatchedImageTransform(0), ValueError, "size got 0"),
        (lambda: BatchedImageTransform(10, 2.5), ValueError, r"crop got 2\.5"),
        (lambda: BatchedImageTransform(10, std=(1, 0, 1)), ValueError, "not 0"),
        (lambda: BatchedImageTransform(10, mean=(0.5,)), ValueError, "three numbers"),
        (lambda: BatchedImageTransform(10)(picture(20, 20)), TypeError, "one picture"),
        (lambda: BatchedImageTransform(10)(["a.jpg"]), TypeError, "a str as a picture"),
        (lambda: BatchedImageTransform(10)([torch.ones(3, 4, 4)]), ValueError, r"float32"),
        (lambda: BatchedImageTransform(10)([torch.ones(4, 4, dtype=torch.uint8)]), ValueError, r"\(4, 4\)"),
    ],
)
def test_what_cannot_be_transformed_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_batched_transform_returns_one_result_for_each_picture(folder):
    dataset = ImageFolderDataset(folder, lambda pictures: pictures[:1], batched=True)
    with pytest.raises(ValueError, match="got 2 values and returned a list of length 1"):
        dataset.__getitems__([0, 1])
    for bad in ({"batched": 1}, {"load": "turbo"}):
        with pytest.raises(TypeError, match=f"{next(iter(bad))} got"):
            ImageFolderDataset(folder, **bad)

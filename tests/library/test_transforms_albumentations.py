"""Albumentations in the course's pipelines: its random numbers, its types, and its traps."""

import os
import pickle
import subprocess
import sys
import threading

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations as A
import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from course_lib import (
    DataLoader,
    ListDataset,
    SyntheticImages,
    TransformDataset,
    albumentations_transform,
    generate_synthetic_image,
    random_split,
)
from course_lib.transforms.pictures import mask_like, mask_to_pixels, picture_to_pixels, pixels_like

SIZE = 32


def augmentation():
    return A.Compose(
        [
            A.HorizontalFlip(),
            A.RandomBrightnessContrast(p=1),
            A.OneOf([A.GaussianBlur(p=1), A.Affine(rotate=(-30, 30), p=1)], p=0.5),
            A.RandomCrop(24, 24),
        ]
    )


def tensor_picture(channels=3, height=SIZE, width=SIZE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (channels, height, width), dtype=torch.uint8, generator=generator)


def array_picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def pillow_picture(width=SIZE, height=SIZE):
    return generate_synthetic_image(width, height, torch.Generator().manual_seed(0))


def run(transform, seed, count=3, picture=None):
    torch.manual_seed(seed)
    return [transform(tensor_picture() if picture is None else picture) for _ in range(count)]


def same(ones, others):
    return all(torch.equal(one, other) for one, other in zip(ones, others, strict=True))


# Random numbers


def raw_augmentation(picture):
    """Use the pipeline as the documentation shows it, without the adapter."""
    return torch.from_numpy(PIPELINE(image=picture.permute(1, 2, 0).numpy().copy())["image"])


PIPELINE = A.Compose([A.RandomCrop(8, 8)], seed=1)


@pytest.mark.parametrize("context", ["fork"])
def test_trap_identical_across_workers_and_epochs(context):
    """A pipeline that the dataset holds repeats itself; through the adapter it does not."""
    picture = tensor_picture()

    def drawn(transform):
        dataset = TransformDataset(ListDataset([picture] * 8), transform)
        # Two workers that read four pictures each, twice.
        loader = DataLoader(dataset, batch_size=4, num_workers=2, multiprocessing_context=context)
        return [batch for _ in range(2) for batch in loader]

    held = drawn(raw_augmentation)
    assert all(torch.equal(batch, held[0]) for batch in held)
    adapted = torch.cat(drawn(albumentations_transform(PIPELINE)))
    assert len({picture.numpy().tobytes() for picture in adapted}) >= 15


def test_trap_deaf_to_manual_seed():
    assert not same(run(raw_augmentation, 0), run(raw_augmentation, 0))
    adapted = albumentations_transform(PIPELINE)
    assert same(run(adapted, 0), run(adapted, 0))
    assert not same(run(adapted, 0), run(adapted, 1))


def test_trap_steps_that_happen_together():
    """`set_random_seed` gives every step the same numbers: two flips then happen both or not at all."""
    flips = A.Compose([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)])
    picture = tensor_picture()
    outcomes = {axes: picture.flip(axes) for axes in [(), (1,), (2,), (1, 2)]}

    def seen(results):
        return {
            axes for axes, outcome in outcomes.items() for result in results if torch.equal(result, outcome)
        }

    def reseeded(seed):
        flips.set_random_seed(seed)
        return torch.from_numpy(flips(image=picture.permute(1, 2, 0).numpy())["image"]).permute(2, 0, 1)

    assert seen([reseeded(seed) for seed in range(60)]) == {(), (1, 2)}
    assert seen(run(albumentations_transform(flips), 0, 60, picture)) == set(outcomes)


def test_steps_are_independent_and_happen_as_often_as_they_should():
    flips = albumentations_transform(A.Compose([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)]))
    picture = torch.arange(4, dtype=torch.uint8).view(1, 2, 2)
    counts = torch.bincount(torch.stack([result[0, 0, 0] for result in run(flips, 5, 4000, picture)]).long())
    assert ((counts - 1000) ** 2 / 1000).sum() < 21.1  # chi-square, 3 degrees of freedom, 1 in 10,000


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**62), channels=st.sampled_from([1, 3]))
def test_the_seed_decides_alone(seed, channels):
    picture = tensor_picture(channels)
    transform = albumentations_transform(augmentation())
    first = run(transform, seed, 2, picture)
    run(transform, seed + 1)
    assert same(run(transform, seed, 2, picture), first)
    assert same(run(albumentations_transform(augmentation()), seed, 2, picture), first)
    assert same(run(pickle.loads(pickle.dumps(transform)), seed, 2, picture), first)


NOISY = [
    A.GaussNoise(p=1),
    A.ElasticTransform(p=1),
    A.CoarseDropout(p=1),
    A.GridDistortion(p=1),
    A.ISONoise(p=1),
    A.ShotNoise(p=1),
    A.RandomRain(p=1),
    A.PixelDropout(p=1),
    A.ColorJitter(p=1),
    A.SomeOf([A.HorizontalFlip(p=1), A.Rotate(p=1), A.MotionBlur(p=1)], n=2),
]


@pytest.mark.parametrize("step", NOISY, ids=lambda step: type(step).__name__)
def test_no_step_draws_elsewhere(step):
    transform = albumentations_transform(step)
    first = run(transform, 3)
    np.random.seed(0)
    assert same(run(transform, 3), first)
    assert not same(run(transform, 4), first)


def test_numpys_and_pythons_generators_stay():
    import random

    before = random.getstate(), np.random.get_state()[1].tolist()
    run(albumentations_transform(augmentation()), 0)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_the_pipeline_given_is_left_alone():
    mine = A.Compose([A.RandomCrop(8, 8)], seed=7)
    picture = array_picture(SIZE, SIZE, 3)
    expected = [mine(image=picture)["image"] for _ in range(3)]
    mine.set_random_seed(7)
    run(albumentations_transform(mine), 0)
    assert all(np.array_equal(mine(image=picture)["image"], one) for one in expected)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_workers": 2, "multiprocessing_context": "fork"},
        {"num_workers": 2, "multiprocessing_context": "fork", "persistent_workers": True},
        {"num_workers": 2, "worker_type": "thread"},
        {"num_workers": 2, "worker_type": "thread", "persistent_workers": True},
        pytest.param(
            {"num_workers": 2, "multiprocessing_context": "forkserver", "persistent_workers": True},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"num_workers": 2, "multiprocessing_context": "spawn", "persistent_workers": True},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["here", "fork", "fork-persistent", "thread", "thread-persistent", "forkserver", "spawn"],
)
def test_every_picture_differs_and_every_run_is_the_same(arguments):
    def epochs(seed):
        torch.manual_seed(seed)
        dataset = ListDataset([tensor_picture(height=40, width=40)] * 12)
        loader = DataLoader(
            TransformDataset(dataset, albumentations_transform(augmentation())), batch_size=3, **arguments
        )
        return torch.cat([batch for _ in range(2) for batch in loader])

    first = epochs(1)
    assert first.shape == (24, 3, 24, 24)
    assert len({picture.numpy().tobytes() for picture in first}) == 24
    assert torch.equal(epochs(1), first)


def test_a_generator_of_its_own_decides_alone_and_leaves_the_global_one_alone():
    def drawn(seed, global_seed):
        torch.manual_seed(global_seed)
        generator = torch.Generator().manual_seed(seed)
        transform = albumentations_transform(augmentation(), generator=generator)
        return [transform(tensor_picture()) for _ in range(3)]

    first = drawn(3, global_seed=0)
    assert same(drawn(3, global_seed=1), first)
    assert not same(drawn(4, global_seed=1), first)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    drawn(3, global_seed=1)
    assert torch.equal(torch.get_rng_state(), before)


WORKERS_WITH_A_GENERATOR = [
    {},
    {"num_workers": 2, "multiprocessing_context": "fork"},
    {"num_workers": 2, "multiprocessing_context": "fork", "persistent_workers": True},
    {"num_workers": 2, "worker_type": "thread"},
    {"num_workers": 2, "worker_type": "thread", "persistent_workers": True},
]


@pytest.mark.parametrize("arguments", WORKERS_WITH_A_GENERATOR, ids=str)
def test_with_a_generator_every_picture_differs_in_every_worker_and_every_run_is_the_same(arguments):
    def epochs(seed, seed_of_loader, global_seed=0):
        torch.manual_seed(global_seed)
        dataset = ListDataset([tensor_picture(height=40, width=40)] * 12)
        generator = torch.Generator().manual_seed(seed)
        loader = DataLoader(
            TransformDataset(dataset, albumentations_transform(augmentation(), generator=generator)),
            batch_size=3,
            generator=torch.Generator().manual_seed(seed_of_loader),
            **arguments,
        )
        return torch.cat([batch for _ in range(2) for batch in loader])

    first = epochs(1, 5)
    assert len({picture.numpy().tobytes() for picture in first}) == 24
    assert torch.equal(epochs(1, 5, global_seed=9), first)
    assert not torch.equal(epochs(2, 5), first)
    if arguments:
        assert not torch.equal(epochs(1, 6), first)


def test_workers_of_torchs_loader_do_not_repeat_each_other_with_a_generator():
    transform = albumentations_transform(PIPELINE, generator=torch.Generator().manual_seed(0))
    dataset = TransformDataset(ListDataset([tensor_picture()] * 8), transform)
    batches = []
    for loader_class in (DataLoader, torch_data.DataLoader):
        generator = torch.Generator().manual_seed(3)
        loader = loader_class(
            dataset, batch_size=4, num_workers=2, generator=generator, multiprocessing_context="fork"
        )
        batches.append(torch.cat(list(loader)))
    assert torch.equal(*batches)
    assert len({picture.numpy().tobytes() for picture in batches[0]}) >= 7


def test_with_a_generator_it_can_be_pickled():
    generator = torch.Generator().manual_seed(0)
    transform = albumentations_transform(augmentation(), generator=generator)
    copy = pickle.loads(pickle.dumps(transform))
    assert torch.equal(copy(tensor_picture()), transform(tensor_picture()))


@pytest.mark.parametrize(
    "generator", [0, np.random.default_rng(0), "cpu"], ids=["a seed", "NumPy's", "a device"]
)
def test_what_is_no_generator_is_refused(generator):
    with pytest.raises(TypeError, match=r"generator got .*torch\.Generator"):
        albumentations_transform(A.HorizontalFlip(), generator=generator)


def test_the_same_pictures_in_torchs_loader():
    dataset = TransformDataset(SyntheticImages(12, channels=3), albumentations_transform(augmentation()))
    batches = []
    for loader_class in (DataLoader, torch_data.DataLoader):
        generator = torch.Generator().manual_seed(3)
        loader = loader_class(
            dataset, batch_size=3, num_workers=2, generator=generator, multiprocessing_context="fork"
        )
        batches.append(torch.cat([pictures for pictures, _ in loader]))
    assert torch.equal(*batches)


def test_threads_do_not_share_a_pipeline():
    """Each thread has copies of the steps; what they note down would get mixed up otherwise."""
    transform = albumentations_transform(A.Compose([A.RandomCrop(8, 8), A.HorizontalFlip()]))
    pictures = {size: tensor_picture(height=size, width=size, seed=size) for size in (9, 17, 40)}
    patches = {size: patches_of(picture) for size, picture in pictures.items()}
    failures = []

    def work(size):
        for _ in range(200):
            if transform(pictures[size]).numpy().tobytes() not in patches[size]:
                failures.append(size)

    threads = [threading.Thread(target=work, args=(size,)) for size in pictures for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def patches_of(picture):
    """Return all squares of 8 x 8 pixels in a picture, and their mirror images."""
    squares = picture.unfold(1, 8, 1).unfold(2, 8, 1).permute(1, 2, 0, 3, 4).reshape(-1, 3, 8, 8)
    return {square.numpy().tobytes() for square in torch.cat([squares, squares.flip(3)])}


# Types


@settings(max_examples=30, deadline=None)
@given(channels=st.sampled_from([1, 3]), height=st.integers(5, 20), width=st.integers(5, 20))
def test_flips_are_torchs(channels, height, width):
    flip = albumentations_transform(A.HorizontalFlip(p=1))
    picture = tensor_picture(channels, height, width)
    result = flip(picture)
    assert result.dtype is torch.uint8
    assert torch.equal(result, picture.flip(2))
    pixels = picture.permute(1, 2, 0).numpy()
    assert np.array_equal(flip(pixels), pixels[:, ::-1])
    assert np.array_equal(flip(pixels[..., 0]), pixels[:, ::-1, 0])
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    assert np.array_equal(np.array(flip(image)), np.array(image)[:, ::-1])
    assert flip(image).mode == image.mode


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_numbers_change_every_kind_of_picture_alike(channels):
    transform = albumentations_transform(augmentation())
    pixels = array_picture(SIZE, SIZE, 3)[..., :channels]
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    by_tensor = run(transform, 2, picture=torch.from_numpy(pixels.copy()).permute(2, 0, 1))
    by_array = run(transform, 2, picture=pixels)
    by_image = run(transform, 2, picture=image)
    for one, two, three in zip(by_tensor, by_array, by_image):
        assert np.array_equal(one.permute(1, 2, 0).numpy(), two)
        assert np.array_equal(np.array(three).reshape(two.shape), two)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shown_as", ["tensor", "array", "Pillow"])
def test_to_tensor_makes_a_tensor_of_everything(channels, shown_as):
    mean, std = (0.4,) * channels, (0.2,) * channels
    transform = albumentations_transform(A.Compose([A.Normalize(mean, std), A.ToTensorV2()]))
    tensor = tensor_picture(channels)
    pixels = tensor.permute(1, 2, 0).numpy()
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    result = transform({"tensor": tensor, "array": pixels, "Pillow": image}[shown_as])
    expected = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])(tensor)
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-5)


def test_normalising_makes_floats_of_the_same_kind():
    transform = albumentations_transform(A.Normalize())
    expected = v2.Compose(
        [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    )
    tensor = tensor_picture()
    torch.testing.assert_close(transform(tensor), expected(tensor), rtol=0, atol=1e-5)
    result = transform(tensor.permute(1, 2, 0).numpy())
    assert result.dtype == np.float32
    with pytest.raises(ValueError, match=r"ToTensorV2\(\) at the pipeline's end"):
        transform(pillow_picture())


def test_floats_stay_floats():
    picture = torch.rand(3, 9, 8)
    assert torch.equal(albumentations_transform(A.VerticalFlip(p=1))(picture), picture.flip(1))


def test_a_picture_keeps_its_pixels():
    """A step may work in place; a view of the dataset's memory must not be handed to it."""

    def blacken(pixels, **_):
        pixels[:] = 0
        return pixels

    transform = albumentations_transform(A.Lambda(image=blacken, p=1))
    for picture in (tensor_picture(1), array_picture(8, 8), array_picture(8, 8, 3)):
        before = picture.copy() if isinstance(picture, np.ndarray) else picture.clone()
        assert transform(picture).max() == 0
        assert (picture == before).all()
        assert albumentations_transform(A.NoOp())(picture) is not picture


def test_read_only_arrays_and_crops_of_arrays():
    picture = array_picture(20, 20, 3)
    picture.setflags(write=False)
    flip = albumentations_transform(A.HorizontalFlip(p=1))
    assert np.array_equal(flip(picture[::2, 3:]), picture[::2, 3:][:, ::-1])


def test_grey_pictures_of_the_course():
    dataset = TransformDataset(SyntheticImages(10), albumentations_transform(augmentation()))
    batch, labels = next(iter(DataLoader(dataset, batch_size=10)))
    assert (batch.shape, batch.dtype) == ((10, 1, 24, 24), torch.uint8)
    assert labels.tolist() == SyntheticImages(10).targets.tolist()


# Samples that are dictionaries


@pytest.mark.parametrize(
    "dtype", [torch.bool, torch.uint8, torch.int16, torch.int64, torch.float32, torch.float64]
)
@pytest.mark.parametrize("as_array", [False, True])
def test_a_mask_moves_with_its_picture(dtype, as_array):
    values = torch.arange(SIZE * SIZE).view(SIZE, SIZE) % 7
    mask = (values % 2 == 0) if dtype is torch.bool else values.to(dtype)
    picture = values.to(torch.uint8).expand(3, -1, -1)
    sample = {"image": picture, "mask": mask.numpy() if as_array else mask, "label": 4, "name": "x"}
    moves = A.Compose(
        [A.HorizontalFlip(), A.RandomCrop(20, 16), A.Affine(rotate=(-40, 40), interpolation=0, p=1)]
    )
    result = albumentations_transform(moves)(sample)
    assert result["mask"].dtype == sample["mask"].dtype
    moved = result["image"][0] % 2 == 0 if dtype is torch.bool else result["image"][0].to(dtype)
    inside = result["image"][0] > 0
    assert torch.equal(torch.as_tensor(result["mask"])[inside], moved[inside])
    assert (result["label"], result["name"]) == (4, "x")
    assert list(result) == list(sample)


def test_masks_with_numbers_beyond_a_byte():
    flip = albumentations_transform(A.HorizontalFlip(p=1))
    for mask in (torch.tensor([[-100, 3], [255, 2**24]]), torch.tensor([[0, 255], [1, 2]])):
        result = flip({"image": tensor_picture(3, 2, 2), "mask": mask})["mask"]
        assert torch.equal(result, mask.flip(1))
    with pytest.raises(ValueError, match="16777217"):
        flip({"image": tensor_picture(3, 1, 2), "mask": torch.tensor([[0, 2**24 + 1]])})


def test_masks_of_pillow_and_of_a_pipeline_that_makes_tensors():
    image, mask = pillow_picture(), Image.fromarray(array_picture(SIZE, SIZE))
    result = albumentations_transform(A.HorizontalFlip(p=1))({"image": image, "mask": mask})
    assert np.array_equal(np.array(result["mask"]), np.array(mask)[:, ::-1])
    to_tensor = albumentations_transform(A.Compose([A.ToTensorV2()]))
    classes = torch.from_numpy(np.array(mask)).long()
    result = to_tensor({"image": image, "mask": classes})
    assert torch.equal(result["mask"], classes)
    assert result["mask"].dtype is torch.int64


def test_more_pictures_and_masks_by_additional_targets():
    pipeline = A.Compose([A.RandomCrop(9, 9)], additional_targets={"left": "image", "edges": "mask"})
    picture = tensor_picture()
    sample = {"image": picture, "left": picture.clone(), "edges": picture[0].long()}
    result = albumentations_transform(pipeline)(sample)
    assert torch.equal(result["image"], result["left"])
    assert torch.equal(result["image"][0].long(), result["edges"])


@pytest.mark.parametrize(
    ("sample", "match"),
    [
        ({"picture": tensor_picture()}, 'no "image"'),
        ({"image": tensor_picture(), "bboxes": [[1, 2, 3, 4]]}, "'bboxes'"),
        ({"image": tensor_picture(), "keypoints": [[1, 2]]}, "'keypoints'"),
        ({"image": tensor_picture(), "mask": torch.zeros(1, SIZE, SIZE)}, r"A mask has shape \(1, 32, 32\)"),
    ],
)
def test_a_sample_that_would_be_half_augmented_is_refused(sample, match):
    with pytest.raises(ValueError, match=match):
        albumentations_transform(A.HorizontalFlip())(sample)


# Traps and mistakes


def test_trap_normalising_before_the_tensor_exists():
    """In torchvision a TypeError; in Albumentations the order, and so the mistake, is the other way round."""
    with pytest.raises(TypeError):
        v2.Compose([v2.Normalize([0.5], [0.5]), v2.ToImage()])(pillow_picture())
    wrong = A.Compose([A.ToTensorV2(), A.Normalize()])
    with pytest.raises(AttributeError, match="astype"):
        wrong(image=array_picture(8, 8, 3))
    with pytest.raises(TypeError, match=r"Normalize comes after ToTensorV2.*at the end"):
        albumentations_transform(wrong)(tensor_picture())
    with pytest.raises(TypeError, match="HorizontalFlip comes after ToTensorV2"):
        albumentations_transform(A.Compose([A.ToTensorV2(), A.HorizontalFlip(p=1)]))(tensor_picture())


def test_trap_one_channel_statistics_broadcast_over_rgb():
    pixels = array_picture(8, 8, 3)
    mnist = {"mean": (0.1307,), "std": (0.3081,)}
    assert A.Normalize(**mnist)(image=pixels)["image"].shape == (8, 8, 3)  # in silence
    with pytest.raises(ValueError, match=r"mean=\(0\.1307,\).*3 channels"):
        albumentations_transform(A.Normalize(**mnist))(pixels)
    for wrong in (A.Normalize((0.5, 0.5, 0.5), (0.5,)), A.Normalize((0.5,) * 4, (0.5,) * 4)):
        with pytest.raises(ValueError, match="3 channels"):
            albumentations_transform(A.OneOf([wrong], p=1))(pixels)
    with pytest.raises(ValueError, match="1 channel\\."):
        albumentations_transform(A.Normalize())(tensor_picture(1))


def test_statistics_are_held_against_the_channels_that_the_step_sees():
    grey = A.Compose([A.ToGray(num_output_channels=1, p=1), A.Normalize((0.1307,), (0.3081,))])
    assert albumentations_transform(grey)(tensor_picture()).shape == (1, SIZE, SIZE)
    assert albumentations_transform(A.Normalize(0.5, 0.5))(tensor_picture()).shape == (3, SIZE, SIZE)
    by_picture = A.Normalize(normalization="image")
    assert albumentations_transform(by_picture)(tensor_picture(1)).shape == (1, SIZE, SIZE)


def test_trap_floats_divided_by_255():
    twice = A.Compose([A.ToFloat(max_value=255), A.Normalize((0.5,) * 3, (0.5,) * 3)])
    assert (
        np.ptp(twice(image=array_picture(8, 8, 3))["image"]) < 0.01
    )  # a picture without contrast, in silence
    with pytest.raises(ValueError, match=r"max_pixel_value=1\.0"):
        albumentations_transform(twice)(tensor_picture())
    once = A.Compose([A.ToFloat(max_value=255), A.Normalize((0.5,) * 3, (0.5,) * 3, max_pixel_value=1.0)])
    result = albumentations_transform(once)(tensor_picture())
    torch.testing.assert_close(result, tensor_picture() / 127.5 - 1, rtol=0, atol=1e-5)


def test_trap_augmentation_that_reaches_the_validation_part():
    """The transform wraps one part of a split; the other part, and the data, stay as they are."""
    pictures = SyntheticImages(20, channels=3)
    train_part, validation_part = random_split(pictures, [0.5, 0.5], torch.Generator().manual_seed(0))
    train = TransformDataset(train_part, albumentations_transform(augmentation()))
    assert len(train) == len(train_part)
    assert {picture.shape[1] for picture, _ in train} == {24}
    for place in range(len(validation_part)):
        assert torch.equal(validation_part[place][0], pictures[validation_part.indices[place]][0])


@pytest.mark.parametrize("crop", [A.RandomCrop, A.CenterCrop])
def test_trap_a_crop_larger_than_the_picture(crop):
    with pytest.raises(ValueError, match=r"\(256, 256\) vs \(20, 30\).*pad_if_needed=True"):
        albumentations_transform(crop(256, 256))(tensor_picture(3, 20, 30))
    padded = albumentations_transform(crop(256, 256, pad_if_needed=True))(tensor_picture(3, 20, 30))
    assert padded.shape == (3, 256, 256)


@pytest.mark.parametrize(
    "pipeline",
    [
        v2.Compose([v2.RandomHorizontalFlip()]),
        v2.Normalize([0.5], [0.5]),
        A.HorizontalFlip,
        [A.HorizontalFlip()],
        None,
    ],
)
def test_what_is_no_pipeline_is_refused(pipeline):
    with pytest.raises(TypeError, match=r"A\.Compose"):
        albumentations_transform(pipeline)


@pytest.mark.parametrize(
    ("picture", "error", "match"),
    [
        (tensor_picture()[None], ValueError, r"\(1, 3, 32, 32\).*batch"),
        (tensor_picture()[0], ValueError, r"\(32, 32\)"),
        (tensor_picture().permute(1, 2, 0), ValueError, r"\(32, 32, 3\).*\(channels, height, width\)"),
        (array_picture(3, 32, 32), ValueError, r"\(3, 32, 32\).*\(height, width, channels\)"),
        (tensor_picture(3, 0, 5), ValueError, r"\(3, 0, 5\)"),
        (tensor_picture().long(), TypeError, "int64"),
        (tensor_picture().double(), TypeError, "float64"),
        (Image.new("P", (8, 8)), ValueError, "mode 'P'"),
        (Image.new("RGBA", (8, 8)), ValueError, "mode 'RGBA'"),
        ([tensor_picture()], TypeError, "batched=False"),
        ((tensor_picture(), 3), TypeError, "TransformDataset"),
        ("picture.png", TypeError, "got a str"),
    ],
)
def test_what_is_no_picture_is_refused(picture, error, match):
    with pytest.raises(error, match=match):
        albumentations_transform(A.HorizontalFlip())(picture)


@pytest.mark.parametrize("mask", ["road", None, np.array(["road"])])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(TypeError, match="A mask is a"):
        albumentations_transform(A.HorizontalFlip())({"image": tensor_picture(), "mask": mask})


@settings(max_examples=30, deadline=None)
@given(channels=st.sampled_from([1, 3]), height=st.integers(1, 9), width=st.integers(1, 9))
def test_there_and_back_is_the_picture(channels, height, width):
    picture = tensor_picture(channels, height, width)
    if width in (1, 3, 4):  # could be channels: then the picture's own channels decide
        assert channels in (1, 3)
    assert torch.equal(pixels_like(picture_to_pixels(picture), picture), picture)
    mask = picture[0].long() - 100
    assert torch.equal(mask_like(mask_to_pixels(mask), mask), mask)


def test_the_repr_shows_the_pipeline():
    assert repr(albumentations_transform(A.NoOp(p=1))) == "albumentations_transform(NoOp(p=1.0))"


def test_the_adapter_imports_albumentations_only_when_it_is_used_and_never_asks_for_updates():
    code = (
        "import os, sys; from course_lib import albumentations_transform; "
        "print('albumentations' in sys.modules, os.environ['NO_ALBUMENTATIONS_UPDATE'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "NO_ALBUMENTATIONS_UPDATE"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == ["False", "1"]

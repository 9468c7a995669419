"""Pictures made by a formula."""

import pickle

import pytest
import torch
from PIL import Image
from torch import nn

from course_lib import SyntheticImages, generate_synthetic_image
from course_lib.datasets.synthetic import SHAPES


def test_a_noise_picture():
    generator = torch.Generator().manual_seed(0)
    picture = generate_synthetic_image(64, 32, generator)
    assert isinstance(picture, Image.Image)
    assert (picture.size, picture.mode) == ((64, 32), "RGB")
    again = generate_synthetic_image(64, 32, torch.Generator().manual_seed(0))
    assert picture.tobytes() == again.tobytes()
    assert picture.tobytes() != generate_synthetic_image(64, 32, generator).tobytes()
    values = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    assert len(values.unique()) == 256


def test_a_given_generator_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    generate_synthetic_image(4, 4, torch.Generator())
    SyntheticImages(3)[1]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (2.5, 5)])
def test_impossible_sizes(size):
    with pytest.raises(ValueError, match="positive integer"):
        generate_synthetic_image(*size)


@pytest.mark.parametrize("mode", ["shapes", "noise"])
@pytest.mark.parametrize("channels", [1, 3])
def test_samples_depend_on_seed_and_index_alone(mode, channels):
    dataset = SyntheticImages(12, size=16, channels=channels, mode=mode)
    backwards = {index: dataset[index] for index in reversed(range(12))}
    copy = pickle.loads(pickle.dumps(dataset))
    for index in range(12):
        image, label = copy[index]
        assert (image.dtype, image.shape) == (torch.uint8, (channels, 16, 16))
        assert label == int(dataset.targets[index]) == index % 4
        assert torch.equal(image, backwards[index][0])
    images = [image for image, _ in dataset]
    assert not torch.equal(images[0], images[4])
    assert not torch.equal(images[0], SyntheticImages(1, 16, channels, mode=mode, seed=1)[0][0])
    assert torch.equal(dataset[-1][0], dataset[11][0])
    with pytest.raises(IndexError):
        dataset[12]


def train_and_test(mode):
    """Return the test accuracy of a small network after a short training."""

    def tensors(dataset):
        return torch.stack([image for image, _ in dataset]).float() / 255, dataset.targets

    images, labels = tensors(SyntheticImages(600, size=16, mode=mode))
    test_images, test_labels = tensors(SyntheticImages(200, size=16, mode=mode, seed=1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(256, 4)
        )
        optimizer = torch.optim.Adam(model.parameters(), 0.01)
        for _ in range(8):
            for batch in torch.randperm(600).split(50):
                loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return float((model(test_images).argmax(1) == test_labels).float().mean())


def test_trap_pure_noise_has_nothing_to_learn():
    assert train_and_test("shapes") > 0.7
    assert train_and_test("noise") < 0.45


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_can_be_drawn(name):
    dataset = SyntheticImages(5, classes=[name])
    assert all(int(image.max()) - int(image.min()) > 80 for image, _ in dataset)


@pytest.mark.parametrize(
    "arguments",
    [
        {"n": 0},
        {"n": 2.0},
        {"size": 4},
        {"channels": 2},
        {"classes": ()},
        {"classes": ("heart",)},
        {"mode": "x"},
    ],
)
def test_impossible_arguments(arguments):
    with pytest.raises(ValueError, match="Pass"):
        SyntheticImages(**{"n": 3, **arguments})


def test_the_seed_is_an_integer():
    with pytest.raises(TypeError, match="seed"):
        SyntheticImages(3, seed="0")
    assert len(SyntheticImages(3, seed=-5)[0]) == 2

"""MNIST and its stand-in."""

import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision
from torchvision.transforms import v2

from course_lib import Subset, default_collate, mnist
from course_lib.datasets.digits import embedded_digits

NORMALIZE = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.1307], [0.3081])])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder in which the digits have been written."""
    folder = tmp_path_factory.mktemp("data")
    mnist(folder, download=False)
    return folder


@pytest.fixture
def real_root(tmp_path):
    """A folder with the real files, packed."""
    source = os.environ.get("COURSE_MNIST")
    if not source:
        pytest.skip("COURSE_MNIST names no folder with MNIST's four files")
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for path in Path(source).glob("*.gz"):
        shutil.copy(path, tmp_path / "MNIST" / "raw")
    return tmp_path


def theirs(root, train=True, transform=None):
    return torchvision.datasets.MNIST(root / "digits", train=train, transform=transform)


@pytest.mark.parametrize("train", [True, False])
def test_samples_are_those_of_torchvision(root, train):
    ours = mnist(root, train=train, download=False)
    other = theirs(root, train)
    assert ours.source == "digits"
    assert len(ours) == len(other) == (1437 if train else 360)
    assert torch.equal(ours.data, other.data)
    assert torch.equal(ours.targets, other.targets)
    assert list(ours.classes) == other.classes
    for index in (0, 17, -1):
        (mine, label), (image, target) = ours[index], other[index]
        assert (mine.mode, mine.size, mine.tobytes()) == (image.mode, image.size, image.tobytes())
        assert (label, type(label)) == (target, int)
    with pytest.raises(IndexError):
        ours[len(ours)]


def test_a_transform_gets_each_picture(root):
    transform = torchvision.transforms.ToTensor()
    ours, other = mnist(root, transform=transform, download=False), theirs(root, transform=transform)
    assert torch.equal(ours[5][0], other[5][0])
    samples = ours.__getitems__([5, 2])
    assert torch.equal(samples[1][0], other[2][0])


def test_batched_reads_equal_single_ones(root):
    ours = mnist(root, batched=True, download=False)
    image, label = ours[3]
    assert (image.dtype, image.shape, type(label)) == (torch.uint8, (1, 28, 28), int)
    for indices in ([3, 0, 3], torch.tensor([3, 0, 3])):
        images, labels = default_collate(ours.__getitems__(indices))
        assert (images.dtype, images.shape) == (torch.uint8, (3, 1, 28, 28))
        assert torch.equal(images[:, 0], ours.data[[3, 0, 3]])
        assert labels.dtype == torch.int64
        assert labels.tolist() == ours.targets[[3, 0, 3]].tolist()


def test_a_batched_transform_gives_what_torchvision_gives_picture_by_picture(root):
    usual = v2.Compose([v2.ToImage(), NORMALIZE])
    batched = mnist(root, transform=NORMALIZE, batched=True, download=False)
    single = theirs(root, transform=usual)
    images, labels = default_collate(Subset(batched, range(10, 30)).__getitems__(list(range(20))))
    expected = torch.stack([single[index][0] for index in range(10, 30)])
    assert torch.allclose(images, expected, atol=1e-6)
    assert labels.tolist() == [single[index][1] for index in range(10, 30)]
    assert torch.allclose(batched[10][0], expected[0], atol=1e-6)


def lines_printed(root):
    """Run `mnist()` for both parts in a fresh process."""
    calls = f"for train in (True, False): mnist({str(root)!r}, train, download=False)"
    code = f"from course_lib import mnist\n{calls}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def test_one_line_for_each_source_in_a_process(root):
    (line,) = lines_printed(root)
    assert "1,797 handwritten digits" in line


def test_damaged_digits_are_written_anew(root, tmp_path):
    shutil.copytree(root, tmp_path / "copy")
    raw = tmp_path / "copy" / "digits" / "MNIST" / "raw"
    (raw / "train-images-idx3-ubyte").write_bytes(b"half a file")
    assert torch.equal(mnist(tmp_path / "copy", download=False).data, mnist(root, download=False).data)
    assert torch.equal(theirs(tmp_path / "copy").data, mnist(root, download=False).data)


def test_without_a_place_to_write_the_digits_are_still_there(tmp_path):
    (tmp_path / "digits").write_text("a file in the way")
    dataset = mnist(tmp_path, train=False, download=False)
    assert torch.equal(dataset.data, embedded_digits(False)[0])
    dataset.data.zero_()
    assert embedded_digits(False)[0].any()


def write_and_sum(root):
    dataset = mnist(root, download=False)
    return int(dataset.data.sum()), int(dataset.targets.sum())


@pytest.mark.slow
def test_several_processes_may_write_at_once(tmp_path):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        sums = pool.map(write_and_sum, [tmp_path] * 3, chunksize=1)
    assert len(set(sums)) == 1
    assert sorted(path.name[0] for path in (tmp_path / "digits" / "MNIST" / "raw").iterdir()) == list("tttt")


def test_the_default_is_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    mnist(download=False)
    assert (tmp_path / "digits" / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").is_file()


def test_trap_crashes_in_a_classroom_without_internet(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert mnist(tmp_path).source == "digits"


def test_a_folder_with_half_of_mnist_is_no_mnist(root, tmp_path):
    shutil.copytree(root / "digits" / "MNIST", tmp_path / "MNIST")
    assert mnist(tmp_path, download=False).source == "MNIST"
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    assert mnist(tmp_path, download=False).source == "digits"


def test_a_damaged_file_is_named(root, tmp_path):
    raw = shutil.copytree(root / "digits" / "MNIST" / "raw", tmp_path / "MNIST" / "raw")
    (raw / "train-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte"):
        mnist(tmp_path, download=False)
    shutil.copy(raw / "t10k-labels-idx1-ubyte", raw / "train-labels-idx1-ubyte")
    with pytest.raises(ValueError, match="n images"):
        mnist(tmp_path, download=False)


@pytest.mark.parametrize(
    "arguments",
    [{"root": 5}, {"train": 1}, {"transform": "x"}, {"batched": None}, {"download": "no"}],
)
def test_arguments_of_the_wrong_type(arguments, tmp_path):
    with pytest.raises(TypeError, match="got"):
        mnist(**{"root": tmp_path, **arguments})


def test_a_file_is_no_root(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        mnist(tmp_path / "file")


def test_a_batched_transform_must_keep_the_number(root):
    dataset = mnist(root, transform=lambda images: images[:1], batched=True, download=False)
    with pytest.raises(ValueError, match="one result for each value"):
        dataset.__getitems__([0, 1])


def test_pickle(root):
    dataset = mnist(root, transform=NORMALIZE, batched=True, download=False)
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[3][0], dataset[3][0])


def test_real_mnist(real_root):
    test = mnist(real_root, train=False)
    assert (test.source, len(test)) == ("MNIST", 10_000)
    assert test.targets[:5].tolist() == [7, 2, 1, 0, 4]
    assert len(mnist(real_root)) == 60_000
    (line,) = lines_printed(real_root)
    assert "using MNIST" in line

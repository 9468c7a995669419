"""Files that are loaded when they are asked for."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib import DataLoader, MemoryEfficientDataset, PackedStrings, RobustDataset

NAMES = ["b/2.npy", "a.npy", "b/10.NPY", "b/c/deep.npy", "z.npy"]


@pytest.fixture
def root(tmp_path):
    for number, name in enumerate(sorted(NAMES)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            np.save(file, np.full(3, number))
    (tmp_path / "notes.txt").write_text("no array")
    (tmp_path / ".hidden.npy").write_bytes(b"")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.npy").write_bytes(b"")
    return tmp_path


def test_trap_an_empty_stub(root):
    dataset = MemoryEfficientDataset(root, np.load, (".npy",))
    assert list(dataset.paths) == sorted(NAMES)
    assert [values.tolist() for values in dataset] == [[number] * 3 for number in range(5)]
    assert dataset[-1].tolist() == [4] * 3
    with pytest.raises(IndexError, match="5"):
        dataset[5]


def test_all_files_without_extensions(root):
    dataset = MemoryEfficientDataset(str(root), lambda path: Path(path).name)
    assert list(dataset) == ["a.npy", "10.NPY", "2.npy", "deep.npy", "notes.txt", "z.npy"]


def test_links_are_followed_unless_they_lead_back(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "x.npy").touch()
    try:
        (root / "b" / "back").symlink_to(root, target_is_directory=True)
        (root / "b" / "other").symlink_to(other, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")
    dataset = MemoryEfficientDataset(root, np.load, (".npy",))
    assert list(dataset.paths) == sorted([*NAMES, "b/other/x.npy"])


def test_nothing_is_loaded_before_it_is_asked_for(root):
    loaded = []
    dataset = MemoryEfficientDataset(root, loaded.append)
    assert loaded == []
    dataset[1]
    assert loaded == [str(root / "b" / "10.NPY")]


def test_runs_in_workers(root):
    loader = DataLoader(MemoryEfficientDataset(root, np.load, (".npy",)), batch_size=2, num_workers=2)
    assert torch.cat(list(loader))[:, 0].tolist() == list(range(5))


def test_the_index_is_light(tmp_path):
    for number in range(2000):
        (tmp_path / f"{number:06}.bin").touch()
    dataset = MemoryEfficientDataset(tmp_path, np.load)
    assert len(dataset) == 2000
    assert isinstance(dataset.paths, PackedStrings)
    assert len(pickle.dumps(dataset)) < 2000 * 30


def test_a_file_that_vanishes_between_index_and_read(root):
    dataset = MemoryEfficientDataset(root, np.load, (".npy",))
    (root / "a.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"has vanished since.*a\.npy"):
        dataset[0]
    assert len(RobustDataset(dataset).__getitems__([0, 1, 2])) == 2


def test_an_error_names_the_file(root):
    (root / "a.npy").write_bytes(b"")
    with pytest.raises(EOFError) as caught:
        MemoryEfficientDataset(root, np.load, (".npy",))[0]
    assert str(root / "a.npy") in caught.value.__notes__[0]


def test_a_folder_without_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no file at all"):
        MemoryEfficientDataset(tmp_path, np.load)
    with pytest.raises(FileNotFoundError, match=r"none is no folder"):
        MemoryEfficientDataset(tmp_path / "none", np.load)


@pytest.mark.parametrize("extensions", [".npy", (), ("",), (5,)])
def test_bad_extensions(root, extensions):
    with pytest.raises(TypeError, match="extensions got"):
        MemoryEfficientDataset(root, np.load, extensions)


@pytest.mark.parametrize("load", [None, "np.load"])
def test_bad_load(root, load):
    with pytest.raises(TypeError, match="load got"):
        MemoryEfficientDataset(root, load)

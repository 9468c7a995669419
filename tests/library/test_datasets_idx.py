"""The file format of MNIST."""

import gzip

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.datasets.mnist import read_image_file, read_label_file

from course_lib.datasets.idx import read_idx, write_idx


@given(st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_what_was_written_is_read(tmp_path_factory, shape):
    path = tmp_path_factory.mktemp("idx") / "file"
    values = torch.randint(256, shape, dtype=torch.uint8)
    write_idx(path, values)
    assert torch.equal(read_idx(path), values)
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert torch.equal(read_idx(packed), values)


def test_torchvision_reads_it(tmp_path):
    images, labels = torch.randint(256, (3, 28, 28), dtype=torch.uint8), torch.tensor([3, 1, 2]).byte()
    write_idx(tmp_path / "images", images)
    write_idx(tmp_path / "labels", labels)
    assert torch.equal(read_image_file(str(tmp_path / "images")), images)
    assert torch.equal(read_label_file(str(tmp_path / "labels")), labels.long())


def test_only_the_finished_file_is_there(tmp_path):
    write_idx(tmp_path / "new" / "file", torch.zeros(3, dtype=torch.uint8))
    write_idx(tmp_path / "new" / "file", torch.ones(3, dtype=torch.uint8))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]
    assert read_idx(tmp_path / "new" / "file").tolist() == [1, 1, 1]


def test_damaged_files_are_named(tmp_path):
    good = tmp_path / "good"
    write_idx(good, torch.zeros(4, 2, dtype=torch.uint8))
    content = good.read_bytes()
    packed = gzip.compress(content)
    damaged = {
        "empty": b"",
        "short": content[:-1],
        "long": content + b"x",
        "header": content[:6],
        "floats": content[:2] + b"\x0d" + content[3:],
        "text": b"<html>not found</html>",
        "packed.gz": content,
        "half.gz": packed[:-9],
        "broken.gz": packed[:12] + b"\xff\xff" + packed[14:],
    }
    for name, wrong in damaged.items():
        (tmp_path / name).write_bytes(wrong)
        with pytest.raises(ValueError, match=name):
            read_idx(tmp_path / name)


def test_only_bytes_are_written(tmp_path):
    with pytest.raises(TypeError, match="uint8"):
        write_idx(tmp_path / "file", torch.zeros(3))

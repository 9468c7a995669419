"""Batches of images and what is known about them."""

import pickle

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import DataLoader, ListDataset, default_collate, image_metadata_collate

known = st.dictionaries(st.sampled_from("abcdef"), st.integers(-9, 9) | st.text(max_size=3) | st.none())


def image(value=0.0, size=4):
    return torch.full((3, size, size), value)


def metadata_of(*metadata):
    return image_metadata_collate([(image(), one) for one in metadata])[1]


@given(st.lists(known, min_size=1, max_size=6))
def test_every_value_is_found_again_under_its_key_and_place(metadata):
    images, gathered = image_metadata_collate([(image(place), one) for place, one in enumerate(metadata)])
    assert torch.equal(images, torch.stack([image(place) for place in range(len(metadata))]))
    assert set(gathered) == {key for one in metadata for key in one}
    for key, values in gathered.items():
        values = values.tolist() if isinstance(values, torch.Tensor) else values
        assert values == [one.get(key) for one in metadata]


def test_trap_key_error_on_the_second_sample():
    assert metadata_of({"date": "1998", "angle": 3}, {"angle": 4}) == {
        "date": ["1998", None],
        "angle": pytest.approx([3, 4]),
    }


def test_trap_loses_keys_the_first_sample_lacks():
    assert metadata_of({}, {"angle": 4}, {"angle": 5}) == {"angle": [None, 4, 5]}


def test_trap_mixed_image_sizes_name_the_sample_and_both_shapes():
    batch = [(image(), {}), (image(), {}), (image(size=5), {"path": "scan_7.png"})]
    with pytest.raises(
        ValueError,
        match=r"sample 2 of a batch is \(3, 5, 5\) of .*sample 0 is \(3, 4, 4\) of .*'path': 'scan_7.png'",
    ):
        image_metadata_collate(batch)


def test_images_of_another_type_are_not_converted_in_silence():
    with pytest.raises(ValueError, match=r"torch\.uint8, that of sample 0 is .*torch\.float32"):
        image_metadata_collate([(image(), {}), (image().to(torch.uint8), {})])


def test_values_are_collated_as_by_default_where_they_can():
    metadata = [
        {
            "flip": True,
            "size": 3,
            "scale": 0.5,
            "area": np.float32(1),
            "mean": np.ones(2),
            "box": torch.ones(4),
        },
        {
            "flip": False,
            "size": 4,
            "scale": 1.5,
            "area": np.float32(2),
            "mean": np.ones(2),
            "box": torch.ones(4),
        },
    ]
    gathered = metadata_of(*metadata)
    for key, expected in default_collate(metadata).items():
        assert gathered[key].dtype == expected.dtype
        assert torch.equal(gathered[key], expected)


def test_what_cannot_be_stacked_stays_a_list():
    boxes = [torch.ones(2, 4), torch.ones(1, 4)]
    gathered = metadata_of(
        {"boxes": boxes[0], "words": np.array(["a"]), "kind": "x", "more": {"deep": 1}, "mixed": 1},
        {"boxes": boxes[1], "words": np.array(["b"]), "kind": "y", "more": {}, "mixed": "one"},
    )
    assert [len(part) for part in gathered.pop("boxes")] == [2, 1]
    assert [part.tolist() for part in gathered.pop("words")] == [["a"], ["b"]]
    assert gathered == {"kind": ["x", "y"], "more": [{"deep": 1}, {}], "mixed": [1, "one"]}


def test_the_keys_come_in_the_order_in_which_they_come_up():
    assert list(metadata_of({"b": 1, "a": 2}, {"z": 3, "a": 1, "c": 2})) == ["b", "a", "z", "c"]


def test_arrays_are_images_too():
    images, _ = image_metadata_collate([(np.zeros((2, 3), np.uint8), {})] * 2)
    assert images.dtype == torch.uint8
    assert images.shape == (2, 2, 3)


def test_an_empty_batch():
    with pytest.raises(ValueError, match="image_metadata_collate got an empty batch"):
        image_metadata_collate([])


@pytest.mark.parametrize(
    ("sample", "seen"),
    [
        (torch.ones(3), r"\(Tensor\)"),
        ((torch.ones(3), 5), r"\(Tensor, int\)"),
        (({}, torch.ones(3)), r"\(dict, Tensor\)"),
        ((torch.ones(3), {}, {}), r"\(tuple\)"),
        (("picture", {}), r"\(str, dict\)"),
    ],
)
def test_samples_of_another_kind(sample, seen):
    for batch in ([sample], [(torch.ones(3), {}), sample]):
        with pytest.raises(TypeError, match=f"Sample {len(batch) - 1} of a batch is no pair .* but {seen}"):
            image_metadata_collate(batch)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    data = ListDataset([(image(place), {"place": place, f"only {place}": "x"}) for place in range(3)])
    batches = list(loader(data, batch_size=2, num_workers=workers, collate_fn=image_metadata_collate))
    assert [tuple(images.shape) for images, _ in batches] == [(2, 3, 4, 4), (1, 3, 4, 4)]
    assert batches[0][1]["place"].tolist() == [0, 1]
    assert batches[0][1]["only 1"] == [None, "x"]


def test_can_be_pickled():
    assert pickle.loads(pickle.dumps(image_metadata_collate)) is image_metadata_collate

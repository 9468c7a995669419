"""Torch's default device is for models: orders are drawn, and batches are gathered, where the data is.

"meta" stands for any device that is not the CPU. What comes to lie there has no numbers: comparing it fails.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

import course_lib
from course_lib import DataLoader, Subset, SyntheticImages, TensorDataset, random_split, stratified_split
from course_lib.samplers.draws import integers, new_seed, permutation, uniforms

LABELS = [0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 2, 2]
SAMPLERS = {
    "random": lambda: course_lib.RandomSampler(LABELS),
    "replacement": lambda: course_lib.RandomSampler(LABELS, replacement=True, num_samples=40),
    "some more": lambda: course_lib.RandomSampler(LABELS, num_samples=17),
    "sequential": lambda: course_lib.SequentialSampler(LABELS),
    "subset": lambda: course_lib.SubsetRandomSampler([3, 1, 4]),
    "weighted": lambda: course_lib.WeightedRandomSampler([1, 2, 3.5], 20),
    "weighted once": lambda: course_lib.WeightedRandomSampler([1, 2, 3.5], 2, replacement=False),
    "balanced": lambda: course_lib.BalancedBatchSampler(LABELS, 2),
    "stratified": lambda: course_lib.StratifiedSampler(LABELS, 4),
    "buckets": lambda: course_lib.BucketBatchSampler(LABELS, 2),
    "tokens": lambda: course_lib.DynamicBatchSampler([1 + label for label in LABELS], 1, 4, 6),
    "priorities": lambda: course_lib.PrioritySampler([1 + label for label in LABELS]),
    "distributed": lambda: course_lib.DistributedSampler(LABELS, 2, 1),
    "ranks by cost": lambda: course_lib.LoadBalancedDistributedSampler(LABELS, range(12), 2, 1),
    "in order": lambda: course_lib.DistributedSampler(LABELS, 2, 1, shuffle=False),
    "batches": lambda: course_lib.BatchSampler(course_lib.RandomSampler(LABELS), 5, False),
}


def drawn(sampler):
    torch.manual_seed(3)
    return [list(sampler()) for _ in range(2)]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_gives_the_same_order(name):
    expected = drawn(SAMPLERS[name])
    with torch.device("meta"):
        assert drawn(SAMPLERS[name]) == expected


def batches(**options):
    torch.manual_seed(5)
    images = torch.from_numpy(torch.arange(400.0, device="cpu").numpy()).view(100, 4)
    dataset = TensorDataset(images, images[:, 0])
    loader = DataLoader(dataset, **{"batch_size": 1 if "batch_sampler" in options else 8} | options)
    return [batch for _ in range(2) for batch in loader]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("generator", [None, 7])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_loader_gives_the_same_batches(shuffle, generator, workers):
    def run():
        own = None if generator is None else torch.Generator().manual_seed(generator)
        return batches(shuffle=shuffle, generator=own, num_workers=workers, persistent_workers=workers > 0)

    expected = run()
    with torch.device("meta"):
        found = run()
    assert len(found) == len(expected) == 26
    assert all(torch.equal(*pair) for one, other in zip(found, expected) for pair in zip(one, other))


def test_lists_of_indices_too():
    order = [[5, 3], [0, 99, 2]]
    expected = batches(batch_sampler=order)
    with torch.device("meta"):
        found = batches(batch_sampler=order)
    assert len(found) == len(expected) == 4
    assert all(torch.equal(*pair) for one, other in zip(found, expected) for pair in zip(one, other))


class Squares:
    """Samples that torch's functions make where the default device is."""

    def __len__(self):
        return 20

    def __getitem__(self, index):
        return torch.full((3,), float(index) ** 2), index


@pytest.mark.parametrize("method", torch.multiprocessing.get_all_start_methods())
def test_workers_make_batches_on_the_cpu(method):
    program = f"""
    import torch
    from course_lib import DataLoader
    from tests.library.test_default_device import Squares

    if __name__ == "__main__":
        torch.set_default_device("meta")
        loader = DataLoader(Squares(), 4, shuffle=True, num_workers=2, multiprocessing_context={method!r})
        seen = []
        for squares, numbers in loader:
            assert squares.is_cpu and numbers.is_cpu
            assert squares.tolist() == [[number**2] * 3 for number in numbers.tolist()]
            seen += numbers.tolist()
        assert sorted(seen) == list(range(20)) != seen
        print("all came")
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    root = Path(__file__).parents[2]  # from where `tests` is found
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=root)
    assert done.stdout == "all came\n", done.stderr


def test_without_workers_a_dataset_makes_its_samples_where_it_is_told_to():
    with torch.device("meta"):
        squares, _ = next(iter(DataLoader(Squares(), 4)))
    assert squares.is_meta


def test_a_pass_goes_on_where_it_was():
    def run():
        torch.manual_seed(11)
        data = TensorDataset(torch.from_numpy(torch.arange(50, device="cpu").numpy()))
        loader = DataLoader(data, 8, shuffle=True)
        steps = iter(loader)
        first = [next(steps)[0].tolist() for _ in range(3)]
        state = loader.state_dict()
        other = DataLoader(data, 8, shuffle=True)
        other.load_state_dict(state)
        return first, [batch.tolist() for (batch,) in other], [batch.tolist() for (batch,) in steps]

    with torch.device("meta"):
        first, resumed, rest = run()
    assert resumed == rest
    assert (first, resumed, rest) == run()


def test_streams_texts_and_sequences_are_the_same():
    def run():
        torch.manual_seed(8)
        stream = course_lib.StreamingDataset(range(40), shuffle=True, buffer_size=10)
        words = [
            change("one two three four five six")
            for change in (course_lib.random_swap, course_lib.random_deletion)
        ]
        sequences = [torch.from_numpy(np.arange(length)) for length in range(3, 60)]
        packed = course_lib.PackedSequences(sequences)
        batches = DataLoader(packed, 8, shuffle=True, collate_fn=course_lib.pad_sequence_collate)
        return list(stream), words, [len(sample) for sample in packed], [str(batch) for batch in batches]

    expected = run()
    with torch.device("meta"):
        assert run() == expected


def test_pictures_are_the_same():
    transform = course_lib.BatchedImageTransform(8)
    pictures = [course_lib.SyntheticImages(2, size=16, channels=3)[1][0]]
    with torch.device("meta"):
        again = course_lib.BatchedImageTransform(8)(pictures)
    assert torch.equal(again, transform(pictures))


def test_splits_and_made_pictures_are_the_same():
    def run():
        torch.manual_seed(2)
        parts = [*random_split(LABELS, [7, 5]), *stratified_split(LABELS, LABELS, [0.5, 0.5])]
        dataset = SyntheticImages(6)
        noise = SyntheticImages(6, mode="noise")
        return [list(part.indices) for part in parts], [dataset[1][0], noise[2][0], dataset.targets]

    indices, tensors = run()
    with torch.device("meta"):
        again, others = run()
    assert again == indices
    assert len(tensors) == len(others) == 3
    assert all(torch.equal(*pair) for pair in zip(tensors, others))


def test_what_is_drawn_is_what_torch_draws():
    def generator():
        return torch.Generator().manual_seed(1)

    assert torch.equal(permutation(100, generator()), torch.randperm(100, generator=generator()))
    assert torch.equal(integers(9, (4, 5), generator()), torch.randint(9, (4, 5), generator=generator()))
    assert torch.equal(uniforms(50, generator()), torch.rand(50, generator=generator()))
    doubles = uniforms(50, generator(), torch.float64)
    assert torch.equal(doubles, torch.rand(50, generator=generator(), dtype=torch.float64))
    word = torch.empty((), dtype=torch.int64).random_(generator=generator())
    assert new_seed(generator()) == int(word)


def test_a_subset_of_a_dataset_elsewhere_stays_there():
    data = TensorDataset(torch.empty(10, 2, device="meta"))
    (batch,) = next(iter(DataLoader(Subset(data, [1, 2, 3]), 2)))
    assert batch.is_meta
    assert batch.shape == (2, 2)

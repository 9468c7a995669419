"""A curriculum: easy samples first, everything in the end, and every epoch ends."""

import gc
import os
import pickle
import sys
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import (
    CurriculumDataLoader,
    DataLoader,
    IterableDataset,
    ListDataset,
    SubsetRandomSampler,
    TensorDataset,
    get_worker_info,
    plot_curriculum,
    trace,
)

WORKERS = [
    {},
    {"num_workers": 2},
    {"num_workers": 2, "persistent_workers": True},
    {"num_workers": 2, "worker_type": "thread"},
    pytest.param(
        {"num_workers": 2, "multiprocessing_context": "spawn", "persistent_workers": True},
        marks=pytest.mark.slow,
    ),
]
finite = st.floats(-1e300, 1e300)


class Numbers(ListDataset):
    """The numbers from 0 up; counts how often each was read in this process."""

    def __init__(self, size):
        super().__init__(list(range(size)))
        self.reads = 0

    def __getitem__(self, index):
        self.reads += 1
        return super().__getitem__(index)


def itself(sample):
    return float(sample)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def epoch_of(loader):
    return [sample for batch in loader for sample in batch.tolist()]


@pytest.mark.parametrize("workers", WORKERS, ids=str)
def test_each_epoch_is_one_pass_over_what_is_unlocked_and_everything_comes_in_the_end(workers):
    loader = CurriculumDataLoader(Numbers(101), itself, 0.1, 0.3, batch_size=8, generator=seeded(), **workers)
    epochs = []
    for number in range(6):
        assert loader.epoch == number
        expected_batches = len(loader)
        batches = list(loader)
        assert len(batches) == expected_batches
        epochs.append([sample for batch in batches for sample in batch.tolist()])
    assert [sorted(epoch) for epoch in epochs] == [list(range(size)) for size in (11, 41, 71, 101, 101, 101)]
    assert epochs[3] != epochs[4], "every epoch has its own order"
    assert [record.samples for record in loader.history] == [11, 41, 71, 101, 101, 101]
    assert [record.hardest for record in loader.history] == [10, 40, 70, 100, 100, 100]
    assert loader.history[1].difficulty == pytest.approx(0.4)


def test_the_lectures_mistake_never_ends():
    loader = CurriculumDataLoader(ListDataset([1, 2, 3]), itself, 1.0)
    batches = iter(loader)
    next(batches)
    for _ in range(3):
        with pytest.raises(StopIteration):
            next(batches)


@pytest.mark.parametrize("normalize", ["rank", "range"])
@pytest.mark.parametrize("offset", [5.0, -1e6, 1e300])
def test_the_lectures_mistake_scores_above_1_never_unlock(normalize, offset):
    scores = [offset * (1 + place / 10) for place in range(40)]
    loader = CurriculumDataLoader(ListDataset(list(range(40))), scores, 0.1, 0.3, 1, normalize=normalize)
    epochs = [sorted(epoch_of(loader)) for _ in range(4)]
    assert list(map(len, epochs)) == [4, 16, 28, 40]


@pytest.mark.parametrize("normalize", ["rank", "range"])
def test_the_lectures_mistake_an_empty_start_ends_the_course_at_once(normalize):
    loader = CurriculumDataLoader(ListDataset([5, 6, 7, 100]), itself, 0.0, 0.5, 1, normalize=normalize)
    assert epoch_of(loader) == [5]
    outliers = CurriculumDataLoader(
        ListDataset([-1000, 1, 2, 3, 4, 5, 6]), itself, 0.0, 0.0, 3, normalize=normalize, drop_last=True
    )
    for _ in range(3):
        assert len(outliers) == 1
        assert sorted(epoch_of(outliers)) == [-1000, 1, 2], "at least one whole batch"


@given(
    st.lists(finite | st.integers(-3, 3).map(float), min_size=1, max_size=60),
    st.floats(0, 1),
    st.floats(0.05, 1),
    st.sampled_from(["rank", "range"]),
    st.integers(1, 10),
)
@settings(deadline=None, max_examples=60)
def test_laws_of_what_is_unlocked(scores, initial, rate, normalize, batch_size):
    data = ListDataset(list(range(len(scores))))
    loader = CurriculumDataLoader(data, scores, initial, rate, batch_size, normalize=normalize)
    assert loader.levels.min() == 0
    assert ((loader.levels >= 0) & (loader.levels <= 1)).all()
    before = set()
    for epoch in range(21):
        loader.set_epoch(epoch)
        visited = epoch_of(loader)
        unlocked = set(visited)
        assert len(visited) == len(unlocked)
        assert len(unlocked) >= min(batch_size, len(scores))
        assert before <= unlocked, "what was unlocked stays so"
        hardest = max(scores[index] for index in unlocked)
        assert all(scores[index] > hardest for index in set(range(len(scores))) - unlocked), (
            "no easier one waits"
        )
        before = unlocked
        if normalize == "rank":
            assert len(unlocked) >= int(loader.difficulty * (len(scores) - 1))
    assert len(before) == len(scores), "everything in the end"


def test_equal_scores_are_unlocked_together_and_nothing_is_learnt_from_their_place():
    classes = [2, 0, 1, 0, 1, 2, 0, 1, 0, 1]
    loader = CurriculumDataLoader(ListDataset(list(range(10))), classes, 0.0, 0.3, 1, shuffle=False)
    assert [epoch_of(loader) for _ in range(4)] == [
        [1, 3, 6, 8],
        [1, 3, 6, 8],
        [1, 2, 3, 4, 6, 7, 8, 9],
        list(range(10)),
    ]


def test_rounding_of_the_level_locks_nothing_out():
    loader = CurriculumDataLoader(ListDataset(list(range(11))), itself, 0.0, 0.1, 1, shuffle=False)
    assert [len(epoch_of(loader)) for _ in range(12)] == [*range(1, 12), 11]


def test_range_follows_the_scores_and_rank_their_order():
    scores = [0, 1, 2, 3, 100]
    by_rank, by_range = (
        CurriculumDataLoader(ListDataset(list(range(5))), scores, 0.5, 0, 1, normalize=kind)
        for kind in ("rank", "range")
    )
    assert (len(by_rank), len(by_range)) == (3, 4)
    equal = CurriculumDataLoader(ListDataset([1, 1, 1]), itself, 0.0, normalize="range")
    assert len(epoch_of(equal)) == 3


@pytest.mark.parametrize("workers", WORKERS, ids=str)
def test_difficulty_is_computed_once_for_each_sample_and_in_the_workers(workers, tmp_path):
    def difficulty(sample):
        worker = get_worker_info()
        with (tmp_path / f"{'main' if worker is None else worker.id}").open("a") as file:
            file.write(f"{sample}\n")
        return -sample

    loader = CurriculumDataLoader(ListDataset(list(range(300))), difficulty, 1.0, **workers)
    for _ in range(2):
        assert sorted(epoch_of(loader)) == list(range(300))
    asked = {path.name: path.read_text().split() for path in tmp_path.iterdir()}
    assert sorted(asked) == (["0", "1"] if workers else ["main"])
    assert sorted(int(sample) for samples in asked.values() for sample in samples) == list(range(300))
    assert loader.scores.tolist() == [-sample for sample in range(300)]


def test_computing_difficulties_moves_no_generator():
    def first(loader_type, *arguments):
        torch.manual_seed(3)
        generator = seeded(7)
        loader = loader_type(ListDataset(list(range(30))), *arguments, generator=generator)
        if loader_type is DataLoader:
            loader.sampler.generator = generator
        return epoch_of(loader), torch.rand(1).item(), generator.get_state().tolist()

    plain = first(DataLoader, 4, None, SubsetRandomSampler(range(30)))
    assert first(CurriculumDataLoader, itself, 1.0, 0.0, 4) == plain


def test_a_pass_that_is_left_does_not_count_and_one_that_ends_does():
    loader = CurriculumDataLoader(Numbers(100), itself, 0.1, 0.1, 2)
    for _ in range(3):
        next(iter(loader))
    assert (loader.epoch, len(loader)) == (0, 5)
    list(loader)
    assert (loader.epoch, len(loader), loader.difficulty) == (1, 10, 0.2)
    assert loader.epoch == 1, "asking changes nothing"


def test_who_sets_the_epoch_decides_alone():
    loader = CurriculumDataLoader(Numbers(100), itself, 0.1, 0.1, 2)
    loader.set_epoch(4)
    for _ in range(2):
        assert len(epoch_of(loader)) == 50
    loader.set_epoch(0)
    assert len(epoch_of(loader)) == 10
    assert [record.epoch for record in loader.history] == [4, 4, 0]
    for bad in (-1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="counted from 0"):
            loader.set_epoch(bad)


@pytest.mark.parametrize("workers", WORKERS[:4], ids=str)
def test_a_pass_goes_on_where_its_state_was_saved(workers):
    def make():
        return CurriculumDataLoader(Numbers(60), itself, 0.2, 0.2, 3, generator=seeded(1), **workers)

    loader = make()
    list(loader)
    batches = iter(loader)
    before = [next(batches).tolist() for _ in range(2)]
    state = pickle.loads(pickle.dumps(loader.state_dict()))
    rest = [batch.tolist() for batch in batches]
    again = make()
    again.load_state_dict(state)
    assert [batch.tolist() for batch in again] == rest
    assert sum(map(len, before + rest)) == 24
    assert again.epoch == 2
    between = loader.state_dict()
    expected = epoch_of(loader)
    later = make()
    later.load_state_dict(between)
    assert epoch_of(later) == expected
    assert len(expected) == 36


def test_the_cache_spares_the_computing(tmp_path):
    path, data = tmp_path / "difficulty.npy", Numbers(1000)
    first = CurriculumDataLoader(data, itself, cache=path)
    assert data.reads == 1000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = CurriculumDataLoader(data, itself, cache=str(path))
    assert data.reads <= 1000 + 32, "some samples only, to see whether it is still true"
    assert np.array_equal(first.scores, second.scores)
    assert np.array_equal(np.load(path, allow_pickle=False), first.scores), "a plain file"
    assert [file.name for file in tmp_path.iterdir()] == ["difficulty.npy"]


@pytest.mark.parametrize(
    ("data", "function"),
    [(Numbers(1000), lambda sample: -sample), (Numbers(999), itself), (ListDataset([7] * 1000), itself)],
)
def test_a_cache_of_something_else_is_computed_anew(tmp_path, data, function):
    path = tmp_path / "difficulty.npy"
    CurriculumDataLoader(Numbers(1000), itself, cache=path)
    with pytest.warns(UserWarning, match="computed anew"):
        loader = CurriculumDataLoader(data, function, cache=path)
    assert loader.scores.tolist() == [function(data[index]) for index in range(len(data))]
    assert np.load(path).tolist() == loader.scores.tolist()


class Explosive:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_a_file_of_another_kind_is_neither_unpickled_nor_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CurriculumDataLoader(Numbers(10), itself, cache="good.npy")
    good = Path("good.npy").read_bytes()
    np.save("array.npy", np.arange(10.0))
    np.save("objects.npy", np.array([Explosive()], dtype=object), allow_pickle=True)
    np.savez("many.npz", np.arange(10.0))
    contents = {
        "pickle": pickle.dumps(Explosive()),
        "empty": b"",
        "text": b"difficulties",
        "cut": good[:-1],
        "changed": good.replace(np.float64(7).tobytes(), np.float64(8).tobytes()),
        **{name: Path(name).read_bytes() for name in ("array.npy", "objects.npy", "many.npz")},
    }
    for name, content in contents.items():
        Path(name).write_bytes(content)
        with pytest.raises(ValueError, match="It is left as it is: delete it"):
            CurriculumDataLoader(Numbers(10), itself, cache=name)
        assert Path(name).read_bytes() == content
    assert not Path("exploded").exists()


def test_a_cache_without_a_folder_is_an_error_that_names_it_before_anything_is_computed(tmp_path):
    data = Numbers(10)
    with pytest.raises(FileNotFoundError, match=r"nowhere.*Make the folder"):
        CurriculumDataLoader(data, itself, cache=tmp_path / "nowhere" / "difficulty.npy")
    assert data.reads == 0


def test_difficulties_are_not_lost_where_the_cache_cannot_be_written(tmp_path, monkeypatch):
    def refuse(draft, path):
        raise PermissionError(13, "Permission denied", str(draft))

    monkeypatch.setattr(os, "replace", refuse)
    path = tmp_path / "difficulty.npy"
    with pytest.warns(UserWarning, match=r"Permission denied: .*difficulty\.npy'.*another path") as told:
        loader = CurriculumDataLoader(Numbers(100), itself, initial_difficulty=1.0, cache=path)
    assert told[0].filename == __file__
    assert loader.scores.tolist() == list(range(100))
    assert sorted(torch.cat(list(loader)).tolist()) == list(range(100))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_read_only_folder_costs_no_difficulties(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o555)
    try:
        (folder / "file").touch()
    except PermissionError:
        pass
    else:
        pytest.skip("this user may write anywhere")
    with pytest.warns(UserWarning, match=r"Permission denied: .*difficulty\.npy'"):
        loader = CurriculumDataLoader(Numbers(100), itself, cache=folder / "difficulty.npy")
    assert loader.scores.tolist() == list(range(100))
    assert not list(folder.iterdir())


@pytest.mark.parametrize("workers", WORKERS[:2], ids=str)
def test_nan_is_refused_with_the_index_of_the_sample(workers):
    with pytest.raises(ValueError, match=r"difficulty of sample 70 is NaN \(2 of 100 are\)"):
        CurriculumDataLoader(
            ListDataset(list(range(100))), lambda s: float("nan") if s in (70, 80) else s, **workers
        )


@pytest.mark.parametrize("workers", WORKERS[:2], ids=str)
@pytest.mark.parametrize("value", ["3", None, torch.zeros(2), [1.0]])
def test_a_difficulty_that_is_no_number_is_refused_with_the_index(workers, value):
    with pytest.raises(TypeError, match=r"for sample 3\. A difficulty is one number"):
        CurriculumDataLoader(ListDataset(list(range(9))), lambda s: value if s == 3 else s, **workers)


def test_any_kind_of_number_will_do():
    values = [
        True,
        2,
        2.5,
        torch.tensor(3.0, requires_grad=True),
        torch.tensor([4]),
        np.float32(5),
        np.int64(6),
    ]
    loader = CurriculumDataLoader(ListDataset(list(range(7))), lambda sample: values[sample])
    assert loader.scores.tolist() == [1, 2, 2.5, 3, 4, 5, 6]
    for numbers in ([3, 1, 2], np.array([3, 1, 2]), torch.tensor([3.0, 1, 2], requires_grad=True)):
        assert CurriculumDataLoader(ListDataset("abc"), numbers).scores.tolist() == [3, 1, 2]


def test_infinite_difficulties_have_a_rank_and_no_place_in_a_range():
    scores = [0.0, float("inf"), float("-inf"), 1.0]
    loader = CurriculumDataLoader(ListDataset(list(range(4))), scores, 0.0, 1 / 3, 1)
    assert [sorted(epoch_of(loader)) for _ in range(4)] == [[2], [0, 2], [0, 2, 3], [0, 1, 2, 3]]
    with pytest.raises(ValueError, match="sample 1 is inf"):
        CurriculumDataLoader(ListDataset(list(range(4))), scores, normalize="range")


class Stream(IterableDataset):
    def __iter__(self):
        return iter([1, 2])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"initial_difficulty": 1.5}, ValueError, "initial_difficulty is 1.5"),
        ({"initial_difficulty": float("nan")}, ValueError, "initial_difficulty is nan"),
        ({"initial_difficulty": "easy"}, ValueError, "initial_difficulty is 'easy'"),
        ({"difficulty_increase_rate": -0.1}, ValueError, "difficulty_increase_rate is -0.1"),
        ({"difficulty_increase_rate": float("inf")}, ValueError, "difficulty_increase_rate is inf"),
        ({"normalize": "zscore"}, ValueError, "'rank' or by 'range'"),
        ({"sampler": [0]}, TypeError, "which samples an epoch visits"),
        ({"batch_sampler": [[0]]}, TypeError, "give batch_size"),
        ({"batchsize": 3}, TypeError, "has an argument of that name"),
        ({"batch_size": 0}, ValueError, "positive integer"),
        ({"difficulty_fn": 3}, ValueError, "one for each sample"),
        ({"difficulty_fn": [1, 2]}, ValueError, "3 samples"),
        ({"difficulty_fn": ["a", "b", "c"]}, TypeError, "neither a function nor"),
        ({"difficulty_fn": [1, float("nan"), 2]}, ValueError, "sample 1 is NaN"),
        ({"difficulty_fn": [1, 2, 3], "cache": "x.npy"}, ValueError, "Leave cache out"),
        ({"dataset": Stream()}, TypeError, "an order of its own"),
        ({"dataset": ListDataset([])}, ValueError, "0 samples"),
    ],
)
def test_mistakes_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        CurriculumDataLoader(**{"dataset": ListDataset([1, 2, 3]), "difficulty_fn": itself, **arguments})


def test_a_wrong_argument_is_told_before_anything_is_computed():
    data = Numbers(10)
    with pytest.raises(ValueError, match="num_workers"):
        CurriculumDataLoader(data, itself, num_workers=-1)
    assert data.reads == 0


def test_an_error_of_the_function_names_the_sample():
    def broken(sample):
        return 1 / (sample - 4)

    with pytest.raises(ZeroDivisionError) as caught:
        CurriculumDataLoader(ListDataset(list(range(9))), broken)
    assert "sample 4" in "".join(caught.value.__notes__)


def test_samples_can_pass_one_by_one_and_batches_may_be_collated_by_a_function():
    singles = CurriculumDataLoader(ListDataset([3, 1, 2]), itself, 0.0, 0.5, None, shuffle=False)
    assert [list(singles) for _ in range(3)] == [[1], [1, 2], [3, 1, 2]]
    named = CurriculumDataLoader(ListDataset([3, 1, 2]), itself, 1.0, collate_fn=sorted)
    assert list(named) == [[1, 2, 3]]


def test_rows_of_tensors_come_by_whole_batches():
    data = TensorDataset(torch.arange(50.0))
    loader = CurriculumDataLoader(data, lambda sample: sample[0], 0.5, 0.5, 10, generator=seeded())
    (half,) = [torch.cat([batch[0] for batch in loader]).tolist()]
    assert sorted(half) == list(range(25))


def test_it_is_a_loader_that_can_be_traced_pickled_and_collected():
    loader = CurriculumDataLoader(
        Numbers(40), lambda sample: sample, 1.0, batch_size=4, num_workers=1, persistent_workers=True
    )
    assert isinstance(loader, DataLoader)
    traced = trace(loader)
    assert sum(map(len, traced)) == 40
    assert len(traced.timeline.batches) == 10
    fresh = CurriculumDataLoader(Numbers(40), lambda sample: sample, 0.5, 0.5, 4)
    list(fresh)
    copy = pickle.loads(pickle.dumps(fresh))
    assert (copy.epoch, len(epoch_of(copy))) == (1, 40)
    pool = weakref.ref(loader._iterator._pool)
    gc.disable()
    try:
        del loader, traced
        assert pool() is None, "no cycle keeps the workers alive"
    finally:
        gc.enable()


def test_the_figure_shows_levels_samples_and_scores():
    loader = CurriculumDataLoader(Numbers(100), itself, 0.1, 0.2, 4)
    for _ in range(6):
        list(loader)
    figure = plot_curriculum(loader.history, loader.scores)
    assert len(figure.axes) == 2
    assert [bar.get_height() for bar in figure.axes[0].patches] == [r.samples / 100 for r in loader.history]
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert len(plot_curriculum([{"epoch": 0, "difficulty": 0.1, "samples": 1, "total": 10}]).axes) == 1
    assert plot_curriculum(loader.history, [1.0, float("inf")])._repr_png_()
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_curriculum([])
    with pytest.raises(ValueError, match="have no hardest"):
        plot_curriculum([{"epoch": 0, "difficulty": 0.1, "samples": 1, "total": 10}], [1.0])

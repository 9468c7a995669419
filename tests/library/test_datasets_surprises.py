"""What people do with datasets and samplers that their makers did not think of: no sample may be wrong."""

import copy
import gc
import pickle
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from PIL import Image

from course_lib import (
    AutoOptimizedDataset,
    BucketBatchSampler,
    ChainDataset,
    CloudStorageDataset,
    CustomImageDataset,
    DatabaseDataset,
    DataLoader,
    Dataset,
    MemoryMappedDataset,
    PackedSequences,
    PrioritySampler,
    RandomSampler,
    RobustDataset,
    StreamingDataset,
    Subset,
    TensorDataset,
    TimeSeriesDataset,
    TransformDataset,
    WeightedRandomSampler,
    pad_sequence_collate,
)


class Numbers(Dataset[torch.Tensor]):
    """Sample i is the number i."""

    def __init__(self, size: int = 10, seconds: float = 0.0) -> None:
        self.size, self.seconds = size, seconds

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(self.seconds)
        return torch.tensor(float(index))


def rest_of(loader: Any) -> list[int]:
    return torch.cat(list(loader)).tolist()


# ------------------------------------------------------------------------------------ classes of one's own


def of_pictures(folder: Path) -> tuple[type, tuple[Any, ...]]:
    Image.new("RGB", (2, 2)).save(folder / "1.png")
    return CustomImageDataset, (folder,)


def of_a_database(folder: Path) -> tuple[type, tuple[Any, ...]]:
    DatabaseDataset.create(folder / "samples.db", [(1.0, 2)])
    return DatabaseDataset, (folder / "samples.db",)


def of_a_store(folder: Path) -> tuple[type, tuple[Any, ...]]:
    (folder / "1.txt").write_text("a text")
    return CloudStorageDataset, ([str(folder / "1.txt")], folder / "cache")


def of_a_cache(folder: Path) -> tuple[type, tuple[Any, ...]]:
    return AutoOptimizedDataset, (Numbers(),)


def robust(folder: Path) -> tuple[type, tuple[Any, ...]]:
    return RobustDataset, (Numbers(),)


@pytest.mark.parametrize("make", [of_pictures, of_a_database, of_a_store, of_a_cache, robust])
def test_a_subclass_builds_on_the_sample_of_its_base(make: Callable[[Path], Any], tmp_path: Path) -> None:
    base, arguments = make(tmp_path)

    class Labelled(base):  # type: ignore[misc]
        def __getitem__(self, index: int) -> Any:
            return super().__getitem__(index), 7

    class OneByOne(base):  # type: ignore[misc]
        def __getitems__(self, indices: Any) -> Any:
            return [self[index] for index in indices]

    assert Labelled(*arguments)[0][1] == 7
    assert OneByOne(*arguments).__getitems__([0]) is not None
    loader: Any = DataLoader(Labelled(*arguments), batch_size=1, sampler=[0], collate_fn=list)
    assert next(iter(loader))[0][1] == 7


def test_a_random_sampler_builds_on_the_order_of_its_base() -> None:
    class Backwards(RandomSampler):
        def __iter__(self) -> Iterator[int]:
            return iter(list(super().__iter__())[::-1])

    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(3)

    found = rest_of(DataLoader(range(10), sampler=Backwards(range(10), generator=generator())))
    assert found == list(torch_data.RandomSampler(range(10), generator=generator()))[::-1]


# --------------------------------------------------------------------------------------------- memory


def test_packed_sequences_may_be_moved_to_shared_memory() -> None:
    packed = PackedSequences([[number] * 3 for number in range(100_000)])
    packed.__getitems__([0])
    packed.values.share_memory_()  # type: ignore[no-untyped-call]
    packed.offsets.share_memory_()  # type: ignore[no-untyped-call]
    in_the_way = [torch.ones(100_001, dtype=torch.int64) for _ in range(20)]
    assert pad_sequence_collate(packed.__getitems__([5, 6]))["sequences"].tolist() == [[5] * 3, [6] * 3]
    assert len(in_the_way) == 20


def test_what_a_sample_of_packed_sequences_is_changed_to_stays_outside() -> None:
    packed = PackedSequences([[1], [2]], labels=[0, 1])
    sequence, label = packed[0]
    sequence += 5
    label += 5
    assert packed.values.tolist() == [1, 2]
    assert packed.labels is not None
    assert packed.labels.tolist() == [0, 1]


def reusing(count: int) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    values, label = np.zeros(2, np.float32), np.zeros((), np.int64)
    for number in range(count):
        values[:] = label[()] = number
        yield values, label


def test_a_generator_may_fill_the_same_array_again_and_again(tmp_path: Path) -> None:
    mapped = MemoryMappedDataset.create(tmp_path / "values", tmp_path / "labels.npy", reusing(4))
    assert [(values.tolist(), label.item()) for values, label in mapped] == [([i, i], i) for i in range(4)]
    packed = PackedSequences(values for values, _ in reusing(4))
    assert [sequence.tolist() for sequence in packed] == [[i, i] for i in range(4)]


def test_labels_that_are_views_do_not_hold_their_samples(tmp_path: Path) -> None:
    def large() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for number in range(6):
            row = torch.full((250_001,), float(number))
            rows.append(row.untyped_storage()._weak_ref())
            yield row[:-1], row[-1]
            alive.append(sum(not torch.UntypedStorage._expired(one) for one in rows))

    rows: list[Any] = []
    alive: list[int] = []
    MemoryMappedDataset.create(tmp_path / "values", tmp_path / "labels.npy", large())
    assert max(alive) <= 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_substitute_is_what_was_read_not_what_became_of_it(workers: int) -> None:
    def decode(values: torch.Tensor) -> torch.Tensor:
        if (values == 5).any():
            raise ValueError("damaged")
        return values + 0

    numbers = TransformDataset(TensorDataset(torch.arange(8.0)), decode, batched=True)
    found = []
    for (batch,) in DataLoader(
        RobustDataset(numbers, fallback="previous"), batch_size=4, num_workers=workers
    ):
        found.append(batch.tolist())
        batch.sub_(100)
    assert found == [[0, 1, 2, 3], [4, 0, 6, 7]]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("persistent", [False, True])
def test_a_batch_is_no_view_of_the_workers_dataset(keep: bool, persistent: bool) -> None:
    series = TimeSeriesDataset(torch.arange(40.0), 4)
    loader: Any = DataLoader(series, batch_size=None, num_workers=1, persistent_workers=persistent)
    kept = []
    for _ in range(2):
        for number, (window, target) in enumerate(loader):
            assert window.tolist() == [number + step for step in range(4)]
            assert target.item() == number + 4
            window.fill_(-1)
            target.fill_(-1)
            if keep:
                kept.append((window, target))


def test_a_deep_copy_has_a_cache_of_its_own() -> None:
    train = AutoOptimizedDataset(
        TransformDataset(Numbers(3, seconds=0.005), lambda value: value + 100), cache_bytes=10**6
    )
    validation = copy.deepcopy(train)
    validation.dataset.transform = None
    assert [train[index].item() for index in range(3)] == [100, 101, 102]
    assert [validation[index].item() for index in range(3)] == [0, 1, 2]
    assert train.statistics().misses == validation.statistics().misses == 3
    both = copy.deepcopy([train, train])
    assert both[0] is both[1]


@pytest.mark.parametrize("make", [AutoOptimizedDataset, RobustDataset])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copy_may_outlive_its_original(make: Any, copied: Any) -> None:
    class Fails(Numbers):
        def __getitem__(self, index: int) -> torch.Tensor:
            if index == 2:
                raise ValueError("damaged")
            return super().__getitem__(index)

    globals()["Fails"] = Fails  # for pickle
    Fails.__qualname__ = "Fails"
    original = make(Fails(3, seconds=0.005))
    twin = copied(original)
    for _ in range(2):
        assert twin[0].item() == 0
        with pytest.raises(ValueError, match="damaged"):
            twin[2]
        original = None
        gc.collect()
    assert twin[1].item() == 1
    assert twin[0].item() == 0


# --------------------------------------------------------------------------------------------- streams


def chain(generators: bool) -> ChainDataset[int]:
    def generator(seed: int) -> torch.Generator | None:
        return torch.Generator().manual_seed(seed) if generators else None

    return ChainDataset(
        [
            StreamingDataset(range(20), 10, shuffle=True, generator=generator(1)),
            StreamingDataset(range(20, 40), 10, shuffle=True, generator=generator(2)),
            ChainDataset([StreamingDataset(range(40, 50), 5, shuffle=True, generator=generator(3))]),
        ]
    )


@pytest.mark.parametrize("generators", [False, True])
@pytest.mark.parametrize(("workers", "kind"), [(0, "process"), (2, "process"), (2, "thread")])
@pytest.mark.parametrize("handed", [0, 1, 5, 6, 9])
@pytest.mark.parametrize("epochs_before", [0, 1])
def test_a_chain_of_shuffled_streams_resumes(
    generators: bool, workers: int, kind: str, handed: int, epochs_before: int
) -> None:
    def make() -> Any:
        return DataLoader(chain(generators), batch_size=4, num_workers=workers, worker_type=kind)  # type: ignore[arg-type]

    loader = make()
    for _ in range(epochs_before):
        list(loader)
    iterator = iter(loader)
    handed_out = [next(iterator) for _ in range(handed)]
    state = loader.state_dict()
    resumed = make()
    resumed.load_state_dict(pickle.loads(pickle.dumps(state)))
    assert sorted(torch.cat([*handed_out, *resumed]).tolist()) == list(range(50))


def test_a_chain_resumed_in_its_last_stream_goes_on_in_the_same_order() -> None:
    def make() -> Any:
        return DataLoader(ChainDataset(chain(True).datasets[:2]), batch_size=4)

    loader = make()
    for _ in range(2):
        iterator = iter(loader)
        for _ in range(6):
            next(iterator)
        resumed = make()
        resumed.load_state_dict(loader.state_dict())
        assert rest_of(resumed) == rest_of(iterator)
    assert rest_of(resumed) == rest_of(loader)  # the epoch after it as well


def test_a_stream_resumes_before_its_first_batch() -> None:
    def make() -> Any:
        return DataLoader(StreamingDataset(range(100), 20, shuffle=True), batch_size=10)

    loader = make()
    iterator = iter(loader)
    resumed = make()
    resumed.load_state_dict(loader.state_dict())
    assert rest_of(resumed) == rest_of(iterator)


@pytest.mark.parametrize("handed", [0, 2])
def test_a_priority_sampler_without_a_generator_resumes(handed: int) -> None:
    def make() -> Any:
        return DataLoader(range(100), batch_size=10, sampler=PrioritySampler(range(1, 101)))

    loader = make()
    iterator = iter(loader)
    for _ in range(handed):
        next(iterator)
    resumed = make()
    resumed.load_state_dict(loader.state_dict())
    assert rest_of(resumed) == rest_of(iterator)


def test_workers_do_not_tear_one_open_file_into_pieces(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{number:05d}\n" for number in range(1000)))

    def read(source: Any, workers: int) -> list[str]:
        stream: Any = StreamingDataset(source)
        loader: Any = DataLoader(stream, 100, num_workers=workers, multiprocessing_context="fork")
        return sorted(line for batch in loader for line in batch)

    with open(path) as file, pytest.raises(TypeError, match="a function that opens the file"):
        read(file, 2)
    whole = [f"{number:05d}\n" for number in range(1000)]
    assert read(lambda: open(path), 2) == whole  # noqa: SIM115
    with open(path) as file:
        assert read(file, 1) == whole


@pytest.mark.parametrize("inner", [lambda one: one, lambda one: ChainDataset([one]), lambda one: lambda: one])
def test_a_stream_is_not_shared_out_twice(inner: Any) -> None:
    with pytest.raises(TypeError, match="itself a StreamingDataset"):
        list(StreamingDataset(inner(StreamingDataset(range(10))), shuffle=True))


@pytest.mark.parametrize("path", ["data/lines.txt", b"data"])
def test_a_text_is_no_stream(path: Any) -> None:
    with pytest.raises(TypeError, match="lambda: open"):
        StreamingDataset(path)


# ------------------------------------------------------------------------------------ fields and numbers


class Pair(NamedTuple):
    image: torch.Tensor
    label: int


def test_fields_that_some_samples_lack_are_not_dropped() -> None:
    samples = [(torch.tensor(0.0), 0, "extra"), (torch.tensor(1.0), 1)]
    for batched in (False, True):
        loader: Any = DataLoader(TransformDataset(samples, lambda x: x, batched=batched), batch_size=2)
        with pytest.raises(RuntimeError, match="equal size"):
            next(iter(loader))


@pytest.mark.parametrize("batched", [False, True])
def test_named_tuples_stay_named(batched: bool) -> None:
    pairs = TransformDataset([Pair(torch.ones(1), 1)] * 4, lambda x: x * 2, batched=batched)
    assert type(pairs[0]) is Pair
    batch = next(iter(DataLoader(pairs, batch_size=4)))
    assert type(batch) is Pair
    assert batch.image.tolist() == [[2.0]] * 4
    assert batch.label.tolist() == [1] * 4


def test_a_database_does_not_turn_nan_into_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="NULL"):
        DatabaseDataset.create(tmp_path / "a.db", [(1.0, float("nan"))])
    stored = DatabaseDataset.create(tmp_path / "b.db", [(1.0, torch.tensor(float("nan"))), (None, 2.5)])
    assert stored[0][1].isnan()
    assert stored[1] == (None, 2.5)


def test_numbers_too_large_for_a_type_are_refused(tmp_path: Path) -> None:
    files = tmp_path / "values", tmp_path / "labels.npy"
    with pytest.raises(TypeError, match="would change its values"):
        MemoryMappedDataset.create(*files, [([70_000], 0)], dtype=np.float16)
    infinite = MemoryMappedDataset.create(*files, [([np.inf, 0.1], 0)], dtype=np.float16)
    assert infinite[0][0][0] == float("inf")
    with pytest.raises(TypeError, match="64 bits"):
        PackedSequences([[1, 2**63 + 5], [7, 16_777_217]])
    assert PackedSequences([[1, 2.5], [7]]).values.dtype is torch.float32
    half = torch.ones(2, dtype=torch.float16)
    with pytest.raises(ValueError, match="cannot hold"):
        pad_sequence_collate([half, half[:1]], padding_value=1e9)
    padded = pad_sequence_collate([half, half[:1]], padding_value=float("-inf"))["sequences"]
    assert padded[1, 1] == float("-inf")


@pytest.mark.parametrize(
    "index", [torch.tensor(1.7), np.array(1.7), np.float64(1.7), 1.7], ids=lambda value: type(value).__name__
)
def test_a_fraction_is_no_index(index: Any) -> None:
    with pytest.raises(TypeError, match="by an integer"):
        list(DataLoader(TensorDataset(torch.arange(10)), batch_size=1, sampler=[index]))


def test_labels_that_cannot_be_read_are_not_written(tmp_path: Path) -> None:
    files = tmp_path / "values", tmp_path / "labels.npy"
    kept = MemoryMappedDataset.create(*files, [([1.0], 3)])
    for label in ("cat", None, object()):
        with pytest.raises(TypeError, match="class numbers"):
            MemoryMappedDataset.create(*files, [([1.0], label)])
    with pytest.raises(ValueError, match="The label of sample 1 has shape"):
        MemoryMappedDataset.create(*files, [([1.0], 1), ([2.0], [1, 2])])
    assert MemoryMappedDataset(*files, (1,))[0][1] == kept[0][1] == 3
    np.save(files[1], np.array(["cat"]))
    with pytest.raises(TypeError, match="not names"):
        MemoryMappedDataset(*files, (1,))


@pytest.mark.parametrize(
    "array", [np.arange(3)[::-1], np.arange(2, -1, -1).astype(">i8"), np.arange(2, -1, -1).astype(">i4")]
)
def test_arrays_may_lie_in_memory_as_they_like(array: np.ndarray[Any, Any]) -> None:
    assert list(Subset("abc", array)) == ["c", "b", "a"]
    assert TensorDataset(torch.arange(3)).__getitems__(array)[0][0] == 2
    assert PackedSequences([array])[0].tolist() == [2, 1, 0]
    assert PackedSequences([[1]] * 3, labels=array)[0][1] == 2
    assert pad_sequence_collate([array])["sequences"].tolist() == [[2, 1, 0]]
    assert TimeSeriesDataset(array, 1)[0][0].tolist() == [2]
    assert sorted(index for batch in BucketBatchSampler(array, 2) for index in batch) == [0, 1, 2]
    assert sorted(WeightedRandomSampler(array, 2, replacement=False)) == [0, 1]


# --------------------------------------------------------------------------------------------- stores


def test_two_stores_in_one_cache_are_not_mixed_up(tmp_path: Path) -> None:
    for name in "12":
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as file:
            file.writestr("dir/a.txt", f"archive {name}")
    for name in "1212":
        options = {"fo": str(tmp_path / f"{name}.zip")}
        dataset = CloudStorageDataset(["zip://dir/a.txt"], tmp_path / "cache", storage_options=options)
        assert dataset[0] == f"archive {name}"


def test_a_new_password_does_not_empty_the_cache() -> None:
    from course_lib.datasets.cloud import _name_of_store

    first, second = (
        _name_of_store(
            {"secret": word, "client_kwargs": {"endpoint_url": "http://a", "aws_session_token": word}}
        )
        for word in ("one", "two")
    )
    assert first == second != _name_of_store({"client_kwargs": {"endpoint_url": "http://b"}})
    assert _name_of_store({"anon": True}) == _name_of_store({}) == ""


@pytest.mark.parametrize("name", ["image.png", "image #3.png", "what?.png"])
def test_pictures_are_known_by_their_ending_whatever_else_the_name_holds(name: str, tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / name)
    assert isinstance(CloudStorageDataset([str(tmp_path / name)], tmp_path / "cache")[0], Image.Image)


def test_the_ending_is_that_of_the_first_link(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as file:
        file.writestr("a.json", "[1, 2]")
    urls = [f"zip://a.json::file://{(tmp_path / 'all.zip').as_posix()}"]
    assert CloudStorageDataset(urls, tmp_path / "cache")[0] == [1, 2]

"""A dataset that makes whole batches is asked for them where collating would give the same (lesson 10)."""

import pytest
import torch
import torch.utils.data as torch_data

from course_lib import DataLoader, Dataset, MemoryMappedDataset, TensorDataset, TimeSeriesDataset, trace
from course_lib.collate import default_collate


class WholeOnly(Dataset):
    """Says which of its methods a batch came from."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return "one"

    def __getbatch__(self, indices):
        assert indices.dtype == torch.int64
        return {"whole": indices}


class Whole(WholeOnly):
    """Knows lists of samples as well."""

    accepts_index_tensor = True

    def __getitems__(self, indices):
        return ["several"] * len(indices)

    def __getbatch__(self, indices):
        return super().__getbatch__(indices)


class GoesByItself(WholeOnly):
    """Its batches may differ from those it has inherited."""

    def __getitems__(self, indices):
        return ["changed"] * len(indices)


def as_it_is(samples):
    return samples


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", [Whole, WholeOnly])
def test_the_loader_takes_batches_of_the_dataset_where_it_collates_by_default(kind, workers):
    batches = list(DataLoader(kind(), 4, num_workers=workers))
    assert [batch["whole"].tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("indices", [[1, 0], (1, 0), torch.tensor([1, 0]), range(1, -1, -1)])
def test_it_takes_them_in_the_order_of_any_batch_sampler(indices):
    assert next(iter(DataLoader(Whole(), batch_sampler=[indices])))["whole"].tolist() == [1, 0]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        ({"batch_size": 2, "collate_fn": as_it_is}, ["several", "several"]),
        ({"batch_size": None}, "one"),
    ],
    ids=["own collate_fn", "no batches"],
)
def test_everywhere_else_it_takes_samples(workers, arguments, first):
    assert next(iter(DataLoader(Whole(), num_workers=workers, **arguments))) == first


def test_torchs_loader_takes_samples():
    assert next(iter(torch_data.DataLoader(Whole(), 2))) == ["several", "several"]


@pytest.mark.parametrize("empty", [[], torch.empty(0, dtype=torch.int64)], ids=["list", "tensor"])
def test_an_empty_batch_is_the_error_it_is_in_torch(empty):
    dataset = TensorDataset(torch.arange(6))
    for loader in (DataLoader, torch_data.DataLoader):
        with pytest.raises(IndexError):
            next(iter(loader(dataset, batch_sampler=[empty])))


class ChangesOne(Whole):
    def __getitem__(self, index):
        return "changed"


class ChangesSeveral(Whole):
    def __getitems__(self, indices):
        return ["changed"] * len(indices)


class Mixin:
    def __getitem__(self, index):
        return "changed"


class WithMixin(Mixin, Whole):
    pass


class Later(ChangesOne):
    pass


class ChangesAll(Whole):
    def __getitem__(self, index):
        return "hidden"

    def __getbatch__(self, indices):
        return ["changed"] * len(indices)


class WrapsAll:
    """A wrapper that passes on every attribute, and changes the samples."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __getattr__(self, name):
        if name in ("__getitems__", "accepts_index_tensor"):
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return "changed"


@pytest.mark.parametrize(
    "kind",
    [ChangesOne, ChangesSeveral, GoesByItself, WithMixin, Later, ChangesAll, lambda: WrapsAll(Whole())],
)
def test_an_inherited_batch_bypasses_nothing_that_was_changed(kind):
    assert next(iter(DataLoader(kind(), 2))) == ["changed", "changed"]
    assert next(iter(DataLoader(kind(), batch_sampler=[torch.tensor([0, 1])]))) == ["changed", "changed"]


def on_tensors(path):
    return TensorDataset(torch.arange(30.0).view(10, 3), torch.arange(10))


def on_a_file(path):
    samples = [(torch.full((2, 2), float(label)), label) for label in range(10)]
    return MemoryMappedDataset.create(path / "values", path / "labels.npy", samples)


def on_a_series(path):
    return TimeSeriesDataset(torch.randn(15, 2, generator=torch.Generator().manual_seed(0)), 4)


@pytest.mark.parametrize("make", [on_tensors, on_a_file, on_a_series])
def test_the_librarys_own_batches_are_what_collating_gives(make, tmp_path):
    dataset = make(tmp_path)
    indices = torch.tensor([3, 0, 9, 3])
    ours = dataset.__getbatch__(indices)
    expected = default_collate([dataset[index] for index in indices.tolist()])
    assert type(ours) is type(expected)
    for got, wanted in zip(ours, expected, strict=True):
        assert got.dtype == wanted.dtype
        assert torch.equal(got, wanted)
    for wrong in (len(dataset), -len(dataset) - 1):
        with pytest.raises(IndexError):
            dataset.__getbatch__(torch.tensor([0, wrong]))


@pytest.mark.parametrize("workers", [0, 2])
def test_its_time_is_seen(workers):
    traced = trace(DataLoader(on_tensors(None), 4, num_workers=workers))
    assert len(list(traced)) == 3
    for times in traced.timeline.batches:
        assert times.begun < times.fetched <= times.collated

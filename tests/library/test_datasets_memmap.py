"""Samples in memory-mapped files."""

import os
import pickle
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import DataLoader, MemoryMappedDataset, RandomSampler, TransformDataset, default_collate


def sample(index, shape=(2, 3)):
    return np.full(shape, index, np.float32) + np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 8


def files(folder):
    return folder / "data.bin", folder / "labels.npy"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memmap")
    return MemoryMappedDataset.create(*files(folder), ((sample(n), n % 3) for n in range(20)))


def test_samples_come_back_as_they_were_written(dataset):
    assert len(dataset) == 20
    for index, (values, label) in enumerate(dataset):
        assert torch.equal(values, torch.from_numpy(sample(index)))
        assert (label.item(), label.dtype) == (index % 3, torch.int64)


@given(indices=st.lists(st.integers(-20, 19)))
def test_a_batch_is_the_samples_one_by_one(dataset, indices):
    for form in (indices, torch.tensor(indices, dtype=torch.int64)):
        batch = dataset.__getitems__(form)
        assert len(batch) == len(indices)
        for (values, label), index in zip(batch, indices):
            assert torch.equal(values, dataset[index][0])
            assert label == dataset[index][1]
    if indices:
        values, labels = default_collate(dataset.__getitems__(indices))
        assert values.shape == (len(indices), 2, 3)
        assert labels.shape == (len(indices),)


@settings(max_examples=20)
@given(
    st.sampled_from([np.float32, np.float64, np.uint8, np.int16, np.bool_, np.complex64]),
    st.lists(st.integers(1, 3), max_size=3),
    st.integers(1, 5),
)
def test_every_type_and_shape(tmp_path_factory, dtype, shape, count):
    folder = tmp_path_factory.mktemp("types")
    samples = [np.ones(shape, dtype) * n for n in range(count)]
    samples = [values.astype(dtype) for values in samples]
    dataset = MemoryMappedDataset.create(*files(folder), zip(samples, range(count)), dtype)
    assert all(np.array_equal(values.numpy(), samples[n]) for n, (values, _) in enumerate(dataset))
    again = MemoryMappedDataset(*files(folder), tuple(shape), dtype)
    assert len(again) == count


def test_reads_what_numpy_wrote(tmp_path):
    data, labels = files(tmp_path)
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    values.tofile(data)
    np.save(labels, np.array([0.5, 1.5, 2.5, 3.5]))
    dataset = MemoryMappedDataset(str(data), str(labels), (6,))
    assert torch.equal(dataset[2][0], torch.from_numpy(values[2]))
    assert dataset[2][1] == 2.5


def test_trap_an_mmap_object_cannot_be_pickled(dataset):
    before = dataset[7]
    content = pickle.dumps(dataset)
    assert len(content) < 2000
    again = pickle.loads(content)
    assert again._mapped is None
    assert torch.equal(again[7][0], before[0])


def test_trap_trailing_bytes_dropped_in_silence(tmp_path):
    data, labels = files(tmp_path)
    MemoryMappedDataset.create(data, labels, [(sample(0), 0), (sample(1), 1)])
    with open(data, "ab") as file:
        file.write(b"abc")
    with pytest.raises(
        ValueError, match=r"data\.bin has 51 bytes: 2 samples of 24 bytes each, and 3 bytes over"
    ):
        MemoryMappedDataset(data, labels, (2, 3))


def test_trap_the_last_sample_by_a_negative_index(dataset):
    for back in range(1, 21):
        assert torch.equal(dataset[-back][0], dataset[20 - back][0])
        assert dataset[-back][1] == dataset[20 - back][1]
    for index in (20, -21):
        with pytest.raises(IndexError, match=f"Index {index} is out of range for a dataset of 20 samples"):
            dataset[index]
        with pytest.raises(IndexError, match=f"Index {index} is out of range for a dataset of 20 samples"):
            dataset.__getitems__([0, index])


def test_nothing_is_mapped_before_it_is_read(tmp_path):
    dataset = MemoryMappedDataset.create(*files(tmp_path), [(sample(0), 0)])
    assert dataset._mapped is None
    assert dataset[0][1] == 0
    assert dataset._mapped is not None


def test_samples_can_be_changed_and_the_file_cannot(dataset):
    values, label = dataset[3]
    batch = dataset.__getitems__([3, 4]).columns
    for tensor in (values, label, *batch):
        tensor.zero_()
    assert torch.equal(dataset[3][0], torch.from_numpy(sample(3)))


def test_the_writer_streams(tmp_path):
    size = 100_000
    tracemalloc.start()
    MemoryMappedDataset.create(*files(tmp_path), ((np.ones(size, np.float32), n) for n in range(50)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * size * 4 / 5
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["data.bin", "labels.npy"]


def test_a_failed_write_leaves_the_old_files_alone(tmp_path):
    old = MemoryMappedDataset.create(*files(tmp_path), [(sample(5), 5)])

    def broken():
        yield sample(0), 0
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        MemoryMappedDataset.create(*files(tmp_path), broken())
    assert MemoryMappedDataset(*files(tmp_path), (2, 3))[0][1] == old[0][1] == 5
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["data.bin", "labels.npy"]


def write(folder, number, count=3):
    """Write `count` samples that all hold `number`, as their labels do."""
    samples = [(np.full(3, number), number)] * count
    return MemoryMappedDataset.create(*files(folder), samples)


def contents(folder):
    """Return the numbers in the samples and those in the labels."""
    dataset = MemoryMappedDataset(*files(folder), (3,))
    return [values[0].item() for values, _ in dataset], [label.item() for _, label in dataset]


class Interrupted(BaseException):
    """Comes from outside, as KeyboardInterrupt does."""


@pytest.mark.parametrize("error", [OSError("the disk is gone"), Interrupted()], ids=["error", "interrupt"])
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("target", ["data.bin", "labels.npy"])
@pytest.mark.parametrize("is_new", [False, True], ids=["old files", "no files"])
def test_trap_old_samples_with_new_labels(tmp_path, monkeypatch, target, is_done, is_new, error):
    """Stopped at any step, it leaves the old files, the new ones or none, but never some of both."""
    if not is_new:
        write(tmp_path, 5)
    replace = os.replace

    def stop(source, destination):
        if Path(destination).name == target and Path(source).name != "old":
            if is_done:
                replace(source, destination)
            raise error
        replace(source, destination)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stop)
        with pytest.raises(type(error)):
            write(tmp_path, 7)
    left = {path.name for path in tmp_path.iterdir()}
    if target == "data.bin" and not is_done:
        assert left == (set() if is_new else {"data.bin", "labels.npy"})
        assert is_new or contents(tmp_path) == ([5.0] * 3, [5] * 3)
    elif target == "labels.npy" and is_done:
        assert contents(tmp_path) == ([7.0] * 3, [7] * 3)
    else:
        assert left == {"data.bin"}
        with pytest.raises(FileNotFoundError, match=r"no labels.*write both files again.*labels\.npy"):
            contents(tmp_path)
    write(tmp_path, 9)
    assert contents(tmp_path) == ([9.0] * 3, [9] * 3)


KILLED = """
import os, sys
from course_lib import MemoryMappedDataset
replace, steps = os.replace, int(sys.argv[3])
def count(source, destination):
    global steps
    if not steps:
        os.kill(os.getpid(), 9)
    steps -= 1
    replace(source, destination)
os.replace = count
MemoryMappedDataset.create(*sys.argv[1:3], [([7.0] * 3, 7)] * 3)
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX ends a process this way")
def test_killed_at_any_step_it_leaves_no_wrong_labels(tmp_path):
    found = []
    for steps in range(5):
        write(tmp_path, 5)
        killed = subprocess.run([sys.executable, "-c", KILLED, *files(tmp_path), str(steps)]).returncode
        try:
            found.append(contents(tmp_path))
        except FileNotFoundError as error:
            assert "labels.npy" in str(error)  # noqa: PT017
            found.append(None)
        if not killed:
            break
    old, new = ([5.0] * 3, [5] * 3), ([7.0] * 3, [7] * 3)
    assert found == [old, None, None, new]


def test_the_files_may_lie_on_two_file_systems(tmp_path):
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=memory) as other:
        for data, labels in ((tmp_path, Path(other)), (Path(other), tmp_path)):
            paths = data / "data.bin", labels / "labels.npy"
            for number in (5, 7):
                dataset = MemoryMappedDataset.create(*paths, [([1.0], number), ([2.0], number)])
                assert [label.item() for _, label in dataset] == [number] * 2
            assert [path.name for path in data.iterdir() if path.suffix != ".npy"] == ["data.bin"]
            assert [path.name for path in labels.iterdir() if path.suffix != ".bin"] == ["labels.npy"]


@pytest.mark.parametrize(
    ("samples", "dtype", "error", "message"),
    [
        ([], np.float32, ValueError, "got no sample"),
        (
            [([1.0], 0), ([1.0, 2.0], 0)],
            np.float32,
            ValueError,
            r"Sample 1 has shape \(2,\), sample 0 has \(1,\)",
        ),
        ([([1], 0), ([1.5], 0)], np.int64, TypeError, "Sample 1 holds float64, the file int64"),
        ([([300], 0)], np.uint8, TypeError, "Sample 0 holds int64, the file uint8"),
        ([(np.array([-1]), 0)], np.uint8, TypeError, "would change its values"),
        ([(["a"], 0)], np.float32, TypeError, "Sample 0 holds"),
        ([([1.0], 0)], "U5", TypeError, "torch has no such type"),
        ([([1.0], 0)], "no type", TypeError, "torch has no such type"),
        ([([1.0], 0)], ">f4", TypeError, "byte order"),
    ],
)
def test_what_cannot_be_written_is_named(tmp_path, samples, dtype, error, message):
    with pytest.raises(error, match=message):
        MemoryMappedDataset.create(*files(tmp_path), samples, dtype)


def test_plain_numbers_are_stored_in_the_type_of_the_file(tmp_path):
    dataset = MemoryMappedDataset.create(*files(tmp_path), [([1, 255], 0)], np.uint8)
    assert dataset[0][0].tolist() == [1, 255]
    dataset = MemoryMappedDataset.create(*files(tmp_path), [(torch.tensor([1, 2]), 0)])
    assert dataset[0][0].dtype == torch.float32


def test_what_cannot_be_read_is_named(tmp_path):
    data, labels = files(tmp_path)
    MemoryMappedDataset.create(data, labels, [(sample(0), 0), (sample(1), 1)])
    with pytest.raises(FileNotFoundError, match="nothing"):
        MemoryMappedDataset(tmp_path / "nothing", labels, (2, 3))
    with pytest.raises(ValueError, match=r"holds 4 samples and .* 2 labels"):
        MemoryMappedDataset(data, labels, (3,))
    for shape in (3, (0, 2), (2.5,), "ab"):
        with pytest.raises(TypeError, match="sample_shape got"):
            MemoryMappedDataset(data, labels, shape)
    data.write_bytes(b"")
    with pytest.raises(ValueError, match="has 0 bytes"):
        MemoryMappedDataset(data, labels, (2, 3))


def test_damaged_labels_are_named(tmp_path):
    data, labels = files(tmp_path)
    MemoryMappedDataset.create(data, labels, [(sample(0), 0), (sample(1), 1)])
    whole = labels.read_bytes()
    for content in (b"", whole[:20], whole[:-1], pickle.dumps([0, 1]), bytes(16)):
        labels.write_bytes(content)
        with pytest.raises(ValueError, match=r"labels\.npy is no whole file of labels"):
            MemoryMappedDataset(data, labels, (2, 3))
    np.save(labels, 3)
    with pytest.raises(ValueError, match="it holds one number"):
        MemoryMappedDataset(data, labels, (2, 3))


@pytest.mark.parametrize("shape", [(3, 2), (6,), (1, 2, 3), (4,), (2, 2), (100,), (5, 5)])
def test_a_wrong_shape_is_noticed_where_the_bytes_tell(tmp_path, shape):
    """Twelve values: as two samples of six they are what was written, whatever shape those have."""
    data, labels = files(tmp_path)
    MemoryMappedDataset.create(data, labels, [(sample(0), 0), (sample(1), 1)])
    if np.prod(shape) == 6:
        values = torch.stack([values for values, _ in MemoryMappedDataset(data, labels, shape)])
        assert torch.equal(values.view(2, 2, 3)[1], torch.from_numpy(sample(1)))
        return
    with pytest.raises(ValueError, match=r"sample_shape"):
        MemoryMappedDataset(data, labels, shape)


def test_a_wrong_type_is_noticed_where_the_bytes_tell(tmp_path):
    data, labels = files(tmp_path)
    MemoryMappedDataset.create(data, labels, [(sample(0), 0), (sample(1), 1)])
    for kind in (np.float64, np.float16, np.uint8):
        with pytest.raises(ValueError, match="dtype"):
            MemoryMappedDataset(data, labels, (2, 3), kind)


def test_a_file_that_changes_between_index_and_read(tmp_path):
    data, labels = files(tmp_path)
    made = MemoryMappedDataset.create(data, labels, [(sample(n), n) for n in range(4)])
    os.truncate(data, 2 * 24)
    with pytest.raises(ValueError, match=r"holds 2 samples; it held 4 when this dataset was made"):
        made[0]
    os.truncate(data, 2 * 24 + 1)
    with pytest.raises(ValueError, match="it may be cut off"):
        made[0]
    data.unlink()
    with pytest.raises(FileNotFoundError, match=r"data\.bin"):
        made[0]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no holes here unless they are told to")
def test_a_file_larger_than_all_memory_is_mapped(tmp_path):
    """A file with a hole: it takes no room on the disk, and no memory but for the page that is read."""
    data, labels = files(tmp_path)
    size = 2**20
    try:
        with open(data, "wb") as file:
            file.truncate(size * size)
            file.seek((size - 1) * size)
            file.write(b"\7")
    except OSError as error:
        pytest.skip(f"this file system takes no file of a terabyte: {error}")
    np.save(labels, np.arange(size))
    values, label = MemoryMappedDataset(data, labels, (size,), np.uint8)[-1]
    assert (values.shape, int(values[0]), int(values.sum()), int(label)) == ((size,), 7, 7, size - 1)


def test_nothing_warns_of_an_array_that_cannot_be_written(tmp_path):
    made = MemoryMappedDataset.create(*files(tmp_path), [(sample(0), 0)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(made[0][0], torch.from_numpy(sample(0)))


MEMORY_GROUPS = Path("/sys/fs/cgroup/memory")


@pytest.fixture
def little_memory():
    """Return a function that runs a program which may use 500 MB, cached pages of files included."""
    group = MEMORY_GROUPS / f"course_memmap_{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(500 * 2**20))
    except OSError as error:
        pytest.skip(f"no memory control group can be made here: {error}")

    def run(program, *arguments):
        enter = f"import os; open({str(group / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))\n"
        command = [sys.executable, "-c", enter + program, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=200)

    yield run
    deadline = time.monotonic() + 60
    while (group / "cgroup.procs").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    group.rmdir()


READ_ALL = """
import sys
import numpy as np
import torch
if sys.argv[1] == "whole":
    np.fromfile(sys.argv[2], np.float32).sum()
from course_lib import DataLoader, MemoryMappedDataset
dataset = MemoryMappedDataset(*sys.argv[2:4], (256, 1024))
total = count = 0
for values, labels in DataLoader(dataset, 8, num_workers=int(sys.argv[1])):
    assert torch.equal(values[:, 0, 0].long(), labels)
    total, count = total + float(values.sum()), count + len(labels)
print(count, total)
"""


@pytest.mark.slow
def test_a_file_larger_than_the_memory_of_the_process(tmp_path, little_memory):
    """1 GB in samples of 1 MB, read by a process that may use half of it, and by one with two workers."""
    data, labels = files(tmp_path)
    with open(data, "wb") as file:
        for number in range(1024):
            file.write(np.float32(number).tobytes())
            file.seek(2**20 - 4, os.SEEK_CUR)
        file.truncate(2**30)
    np.save(labels, np.arange(1024))
    assert little_memory(READ_ALL, "whole", data, labels).returncode == -9, "at once it does not fit"
    for workers in (0, 2):
        done = little_memory(READ_ALL, workers, data, labels)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["1024", str(float(sum(range(1024))))]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers, dataset):
    sampler = RandomSampler(dataset, generator=torch.Generator().manual_seed(1))
    order = list(RandomSampler(dataset, generator=torch.Generator().manual_seed(1)))
    batches = list(loader(dataset, 6, sampler=sampler, num_workers=workers, collate_fn=default_collate))
    assert torch.equal(
        torch.cat([values for values, _ in batches]), torch.stack([dataset[i][0] for i in order])
    )
    assert torch.cat([labels for _, labels in batches]).tolist() == [index % 3 for index in order]


def test_a_batched_transform_gets_the_whole_batch(dataset):
    doubled = TransformDataset(dataset, lambda values: values * 2, batched=True)
    values, _ = default_collate(doubled.__getitems__([1, 2]))
    assert torch.equal(values[1], dataset[2][0] * 2)


@pytest.mark.slow
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_trap_cannot_run_under_spawn(loader, dataset):
    dataset[0]
    batches = loader(dataset, 5, num_workers=2, multiprocessing_context="spawn", collate_fn=default_collate)
    assert torch.cat([labels for _, labels in batches]).tolist() == [n % 3 for n in range(20)]

"""Workers that are threads keep the rules of workers that are processes."""

import gc
import threading
import time

import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader

from course_lib import (
    DataLoader,
    IterableDataset,
    StreamingDataset,
    TensorDataset,
    get_worker_info,
    seed_worker,
)

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")


def seeded():
    return torch.Generator().manual_seed(0)


def thread_loader(dataset, **arguments):
    return DataLoader(dataset, worker_type="thread", **{"num_workers": 2, **arguments})


def loading_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("DataLoader worker")]


def wait_until_none_loads():
    gc.collect()
    deadline = time.monotonic() + 60
    while loading_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not loading_threads()


@pytest.fixture
def no_thread_left():
    wait_until_none_loads()  # those of the tests before
    yield
    wait_until_none_loads()


class Asking:
    """Each sample says who loads it: worker, seed, thread."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        worker = get_worker_info()
        return index, worker.id, worker.seed, threading.get_ident()


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize("batch_size", [None, 1, 5])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_same_batches_as_torch(workers, batch_size):
    data = list(range(23))
    arguments = {"batch_size": batch_size, "shuffle": True}
    ours = thread_loader(data, num_workers=workers, generator=seeded(), **arguments)
    theirs = TorchLoader(data, generator=seeded(), **arguments)
    for _ in range(2):
        for mine, yours in zip(ours, theirs, strict=True):
            assert torch.equal(torch.as_tensor(mine), torch.as_tensor(yours))


def test_batch_i_comes_from_worker_i_modulo_n_with_the_seeds_of_processes():
    by_thread, by_process = (
        [batch[:3] for batch in DataLoader(Asking(), num_workers=3, worker_type=kind, generator=seeded())]
        for kind in ("thread", "process")
    )
    assert [int(worker) for _, worker, _ in by_thread] == [0, 1, 2] * 4
    assert torch.equal(torch.tensor(by_thread), torch.tensor(by_process))


def test_each_worker_is_a_thread_of_its_own_and_persistent_ones_stay():
    loader = thread_loader(Asking(), persistent_workers=True)
    first, second = ({int(thread) for *_, thread in loader} for _ in range(2))
    assert first == second
    assert len(first) == 2
    assert threading.get_ident() not in first
    del loader


def test_the_dataset_is_shared_and_so_are_its_tensors():
    images = torch.zeros(4, 2)
    (view,) = next(iter(thread_loader(TensorDataset(images), batch_size=None)))
    view += 1
    assert images[0].tolist() == [1, 1]


def test_global_random_states_are_left_alone():
    state = torch.get_rng_state()
    list(thread_loader(list(range(6)), worker_init_fn=seed_worker, generator=seeded()))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_stream_is_shared_out():
    stream = StreamingDataset(list(range(20)), shuffle=True, buffer_size=5, generator=seeded())
    for _ in range(2):
        batches = list(thread_loader(stream, batch_size=3, num_workers=3))
        assert sorted(torch.cat(batches).tolist()) == list(range(20))


class Faulty:
    def __len__(self):
        return 6

    def __getitem__(self, index):
        if index == 2:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return index


@pytest.mark.usefixtures("no_thread_left")
def test_errors_keep_type_and_traceback_and_the_epoch_goes_on():
    iterator = iter(thread_loader(Faulty()))
    assert [next(iterator).item() for _ in range(2)] == [0, 1]
    with pytest.raises(UnicodeDecodeError, match="invalid start byte") as caught:
        next(iterator)
    notes = "".join(caught.value.__notes__)
    assert "in DataLoader worker thread 0" in notes
    assert "__getitem__" in notes
    assert [batch.item() for batch in iterator] == [3, 4, 5]


@pytest.mark.usefixtures("no_thread_left")
def test_an_error_of_the_init_function_arrives():
    def fail(worker_id):
        raise OSError(f"no connection for {worker_id}")

    with pytest.raises(OSError, match="no connection for 0"):
        list(thread_loader(list(range(4)), worker_init_fn=fail))


class Waiting:
    def __init__(self):
        self.may_go_on = threading.Event()

    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == 1:
            self.may_go_on.wait(30)
        return index


@pytest.mark.usefixtures("no_thread_left")
def test_timeout_says_the_seconds_and_the_batch_comes_later():
    dataset = Waiting()
    iterator = iter(thread_loader(dataset, timeout=0.2))
    assert next(iterator).item() == 0
    with pytest.raises(RuntimeError, match=r"timed out after 0\.2 seconds"):
        next(iterator)
    dataset.may_go_on.set()
    assert [batch.item() for batch in iterator] == [1, 2, 3]


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize("persistent", [False, True])
def test_an_early_break_leaves_no_thread(persistent):
    loader = thread_loader(list(range(100)), persistent_workers=persistent)
    for _ in loader:
        break
    del loader


@pytest.mark.usefixtures("no_thread_left")
def test_out_of_order_a_slow_batch_lets_others_pass():
    dataset = Waiting()
    iterator = iter(thread_loader(dataset, in_order=False))
    assert [next(iterator).item() for _ in range(2)] == [0, 2]
    dataset.may_go_on.set()
    assert [next(iterator).item() for _ in range(2)] == [1, 3]


class Endless(IterableDataset):
    def __init__(self):
        self.given = 0

    def __iter__(self):
        while True:
            self.given += 1
            yield self.given


@pytest.mark.usefixtures("no_thread_left")
def test_no_more_is_loaded_ahead_than_asked_for():
    stream = Endless()
    iterator = iter(thread_loader(stream, num_workers=1, prefetch_factor=3))
    for number in range(1, 6):
        next(iterator)
        assert stream.given <= number + 3
    del iterator


def test_what_threads_cannot_have_is_refused():
    with pytest.raises(ValueError, match="worker_type='thread' and multiprocessing_context"):
        thread_loader([1], multiprocessing_context="spawn")
    with pytest.raises(ValueError, match="Pass 'process' or 'thread'"):
        DataLoader([1], worker_type="fiber")


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.slow
def test_ten_thousand_starts_leave_nothing():
    def cycle(times):
        for _ in range(times):
            for _ in thread_loader([0, 1, 2, 3], batch_size=2):
                break

    cycle(200)
    gc.collect()
    before = open_things()
    cycle(10_000)
    gc.collect()
    after = open_things()
    assert after["files"] <= before["files"]
    assert after["memory"] - before["memory"] < 8 * 2**20, "about 800 bytes for each start"


def open_things():
    import psutil

    process = psutil.Process()
    files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    return {"files": files, "memory": process.memory_info().rss}


class Ends:
    """Ends the thread that asks for sample 5."""

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 12

    def __getitem__(self, index):
        if index == 5:
            raise self.error
        return index


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_thread_that_ends_is_told_and_not_waited_for(error, no_thread_left):
    with pytest.raises(RuntimeError, match=rf"worker thread 1 was ended by {type(error).__name__}"):
        list(thread_loader(Ends(error), batch_size=4))


def test_a_thread_that_ends_before_its_first_batch(no_thread_left):
    with pytest.raises(RuntimeError, match=r"was ended by SystemExit\(4\)"):
        list(thread_loader(range(4), worker_init_fn=lambda worker: raise_(SystemExit(4))))


def raise_(error):
    raise error

"""Workers of several ranks: other random numbers, their own resources, no process group (lesson 18)."""

import os
import pickle
import random
import sqlite3
from functools import partial

import numpy as np
import pytest
import torch
from torch import distributed
from torch.utils.data import DataLoader as TorchLoader

from course_lib import DataLoader, distributed_worker_init, get_worker_info
from course_lib.platform import can_fork
from course_lib.training.worker_init import choose_gpu

LOADERS = [DataLoader, TorchLoader]


class Draws:
    """Each sample is what the worker's four sources of random numbers give."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        seed = get_worker_info().seed
        return [torch.rand(()).item(), np.random.rand(), random.random(), float(seed % 2**31)]


class Seeds:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return get_worker_info().seed


class Rows:
    """A database that each worker has to open for itself."""

    connection = None

    def __init__(self, path):
        self.path = path

    def __len__(self):
        return 6

    def __getitem__(self, index):
        (value,) = self.connection.execute("SELECT value FROM rows WHERE id = ?", [index]).fetchone()
        return value, os.getpid() == self.opened_by


class Environment:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return os.environ.get("CUDA_VISIBLE_DEVICES"), distributed.is_initialized()


def open_rows(worker):
    worker.dataset.connection = sqlite3.connect(worker.dataset.path)
    worker.dataset.opened_by = os.getpid()


def keep(samples):
    return samples


def draws_of(loader_class, rank, seed=0, method=None):
    loader = loader_class(
        Draws(),
        1,
        num_workers=2,
        collate_fn=keep,
        generator=torch.Generator().manual_seed(seed),
        worker_init_fn=partial(distributed_worker_init, rank=rank),
        multiprocessing_context=method,
    )
    return [number for (sample,) in loader for number in sample]


@pytest.mark.parametrize("loader_class", LOADERS)
def test_every_worker_of_every_rank_draws_other_numbers_and_the_same_again(loader_class):
    runs = [draws_of(loader_class, rank) for rank in range(3)]
    everything = [number for run in runs for number in run]
    assert len(set(everything)) == len(everything) == 3 * 2 * 4
    assert draws_of(loader_class, 1) == runs[1]


def test_rank_0_draws_as_one_process_does():
    alone = DataLoader(Draws(), 1, num_workers=2, collate_fn=keep, generator=torch.Generator().manual_seed(0))
    assert [number for (sample,) in alone for number in sample] == draws_of(DataLoader, 0)


def test_a_thread_gets_its_own_seed_and_leaves_the_training_s_generators_alone():
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    seeds = []
    for rank in range(2):
        init = partial(distributed_worker_init, rank=rank)
        order = torch.Generator().manual_seed(0)
        loader = DataLoader(
            Seeds(), None, num_workers=2, worker_type="thread", worker_init_fn=init, generator=order
        )
        seeds += list(loader)
    assert len(set(seeds)) == 4
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(states[0], after[0])
    assert states[1:] == after[1:]


def test_the_rank_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("RANK", "2")  # A fork server that has been started before knows nothing of it.
    method = "fork" if can_fork() else "spawn"
    assert draws_of(DataLoader, None, method=method) == draws_of(DataLoader, 2) != draws_of(DataLoader, 0)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_hook_opens_a_connection_in_every_worker(tmp_path, method):
    path = tmp_path / "rows.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE rows (id INTEGER, value INTEGER)")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", [(index, index**2) for index in range(6)])
    connection.close()
    loader = DataLoader(
        Rows(path),
        2,
        num_workers=2,
        multiprocessing_context=method,
        worker_init_fn=partial(distributed_worker_init, open_resources=open_rows),
    )
    values, opened_here = zip(*loader)
    assert torch.cat(values).tolist() == [0, 1, 4, 9, 16, 25]
    assert all(torch.cat(opened_here))


def test_it_can_be_pickled():
    for function in (distributed_worker_init, partial(distributed_worker_init, open_resources=open_rows)):
        assert pickle.loads(pickle.dumps(function))


@pytest.mark.parametrize("loader_class", LOADERS)
def test_trap_nccl_started_inside_data_workers(loader_class, monkeypatch):
    # Nobody listens there: a worker that wanted to join the group would wait, and the timeout would tell.
    variables = {
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    loader = loader_class(
        Environment(4), None, num_workers=2, timeout=60, worker_init_fn=distributed_worker_init
    )
    assert [joined for _, joined in loader] == [False] * 4


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_the_environment_stays(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    loader = DataLoader(Environment(2), None, num_workers=2, worker_init_fn=distributed_worker_init)
    assert [visible for visible, _ in loader] == [None, None]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_worker_sees_its_rank_s_gpu_and_the_training_all(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    loader = DataLoader(Environment(2), None, num_workers=2, worker_init_fn=distributed_worker_init)
    expected = "0" if before is None else before.split(",")[0]
    assert [visible for visible, _ in loader] == [expected] * 2
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == before


@pytest.mark.parametrize(
    ("local_rank", "visible", "count", "chosen"),
    [
        (0, None, 4, "0"),
        (3, None, 4, "3"),
        (1, "4,5", 2, "5"),
        (1, "GPU-aa, GPU-bb", 2, "GPU-bb"),
        (3, "7", 1, "7"),
        (5, None, 2, "1"),
        (0, None, 0, None),
        (0, "", 0, None),
    ],
)
def test_the_gpu_of_a_rank(local_rank, visible, count, chosen):
    assert choose_gpu(local_rank, visible, count) == chosen


def test_outside_a_worker_it_refuses():
    with pytest.raises(RuntimeError, match=r"outside a worker.*worker_init_fn=distributed_worker_init"):
        distributed_worker_init(0)


@pytest.mark.parametrize("rank", ["one", "-1", "1.5"])
def test_a_rank_that_is_no_number(rank, monkeypatch):
    monkeypatch.setenv("RANK", rank)
    method = "fork" if can_fork() else "spawn"
    loader = DataLoader(
        Draws(), 1, num_workers=1, worker_init_fn=distributed_worker_init, multiprocessing_context=method
    )
    with pytest.raises(ValueError, match=r"variable RANK is '.*Start the training with torchrun"):
        list(loader)


@pytest.mark.parametrize("rank", [-1, "0", 1.5])
def test_an_argument_that_is_no_rank(rank):
    with pytest.raises(ValueError, match="rank is"):
        draws_of(DataLoader, rank)

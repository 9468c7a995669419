"""Seeds of workers: different, reproducible, and the same as torch's (lesson 11)."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader

from course_lib import DataLoader, seed_worker
from course_lib.loader.seeding import seed_everything
from course_lib.samplers.draws import new_seed

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")


class Noise:
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return torch.rand(2).double(), np.random.rand(2), random.random()


def draw(loader_class, seed, **arguments):
    generator = torch.Generator().manual_seed(seed)
    batches = list(loader_class(Noise(), 3, generator=generator, **arguments))
    return [torch.cat([batch[0].flatten(), batch[1].flatten(), batch[2]]) for batch in batches]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_draw_the_numbers_that_torchs_workers_draw(workers):
    ours = draw(DataLoader, 7, num_workers=workers)
    theirs = draw(TorchLoader, 7, num_workers=workers)
    assert all(torch.equal(mine, yours) for mine, yours in zip(ours, theirs, strict=True))


def test_workers_differ_and_runs_repeat():
    first, again, other = (draw(DataLoader, seed, num_workers=2) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not any(torch.equal(a, b) for a, b in zip(first, other))
    numbers = torch.cat(first)
    assert len(numbers.unique()) == len(numbers)


def test_epochs_differ():
    loader = DataLoader(Noise(), 12, num_workers=1, generator=torch.Generator().manual_seed(0))
    (first,), (second,) = list(loader), list(loader)
    assert not any(torch.equal(a, b) for a, b in zip(first, second))


@pytest.mark.parametrize("loader_class", [DataLoader, TorchLoader])
def test_seed_worker_as_init_function_gives_the_same_numbers(loader_class):
    plain = draw(DataLoader, 3, num_workers=2)
    seeded = draw(loader_class, 3, num_workers=2, worker_init_fn=seed_worker)
    assert all(torch.equal(a, b) for a, b in zip(plain, seeded))


@pytest.fixture
def restored_state():
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    yield
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])


@pytest.mark.usefixtures("restored_state")
@pytest.mark.parametrize("base_seed", [0, 2**32, 2**63 - 100])
def test_seeds_of_64_bits_reach_all_three_generators(base_seed):
    def numbers(worker_id):
        seed_everything(base_seed, worker_id)
        return torch.rand(1).item(), np.random.rand(), random.random()

    rows = [numbers(worker_id) for worker_id in range(8)]
    assert rows == [numbers(worker_id) for worker_id in range(8)]
    assert len({number for row in rows for number in row}) == 24


@pytest.mark.usefixtures("restored_state")
def test_seed_worker_outside_a_worker_follows_torchs_seed():
    torch.manual_seed(11)
    seed_worker(0)
    first = np.random.rand(), random.random()
    torch.manual_seed(11)
    seed_worker(0)
    assert (np.random.rand(), random.random()) == first


@pytest.mark.parametrize(("worker_id", "error"), [(-1, ValueError), ("0", TypeError)])
def test_seed_worker_refuses(worker_id, error):
    with pytest.raises(error, match="worker_id"):
        seed_worker(worker_id)


def test_base_seed_comes_from_the_generator():
    seeds = [new_seed(torch.Generator().manual_seed(4)) for _ in range(2)]
    assert seeds[0] == seeds[1] != new_seed(torch.Generator().manual_seed(5))

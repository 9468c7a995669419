"""Worker identity: ours in torch's workers, torch's in ours."""

import pickle
import threading

import pytest
import torch
import torch.utils.data as torch_data

from course_lib import DataLoader, IterableDataset, WorkerInfo, get_worker_info
from course_lib.worker_info import set_worker_info


class WhoReadsThis(IterableDataset[tuple[int, int, int, bool]]):
    """Yield what the worker knows about itself."""

    def __iter__(self):
        ours, theirs = get_worker_info(), torch_data.get_worker_info()
        yield ours.id, ours.num_workers, ours.seed - theirs.seed, ours.dataset is self


def test_the_main_process_is_no_worker():
    assert get_worker_info() is None


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_torch_workers_are_recognised(start_method):
    loader = torch_data.DataLoader(
        WhoReadsThis(), batch_size=None, num_workers=2, multiprocessing_context=start_method
    )
    assert [list(answer) for answer in loader] == [[0, 2, 0, True], [1, 2, 0, True]]


def test_a_worker_process_tells_torch_too_and_takes_it_back():
    info = WorkerInfo(id=1, num_workers=3, seed=7, dataset="data")
    try:
        set_worker_info(info)
        assert get_worker_info() == info
        theirs = torch_data.get_worker_info()
        assert (theirs.id, theirs.num_workers, theirs.seed, theirs.dataset) == (1, 3, 7, "data")
        seen = []
        thread = threading.Thread(target=lambda: seen.append(get_worker_info()))
        thread.start()
        thread.join()
        assert seen == [info]
    finally:
        set_worker_info(None)
    assert get_worker_info() is None
    assert torch_data.get_worker_info() is None


def test_worker_threads_do_not_see_each_other():
    seen = {}
    barrier = threading.Barrier(2)

    def work(number):
        set_worker_info(WorkerInfo(number, 2, number, None, worker_type="thread"))
        barrier.wait()
        seen[number] = get_worker_info().id
        barrier.wait()
        set_worker_info(None)
        seen[number, "after"] = get_worker_info()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {0: 0, 1: 1, (0, "after"): None, (1, "after"): None}
    assert get_worker_info() is None


@pytest.mark.parametrize(("number", "count"), [(-1, 2), (2, 2), (0, 0)])
def test_impossible_numbers_are_refused(number, count):
    with pytest.raises(ValueError, match="numbered from 0"):
        WorkerInfo(number, count, 0, None)


def test_worker_info_can_be_pickled():
    info = WorkerInfo(0, 1, 5, [1, 2])
    assert pickle.loads(pickle.dumps(info)) == info


def ask_torch(samples):
    """Return what torch's own tools know in a worker."""
    info = torch_data.get_worker_info()
    drawn = torch.rand((), generator=torch.random.thread_safe_generator())
    return info.id, info.num_workers, info.worker_method, info.rng, float(drawn)


@pytest.mark.skipif(not hasattr(torch.random, "thread_safe_generator"), reason="torch 2.15 has it")
def test_torchs_tools_work_in_our_workers():
    results = [
        list(
            kind(range(4), 2, num_workers=2, collate_fn=ask_torch, generator=torch.Generator().manual_seed(0))
        )
        for kind in (DataLoader, torch_data.DataLoader)
    ]
    assert results[0] == results[1]

"""What a loader must not do to batches, errors and draws in unusual places (lessons 10 and 11)."""

import concurrent.futures
import multiprocessing
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset as TorchDataset

from course_lib import ConcatDataset, DataLoader, Dataset, RandomSampler, TensorDataset

needs_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork"
)


def conjugated(samples: Any) -> Any:
    return [torch.tensor([1 + 2j]).conj(), torch.tensor([1 + 2j]).conj().imag]


def conjugated_with_a_function(samples: Any) -> Any:
    return [*conjugated(samples), lambda: 1]


@pytest.mark.parametrize("collate", [conjugated, conjugated_with_a_function])
def test_numbers_arrive_as_they_are_read(collate: Any) -> None:
    # All batches are kept: soon none finds a slot, and they travel in memory of their own.
    loader = DataLoader(range(12), num_workers=1, collate_fn=collate)  # type: ignore[arg-type]
    values = {(batch[0].item(), batch[1].item()) for batch in list(loader)}
    assert values == {(1 - 2j, -2.0)}


def in_future(samples: list[int]) -> "concurrent.futures.Future[list[int]]":
    future: concurrent.futures.Future[list[int]] = concurrent.futures.Future()
    future.set_result(samples)
    return future


def test_a_batch_may_be_a_future() -> None:
    loader = DataLoader(range(4), 2, num_workers=1, worker_type="thread", collate_fn=in_future)  # type: ignore[arg-type]
    assert [batch.result() for batch in loader] == [[0, 1], [2, 3]]


class Drawing(Dataset[torch.Tensor]):
    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(0.001)
        return torch.rand(())


def test_an_epoch_after_one_that_was_left_draws_the_same_in_every_run() -> None:
    def second_epoch(kind: Any) -> list[float]:
        loader = kind(
            Drawing(),
            2,
            num_workers=2,
            persistent_workers=True,
            prefetch_factor=4,
            generator=torch.Generator().manual_seed(0),
        )
        for number, _ in enumerate(loader):
            if number == 1:
                break
        return torch.cat(list(loader)).tolist()

    runs = [second_epoch(DataLoader) for _ in range(3)]
    assert runs == [second_epoch(TorchLoader)] * 3


@needs_fork
def test_a_forked_process_starts_workers_of_its_own() -> None:
    for worker_type in ("process", "thread"):
        loader = DataLoader(
            TensorDataset(torch.arange(6.0)),
            2,
            num_workers=1,
            persistent_workers=True,
            multiprocessing_context="fork" if worker_type == "process" else None,
            worker_type=worker_type,  # type: ignore[arg-type]
        )
        assert len(list(loader)) == 3
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()

        def read(loader: Any = loader, answers: Any = answers) -> None:
            answers.put([batch[0].tolist() for batch in loader])

        child = context.Process(target=read)
        child.start()
        child.join(30)
        was_stuck = child.is_alive()
        child.kill()
        assert not was_stuck
        assert answers.get() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
        assert len(list(loader)) == 3, "the parent's workers are still there"


@needs_fork
def test_a_script_catches_its_own_exception_whatever_that_holds(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            from course_lib import DataLoader

            class Mine(Exception):
                pass

            class Broken:
                def __len__(self):
                    return 2

                def __getitem__(self, index):
                    raise Mine("bad", lambda: 1)

            class Box:
                def __init__(self, samples):
                    self.samples = samples

            def boxed(samples):
                return [Box(samples), lambda: 1]

            if __name__ == "__main__":
                try:
                    list(DataLoader(Broken(), num_workers=1, multiprocessing_context="fork"))
                except Mine:
                    print("caught")
                loader = DataLoader(range(2), num_workers=1, multiprocessing_context="fork", collate_fn=boxed)
                print([isinstance(box, Box) for box, _ in loader])
        """)
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert ran.stdout.split("\n") == ["caught", "[True, True]", ""], ran.stderr


def test_indices_may_come_from_an_iterator() -> None:
    batches = [map(int, "01"), iter([2])]
    loader = DataLoader(TensorDataset(torch.arange(4.0)), batch_sampler=batches)
    assert [batch[0].tolist() for batch in loader] == [[0.0, 1.0], [2.0]]


def thousandfold(kind: Any) -> Any:
    old = kind.__getitem__
    kind.__getitem__ = lambda self, index: tuple(1000 * value for value in old(self, index))
    return kind


@thousandfold
class Decorated(TensorDataset):
    pass


class Heir(Decorated):
    pass


def first_batch(dataset: Any, kind: Any = DataLoader, **options: Any) -> Any:
    return next(iter(kind(dataset, 2, **options)))[0].tolist()


@pytest.mark.parametrize("kind", [Decorated, Heir])
@pytest.mark.parametrize("loader", [DataLoader, TorchLoader])
def test_a_method_put_in_place_of_another_is_heard(kind: Any, loader: Any) -> None:
    dataset = kind(torch.arange(4.0))
    assert dataset[1] == (1000.0,)
    if loader is DataLoader:
        assert first_batch(dataset) == [0.0, 1000.0]


def test_a_mock_is_heard_and_forgotten() -> None:
    dataset = TensorDataset(torch.arange(4.0))
    with mock.patch.object(TensorDataset, "__getitem__", return_value=(torch.tensor(-1.0),)):
        assert first_batch(dataset) == [-1.0, -1.0]
    assert first_batch(dataset) == [0.0, 1.0]


def test_a_batch_fetch_of_one_object_is_heard() -> None:
    dataset = TensorDataset(torch.arange(4.0))
    dataset.__getitems__ = lambda indices: [(torch.tensor(7.0),) for _ in indices]  # type: ignore[assignment, method-assign]
    assert first_batch(dataset) == [7.0, 7.0]


def test_an_order_put_in_place_of_another_is_heard() -> None:
    class Mine(RandomSampler):
        pass

    Mine.__iter__ = lambda self: iter([3, 2, 1, 0])  # type: ignore[method-assign]
    dataset = TensorDataset(torch.arange(4.0))
    assert first_batch(dataset, sampler=Mine(dataset)) == [3.0, 2.0]


class Chance(TorchDataset[torch.Tensor]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.rand(())


def test_parts_that_draw_random_numbers_draw_them_in_the_order_of_the_batch() -> None:
    def draw(kind: Any) -> list[float]:
        torch.manual_seed(3)
        dataset = ConcatDataset([Chance(), Chance()])
        whole: list[float] = next(iter(kind(dataset, 4, sampler=[2, 0, 3, 1]))).tolist()
        return whole

    class Listed(TorchDataset[torch.Tensor]):
        """Hides the batch fetch of what it holds, from torch's loader as well."""

        def __init__(self, dataset: Any) -> None:
            self.dataset = dataset

        def __len__(self) -> int:
            return len(self.dataset)

        def __getitem__(self, index: int) -> torch.Tensor:
            return self.dataset[index]  # type: ignore[no-any-return]

    torch.manual_seed(3)
    one_by_one = next(iter(TorchLoader(Listed(ConcatDataset([Chance(), Chance()])), 4, sampler=[2, 0, 3, 1])))
    assert draw(DataLoader) == draw(TorchLoader) == one_by_one.tolist()


class Marked(np.ndarray):  # type: ignore[type-arg]
    pass


@pytest.mark.parametrize("sample", [np.ma.masked_array([1, 2], [0, 1]), np.arange(3).view(Marked)])
def test_arrays_of_other_kinds_pass_through_as_they_are(sample: Any) -> None:
    for kind in (DataLoader, TorchLoader):
        (got,) = kind([sample], batch_size=None)
        assert type(got) is type(sample)

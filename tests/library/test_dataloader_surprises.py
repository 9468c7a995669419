"""What a loader must not do to batches, errors and draws in unusual places (lessons 10 and 11)."""

import concurrent.futures
import itertools
import multiprocessing
import os
import subprocess
import sys
import textwrap
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset as TorchIterableDataset

from course_lib import (
    AdaptiveBatchDataLoader,
    ConcatDataset,
    DataLoader,
    Dataset,
    LearnedPrefetchDataLoader,
    MemoryEfficientDataLoader,
    RandomSampler,
    TensorDataset,
    get_worker_info,
)
from course_lib.training.ranks import share_of_rank

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


class CountsAnew(TorchIterableDataset[int]):
    """A stream that is its own iterator: asked for one, it begins anew."""

    def __iter__(self) -> "CountsAnew":
        worker = get_worker_info()
        self.next, self.step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return self

    def __next__(self) -> int:
        if self.next >= 10:
            raise StopIteration
        self.next += self.step
        return self.next - self.step


@pytest.mark.parametrize("batch_size", [3, None])
@pytest.mark.parametrize("options", [{}, {"num_workers": 2}, {"num_workers": 2, "persistent_workers": True}])
def test_a_stream_that_is_its_own_iterator_is_begun_once(batch_size: Any, options: dict[str, Any]) -> None:
    ours, torchs = (
        DataLoader(CountsAnew(), batch_size, **options),
        TorchLoader(CountsAnew(), batch_size, **options),
    )
    for _ in range(2):
        found, expected = (
            [torch.as_tensor(batch).tolist() for batch in itertools.islice(loader, 20)]
            for loader in (ours, torchs)
        )
        assert found == expected
    resumed = DataLoader(CountsAnew(), batch_size, num_workers=options.get("num_workers", 0))
    begun = iter(ours)
    next(begun)
    resumed.load_state_dict(ours.state_dict())
    rest = [torch.as_tensor(batch).tolist() for batch in itertools.islice(resumed, 20)]
    assert rest == [torch.as_tensor(batch).tolist() for batch in itertools.islice(begun, 20)]


class DrawsAnew:
    """A batch sampler that is its own iterator."""

    def __iter__(self) -> "DrawsAnew":
        self.left = torch.randperm(7).tolist()
        return self

    def __next__(self) -> list[int]:
        if not self.left:
            raise StopIteration
        return [self.left.pop()]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("handed", [0, 2])
def test_a_batch_sampler_that_is_its_own_iterator_is_begun_once(workers: int, handed: int) -> None:
    found = []
    for kind in (TorchLoader, DataLoader):
        torch.manual_seed(3)
        loader: Any = kind(range(7), batch_sampler=DrawsAnew(), num_workers=workers)  # type: ignore[arg-type]
        found.append([batch.item() for batch in loader])
    # Torch begins twice with its first set of workers.
    assert found[0] == found[1] or (workers and sorted(found[1]) == list(range(7)))
    begun = iter(loader)
    for _ in range(handed):
        next(begun)
    resumed: Any = DataLoader(range(7), batch_sampler=DrawsAnew(), num_workers=workers)  # type: ignore[arg-type]
    resumed.load_state_dict(loader.state_dict())
    assert [batch.item() for batch in resumed] == [batch.item() for batch in begun]


def test_any_sampler_of_an_adaptive_loader_is_begun_once() -> None:
    class Anew(DrawsAnew):
        def __next__(self) -> int:  # type: ignore[override]
            return super().__next__()[0]

    loader = AdaptiveBatchDataLoader(range(7), 2, sampler=Anew())  # type: ignore[arg-type]
    assert sorted(torch.cat(list(itertools.islice(loader, 10))).tolist()) == list(range(7))


def _first_column(batch: torch.Tensor, rest: Any, answers: Any) -> None:
    rest.get()
    answers.put(batch[:, 0].tolist())


@needs_fork
def test_a_batch_stays_as_it_is_in_a_process_forked_with_it() -> None:
    context = multiprocessing.get_context("fork")
    rows = TensorDataset(torch.arange(40.0).repeat_interleave(1000).view(40, 1000))
    for epoch in range(2):
        go_on, answers, given, processes = context.SimpleQueue(), context.SimpleQueue(), [], []
        for number, (batch,) in enumerate(DataLoader(rows, 2, num_workers=1)):
            if number in (5, 6, 12):
                given.append(batch[:, 0].tolist())
                processes.append(context.Process(target=_first_column, args=(batch, go_on, answers)))
                processes[-1].start()
            batch.sub_(0)
        for _ in processes:
            go_on.put(epoch)
        found = [answers.get() for _ in processes]
        for process in processes:
            process.join()
        assert sorted(found) == given


class Shares(TorchIterableDataset[int]):
    def __iter__(self) -> Any:
        worker = get_worker_info()
        assert worker is not None
        return iter(range(worker.id, 8, worker.num_workers))


class Nested(Dataset[list[int]]):
    """Reads a stream with worker processes of its own."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> list[int]:
        inner: Any = DataLoader(Shares(), None, num_workers=2, multiprocessing_context="fork")
        return sorted(inner)


@needs_fork
def test_a_worker_process_of_a_worker_thread_knows_its_own_number() -> None:
    found = list(DataLoader(Nested(), None, num_workers=2, worker_type="thread"))
    assert found == [list(range(8))] * 2


class Sparse(TorchIterableDataset[torch.Tensor]):
    def __iter__(self) -> Any:
        worker = get_worker_info()
        assert worker is not None
        for number in range(worker.id, 6, worker.num_workers):
            yield (torch.eye(3) * (number + 1)).to_sparse()


def test_sparse_tensors_of_several_workers_arrive() -> None:
    found = [batch.to_dense()[0, 0].item() for batch in DataLoader(Sparse(), None, num_workers=2)]
    assert found == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("kind", ["process", "thread"])
@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("handed", [3, 5])
def test_any_number_of_workers_may_finish_a_map_style_pass(kind: Any, workers: int, handed: int) -> None:
    loader = DataLoader(range(20), 2, num_workers=4, worker_type=kind)
    begun = iter(loader)
    for _ in range(handed):
        next(begun)
    resumed = DataLoader(range(20), 2, num_workers=workers, worker_type=kind)
    resumed.load_state_dict(loader.state_dict())
    assert torch.cat(list(resumed)).tolist() == list(range(2 * handed, 20))


def test_loaders_that_ask_for_the_size_of_a_batch_take_sparse_tensors() -> None:
    samples = [(torch.eye(3) * number).to_sparse() for number in range(4)]
    for loader in (
        LearnedPrefetchDataLoader(samples, 2, collate_fn=list),
        MemoryEfficientDataLoader(samples, 2, collate_fn=list, num_workers=1, max_memory_usage=10**5),
    ):
        found: Any = list(loader)
        assert [sample.to_dense()[0, 0].item() for batch in found for sample in batch] == [0, 1, 2, 3]


def test_the_share_of_a_rank_is_no_lesser_loader() -> None:
    loader = MemoryEfficientDataLoader(range(10), 2, num_workers=1, max_memory_usage=500)  # type: ignore[var-annotated]
    with pytest.raises(TypeError, match="would be lost"):
        share_of_rank(loader, 2, 0)


class EmptyViews(Dataset[Any]):
    """Samples with boxes, of which some pictures have none: views of one tensor."""

    def __init__(self, wrap: Any, dtype: torch.dtype) -> None:
        self.boxes = torch.arange(400).to(dtype).reshape(100, 4)
        self.wrap = wrap

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        return self.wrap(self.boxes[index : index + index % 2]), self.boxes.is_shared()


def in_a_dict(boxes: torch.Tensor) -> Any:
    return {"boxes": boxes, "name": "a picture"}


def in_a_list(boxes: torch.Tensor) -> Any:
    return [boxes]


def with_a_function(boxes: torch.Tensor) -> Any:
    return {"boxes": boxes, "function": lambda: 1}


@needs_fork
@pytest.mark.parametrize("wrap", [in_a_dict, in_a_list, with_a_function])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.bool])
@pytest.mark.parametrize("keep", [False, True])
def test_an_empty_view_does_not_take_its_dataset_along(wrap: Any, dtype: torch.dtype, keep: bool) -> None:
    dataset, kept = EmptyViews(wrap, dtype), []
    loader = DataLoader(dataset, batch_size=None, num_workers=1, multiprocessing_context="fork")
    for index, (sample, is_shared) in enumerate(loader):
        kept += [sample] * keep
        boxes = sample[0] if isinstance(sample, list) else sample["boxes"]
        assert not is_shared
        assert boxes.dtype == dtype
        assert torch.equal(boxes, dataset.boxes[index : index + index % 2])


@needs_fork
def test_what_is_forked_while_workers_are_closed_keeps_its_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    iterator: Any = iter(DataLoader(range(4), num_workers=2, multiprocessing_context="fork"))
    next(iterator)
    ends = [end for worker in iterator._pool._workers for end in (worker.tasks, worker.answers)]
    context, parent, arrived = multiprocessing.get_context("fork"), os.getpid(), list[bytes]()

    def close(connection: Any) -> None:
        number = connection._handle
        if os.getpid() != parent or not any(connection is end for end in ends):
            os.close(number)
            return
        reader, writer = os.pipe()
        os.dup2(writer, number)  # It closes, and another thread's new pipe gets the number at once. It forks:
        process = context.Process(target=os.write, args=(number, b"arrived"))
        process.start()
        process.join(30)
        os.close(writer)
        os.close(number)
        arrived.append(os.read(reader, 10))
        os.close(reader)

    monkeypatch.setattr(Connection, "_close", close)
    iterator.close()
    assert arrived == [b"arrived"] * 4

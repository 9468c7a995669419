"""Trainers made for torch's loader train with ours: lightning; accelerate in one process and in two."""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from itertools import chain

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader as TorchLoader

from course_lib import DataLoader, DeviceLoader, StreamingDataset, TensorDataset
from course_lib.training.ranks import share_of_rank

pytestmark = pytest.mark.filterwarnings("ignore")
SIZE = 22


def points(size=SIZE):
    features = torch.arange(float(size))[:, None] / size
    return TensorDataset(features, 3 * features + 1, torch.arange(size))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_lightning_trains(workers, tmp_path):
    lightning = pytest.importorskip("lightning")

    class Line(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 1)
            self.seen = []
            self.validated = []

        def training_step(self, batch, number):
            features, targets, indices = batch
            self.seen.append(indices.tolist())
            return nn.functional.mse_loss(self.layer(features), targets)

        def validation_step(self, batch, number):
            self.validated += batch[2].tolist()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    order = torch.Generator().manual_seed(0)
    train = DataLoader(points(), 4, shuffle=True, num_workers=workers, generator=order)
    model = Line()
    before = model.layer.weight.item()
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=tmp_path,
    )
    trainer.fit(model, train, DataLoader(points(6), 4))
    first, second = model.seen[: len(train)], model.seen[len(train) :]
    for epoch in (first, second):
        assert sorted(chain.from_iterable(epoch)) == list(range(SIZE))
    assert first != second
    assert model.validated == list(range(6)) * 2
    assert model.layer.weight.item() != before


def test_accelerate_in_one_process():
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True)
    model = nn.Linear(1, 1)
    model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.3))
    loader = DataLoader(points(), 4, shuffle=True, generator=torch.Generator().manual_seed(0))
    batches = DeviceLoader(loader, accelerator.device)
    assert accelerator.prepare(batches) is batches, "what is not torch's loader passes prepare unchanged"
    epochs = [[], []]
    for seen in epochs:
        for features, targets, indices in batches:
            optimizer.zero_grad()
            accelerator.backward(nn.functional.mse_loss(model(features), targets))
            optimizer.step()
            seen += indices.tolist()
    assert all(sorted(seen) == list(range(SIZE)) for seen in epochs)
    assert epochs[0] != epochs[1]


# Shares


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("ranks", [1, 2, 3])
@pytest.mark.parametrize("drop_last", [False, True])
def test_the_ranks_together_read_every_sample(shuffle, ranks, drop_last):
    loader = DataLoader(points(), 4, shuffle=shuffle, drop_last=drop_last)
    shares = [share_of_rank(loader, ranks, rank) for rank in range(ranks)]
    orders = []
    for epoch in range(2):
        read = []
        for share in shares:
            share.sampler.set_epoch(epoch)
            read.append(torch.cat([batch[2] for batch in share]).tolist() if len(share) else [])
        orders.append(read)
        assert len({len(part) for part in read}) == 1, "as many for every rank"
        counts = Counter(chain.from_iterable(read))
        assert max(counts.values()) == 1 if drop_last else set(counts) == set(range(SIZE))
        assert sum(count - 1 for count in counts.values()) < ranks, "no more repeats than pad the last round"
    assert (orders[0] != orders[1]) == shuffle


def test_a_share_keeps_every_other_argument():
    def second_feature(samples):
        return samples

    loader = DataLoader(
        points(),
        5,
        num_workers=2,
        collate_fn=second_feature,
        timeout=60,
        prefetch_factor=3,
        persistent_workers=True,
    )
    share = share_of_rank(loader, 2, 1)
    for name in (
        "dataset",
        "batch_size",
        "num_workers",
        "collate_fn",
        "timeout",
        "prefetch_factor",
        "persistent_workers",
    ):
        assert getattr(share, name) is getattr(loader, name) or getattr(share, name) == getattr(loader, name)
    assert share.sampler.rank == 1


def test_without_batching_samples_are_shared_too():
    shares = [share_of_rank(DataLoader(list(range(6)), None), 2, rank) for rank in range(2)]
    assert [list(share) for share in shares] == [[0, 2, 4], [1, 3, 5]]


@pytest.mark.parametrize(
    ("loader", "error", "words"),
    [
        (TorchLoader([1]), TypeError, "Pass the loader itself"),
        (DeviceLoader(DataLoader([1]), "cpu"), TypeError, "got a DeviceLoader"),
        (DataLoader(StreamingDataset([1, 2])), TypeError, "a stream, which has no"),
        (DataLoader([1, 2], sampler=[1, 0]), ValueError, "with the sampler list"),
        (DataLoader([1, 2], batch_sampler=[[1, 0]]), ValueError, "the batch sampler list"),
        (
            DataLoader([1, 2], sampler=torch.utils.data.RandomSampler([1, 2], replacement=True)),
            ValueError,
            "All ranks must agree",
        ),
    ],
)
def test_what_cannot_be_shared(loader, error, words):
    with pytest.raises(error, match=words):
        share_of_rank(loader, 2, 0)


RANK_PROGRAM = """
import json, sys, torch
from accelerate import Accelerator
from torch import nn
from course_lib import DataLoader, DeviceLoader, TensorDataset
from course_lib.training.ranks import share_of_rank

size, workers, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
features = torch.arange(float(size))[:, None] / size
dataset = TensorDataset(features, 3 * features + 1, torch.arange(size))
if __name__ == "__main__":
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.1))
    loader = DataLoader(dataset, 3, shuffle=True, num_workers=workers)
    share = share_of_rank(loader, accelerator.num_processes, accelerator.process_index)
    epochs = []
    for epoch in range(2):
        share.sampler.set_epoch(epoch)
        seen = []
        for inputs, targets, indices in DeviceLoader(share, accelerator.device):
            optimizer.zero_grad()
            accelerator.backward(nn.functional.mse_loss(model(inputs), targets))
            optimizer.step()
            seen += accelerator.gather(indices).tolist() if size % 6 == 0 else indices.tolist()
        epochs.append(seen)
    weights = [parameter.flatten().tolist() for parameter in model.parameters()]
    with open(f"{out}.{accelerator.process_index}", "w") as file:
        json.dump({"epochs": epochs, "weights": weights, "ranks": accelerator.num_processes}, file)
    accelerator.end_training()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("size", "workers"), [(24, 0), (22, 2)])
def test_accelerate_in_two_processes(size, workers, tmp_path):
    pytest.importorskip("accelerate")
    program, out = tmp_path / "train.py", tmp_path / "seen"
    program.write_text(RANK_PROGRAM)
    reports = run_two_ranks([program, str(size), str(workers), out], out)
    assert [report["ranks"] for report in reports] == [2, 2]
    assert reports[0]["weights"] == reports[1]["weights"], "the ranks train one model"
    for epoch in range(2):
        seen = [report["epochs"][epoch] for report in reports]
        # Gathered, both know all samples; else each knows its own.
        everything = seen[0] if size == 24 else seen[0] + seen[1]
        assert sorted(everything) == list(range(size))
        assert size == 22 or seen[0] == seen[1]
    assert reports[0]["epochs"][0] != reports[0]["epochs"][1]


def run_two_ranks(command, out):
    """Start a program twice, with the environment that torchrun gives, and return what each rank wrote."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    group = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    ranks = [
        subprocess.Popen(
            [sys.executable, *command],
            env=os.environ | group | {"RANK": rank, "LOCAL_RANK": rank, "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    try:
        for rank in ranks:
            _, errors = rank.communicate(timeout=180)
            assert rank.returncode == 0, errors
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()
    return [json.loads(out.with_name(f"{out.name}.{rank}").read_text()) for rank in range(2)]

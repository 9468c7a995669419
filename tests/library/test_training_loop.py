"""The training loop against the same steps written by hand, and its laws (lesson 15)."""

import copy
from collections import namedtuple

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR, LinearLR, ReduceLROnPlateau

from course_lib import DataLoader, TensorDataset, evaluate, gradient_variance, train_model
from course_lib.training.records import Evaluation


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads only wait for each other in a model this small, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def task():
    """Return a model, a dataset of 50 samples in 3 classes, and a criterion."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(50, 4, generator=generator)
    targets = (inputs @ torch.randn(4, 3, generator=generator)).argmax(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    return model, TensorDataset(inputs, targets), nn.CrossEntropyLoss()


def sgd(model, lr=0.5):
    return torch.optim.SGD(model.parameters(), lr=lr)


def same_weights(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_the_same_as_the_steps_by_hand(task):
    model, dataset, criterion = task
    twin = copy.deepcopy(model)
    train_model(model, DataLoader(dataset, 16), criterion, sgd(model), 3, progress=False)
    optimizer = sgd(twin)
    for _ in range(3):
        for inputs, targets in DataLoader(dataset, 16):
            loss = criterion(twin(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert same_weights(model, twin)


def test_a_training_learns(task):
    model, dataset, criterion = task
    loader = DataLoader(dataset, 10)
    before = evaluate(model, loader, criterion)
    train_model(model, loader, criterion, sgd(model), 30, progress=False)
    after = evaluate(model, loader, criterion)
    assert after.loss < before.loss / 2
    assert after.accuracy > 0.9


def test_a_short_last_batch_counts_by_its_size(task):
    model, dataset, criterion = task
    still = sgd(model, lr=0.0)
    history = train_model(model, DataLoader(dataset, 16), criterion, still, 1, progress=False)
    exact = evaluate(model, DataLoader(dataset, 50), criterion)
    assert history.train_losses[0] == pytest.approx(exact.loss)
    assert sum(history.batch_losses) / 4 != pytest.approx(exact.loss, rel=1e-4)
    assert evaluate(model, DataLoader(dataset, 7), criterion).loss == pytest.approx(exact.loss)


def test_a_summed_criterion_gives_the_same_mean(task):
    model, dataset, criterion = task
    summed = evaluate(model, DataLoader(dataset, 16), nn.CrossEntropyLoss(reduction="sum"))
    assert summed.loss == pytest.approx(evaluate(model, DataLoader(dataset, 16), criterion).loss)


def test_the_history_has_one_number_per_batch_and_per_epoch(task):
    model, dataset, criterion = task
    loader = DataLoader(dataset, 16)
    history = train_model(model, loader, criterion, sgd(model), 3, validation_loader=loader, progress=False)
    assert len(history.batch_losses) == len(history.gradient_norms) == len(history.learning_rates) == 12
    assert history.batches_per_epoch == (4, 4, 4)
    assert (
        len(history.train_losses) == len(history.validation_losses) == len(history.validation_accuracies) == 3
    )
    assert history.validation_losses[-1] == pytest.approx(evaluate(model, loader, criterion).loss)


def test_clipping_stands_between_backward_and_step(task):
    model, dataset, criterion = task
    before = copy.deepcopy(model)
    loader = DataLoader(dataset, 50)
    history = train_model(model, loader, criterion, sgd(model, 1.0), 1, clip_norm=0.01, progress=False)
    steps = [a - b for a, b in zip(model.parameters(), before.parameters())]
    assert history.gradient_norms[0] > 0.01  # the norm before clipping
    assert float(nn.utils.get_total_norm(steps)) == pytest.approx(0.01, rel=1e-3)


def test_generous_clipping_changes_nothing(task):
    model, dataset, criterion = task
    twin = copy.deepcopy(model)
    train_model(model, DataLoader(dataset, 16), criterion, sgd(model), 1, clip_norm=1e9, progress=False)
    train_model(twin, DataLoader(dataset, 16), criterion, sgd(twin), 1, progress=False)
    assert same_weights(model, twin)


def test_a_scheduler_steps_once_per_epoch(task):
    model, dataset, criterion = task
    optimizer = sgd(model, 1.0)
    scheduler = ExponentialLR(optimizer, 0.5)
    history = train_model(
        model, DataLoader(dataset, 25), criterion, optimizer, 3, scheduler=scheduler, progress=False
    )
    assert history.learning_rates == (1.0, 1.0, 0.5, 0.5, 0.25, 0.25)


def test_a_scheduler_steps_once_per_batch_if_told(task):
    model, dataset, criterion = task
    optimizer = sgd(model, 1.0)
    scheduler = LinearLR(optimizer, 1.0, 0.0, total_iters=4)
    history = train_model(
        model,
        DataLoader(dataset, 25),
        criterion,
        optimizer,
        2,
        scheduler=scheduler,
        schedule_per="batch",
        progress=False,
    )
    assert history.learning_rates == pytest.approx((1.0, 0.75, 0.5, 0.25))


@pytest.mark.parametrize("mode", ["min", "max"])
def test_trap_a_plateau_scheduler_needs_its_metric(task, mode):
    model, dataset, criterion = task
    optimizer = sgd(model, 0.0)  # nothing improves, so every epoch after the first is on the plateau
    scheduler = ReduceLROnPlateau(optimizer, mode=mode, factor=0.1, patience=0)
    optimizer.param_groups[0]["lr"] = 1e-9
    scheduler.eps = 0.0
    loader = DataLoader(dataset, 50)
    history = train_model(
        model, loader, criterion, optimizer, 3, validation_loader=loader, scheduler=scheduler, progress=False
    )
    assert history.learning_rates[0] == history.learning_rates[1] > history.learning_rates[2]
    values = history.validation_losses if mode == "min" else history.validation_accuracies
    assert scheduler.best == pytest.approx(values[0], rel=1e-6)


def test_evaluation_changes_nothing_and_switches_dropout_off(task):
    _, dataset, criterion = task
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(4), nn.Linear(4, 3))
    before = copy.deepcopy(model.state_dict())
    results = {evaluate(model, DataLoader(dataset, 16), criterion) for _ in range(2)}
    assert len(results) == 1
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_evaluation_leaves_frozen_parts_frozen(task):
    _, dataset, _ = task
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3))
    model.train()
    model[0].eval()
    evaluate(model, DataLoader(dataset, 16))
    assert [part.training for part in model.modules()] == [True, False, True]
    gradient_variance(model, dataset, [1], draws=2)
    assert [part.training for part in model.modules()] == [True, False, True]


def test_named_tuples_are_inputs(task):
    class First(nn.Linear):
        def forward(self, pair):
            return super().forward(pair.first)

    Inputs = namedtuple("Inputs", "first second")
    batch = Inputs(torch.randn(4, 2), torch.ones(4)), torch.tensor([0, 1, 0, 1])
    assert evaluate(First(2, 2), [batch]).count == 4


def test_evaluation_without_classes_or_criterion(task):
    model, dataset, _ = task
    regression = TensorDataset(torch.randn(6, 4), torch.randn(6, 3))
    result = evaluate(model, DataLoader(regression, 4), nn.MSELoss())
    assert (result.accuracy, result.count) == (None, 6)
    plain = evaluate(model, DataLoader(dataset, 8))
    assert plain.loss is None
    inputs, targets = dataset[:]
    assert plain == Evaluation(None, int((model(inputs).argmax(1) == targets).sum()) / 50, 50)


@pytest.mark.parametrize("progress", [False, True])
def test_progress_can_be_silent(task, progress, capfd):
    model, dataset, criterion = task
    train_model(model, DataLoader(dataset, 16), criterion, sgd(model), 1, progress=progress)
    evaluate(model, DataLoader(dataset, 16), progress=progress)
    output = "".join(capfd.readouterr())
    assert ("Training" in output) is progress
    assert bool(output) is progress


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"epochs": 0}, ValueError, "epochs is 0"),
        ({"epochs": 1.5}, TypeError, r"epochs is 1\.5"),
        ({"clip_norm": 0.0}, ValueError, r"clip_norm is 0\.0"),
        ({"clip_norm": float("nan")}, ValueError, "clip_norm is nan"),
        ({"scheduler": 3}, TypeError, "scheduler is a int"),
        ({"schedule_per": "week"}, ValueError, "schedule_per is 'week'"),
        ({"train_loader": []}, ValueError, "0 samples"),
        ({"train_loader": [torch.ones(2, 4)]}, TypeError, "a Tensor of 2 as a batch"),
        ({"criterion": nn.CrossEntropyLoss(reduction="none")}, ValueError, r"loss of shape \(16,\)"),
    ],
)
def test_mistakes_are_named(task, arguments, error, match):
    model, dataset, criterion = task
    good = {"train_loader": DataLoader(dataset, 16), "criterion": criterion, "epochs": 1, "progress": False}
    with pytest.raises(error, match=match):
        train_model(model, optimizer=sgd(model), **(good | arguments))


@pytest.mark.parametrize("arguments", [{"schedule_per": "batch"}, {"mode": "max"}])
def test_a_plateau_scheduler_without_its_metric_is_refused(task, arguments):
    model, dataset, criterion = task
    optimizer = sgd(model)
    scheduler = ReduceLROnPlateau(optimizer, mode=arguments.pop("mode", "min"))
    with pytest.raises(ValueError, match="ReduceLROnPlateau"):
        train_model(model, DataLoader(dataset), criterion, optimizer, 1, scheduler=scheduler, **arguments)


def test_evaluating_nothing_is_refused(task):
    with pytest.raises(ValueError, match="0 samples"):
        evaluate(task[0], [])

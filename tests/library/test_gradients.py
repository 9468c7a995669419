"""The noise of mini-batch gradients obeys the laws of sampling (lesson 15)."""

import pytest
import torch
from torch import nn

from course_lib import TensorDataset, gradient_variance

SIZES = [1, 2, 4, 8, 16, 32]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads only wait for each other in a model this small, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def task():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(32, 3, generator=generator)
    targets = torch.randint(2, (32,), generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))
    return model, TensorDataset(inputs, targets)


@pytest.fixture(scope="module", params=[False, True], ids=["without", "with replacement"])
def measured(task, request, one_thread):
    generator = torch.Generator().manual_seed(2)
    return gradient_variance(*task, SIZES, draws=200, replacement=request.param, generator=generator)


def test_the_measurement_meets_the_prediction(measured):
    for variance, spread, prediction in zip(measured.variance, measured.spread, measured.prediction):
        assert abs(variance - prediction) <= 5 * spread + 1e-9


def test_the_prediction_is_the_law(measured):
    single, n = measured.prediction[0], 32
    for size, prediction in zip(SIZES, measured.prediction):
        share = 1 / size if measured.replacement else (n - size) / (n - 1) / size
        assert prediction == pytest.approx(single * share)


def test_the_gradient_of_a_batch_is_unbiased(measured):
    for error, prediction in zip(measured.mean_error, measured.prediction):
        assert error <= 4 * (prediction / measured.draws) ** 0.5 + 1e-6


def test_the_whole_dataset_has_no_noise_only_without_replacement(measured):
    assert (measured.variance[-1] < 1e-9) is not measured.replacement


def test_the_variance_of_one_sample_is_that_of_its_gradients(task):
    model, dataset = task
    model.eval()
    gradients = []
    for inputs, target in dataset:
        loss = nn.functional.cross_entropy(model(inputs[None]), target[None])
        parts = torch.autograd.grad(loss, list(model.parameters()))
        gradients.append(torch.cat([part.flatten() for part in parts]))
    expected = torch.stack(gradients).var(dim=0, correction=0).sum().item()
    assert gradient_variance(model, dataset, [1], draws=2).prediction[0] == pytest.approx(expected, rel=1e-4)


def test_a_generator_repeats_the_draws_and_nothing_else_changes(task):
    model, dataset = task
    model.train()
    state = torch.get_rng_state()
    weights = [parameter.clone() for parameter in model.parameters()]
    results = [
        gradient_variance(model, dataset, [4], draws=5, generator=torch.Generator().manual_seed(0))
        for _ in range(2)
    ]
    assert results[0] == results[1]
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters()))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training


@pytest.mark.parametrize(
    ("sizes", "arguments", "error", "match"),
    [
        ([], {}, ValueError, "batch_sizes is empty"),
        ([0], {}, ValueError, r"batch_sizes is \[0\]"),
        ([33], {}, ValueError, "goes up to 33 and the dataset has 32"),
        ([1.5], {}, TypeError, "Give ints"),
        ([1], {"draws": 1}, ValueError, "draws is 1"),
        ([1], {"draws": "9"}, TypeError, "draws is '9'"),
    ],
)
def test_mistakes_are_named(task, sizes, arguments, error, match):
    with pytest.raises(error, match=match):
        gradient_variance(*task, sizes, **arguments)


def test_with_replacement_a_batch_may_exceed_the_dataset(task):
    assert gradient_variance(*task, [64], draws=3, replacement=True).batch_sizes == (64,)


def test_an_empty_dataset_is_refused(task):
    with pytest.raises(ValueError, match="0 samples"):
        gradient_variance(task[0], [], [1])

"""The graded checks of exercise 15.

Models, optimisers and schedules live on the student's side; a twin of each on this side says what must
come out.
"""

from collections.abc import Iterator
from itertools import combinations, combinations_with_replacement
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "15",
    "mini_batch_sgd",
    (
        Task(
            "15.1",
            "One epoch by hand",
            defines=("sgd_epoch",),
            forbids=("train_model",),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "After `loss.backward()`, where does the gradient of a parameter stand? And what does the "
                "next `backward()` do with what already stands there?",
                "For each batch, in this order: clear the gradients · outputs and loss · backward · move "
                "every parameter. Moving a parameter must not itself be recorded for gradients, so it "
                "happens inside `with torch.no_grad():`, and it must change the tensor in place.",
                "`parameter -= learning_rate * parameter.grad` for every parameter of `model.parameters()` "
                "whose `.grad` is not None; `losses.append(loss.item())` keeps the number and not the "
                "graph.",
            ),
        ),
        Task(
            "15.2",
            "The mean loss of a data set",
            defines=("mean_loss",),
            forbids=("evaluate", "train_model"),
            difficulty=2,
            importance=5,
            minutes=10,
            hints=(
                "Four samples have the mean loss 1.0, one more has the loss 3.0. What is the sum of all five "
                "losses?",
                "The mean of means treats the batch of one sample like the batch of four:\n"
                "batch 1: ■■■■ mean 1.0 → sum 4.0\nbatch 2: ■    mean 3.0 → sum 3.0\nall: 7.0 / 5 = 1.4",
                "Keep two numbers: `total += loss.item() * len(targets)` and `count += len(targets)`. "
                "Before the loop remember `model.training` and call `model.eval()`; after it "
                "`model.train(was_training)`.",
            ),
        ),
        Task(
            "15.3",
            "How noisy is the gradient of a batch?",
            defines=("batch_gradient", "gradient_noise"),
            forbids=("gradient_variance", "GradientVariance"),
            difficulty=4,
            importance=4,
            minutes=30,
            hints=(
                "How would you draw 3 cards from a deck, once putting each card back, once not? Which of "
                "`torch.randint` and `torch.randperm` is which?",
                "Think of three samples with the gradients 0, 3 and 6, so that the full gradient is 3. "
                "Batches of two without replacement have the gradients 1.5, 3 and 4.5: the distances are "
                "1.5, 0 and 1.5, and the variance is (2.25 + 0 + 2.25) / 3 = 1.5. With vectors, the "
                "squared distance is the sum over all components.",
                "`torch.autograd.grad(loss, list(model.parameters()))` returns gradients without touching "
                "`.grad`. For every draw: indices, `batch_gradient`, add it to the total, add `(gradient - "
                "full).square().sum().item()` to the distance; divide both by `draws`.",
            ),
        ),
        Task(
            "15.4",
            "Clipping, in the right place",
            defines=("train_clipped",),
            forbids=("train_model",),
            difficulty=3,
            importance=4,
            minutes=15,
            hints=(
                "Between which two calls does a gradient exist and has not been used yet?",
                "One batch, in time:\nzero_grad → forward → backward → │ clip here │ → step\nOne line "
                "later the weights have already moved; after the loop it happens once, for nobody.",
                "`norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)` right after `backward()`; "
                "what it returns is the length before clipping. Keep `norm.item()`.",
            ),
        ),
        Task(
            "15.5",
            "A schedule that is really followed",
            defines=("fit",),
            forbids=("train_model",),
            difficulty=3,
            importance=4,
            minutes=20,
            hints=(
                "Who calls `scheduler.step()`? Does a scheduler notice by itself that an epoch is over?",
                "Two epochs of two batches, stepping per epoch:\nbatch batch validate step │ batch batch "
                "validate step\nand per batch:\nbatch step batch step validate │ batch step batch step "
                "validate",
                "Write down the rate *before* `step(batch)`. After `loss = validate()`, a "
                "`torch.optim.lr_scheduler.ReduceLROnPlateau` gets `scheduler.step(loss)`, any other one "
                "that steps per epoch gets `scheduler.step()`.",
            ),
        ),
        Task(
            "15.6",
            "Which seed was it?",
            defines=("find_seed",),
            difficulty=3,
            importance=3,
            minutes=15,
            hints=(
                "Where does a generator stand after one epoch: at its seed again, or further on?",
                "One generator is like one tape:\nseed 7: [epoch 0][epoch 1][epoch 2] …\nA new generator "
                "with the same seed rewinds it to the start.",
                "For every seed make ONE generator and ONE loader, then go through the loader `epochs` "
                "times and compare each time the whole list of samples, read to its end, with `order`.",
            ),
        ),
    ),
)

Batches = list[tuple[Tensor, Tensor]]


def network(modules: Any, dropout: float = 0.0) -> Any:
    """A small network, on this side with `torch.nn`, on the other with `room.module("torch.nn")`."""
    parts = [modules.Linear(3, 4), modules.Tanh(), modules.Dropout(dropout), modules.Linear(4, 2)]
    return modules.Sequential(*parts)


def twins(room: Any, generator: torch.Generator, dropout: float = 0.0) -> tuple[nn.Module, Any]:
    """The same network with the same weights, on this side and on the student's."""
    here, there = network(nn), network(room.module("torch.nn"), dropout)
    weights = torch.randn(len(parameters_to_vector(here.parameters())), generator=generator)
    vector_to_parameters(weights.clone(), here.parameters())
    room.module("torch.nn.utils").vector_to_parameters(weights, there.parameters())
    return here, there


def weights_of(room: Any, model: Any) -> Tensor:
    """The weights of a model on the student's side, as one vector."""
    return room.module("torch.nn.utils").parameters_to_vector(model.parameters())


def data(sizes: list[int], generator: torch.Generator, scale: float = 1.0) -> Batches:
    """Batches of these sizes."""
    batches = []
    for size in sizes:
        inputs = torch.randn(size, 3, generator=generator) * scale
        batches.append((inputs, torch.randint(2, (size,), generator=generator)))
    return batches


def joined(batches: Batches) -> tuple[Tensor, Tensor]:
    return torch.cat([inputs for inputs, _ in batches]), torch.cat([targets for _, targets in batches])


def some_sizes(rng: Any) -> list[int]:
    """Some batches of one size, and a short one at the end."""
    size = rng.randrange(4, 8)
    return [size] * rng.randrange(2, 5) + [rng.randrange(1, size - 1)]


def criterion_there(room: Any) -> Any:
    return room.module("torch.nn.functional").cross_entropy


def sgd_here(model: nn.Module, batches: Batches, rate: float, max_norm: float | None = None) -> list[float]:
    """What torch's optimiser makes of it; returns losses, or lengths of gradients if they are clipped."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    noted = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        loss = cross_entropy(model(inputs), targets)
        loss.backward()
        if max_norm is None:
            noted.append(loss.item())
        else:
            noted.append(nn.utils.clip_grad_norm_(model.parameters(), max_norm).item())
        optimizer.step()
    return noted


# 15.1 -----------------------------


@graded("15.1", "one batch, one step", points=1)
def test_one_step(student, expect, room, generator, rng):
    here, there = twins(room, generator)
    batches, rate = data([rng.randrange(1, 6)], generator), rng.uniform(0.05, 0.5)
    sgd_here(here, batches, rate)
    student.sgd_epoch(there, batches, criterion_there(room), rate)
    expect(
        weights_of(room, there),
        tried=f"one batch of {len(batches[0][1])} samples with the learning rate {rate:.3f}, on a network "
        "of 26 weights",
        rule="A step moves every weight by minus the learning rate times its gradient, in place.",
        next="Look at the line that moves a parameter: `p = p - …` gives the name p to a new tensor, and "
        "the model keeps the old one.",
    ).is_close_to(parameters_to_vector(here.parameters()).detach(), 1e-4)


@graded("15.1", "every batch its own gradient", points=2)
def test_epochs(student, expect, room, generator, rng):
    here, there = twins(room, generator)
    sizes, rate = some_sizes(rng), rng.uniform(0.05, 0.5)
    batches = data(sizes, generator)
    for _ in range(2):
        sgd_here(here, batches, rate)
        student.sgd_epoch(there, batches, criterion_there(room), rate)
    expect(
        weights_of(room, there),
        tried=f"two epochs of batches of {sizes} samples, learning rate {rate:.3f}",
        rule="There is one step per batch, and it uses the gradient of this batch alone: `backward` adds "
        "to what already stands in `.grad`.",
        next="See where the gradients are cleared, and that the step is inside the loop over the batches.",
    ).is_close_to(parameters_to_vector(here.parameters()).detach(), 1e-3)


@graded("15.1", "losses from before the step", points=1)
def test_losses(student, expect, room, generator, rng):
    here, there = twins(room, generator)
    sizes = some_sizes(rng)
    batches = data(sizes, generator)
    losses = student.sgd_epoch(there, batches, criterion_there(room), 0.4)
    wanted = sgd_here(here, batches, 0.4)
    tried = f"batches of {sizes} samples, learning rate 0.4"
    expect(
        [type(loss).__name__ for loss in losses],
        tried=tried,
        rule="Losses are kept as floats: a tensor would keep its whole graph alive.",
        next="Use `loss.item()`.",
    ).equals(["float"] * len(sizes))
    expect(
        losses,
        tried=tried,
        rule="The loss of a batch is the one whose gradient is taken: computed before the weights move.",
        next="Do not call the model a second time; keep the number of the loss you called `backward` on.",
    ).is_close_to(wanted, 1e-3)


@graded("15.1", "what has no gradient stays", points=1)
def test_frozen(student, expect, room, generator, rng):
    here, there = twins(room, generator)
    here[0].requires_grad_(False)
    room.module("operator").getitem(there, 0).requires_grad_(False)
    batches = data(some_sizes(rng), generator)
    sgd_here(here, batches, 0.2)
    student.sgd_epoch(there, batches, criterion_there(room), 0.2)
    expect(
        weights_of(room, there),
        tried="the same network with its first layer frozen (`requires_grad` is False)",
        rule="A parameter whose `.grad` is None stays as it is; the others learn as ever.",
        next="Ask for `parameter.grad is not None` before you use it, and freeze or thaw nothing yourself.",
    ).is_close_to(parameters_to_vector(here.parameters()).detach(), 1e-3)


@graded("15.1", "by hand, in one pass", points=1)
def test_by_hand(student, expect, room, generator):
    steps: list[Any] = []
    passes = CountedPasses(data([3, 3, 2], generator))
    _, there = twins(room, generator)
    watch = room.module("torch.optim.optimizer").register_optimizer_step_pre_hook(
        lambda *arguments: steps.append(1)
    )
    try:
        student.sgd_epoch(there, passes, criterion_there(room), 0.1)
    finally:
        watch.remove()
    expect(
        len(steps),
        tried="three batches, while counting the steps of torch's optimisers",
        rule="This task is `torch.optim.SGD` written out: no optimiser of torch's takes a step.",
        next="Move the parameters yourself, inside `with torch.no_grad():`.",
    ).equals(0)
    expect(
        passes.passes,
        tried="a loader that counts how often it is gone through",
        rule="One epoch goes through the loader once.",
        next="Have one loop over `loader`, and no second one.",
    ).equals(1)


class CountedPasses:
    """A loader that counts its passes."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches
        self.passes = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.passes += 1
        return iter(self.batches)


# 15.2 -----------------------------

WEIGH = (
    "The mean over samples weighs every batch with its size; the mean of the batches' means counts the "
    "samples of a short batch too much."
)


@graded("15.2", "a short last batch counts less", points=2)
def test_short_last(student, expect, room, generator, rng):
    here, there = twins(room, generator)
    sizes = [rng.randrange(5, 9)] * rng.randrange(1, 4) + [1]
    batches = data(sizes, generator)
    inputs, _ = batches[-1]
    batches[-1] = (inputs * 3, here(inputs * 3).argmin(dim=1))  # a sample with a high loss
    with torch.no_grad():
        wanted = cross_entropy(here(joined(batches)[0]), joined(batches)[1]).item()
    expect(
        student.mean_loss(there, batches, criterion_there(room)),
        tried=f"batches of {sizes} samples, the last one badly predicted",
        rule=WEIGH,
        next='Sum the losses of all samples, then divide once. `hint("15.2", 2)` shows it with two batches.',
    ).is_close_to(wanted, 1e-4)


@graded("15.2", "the cut does not matter", points=1)
def test_cuts(student, expect, room, generator, rng):
    _, there = twins(room, generator)
    inputs, targets = joined(data([rng.randrange(9, 15)], generator))
    found = []
    cuts = [1, rng.randrange(2, 5), len(targets)]
    for size in cuts:
        batches = list(zip(inputs.split(size), targets.split(size)))
        found.append(student.mean_loss(there, batches, criterion_there(room)))
    expect(
        found,
        tried=f"the same {len(targets)} samples in batches of {cuts[0]}, of {cuts[1]} and of {cuts[2]}",
        rule="A mean per sample belongs to the data, not to how they were cut: all three numbers agree.",
        next="Look at what you divide by: it is the number of samples that really came.",
    ).is_close_to([cross_entropy_of(room, there, inputs, targets)] * 3, 1e-4)


def cross_entropy_of(room: Any, there: Any, inputs: Tensor, targets: Tensor) -> float:
    here = network(nn)
    vector_to_parameters(weights_of(room, there), here.parameters())
    with torch.no_grad():
        return cross_entropy(here(inputs), targets).item()


@graded("15.2", "evaluation mode, and back", points=2)
def test_mode(student, expect, room, generator):
    _, there = twins(room, generator, dropout=0.9)
    batches = data([16, 16, 5], generator)
    wanted = cross_entropy_of(room, there, *joined(batches))
    for was_training in (True, False):
        there.train(was_training)
        found = student.mean_loss(there, batches, criterion_there(room))
        tried = f"a network with dropout that came with `training={was_training}`"
        expect(
            found,
            tried=tried,
            rule="A model is measured in evaluation mode: dropout would change its outputs at random.",
            next="Call `model.eval()` before the loop.",
        ).is_close_to(wanted, 1e-4)
        expect(
            there.training,
            tried=tried,
            rule="Measuring changes nothing: afterwards the model is in the mode in which it came.",
            next="Remember `model.training` before, and give it to `model.train(…)` afterwards.",
            got=f"training={there.training} afterwards",
        ).equals(was_training)


@graded("15.2", "nothing is recorded or learned", points=1)
def test_no_gradients(student, expect, room, generator):
    _, there = twins(room, generator)
    before = weights_of(room, there)
    recorded: list[bool] = []
    torch_there = room.module("torch")
    there.register_forward_hook(lambda *arguments: recorded.append(torch_there.is_grad_enabled()))
    student.mean_loss(there, data([4, 4, 3], generator), criterion_there(room))
    expect(
        recorded,
        tried="three batches, looking at each whether operations are recorded for gradients",
        rule="A measurement needs no gradients: without them it takes less memory and time.",
        next="Put the loop inside `with torch.no_grad():`.",
    ).equals([False] * 3)
    expect(
        weights_of(room, there),
        tried="the weights before and after",
        rule="Measuring a model does not change its weights.",
        next="There is no step in this function.",
    ).equals(before)


@graded("15.2", "no mean of nothing", points=1)
def test_empty(student, expect, room, generator):
    _, there = twins(room, generator)
    expect.raises(
        ValueError,
        lambda: student.mean_loss(there, [], criterion_there(room)),
        tried="a loader that yields nothing",
        rule="There is no mean of nothing: a 0 would look like a perfect model, a ZeroDivisionError "
        "explains nothing.",
        next="If no samples were counted, raise a ValueError that says so.",
    )


# 15.3 -----------------------------


class Noise:
    """A small data set on a pair of twins, and the gradients of all its samples."""

    def __init__(self, student: Any, room: Any, generator: torch.Generator, n: int) -> None:
        self.student, self.room, self.n = student, room, n
        self.here, self.there = twins(room, generator)
        self.inputs, self.targets = joined(data([n], generator))
        self.single = torch.stack([self.gradient([index]) for index in range(n)])
        self.full = self.single.mean(dim=0)

    def gradient(self, indices: list[int]) -> Tensor:
        loss = cross_entropy(self.here(self.inputs[indices]), self.targets[indices])
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(self.here.parameters()))])

    def draw(self, size: int, draws: int, replacement: bool, seed: int) -> tuple[Tensor, float]:
        """The student's answer."""
        generator = torch.Generator().manual_seed(seed)
        criterion = criterion_there(self.room)
        arguments = (self.there, self.inputs, self.targets, criterion, size, draws, replacement, generator)
        mean, variance = self.student.gradient_noise(*arguments)
        return mean, variance

    def law(self, size: int, replacement: bool) -> float:
        single = (self.single - self.full).square().sum(dim=1).mean().item()
        return single / size * (1 if replacement else (self.n - size) / (self.n - 1))

    def spread(self, size: int, replacement: bool) -> float:
        """The standard deviation of one draw's squared distance, from many draws of our own."""
        generator = torch.Generator().manual_seed(1)
        shape = (4000, size) if replacement else (4000, self.n)
        weights = torch.rand(shape, generator=generator)
        chosen = (weights * self.n).long() if replacement else weights.argsort(dim=1)[:, :size]
        gradients = self.single[chosen].mean(dim=1)
        return (gradients - self.full).square().sum(dim=1).std().item()


@graded("15.3", "the gradient of the chosen samples", points=1)
def test_batch_gradient(student, expect, room, generator, rng):
    noise = Noise(student, room, generator, rng.randrange(6, 10))
    indices = [rng.randrange(noise.n) for _ in range(rng.randrange(1, 5))]
    for time in ("first", "second"):
        expect(
            student.batch_gradient(
                noise.there, noise.inputs, noise.targets, criterion_there(room), torch.tensor(indices)
            ),
            tried=f"the samples {indices} of {noise.n}, for the {time} time",
            rule="The gradient of a batch is that of its mean loss, all parameters joined into one vector; "
            "asking twice gives the same.",
            next="`backward` adds to `.grad`: clear it before, or use `torch.autograd.grad`.",
        ).is_close_to(noise.gradient(indices), 1e-4)


@graded("15.3", "without replacement all are different", points=2)
def test_combinations(student, expect, room, generator, rng):
    noise = Noise(student, room, generator, 5)
    seeds = [rng.randrange(10**6) for _ in range(150)]
    pairs = list(combinations(range(noise.n), 2))
    possible = torch.stack([noise.single[list(pair)].mean(dim=0) for pair in pairs])
    found = [nearest(possible, noise.draw(2, 1, False, seed)[0]) for seed in seeds]
    look_at_draws(expect, found, pairs, "without replacement")


@graded("15.3", "with replacement one may come twice", points=1)
def test_multisets(student, expect, room, generator, rng):
    noise = Noise(student, room, generator, 3)
    seeds = [rng.randrange(10**6) for _ in range(200)]
    pairs = list(combinations_with_replacement(range(noise.n), 2))
    possible = torch.stack([noise.single[list(pair)].mean(dim=0) for pair in pairs])
    found = [nearest(possible, noise.draw(2, 1, True, seed)[0]) for seed in seeds]
    look_at_draws(expect, found, pairs, "with replacement")


def nearest(possible: Tensor, gradient: Tensor) -> int | None:
    """Which of the possible gradients this is; None if none."""
    if not isinstance(gradient, Tensor) or gradient.shape != possible[0].shape:
        return None
    distances = (possible - gradient).abs().amax(dim=1)
    return int(distances.argmin()) if distances.min() < 1e-4 else None


def look_at_draws(expect: Any, found: list[int | None], pairs: list[tuple[int, ...]], how: str) -> None:
    tried = f"a batch of 2 samples {how}, drawn once with each of {len(found)} seeds"
    expect(
        sum(index is None for index in found),
        tried=tried,
        rule=f"The gradient of a batch of two, drawn {how}, is the mean of the gradients of one of the pairs "
        f"{', '.join(map(str, pairs[:4]))}, …",
        next="Print the indices that you draw: `torch.randperm(n)[:B]` gives different ones, "
        "`torch.randint` may repeat.",
        got=f"{sum(index is None for index in found)} gradients that belong to no such pair",
    ).equals(0)
    expect(
        sorted({index for index in found if index is not None}),
        tried=tried,
        rule=f"All {len(pairs)} possible batches occur.",
        next="Draw the indices anew for every batch, from the generator that was given.",
        got=f"{len(set(found))} different batches",
    ).equals(list(range(len(pairs))))


@graded("15.3", "on average the full gradient", points=1)
def test_unbiased(student, expect, room, generator, rng, seed):
    noise = Noise(student, room, generator, rng.randrange(10, 16))
    size, draws = rng.randrange(2, 5), 300
    for replacement in (True, False):
        mean, _ = noise.draw(size, draws, replacement, seed)
        error = (mean - noise.full).norm().item()
        expect(
            error,
            tried=f"{draws} batches of {size} out of {noise.n} samples, replacement={replacement}",
            rule="The gradient of a random batch is unbiased: the mean of many comes as near to the full "
            "gradient as their variance allows.",
            next="The first value is the mean over the draws, not their sum; and each batch is drawn at "
            "random.",
            got=f"a mean that is {error:.4f} away from the full gradient",
        ).is_at_most(5 * (noise.law(size, replacement) / draws) ** 0.5)


@graded("15.3", "the variance follows the law", points=2)
def test_law(student, expect, room, generator, rng, seed):
    noise = Noise(student, room, generator, rng.randrange(12, 16))
    size, draws = noise.n // 2, 400
    for replacement, law in ((True, "s²/B"), (False, "s²/B · (n−B)/(n−1)")):
        _, variance = noise.draw(size, draws, replacement, seed)
        expect(
            variance,
            tried=f"{draws} batches of {size} out of {noise.n} samples, replacement={replacement}",
            rule=f"The variance is {law}, where s² is that of a single sample: here "
            f"{noise.law(size, replacement):.4f}.",
            next="Square the distance of each gradient from the gradient of ALL samples, add up the "
            "components, take the mean over the draws.",
        ).is_close_to(
            noise.law(size, replacement),
            6 * noise.spread(size, replacement) / draws**0.5 / (1 + noise.law(size, replacement)),
        )


@graded("15.3", "no noise when the batch holds everything", points=1)
def test_full_batch(student, expect, room, generator, rng, seed):
    noise = Noise(student, room, generator, rng.randrange(4, 9))
    mean, variance = noise.draw(noise.n, 5, False, seed)
    tried = f"batches of {noise.n} out of {noise.n} samples, without replacement"
    rule = "There is only one batch that holds everything, and its gradient is the full one."
    step = "The squared distance is taken from the full gradient, not from zero."
    expect(mean, tried=tried, rule=rule, next=step).is_close_to(noise.full, 1e-4)
    expect(variance, tried=tried, rule=rule, next=step).is_close_to(0.0, 1e-6)


@graded("15.3", "all chance from the generator", points=1)
def test_generator(student, expect, room, generator, rng, seed):
    noise = Noise(student, room, generator, 8)
    before = room.random_state()
    first, again = (noise.draw(3, 2, False, seed) for _ in range(2))
    other = noise.draw(3, 2, False, seed + 1)
    expect(
        room.random_state() == before,
        tried="three calls, looking at the global random state before and after",
        rule="All randomness comes from the generator: nothing global is drawn from or reseeded.",
        next="Give `generator=generator` to `torch.randint` and `torch.randperm`.",
        got="a global random state that changed",
    ).is_true("the same state")
    expect(
        first[0],
        tried="the same generator state twice",
        rule="The same state of the generator gives the same batches.",
        next="Make no generator of your own.",
    ).equals(again[0])
    expect(
        first[0],
        tried="two generators with different seeds",
        rule="Another state gives other batches.",
        next="Do not seed the generator that you are given.",
    ).differs_from(other[0])


# 15.4 -----------------------------


class Watched:
    """A loader that looks at the weights each time it is asked for a batch, and at the end."""

    def __init__(self, room: Any, model: Any, batches: Batches) -> None:
        self.look = lambda: weights_of(room, model)
        self.batches = batches
        self.seen: list[Tensor] = []

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.batches:
            self.seen.append(self.look())
            yield batch
        self.seen.append(self.look())

    def steps(self) -> list[float]:
        return [(after - before).norm().item() for before, after in zip(self.seen, self.seen[1:])]


class Clipping:
    """Twins with an optimiser, batches with long gradients, and a bound in their midst."""

    def __init__(self, room: Any, generator: torch.Generator, rng: Any) -> None:
        self.room = room
        self.here, self.there = twins(room, generator)
        self.sizes = some_sizes(rng)
        self.batches = data(self.sizes, generator, scale=3.0)
        self.rate = 0.1
        self.optimizer = room.module("torch.optim").SGD(self.there.parameters(), lr=self.rate)
        self.max_norm = 0.5 * min(self.lengths())

    def lengths(self) -> list[float]:
        """The lengths of the gradients at the first weights."""
        twin = network(nn)
        found = []
        for inputs, targets in self.batches:
            vector_to_parameters(parameters_to_vector(self.here.parameters()).detach(), twin.parameters())
            gradients = torch.autograd.grad(cross_entropy(twin(inputs), targets), list(twin.parameters()))
            found.append(nn.utils.get_total_norm(gradients).item())
        return found

    def train(self, student: Any, batches: Any = None, max_norm: float | None = None) -> list[float]:
        loader = self.batches if batches is None else batches
        bound = self.max_norm if max_norm is None else max_norm
        norms: list[float] = student.train_clipped(
            self.there, loader, criterion_there(self.room), self.optimizer, bound
        )
        return norms


@graded("15.4", "lengths from before the clipping", points=1)
def test_norms(student, expect, room, generator, rng):
    clipping = Clipping(room, generator, rng)
    wanted = sgd_here(clipping.here, clipping.batches, clipping.rate, clipping.max_norm)
    expect(
        clipping.train(student),
        tried=f"batches of {clipping.sizes} samples with max_norm={clipping.max_norm:.4f}",
        rule="What is returned is the length of each gradient before it is shortened: afterwards it would "
        "never be more than max_norm, and tell nothing.",
        next="`nn.utils.clip_grad_norm_` returns this length; keep it for every batch, as a float.",
    ).is_close_to(wanted, 2e-3)


@graded("15.4", "every step is short", points=2)
def test_short_steps(student, expect, room, generator, rng):
    clipping = Clipping(room, generator, rng)
    loader = Watched(room, clipping.there, clipping.batches)
    clipping.train(student, loader)
    steps = loader.steps()
    bound = clipping.rate * clipping.max_norm
    expect(
        max(steps, default=-1.0),
        tried=f"batches of {clipping.sizes} samples, plain SGD with learning rate {clipping.rate}, "
        f"max_norm={clipping.max_norm:.4f}; all gradients were longer at first",
        rule="Clipping comes between `backward` and `step`, in every batch: so no step of plain SGD is "
        "longer than learning rate times max_norm.",
        next="See what stands between `backward()` and `step()`, and whether it is inside the loop.",
        got=f"steps up to {max(steps, default=-1.0):.5f} long",
    ).is_at_most(bound * 1.01)


@graded("15.4", "one length for all parameters", points=1)
def test_direction(student, expect, room, generator, rng):
    clipping = Clipping(room, generator, rng)
    one = clipping.batches[:1]
    before = weights_of(room, clipping.there)
    sgd_here(clipping.here, one, clipping.rate, clipping.max_norm)
    clipping.train(student, one)
    moved = weights_of(room, clipping.there) - before
    expect(
        moved / (clipping.rate * clipping.max_norm),
        tried=f"one batch, with a gradient longer than max_norm={clipping.max_norm:.4f}: the movement of "
        "the weights, in units of learning rate times max_norm",
        rule="All gradients are shortened by the same factor, max_norm over the length of all of them "
        "together: the direction stays.",
        next="Give all of `model.parameters()` to one call; cutting each tensor or each number changes the "
        "direction.",
    ).is_close_to(
        (parameters_to_vector(clipping.here.parameters()).detach() - before)
        / (clipping.rate * clipping.max_norm),
        1e-2,
    )


@graded("15.4", "a short gradient stays", points=1)
def test_loose_bound(student, expect, room, generator, rng):
    clipping = Clipping(room, generator, rng)
    before = weights_of(room, clipping.there)
    sgd_here(clipping.here, clipping.batches, clipping.rate)
    clipping.train(student, max_norm=1000.0)
    expect(
        weights_of(room, clipping.there) - before,
        tried=f"batches of {clipping.sizes} samples with max_norm=1000: no gradient is that long",
        rule="A gradient that is shorter than max_norm is left as it is.",
        next="The factor is never more than 1.",
    ).is_close_to(parameters_to_vector(clipping.here.parameters()).detach() - before, 2e-3)


@graded("15.4", "any optimiser", points=1)
def test_momentum(student, expect, room, generator, rng):
    clipping = Clipping(room, generator, rng)
    clipping.optimizer = room.module("torch.optim").SGD(clipping.there.parameters(), lr=0.05, momentum=0.9)
    optimizer = torch.optim.SGD(clipping.here.parameters(), lr=0.05, momentum=0.9)
    for inputs, targets in clipping.batches:
        optimizer.zero_grad()
        cross_entropy(clipping.here(inputs), targets).backward()
        nn.utils.clip_grad_norm_(clipping.here.parameters(), clipping.max_norm)
        optimizer.step()
    clipping.train(student)
    expect(
        weights_of(room, clipping.there),
        tried=f"batches of {clipping.sizes} samples with an optimiser that has momentum",
        rule="The optimiser that was given moves the weights, once per batch, with the clipped gradient of "
        "this batch.",
        next="Call `optimizer.zero_grad()` and `optimizer.step()` once per batch, and move nothing by hand.",
    ).is_close_to(parameters_to_vector(clipping.here.parameters()).detach(), 2e-3)


# 15.5 -----------------------------


class Training:
    """An optimiser on the student's side, and callbacks that note what happens when."""

    def __init__(self, room: Any, validation_losses: list[float], batches: int) -> None:
        self.schedulers = room.module("torch.optim.lr_scheduler")
        weight = room.module("torch").nn.Linear(1, 1)
        self.optimizer = room.module("torch.optim").SGD(weight.parameters(), lr=1.0, momentum=0.9)
        self.loader = [f"batch {number}" for number in range(batches)]
        self.losses = validation_losses
        self.events: list[str] = []
        self.rates: list[float] = []

    def step(self, batch: str) -> float:
        self.rates.append(self.rate())
        self.optimizer.step()
        self.events.append(batch)
        return 1.0 / len(self.events)  # ever smaller, whatever the validation says

    def validate(self) -> float:
        self.events.append("validate")
        done = self.events.count("validate")
        return self.losses[min(done, len(self.losses)) - 1]

    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])


def reference(
    make: Any, batches: int, epochs: int, losses: list[float], per_batch: bool = False
) -> list[float]:
    """The rates of every batch, from torch's own scheduler on this side; `make` gets the optimiser."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0, momentum=0.9)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for epoch in range(epochs):
        for _ in range(batches):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if per_batch:
                scheduler.step()
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(losses[epoch])
        elif not per_batch:
            scheduler.step()
    return rates


def run_fit(student: Any, training: Training, scheduler: Any, epochs: int, **more: Any) -> list[float]:
    found: list[float] = student.fit(
        training.loader, training.step, training.validate, training.optimizer, scheduler, epochs, **more
    )
    return found


@graded("15.5", "a step per epoch", points=2)
def test_per_epoch(student, expect, room, rng):
    batches, epochs, size = rng.randrange(2, 5), rng.randrange(4, 7), rng.randrange(1, 3)
    training = Training(room, [0.5] * epochs, batches)

    def make(schedulers: Any, optimizer: Any) -> Any:
        return schedulers.StepLR(optimizer, step_size=size, gamma=0.5)

    run_fit(student, training, make(training.schedulers, training.optimizer), epochs)
    expect(
        training.rates,
        tried=f"{epochs} epochs of {batches} batches with StepLR(step_size={size}, gamma=0.5), noting the "
        "rate inside each step",
        rule="A scheduler does nothing by itself: it steps once after every epoch, and the first epoch has "
        "the first rate.",
        next="Call `scheduler.step()` after the loop over the batches, once.",
    ).is_close_to(reference(make, batches, epochs, []), 1e-9)


@graded("15.5", "a step per batch", points=1)
def test_per_batch(student, expect, room, rng):
    batches, epochs = rng.randrange(3, 6), rng.randrange(2, 4)
    training = Training(room, [0.5] * epochs, batches)

    def make(schedulers: Any, optimizer: Any) -> Any:
        return schedulers.OneCycleLR(optimizer, max_lr=2.0, total_steps=batches * epochs)

    run_fit(student, training, make(training.schedulers, training.optimizer), epochs, per_batch=True)
    expect(
        training.rates,
        tried=f"{epochs} epochs of {batches} batches with OneCycleLR(total_steps={batches * epochs}) and "
        "per_batch=True",
        rule="With per_batch=True the scheduler steps after every batch, and not after the epoch.",
        next="There are two places where the scheduler may step; `per_batch` chooses one.",
    ).is_close_to(reference(make, batches, epochs, [], per_batch=True), 1e-9)


@graded("15.5", "a plateau is told the validation loss", points=2)
def test_plateau(student, expect, room, rng):
    patience, better = rng.randrange(0, 3), rng.randrange(1, 4)
    losses = [1.0 - 0.2 * epoch for epoch in range(better)] + [0.9 + 0.01 * k for k in range(8)]
    training = Training(room, losses, batches=2)

    def make(schedulers: Any, optimizer: Any) -> Any:
        return schedulers.ReduceLROnPlateau(optimizer, patience=patience, factor=0.1)

    run_fit(student, training, make(training.schedulers, training.optimizer), len(losses))
    expect(
        training.rates,
        tried=f"ReduceLROnPlateau(patience={patience}, factor=0.1), a training loss that falls all the time "
        f"and a validation loss that falls for {better} epochs and then stays high",
        rule="ReduceLROnPlateau steps once per epoch, with the validation loss: more than `patience` "
        "epochs in a row that are not better lower the rate.",
        next="Give it what `validate()` returned: `scheduler.step(loss)`. What `step(batch)` returned is "
        "the training loss.",
    ).is_close_to(reference(make, 2, len(losses), losses), 1e-9)


@graded("15.5", "train, then validate", points=1)
def test_order(student, expect, room, rng):
    batches, epochs = rng.randrange(1, 4), rng.randrange(1, 4)
    training = Training(room, [0.5] * epochs, batches)
    run_fit(student, training, training.schedulers.ConstantLR(training.optimizer), epochs)
    expect(
        training.events,
        tried=f"{epochs} epochs of {batches} batches, noting every call of `step` and `validate`",
        rule="In an epoch every batch is trained on once, in the order of the loader, and then comes one "
        "validation.",
        next="`validate()` stands after the loop over the batches, inside the loop over the epochs.",
    ).equals([*training.loader, "validate"] * epochs)


@graded("15.5", "the rates that were used", points=1)
def test_returned(student, expect, room, rng):
    batches, epochs = rng.randrange(2, 5), rng.randrange(2, 5)
    for per_batch in (False, True):
        training = Training(room, [0.5] * epochs, batches)
        scheduler = training.schedulers.ExponentialLR(training.optimizer, gamma=0.7)
        found = run_fit(student, training, scheduler, epochs, per_batch=per_batch)
        expect(
            found,
            tried=f"{epochs} epochs of {batches} batches with ExponentialLR(gamma=0.7), "
            f"per_batch={per_batch}",
            rule="The list holds, for every batch, the rate that was in force when it was trained.",
            next="Read the rate before `step(batch)`, from `optimizer.param_groups[0]`.",
        ).is_close_to(training.rates, 1e-9)


@graded("15.5", "without a schedule", points=1)
def test_no_scheduler(student, expect, room, rng):
    batches, epochs = rng.randrange(1, 4), rng.randrange(1, 4)
    training = Training(room, [0.5] * epochs, batches)
    expect(
        run_fit(student, training, None, epochs),
        tried=f"{epochs} epochs of {batches} batches, scheduler=None",
        rule="Without a scheduler the learning rate stays.",
        next="Ask whether there is a scheduler before you call it.",
    ).equals([1.0] * (batches * epochs))


# 15.6 -----------------------------


def orders(n: int, seed: int, epochs: int, batch_size: int) -> list[list[int]]:
    """The orders of the first epochs, from torch's loader."""
    generator = torch.Generator().manual_seed(seed)
    loader = torch.utils.data.DataLoader(range(n), batch_size, shuffle=True, generator=generator)
    return [[index for batch in loader for index in batch.tolist()] for _ in range(epochs)]


@graded("15.6", "the seed of a first epoch", points=1)
def test_first_epoch(student, expect, rng):
    n, size = rng.randrange(20, 30), rng.randrange(1, 9)
    seeds = rng.sample(range(1000), 6)
    true = rng.choice(seeds[2:])
    expect(
        student.find_seed(orders(n, true, 1, size)[0], seeds, 1),
        tried=f"the order of {n} samples in epoch 0 of seed {true} with batches of {size}, among the seeds "
        f"{seeds}",
        rule="The order of the samples follows from the seed of the loader's generator; all orders hold "
        "the same samples, so only the whole sequence tells.",
        next="Compare lists, position by position; sorted lists and sets are the same for every seed.",
    ).equals((true, 0))


@graded("15.6", "a later epoch", points=2)
def test_later_epoch(student, expect, rng):
    n, size = rng.randrange(20, 30), rng.randrange(2, 9)
    seeds = rng.sample(range(1000), 5)
    true, epoch = rng.choice(seeds), rng.randrange(1, 4)
    expect(
        student.find_seed(orders(n, true, epoch + 1, size)[epoch], seeds, 4),
        tried=f"the order of {n} samples in epoch {epoch} of seed {true}, among the seeds {seeds} and 4 "
        "epochs",
        rule="The generator goes on from epoch to epoch, and each epoch has an order of its own; a new "
        "generator would begin with epoch 0 again.",
        next="Make one generator and one loader per seed, outside the loop over the epochs; read every epoch "
        'to its end: one that is broken off draws less. `hint("15.6", 2)` has a picture.',
    ).equals((true, epoch))


@graded("15.6", "no seed at all", points=1)
def test_no_seed(student, expect, rng):
    n = rng.randrange(20, 30)
    seeds = rng.sample(range(1000), 4)
    expect(
        student.find_seed(list(range(n)), seeds, 2),
        tried=f"the samples in order from 0 to {n - 1}, as no shuffling loader gives them",
        rule="If none of the seeds gives the order, the answer is None.",
        next="Return a seed only where the whole list is equal.",
    ).equals(None)
    later = orders(n, seeds[1], 4, 4)[3]
    expect(
        student.find_seed(later, seeds, 3),
        tried=f"the order of epoch 3 of seed {seeds[1]}, while only the epochs 0, 1 and 2 are looked at",
        rule="If none of the seeds gives the order within the epochs that are looked at, the answer is None.",
        next="`range(epochs)` are the epochs to look at; after all seeds, return None.",
    ).equals(None)


@graded("15.6", "the global state stays", points=1)
def test_global_state(student, expect, room, rng):
    n = rng.randrange(10, 20)
    order = orders(n, 3, 2, 4)[1]
    before = room.random_state()
    student.find_seed(order, [1, 2, 3], 2)
    expect(
        room.random_state() == before,
        tried="one search, looking at the global random state before and after",
        rule="A loader with a generator of its own draws everything from that one.",
        next="Make a `torch.Generator()` and give it to the loader; `torch.manual_seed` changes the state "
        "of everybody.",
        got="a global random state that changed",
    ).is_true("the same state")

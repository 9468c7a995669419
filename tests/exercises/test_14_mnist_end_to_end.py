"""The graded checks of exercise 14: MNIST end to end."""

import contextlib
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "14",
    "mnist_end_to_end",
    (
        Task(
            "14.1",
            "Read the bytes of an IDX file",
            defines=("read_idx",),
            difficulty=2,
            importance=3,
            minutes=20,
            hints=(
                "Take the example apart with a pencil: which byte is the type, which the number of "
                "dimensions, and where do the values begin?",
                "`int.from_bytes(content[4:8], 'big')` is the first size; `struct.unpack('>2I', …)` gives "
                "two at once. With d dimensions the values begin at byte 4 + 4 · d. Slicing never fails: "
                "check lengths before you trust a slice.",
                "Compare content[:3] with bytes([0, 0, 8]); read content[3] sizes, big-endian; compare "
                "len(content) − (4 + 4 · d) with the product of the sizes; then reshape the rest.",
            ),
        ),
        Task(
            "14.2",
            "Statistics of the training part, batch by batch",
            defines=("training_statistics",),
            difficulty=3,
            importance=5,
            minutes=20,
            hints=(
                "Which three numbers, summed up over all batches, are enough for a mean and a standard "
                "deviation?",
                "The count n, the sum of the values, the sum of their squares. 200 · 200 does not fit into "
                "a uint8, and the difference of two large float32 numbers has few right digits: where "
                "should the values become larger integers, or float64?",
                "DataLoader(Subset(dataset, train_indices), batch_size); images.long(); variance = "
                "(n · squares − sum²) / n²; divide by 255 at the end.",
            ),
        ),
        Task(
            "14.3",
            "A dictionary of loaders",
            defines=("make_loaders",),
            difficulty=3,
            importance=4,
            minutes=20,
            hints=(
                "In which of its arguments does the training loader differ from the others, and is there one "
                "expression that is true for it only?",
                'With is_train = (name == "train"), two arguments are simply is_train. For the generator, '
                "remember what every `iter(loader)` draws from it, shuffled or not: a seed for workers.",
                "Loop over parts.items(); shuffle=is_train, drop_last=is_train; the generator for the "
                "training loader only, and another one for the rest; compare len(dataset) with "
                "batch_size first.",
            ),
        ),
        Task(
            "14.4",
            "The accuracy, with a short last batch",
            defines=("accuracy",),
            forbids=("evaluate",),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "What are you dividing by what? Say it in one sentence, with the word 'samples' in it.",
                "Count two things over the whole loader: right predictions and samples. Divide once, at "
                "the end. Around the loop: remember model.training, model.eval(), torch.no_grad(), and go "
                "back.",
                "correct += (model(images).argmax(dim=1) == labels).sum().item(); count += len(labels); "
                "model.train(was_training) restores either mode.",
            ),
        ),
        Task(
            "14.5",
            "One step of training",
            defines=("train_step",),
            forbids=("train_model",),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "Write down what must be known before the optimizer can step, and what must be forgotten "
                "before the next gradients come.",
                "Forward, loss, forget old gradients, backward, clip, step: `backward` adds to what is in "
                ".grad, and `step` uses whatever is there at that moment.",
                "model.train(); optimizer.zero_grad(); loss = …; loss.backward(); clip_grad_norm_ of all "
                "parameters; optimizer.step(); return loss.item().",
            ),
        ),
        Task(
            "14.6",
            "A checkpoint that resumes",
            defines=("save_checkpoint", "load_checkpoint"),
            difficulty=3,
            importance=5,
            minutes=25,
            hints=(
                "Which objects change while a training runs? Each of them has a state that must be in the "
                "file.",
                "model.state_dict() (parameters and buffers), optimizer.state_dict() (momentum, Adam's "
                "averages), loader.generator.get_state(), and the epoch: four entries of one dictionary.",
                "torch.save(dictionary, draft) and os.replace(draft, path); torch.load(path, "
                "weights_only=True), two load_state_dict and loader.generator.set_state(…), which changes "
                "the generator that the sampler holds as well.",
            ),
        ),
    ),
)


# 14.1 ------------------------------------------------------------------------------------------------------


def _idx(values: torch.Tensor) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + bytes(values.reshape(-1).tolist())


def _random_bytes(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@graded("14.1", "labels, one after the other")
def test_labels(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    for count in (rng.randrange(2, 12), rng.randrange(260, 400)):
        labels = _random_bytes(generator, count)
        expect(
            student.read_idx(_idx(labels)),
            tried=f"a file of {count} labels: its header is {list(_idx(labels)[:8])}",
            rule="With one dimension the header takes 8 bytes, the size is stored with its most "
            "significant byte first (big-endian), and every byte after it is a value.",
            next="Compare your size with the one above, and the position where your values begin with 8.",
        ).equals(labels)


@graded("14.1", "images, row after row")
def test_images(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    shape = (rng.randrange(257, 300), rng.randrange(2, 5), rng.randrange(6, 9))
    images = _random_bytes(generator, *shape)
    expect(
        student.read_idx(_idx(images)),
        tried=f"a file of {shape[0]} images with {shape[1]} rows and {shape[2]} columns",
        rule="The sizes come in the order of the shape (images, rows, columns), and the values row after "
        "row.",
        next="Print the shape that you read, and images[0, 0]: it is the first row of the first image.",
    ).equals(images)


@graded("14.1", "any number of dimensions, any size")
def test_any_shape(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    for shape in ((rng.randrange(2, 9), 3), (2, 3, rng.randrange(2, 5), 2), (0, 28, 28), (0,)):
        values = _random_bytes(generator, *shape)
        expect(
            student.read_idx(_idx(values)),
            tried=f"a file whose header states the shape {shape}",
            rule="Byte 3 says how many sizes follow; a size may be 0, and then there are no values.",
            next="Read byte 3 instead of expecting 1 or 3. For the values, a slice that may be empty is "
            "enough.",
        ).equals(values)


@graded("14.1", "another kind of file is refused")
def test_magic(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    good = _idx(_random_bytes(generator, 4, 2, 2))
    for position, value in ((0, 1), (1, rng.randrange(1, 256)), (2, 13), (2, 9)):
        bad = good[:position] + bytes([value]) + good[position + 1 :]
        expect.raises(
            ValueError,
            lambda bad=bad: student.read_idx(bad),
            tried=f"a file that begins with the bytes {list(bad[:4])}",
            rule="The first two bytes are 0, and the third is 8, which means unsigned bytes (13 would be "
            "floats).",
            next="Compare the first three bytes before anything else, and raise ValueError with what you "
            "saw.",
        )


@graded("14.1", "a file of the wrong length is refused")
def test_truncated(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    good = _idx(_random_bytes(generator, 4, 3, 5))
    missing = rng.randrange(1, 61)
    cases = {
        f"the last {missing} of 60 values missing": good[:-missing],
        "the header cut after 10 of its 16 bytes": good[:10],
        "a file of three bytes": good[:3],
        "an empty file": b"",
        "20 values too many (another image and a bit)": good + bytes(20),
    }
    for words, content in cases.items():
        expect.raises(
            ValueError,
            lambda content=content: student.read_idx(content),
            tried=words,
            rule="A file holds exactly as many values as its header says; anything else is a damaged file, "
            "and must become a ValueError, never wrong pictures.",
            next="Check the length of the header before you unpack it, and the number of values (too few "
            "and too many) before you reshape them.",
        )


# 14.2 ------------------------------------------------------------------------------------------------------


class _Watched:
    """Digits that remember which of them were read."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = images
        self.reads: list[int] = []

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if not 0 <= index < len(self.images):
            raise IndexError(index)
        self.reads.append(index)
        return self.images[index], index % 10

    def __len__(self) -> int:
        return len(self.images)


def _true_statistics(images: torch.Tensor) -> tuple[float, float]:
    values = images.double() / 255
    return values.mean().item(), values.std(correction=0).item()


def _indices(rng: Any, total: int, chosen: int) -> list[int]:
    return list(rng.sample(range(total), chosen))


@graded("14.2", "mean and deviation are exact")
def test_statistics(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    dataset = _Watched(_random_bytes(generator, 30, 1, 4, 3))
    indices = _indices(rng, 30, 20)
    expect(
        student.training_statistics(dataset, indices, batch_size=5),
        tried="20 training images of random pixels from 0 to 255, in four batches of 5",
        rule="The mean is Σx / n, the standard deviation √(Σx²/n − mean²), of x = pixel ÷ 255. A uint8 has "
        "no room for a square: 16 · 16 is 0 there.",
        next="Compare with torch's mean and std(correction=0) of all images at once; look at the dtype in "
        "which you square.",
    ).is_close_to(_true_statistics(dataset.images[indices]))


@graded("14.2", "a short last batch weighs less")
def test_short_batch(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    images = _random_bytes(generator, 12, 1, 3, 3) // 8
    images[9:] = 255  # far from the others, and in a batch of one
    indices = [*_indices(rng, 9, 8), 9]
    expect(
        student.training_statistics(_Watched(images), indices, batch_size=4),
        tried="nine training images in batches of 4, 4 and 1; the last one is white, the others are dark",
        rule="Every pixel counts the same. The mean of the batches' means counts the pixels of the short "
        "batch four times as much.",
        next="Sum up values and counts over the batches; divide once, after the loop. No batch may be left "
        "out.",
    ).is_close_to(_true_statistics(images[indices]))


@graded("14.2", "only training samples, each read once")
def test_reads(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    dataset = _Watched(_random_bytes(generator, 25, 1, 2, 2))
    indices = _indices(rng, 25, 11)
    student.training_statistics(dataset, indices, batch_size=4)
    expect(
        sorted(dataset.reads),
        tried=f"a dataset of 25 samples that notes which are read; the training part is {sorted(indices)}",
        rule="The statistics are fitted on the training part alone, in one pass: a look at the test part "
        "is leakage, a second look doubles the time.",
        next="Is there a place where your code goes over the whole dataset, over range(len(…)), or over "
        "the data twice? hint('14.2') asks what is enough for one pass.",
    ).equals(sorted(indices))


@graded("14.2", "pixels that hardly differ")
def test_cancellation(student: Any, expect: Any, generator: torch.Generator, rng: Any) -> None:
    images = 250 + torch.randint(0, 3, (40, 1, 8, 8), dtype=torch.uint8, generator=generator)
    expect(
        student.training_statistics(_Watched(images), list(range(40)), batch_size=16),
        tried="40 images of 8 × 8 pixels with values from 250 to 252",
        rule="Six digits must be right. Σx²/n − mean² is the small difference of two large numbers: "
        "float32 has only seven digits to begin with.",
        next="Sum in int64 (exact) or in float64 instead of float32.",
    ).is_close_to(_true_statistics(images))


@graded("14.2", "blank pages have deviation 0")
def test_blank(student: Any, expect: Any, rng: Any) -> None:
    for shade in (rng.randrange(1, 255), 0):
        images = torch.full((7, 1, 3, 3), shade, dtype=torch.uint8)
        expect(
            student.training_statistics(_Watched(images), [1, 2, 4, 5, 6], batch_size=2),
            tried=f"five images whose pixels are all {shade}",
            rule="Equal values have standard deviation 0; rounding may turn a variance of 0 into a tiny "
            "negative number, whose root is no number.",
            next="Take max(variance, 0) before the root, or compute the variance from integers.",
        ).is_close_to((shade / 255, 0.0))


# 14.3 ------------------------------------------------------------------------------------------------------


def _loaders(student: Any, seed: int, batch_size: int = 4, **sizes: int) -> Any:
    parts = {name: list(range(size)) for name, size in sizes.items()}
    return student.make_loaders(parts, batch_size, torch.Generator().manual_seed(seed))


def _pass(loader: Any) -> list[list[int]]:
    return [batch.tolist() for batch in loader]


@graded("14.3", "one loader for each part")
def test_names(student: Any, expect: Any, seed: int) -> None:
    for sizes in (
        {"train": 9, "validation": 5, "test": 6},
        {"night": 3, "train": 8},
        {"test": 5},
    ):
        expect(
            list(_loaders(student, seed, **sizes)),
            tried=f"parts with the names {', '.join(sizes)}",
            rule="The result has exactly the names of the parts, in their order.",
            next="Loop over parts.items() instead of naming the parts in your code.",
        ).equals(list(sizes))


@graded("14.3", "training comes shuffled, in full batches")
def test_train_batches(student: Any, expect: Any, seed: int, rng: Any) -> None:
    batch_size = rng.randrange(4, 7)
    count = 5 * batch_size + rng.randrange(1, batch_size)
    loader = _loaders(student, seed, batch_size, train=count, test=5)["train"]
    first, second = _pass(loader), _pass(loader)
    words = {"tried": f"two epochs of {count} training samples in batches of {batch_size}"}
    expect(
        [len(batch) for batch in first],
        **words,
        rule="In training a short last batch is left out: its few samples would weigh as much as a whole "
        "batch.",
        next="Look at drop_last of the training loader.",
    ).equals([batch_size] * 5)
    flat = [index for batch in first for index in batch]
    expect(
        len(set(flat)),
        **words,
        rule="No sample comes twice in an epoch.",
        next="Shuffle without replacement.",
    ).equals(len(flat))
    expect(
        first,
        **words,
        rule="The training order is random, and a new one in every epoch.",
        next="Look at shuffle of the training loader; is it a new order each time that somebody iterates?",
    ).differs_from(second)
    expect(
        flat,
        **words,
        rule="The training order is random.",
        next="Look at shuffle of the training loader.",
    ).differs_from(sorted(flat))


@graded("14.3", "evaluation sees every sample, in order")
def test_evaluation(student: Any, expect: Any, seed: int, rng: Any) -> None:
    sizes = {"train": 9, "validation": rng.randrange(5, 8), "test": 4 * rng.randrange(2, 4) + 1, "tiny": 2}
    loaders = _loaders(student, seed, 4, **sizes)
    for name in ("validation", "test", "tiny"):
        samples = list(range(sizes[name]))
        expect(
            _pass(loaders[name]),
            tried=f"the part {name!r} of {sizes[name]} samples in batches of 4",
            rule="An evaluation counts every sample: nothing is dropped, not even from a short last batch, "
            "and nothing is shuffled, so that prediction i belongs to sample i.",
            next="Which arguments does a loader get when its name is not 'train'?",
        ).equals([samples[start : start + 4] for start in range(0, len(samples), 4)])


@graded("14.3", "the generator decides the order")
def test_generator(student: Any, expect: Any, room: Any, seed: int) -> None:
    words = {
        "tried": "factories that get generators with equal and with different seeds, 40 training samples"
    }
    before = room.random_state()
    loader = _loaders(student, seed, train=40, test=5)["train"]
    order = [_pass(loader), _pass(loader)]
    untouched = room.random_state() == before
    again = _loaders(student, seed, train=40, test=5)["train"]
    expect(
        [_pass(again), _pass(again)],
        **words,
        rule="The same seed gives the same batches, in this epoch and in the next.",
        next="Does the training loader get the generator?",
    ).equals(order)
    expect(
        _pass(_loaders(student, seed + 1, train=40)["train"]),
        **words,
        rule="Another seed gives another order.",
        next="Is there a fixed seed in your code for the training loader?",
    ).differs_from(order[0])
    expect(
        untouched,
        **words,
        rule="With a generator given, shuffling leaves the global random state alone.",
        next="Does the training loader get the generator, and is there a torch.manual_seed in your code?",
        got="the global random state changed",
    ).is_true("an untouched global random state")


@graded("14.3", "evaluating leaves the training alone")
def test_independence(student: Any, expect: Any, seed: int) -> None:
    plain = _loaders(student, seed, train=40, validation=6)
    evaluated = _loaders(student, seed, train=40, validation=6)
    _pass(plain["train"])
    _pass(evaluated["train"])
    _pass(evaluated["validation"])
    expect(
        _pass(evaluated["train"]),
        tried="two epochs of training, once with a pass through 'validation' in between and once without",
        rule="Training goes on the same whether somebody evaluates in between or not. Every pass of a "
        "loader draws a seed for workers from its generator, also without workers and without shuffling.",
        next="Which loaders share the generator? hint('14.3', 2)",
    ).equals(_pass(plain["train"]))


@graded("14.3", "a training part without a full batch is refused")
def test_too_small(student: Any, expect: Any, seed: int, rng: Any) -> None:
    count = rng.randrange(0, 4)
    expect.raises(
        ValueError,
        lambda: _loaders(student, seed, 4, train=count, test=5),
        tried=f"a training part of {count} samples in batches of 4",
        rule="Leaving out the short batch would leave nothing, and an epoch without batches trains nothing "
        "without saying so.",
        next="Compare len(dataset) with batch_size before you make the training loader, and raise "
        "ValueError.",
    )
    expect(
        _loaders(student, seed, 4, train=4)["train"].__len__(),
        tried="a training part of 4 samples in batches of 4",
        rule="A part that fills exactly one batch gives one batch.",
        next="Refuse fewer samples than a batch, not as many.",
    ).equals(1)


# 14.4 ------------------------------------------------------------------------------------------------------


def _scored_batches(generator: torch.Generator, sizes: list[int]) -> tuple[list[Any], int]:
    """Make batches of random scores and labels; return how many of the samples are right, too."""
    batches = []
    for size in sizes:
        scores = torch.randn(size, 5, generator=generator)
        labels = torch.randint(0, 5, (size,), generator=generator)
        labels[::2] = scores[::2].argmax(dim=1)
        batches.append((scores, labels))
    return batches, sum(int((scores.argmax(1) == labels).sum()) for scores, labels in batches)


@graded("14.4", "right predictions, divided by samples")
def test_share(student: Any, expect: Any, room: Any, generator: torch.Generator, rng: Any) -> None:
    identity = room.module("torch.nn").Identity()
    sizes = [rng.randrange(3, 9)] * 3
    batches, correct = _scored_batches(generator, sizes)
    expect(
        student.accuracy(identity, batches),
        tried=f"three batches of {sizes[0]} samples and a model that returns its input as scores",
        rule="The accuracy is the number of samples whose highest score is at their label, divided by the "
        "number of all samples: a float from 0 to 1.",
        next="argmax over the classes is argmax(dim=1); compare with the labels, and count.",
    ).is_close_to(correct / sum(sizes))


@graded("14.4", "a short last batch counts by its size")
def test_short_accuracy(student: Any, expect: Any, room: Any, generator: torch.Generator, rng: Any) -> None:
    identity = room.module("torch.nn").Identity()
    size = rng.randrange(4, 9)
    batches, correct = _scored_batches(generator, [size, size])
    batches.append((torch.tensor([[0.0, 0, 1, 0, 0]]), torch.tensor([1])))  # wrong
    expect(
        student.accuracy(identity, batches),
        tried=f"batches of {size}, {size} and 1 samples; {correct} of the {2 * size + 1} are predicted "
        "right, the last one is not",
        rule="Every sample counts the same. The mean of the batches' accuracies gives the sample in the "
        f"last batch the weight of {size}, and the share of correct among full batches ignores it.",
        next="Count right predictions and samples over all batches, then divide once.",
    ).is_close_to(correct / (2 * size + 1))


@graded("14.4", "the model predicts in evaluation mode")
def test_evaluation_mode(student: Any, expect: Any, room: Any, generator: torch.Generator, seed: int) -> None:
    torch_nn = room.module("torch.nn")
    norm = torch_nn.BatchNorm1d(5)
    mean = 3 * torch.randn(5, generator=generator)
    norm.load_state_dict(_norm_state(mean))
    model = torch_nn.Sequential(norm, torch_nn.Dropout(0.5))
    images = torch.randn(24, 5, generator=generator)
    labels = ((images - mean) / math.sqrt(1 + 1e-5)).argmax(dim=1)
    labels[:6] = (labels[:6] + 1) % 5
    got = student.accuracy(model, [(images[:16], labels[:16]), (images[16:], labels[16:])])
    words = {
        "tried": "a model of batch norm (with stored statistics) and dropout, in training mode; 18 of 24 "
        "right"
    }
    expect(
        got,
        **words,
        rule="Evaluation mode turns dropout off and makes batch norm use its stored statistics: the "
        "prediction for a sample depends on that sample only.",
        next="Call model.eval() before the loop.",
    ).is_close_to(18 / 24)
    expect(
        norm.running_mean,
        **words,
        rule="Measuring changes nothing in the model: in training mode batch norm would learn from the "
        "test data.",
        next="Call model.eval() before the loop.",
    ).is_close_to(mean, 1e-6)


def _norm_state(mean: torch.Tensor) -> dict[str, torch.Tensor]:
    reference = nn.BatchNorm1d(len(mean)).state_dict()
    return {**reference, "running_mean": mean}


@graded("14.4", "the mode is given back")
def test_mode_restored(student: Any, expect: Any, room: Any, generator: torch.Generator) -> None:
    batches, _ = _scored_batches(generator, [4, 2])
    for training in (True, False):
        model = room.module("torch.nn").Identity()
        model.train(training)
        student.accuracy(model, batches)
        expect(
            model.training,
            tried=f"a model that comes with training={training}",
            rule="Afterwards the model is in the mode in which it came: an evaluation between two epochs "
            "must not switch off dropout for the rest of the training, nor switch it on for a finished "
            "model.",
            next="Keep model.training in a variable before model.eval(), and give it to model.train(…) at "
            "the end.",
        ).equals(training)


@graded("14.4", "no gradients are recorded")
def test_no_grad(student: Any, expect: Any, room: Any, generator: torch.Generator) -> None:
    seen: list[bool] = []
    model = room.module("torch.nn").Identity()
    model.register_forward_hook(
        lambda module, inputs, output: seen.append(room.module("torch").is_grad_enabled())
    )
    batches, _ = _scored_batches(generator, [3, 3, 1])
    student.accuracy(model, batches)
    expect(
        seen,
        tried="three batches, with a look at torch.is_grad_enabled() whenever the model runs",
        rule="The model runs once per batch, and without recording: gradients cost memory and time, and "
        "nobody needs them here.",
        next="Put the loop under `with torch.no_grad():`.",
    ).equals([False, False, False])


@graded("14.4", "no samples, no accuracy")
def test_empty(student: Any, expect: Any, room: Any) -> None:
    expect.raises(
        ValueError,
        lambda: student.accuracy(room.module("torch.nn").Identity(), []),
        tried="a loader that yields nothing",
        rule="Nothing divided by nothing is no accuracy: neither 0 nor 1. Say so with a ValueError.",
        next="Look at the count after the loop, before you divide.",
    )


# 14.5 ------------------------------------------------------------------------------------------------------


def _twins(room: Any, generator: torch.Generator, learning_rate: float, momentum: float = 0.0) -> Any:
    """Make the same linear model here and on the student's side, each with its optimizer."""
    weight = torch.randn(3, 4, generator=generator)
    bias = torch.randn(3, generator=generator)
    theirs = room.module("torch.nn").Linear(4, 3)
    ours = nn.Linear(4, 3)
    for model in (theirs, ours):
        model.load_state_dict({"weight": weight, "bias": bias})
    return SimpleNamespace(
        theirs=theirs,
        ours=ours,
        optimizer=room.module("torch.optim").SGD(theirs.parameters(), lr=learning_rate, momentum=momentum),
        reference=torch.optim.SGD(ours.parameters(), lr=learning_rate, momentum=momentum),
        criterion=room.module("torch.nn").CrossEntropyLoss(),
    )


def _batch(generator: torch.Generator, size: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(size, 4, generator=generator), torch.randint(0, 3, (size,), generator=generator)


def _reference_step(
    twins: Any, images: torch.Tensor, labels: torch.Tensor, clip_norm: float | None = None
) -> float:
    twins.reference.zero_grad()
    loss = nn.functional.cross_entropy(twins.ours(images), labels)
    loss.backward()
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(twins.ours.parameters(), clip_norm)
    twins.reference.step()
    return loss.item()


def _weights(model: Any) -> list[torch.Tensor]:
    return [torch.as_tensor(model.weight).detach(), torch.as_tensor(model.bias).detach()]


@graded("14.5", "the same weights as torch's loop")
def test_same_weights(student: Any, expect: Any, room: Any, generator: torch.Generator, rng: Any) -> None:
    twins = _twins(room, generator, learning_rate=rng.choice([0.05, 0.1, 0.2]), momentum=0.9)
    for step in range(1, 5):
        images, labels = _batch(generator)
        student.train_step(twins.theirs, images, labels, twins.criterion, twins.optimizer)
        _reference_step(twins, images, labels)
        expect(
            _weights(twins.theirs),
            tried=f"step {step} of SGD with momentum on batches of 6 samples, from random weights",
            rule="Each step follows the gradient of its own batch, once. `backward` adds to the gradients "
            "that are already there, so they must be cleared between two steps.",
            next="Step 1 wrong: look at the order backward, step. Right at first, wrong later: look for "
            "zero_grad.",
        ).is_close_to(_weights(twins.ours), 1e-5)


@graded("14.5", "the loss of the batch, before the step")
def test_loss_value(student: Any, expect: Any, room: Any, generator: torch.Generator) -> None:
    twins = _twins(room, generator, learning_rate=0.5)
    for _ in range(2):
        images, labels = _batch(generator)
        loss = student.train_step(twins.theirs, images, labels, twins.criterion, twins.optimizer)
        words = {"tried": "a batch of 6 samples and a learning rate of 0.5"}
        expect(
            loss,
            **words,
            rule="The loss is a Python float: a tensor would keep the whole graph of its computation in "
            "memory.",
            next="loss.item() takes the number out of a tensor.",
        ).is_a(float)
        expect(
            loss,
            **words,
            rule="The returned loss is that of this batch under the weights before the step.",
            next="Return the loss that you called backward on; do not compute it again after the step.",
        ).is_close_to(_reference_step(twins, images, labels), 1e-5)


@graded("14.5", "gradients are clipped before the step")
def test_clipping(student: Any, expect: Any, room: Any, generator: torch.Generator, rng: Any) -> None:
    clip_norm = rng.uniform(0.02, 0.05)
    for bound in (clip_norm, 1000.0):
        twins = _twins(room, generator, learning_rate=1.0)
        for _ in range(2):
            images, labels = _batch(generator)
            student.train_step(
                twins.theirs, 5 * images, labels, twins.criterion, twins.optimizer, clip_norm=bound
            )
            _reference_step(twins, 5 * images, labels, bound)
        expect(
            _weights(twins.theirs),
            tried=f"two steps of SGD with clip_norm={bound:.3g}",
            rule="All gradients together, seen as one long vector, are shortened to clip_norm if they are "
            "longer, after backward has made them and before step uses them.",
            next="Where does the clipping stand? And does it see all parameters at once, or one after the "
            "other?",
        ).is_close_to(_weights(twins.ours), 1e-5)


@graded("14.5", "the model learns in training mode")
def test_training_mode(student: Any, expect: Any, room: Any, generator: torch.Generator) -> None:
    torch_nn = room.module("torch.nn")
    norm = torch_nn.BatchNorm1d(4)
    model = torch_nn.Sequential(norm, torch_nn.Linear(4, 3))
    model.eval()
    optimizer = room.module("torch.optim").SGD(model.parameters(), lr=0.1)
    images, labels = _batch(generator)
    student.train_step(model, images + 2, labels, torch_nn.CrossEntropyLoss(), optimizer)
    expect(
        norm.running_mean,
        tried="a model with batch norm that comes in evaluation mode, as after an evaluation",
        rule="In training mode batch norm takes the statistics of the batch and moves its stored mean a "
        "tenth of the way towards them.",
        next="Call model.train() before the model sees the batch.",
    ).is_close_to(0.1 * (images + 2).mean(dim=0), 1e-5)


@graded("14.5", "the loss goes down")
def test_loss_falls(student: Any, expect: Any, room: Any, generator: torch.Generator) -> None:
    twins = _twins(room, generator, learning_rate=0.5)
    images = torch.randn(30, 4, generator=generator)
    labels = images[:, :3].argmax(dim=1)
    losses = [
        student.train_step(twins.theirs, images, labels, twins.criterion, twins.optimizer) for _ in range(40)
    ]
    expect(
        losses[-1] / losses[0],
        tried="40 steps on 30 samples that a linear model can tell apart",
        rule="Steps against the gradient make the loss smaller; here, to less than 60 % of what it was.",
        next="Does optimizer.step() run, and after backward?",
    ).is_at_most(0.6)


# 14.6 ------------------------------------------------------------------------------------------------------


def _training(room: Any, seed: int, samples: int = 24) -> Any:
    """Make a model with buffers, an optimizer with a memory and a shuffling loader on the student's side."""
    torch_nn = room.module("torch.nn")
    generator = torch.Generator().manual_seed(seed)
    model = torch_nn.Sequential(torch_nn.Linear(4, 5), torch_nn.BatchNorm1d(5), torch_nn.Linear(5, 3))
    reference = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).state_dict()
    model.load_state_dict(
        {
            name: torch.randn(value.shape, generator=generator) / 2
            if value.ndim == 2
            else value.double().float()
            for name, value in reference.items()
        }
    )
    return SimpleNamespace(
        model=model,
        optimizer=room.module("torch.optim").Adam(model.parameters(), lr=0.05),
        loader=room.module("torch.utils.data").DataLoader(
            list(range(samples)), batch_size=8, shuffle=True, generator=generator
        ),
        criterion=torch_nn.CrossEntropyLoss(),
    )


def _train(room: Any, training: Any, seed: int) -> None:
    """Train for three batches that the seed decides, whatever the training's own loader would give."""
    generator = torch.Generator().manual_seed(seed + 100)
    batches = [_batch(generator, 8) for _ in range(3)]
    room.module("course_lib").train_model(
        training.model, batches, training.criterion, training.optimizer, 1, progress=False
    )


def _state(training: Any) -> dict[str, torch.Tensor]:
    return dict(training.model.state_dict())


@contextlib.contextmanager
def _folder(room: Any) -> Iterator[str]:
    """Make a folder on the student's side, and remove it afterwards."""
    folder = room.module("tempfile").mkdtemp(prefix="checkpoint-")
    try:
        yield folder
    finally:
        room.module("shutil").rmtree(folder)


def _save(student: Any, training: Any, path: str, epoch: Any) -> None:
    student.save_checkpoint(path, training.model, training.optimizer, training.loader, epoch)


def _load(student: Any, training: Any, path: str) -> Any:
    return student.load_checkpoint(path, training.model, training.optimizer, training.loader)


@graded("14.6", "weights, buffers and epoch come back")
def test_state_back(student: Any, expect: Any, room: Any, seed: int, rng: Any) -> None:
    old, new, epoch = _training(room, seed), _training(room, seed + 1), rng.randrange(2, 90)
    _train(room, old, seed)
    with _folder(room) as folder:
        _save(student, old, f"{folder}/last.pt", epoch)
        saved = _state(old)
        _train(room, old, seed + 1)
        returned = _load(student, new, f"{folder}/last.pt")
    words = {"tried": f"a model with batch norm, saved after epoch {epoch}, loaded into a newly made one"}
    for name, value in saved.items():
        expect(
            new.model.state_dict()[name],
            **words,
            rule=f"All of the model's state comes back, as it was when it was saved: {name}, too. Batch "
            "norm's statistics are buffers: they are in state_dict(), and not in parameters().",
            next="Save model.state_dict(), load it with model.load_state_dict(…).",
        ).equals(value)
    expect(
        returned,
        **words,
        rule="load_checkpoint returns the epoch that save_checkpoint got.",
        next="Put the epoch into the file, and return it as it is.",
    ).equals(epoch)


@graded("14.6", "the optimizer goes on where it was", points=2)
def test_resume(student: Any, expect: Any, room: Any, seed: int) -> None:
    whole, new = _training(room, seed), _training(room, seed + 1)
    _train(room, whole, seed)
    with _folder(room) as folder:
        _save(student, whole, f"{folder}/last.pt", 1)
        _load(student, new, f"{folder}/last.pt")
    for training in (whole, new):
        _train(room, training, seed + 1)
    expect(
        [_state(new)[name] for name in ("0.weight", "2.weight")],
        tried="three steps of Adam, save, load into new objects, then the same three batches for both",
        rule="The resumed training ends at the same weights as the one that was never interrupted. Adam "
        "steps by its running averages: without them the first steps after the restart are others.",
        next="Save optimizer.state_dict(), and load it into the optimizer.",
    ).equals([_state(whole)[name] for name in ("0.weight", "2.weight")])


@graded("14.6", "the batches go on in the same order")
def test_order_back(student: Any, expect: Any, room: Any, seed: int) -> None:
    whole, new = _training(room, seed), _training(room, seed + 1)
    _pass(whole.loader)
    with _folder(room) as folder:
        _save(student, whole, f"{folder}/last.pt", 1)
        ahead = [_pass(whole.loader) for _ in range(2)]
        _load(student, new, f"{folder}/last.pt")
    expect(
        [_pass(new.loader) for _ in range(2)],
        tried="epoch 1, save, epochs 2 and 3; then load into new objects, and epochs 2 and 3 once more",
        rule="The batches after loading are those that would have come without the interruption. The "
        "generator decides them, and the loader's sampler holds that same generator.",
        next="Save loader.generator.get_state(); give it back with loader.generator.set_state(…), which "
        "changes the generator itself, instead of putting another one into the loader.",
    ).equals(ahead)


@graded("14.6", "the file holds plain data")
def test_plain_data(student: Any, expect: Any, room: Any, seed: int) -> None:
    training = _training(room, seed)
    _train(room, training, seed)
    with _folder(room) as folder:
        _save(student, training, f"{folder}/last.pt", 1)
        got = "a file that it reads"
        try:
            room.module("torch").load(f"{folder}/last.pt", weights_only=True)
        except RemoteError as error:
            got = f"{error.type_name}: {error.message}"
    expect(
        got,
        tried="torch.load(path, weights_only=True) on the saved file",
        rule="A checkpoint holds tensors, numbers and dictionaries only. Pickled objects run code when "
        "they are loaded, and break when their class changes.",
        next="Save state_dict() of the model and of the optimizer, and the state of the generator: not the "
        "objects.",
    ).equals("a file that it reads")


@graded("14.6", "a failed save leaves the old checkpoint whole")
def test_atomic(student: Any, expect: Any, room: Any, seed: int, rng: Any) -> None:
    training, epoch = _training(room, seed), rng.randrange(2, 90)
    with _folder(room) as folder:
        _save(student, training, f"{folder}/last.pt", epoch)
        lock = room.module("threading").Lock()  # cannot be written to a file
        with contextlib.suppress(RemoteError):
            _save(student, training, f"{folder}/last.pt", {"epoch": 1, "lock": lock})
        try:
            returned = _load(student, _training(room, seed + 1), f"{folder}/last.pt")
        except RemoteError as error:
            returned = f"{error.type_name}: {error.message.splitlines()[0] if error.message else ''}"
    expect(
        returned,
        tried=f"save with epoch={epoch}; save again with an epoch that cannot be written, which fails "
        "halfway; load",
        rule="Whoever opens the file finds a whole checkpoint, the old one or the new one: writing in "
        "place destroys the old one first.",
        next='Save to another name in the same folder, f"{path}.part" say, and then os.replace it.',
    ).equals(epoch)

"""The graded checks of exercise 01: the parts of a first pipeline, written by hand."""

from collections.abc import Iterator
from typing import Any

import torch

from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "01",
    "why_data_loading",
    (
        Task(
            "01.1",
            "A dataset from two lists",
            defines=("CustomDataset",),
            forbids=("TensorDataset", "StackDataset", "ListDataset", "TransformDataset"),
            difficulty=2,
            importance=5,
            minutes=10,
            hints=(
                "When should an image be read: when the dataset is made, or when somebody asks for it? "
                "And who "
                "notices that an index is too large?",
                "Take three pairs. Indices 0, 1, 2 are fine and so are -3, -2, -1, which mean the same "
                "places. Everything "
                "below -3 or above 2 must raise. For a valid index, which number from 0 to 2 is meant by -1?",
                "In `__init__`: compare the two lengths, then keep both as they are. In `__getitem__`: "
                "raise IndexError "
                "unless `-n <= index < n`; then `index % n` is the place to read in both.",
            ),
        ),
        Task(
            "01.2",
            "Which samples come next?",
            defines=("batches_of_indices",),
            forbids=(
                "BatchSampler",
                "RandomSampler",
                "SequentialSampler",
                "SubsetRandomSampler",
                "DataLoader",
            ),
            difficulty=3,
            importance=5,
            minutes=15,
            hints=(
                "There are two questions: in which order, and where to cut. Can you answer the first one "
                "completely "
                "before you turn to the second?",
                "Seven indices in batches of three: the cuts begin at 0, 3 and 6, and the piece from 6 on "
                "is short. "
                "With six indices no piece is short, and `drop_last` has nothing to drop.",
                "The order is `torch.randperm(n, generator=generator).tolist()` or `range(n)`. Slice it from "
                "each `start` in `range(0, n, batch_size)`; `yield` the slice if it is full or `drop_last` "
                "is False.",
            ),
        ),
        Task(
            "01.3",
            "From a list of samples to one batch",
            defines=("collate_pairs",),
            forbids=("default_collate", "default_convert"),
            difficulty=2,
            importance=5,
            minutes=10,
            hints=(
                "B images of shape (H, W) become one tensor: which torch function puts tensors on top of "
                "each other?",
                "Follow the shapes: a list of B times (H, W), then (B, H, W), then (B, 1, H, W). And the "
                "values: "
                "a uint8 255 must become a float 1.0. Which of the two comes first does not matter.",
                "`torch.stack([...]).unsqueeze(1).float() / 255` for the images; `torch.tensor([...])` "
                "makes int64 of a "
                "list of ints by itself. Compare every image's shape with the first one's before.",
            ),
        ),
        Task(
            "01.4",
            "A network that takes what the loader gives",
            defines=("NeuralNetwork",),
            difficulty=2,
            importance=4,
            minutes=10,
            hints=(
                "A linear layer works on the last axis only. What is the last axis of an image batch, and "
                "how long is it?",
                "The shapes on the way: (B, 1, 28, 28), flattened (B, 784), after the first layer (B, "
                "hidden), after "
                "ReLU the same, after the second layer (B, 10). B is never touched and never written down.",
                "`nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))`, "
                "kept as an "
                "attribute of the module and called in `forward`.",
            ),
        ),
        Task(
            "01.5",
            "One step of learning",
            defines=("train_step",),
            forbids=("train_model",),
            difficulty=2,
            importance=5,
            minutes=10,
            hints=(
                "Which four things happen in a step, and what would go wrong if two of them changed places?",
                "Forward gives the loss, backward adds to each parameter's `.grad`, step uses `.grad`. When "
                "may you empty `.grad`? At any moment except between backward and step.",
                "`loss = criterion(model(images), labels)`, `optimizer.zero_grad()`, `loss.backward()`, "
                "`optimizer.step()`, and return `loss.item()`.",
            ),
        ),
    ),
)


class EndlessScans:
    """Images that are made when they are asked for, for any integer whatever; reads are counted."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.reads: list[int] = []

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> str:
        self.reads.append(index)
        return f"scan {index}"

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(self.length))


# 01.1


@graded("01.1", "every image keeps its label")
def test_pairs(student, expect, rng):
    size = rng.randrange(3, 9)
    images = [f"scan {i}" for i in range(size)]
    labels = [rng.randrange(10) for _ in range(size)]
    dataset = student.CustomDataset(images, labels)
    expect(
        len(dataset),
        tried=f"len() of a dataset of {size} images and {size} labels",
        rule="The length is the number of pairs.",
        next="Look at __len__.",
    ).equals(size)
    expect(
        [dataset[i] for i in range(size)],
        tried=f"every index of a dataset of {size} pairs with the labels {labels}",
        rule="Sample i is a tuple: image i and label i.",
        next="Look at what __getitem__ returns.",
    ).equals(list(zip(images, labels)))


@graded("01.1", "negative indices count from the end")
def test_negative_indices(student, expect, rng):
    size = rng.randrange(3, 9)
    dataset = student.CustomDataset(EndlessScans(size), list(range(size)))
    expect(
        [dataset[i] for i in range(-size, 0)],
        tried=f"the indices {-size} to -1 of {size} pairs, whose images are made on demand",
        rule="Index -1 is the last sample, index -n the first, for the images as for the labels.",
        next="Turn a negative index into a place from 0 to n - 1 before you read anything.",
    ).equals([(f"scan {i}", i) for i in range(size)])


@graded("01.1", "an index past either end raises IndexError")
def test_bounds(student, expect, rng):
    size = rng.randrange(2, 9)
    dataset = student.CustomDataset(EndlessScans(size), EndlessScans(size))
    for index in (size, size + rng.randrange(1, 50), -size - 1):
        expect.raises(
            IndexError,
            lambda index=index: dataset[index],
            tried=f"index {index} of {size} pairs that are made on demand, for any integer",
            rule="Valid indices run from -n to n - 1; the dataset itself refuses all others. A loop that "
            "relies "
            "on IndexError would never end otherwise.",
            next="Compare the index with the length before you read, with `if …: raise IndexError`; an "
            "assert raises AssertionError.",
        )


@graded("01.1", "two lengths that differ are refused")
def test_lengths(student, expect, rng):
    size = rng.randrange(12, 40)
    for images, labels in ((size, size - 1), (size - 2, size), (size, 0)):
        error = expect.raises(
            ValueError,
            lambda images=images, labels=labels: student.CustomDataset(list(range(images)), [0] * labels),
            tried=f"{images} images with {labels} labels",
            rule="Each image has one label. Noticed now, the mistake is a message; noticed later, it is a "
            "network that learns from wrong labels.",
            next="Compare the lengths in __init__, with `if …: raise ValueError`; an assert raises "
            "AssertionError.",
        )
        expect(
            str(images) in error.message and str(labels) in error.message,
            tried=f"the message for {images} images with {labels} labels",
            rule="A message that shows the values seen saves the search for them.",
            next="Put both lengths into the message.",
            got=repr(error.message),
        ).is_true(f"both {images} and {labels} in the message")


@graded("01.1", "images are read one by one, on demand")
def test_lazy(student, expect, rng):
    size = rng.randrange(4, 9)
    images = EndlessScans(size)
    dataset = student.CustomDataset(images, list(range(size)))
    wanted = rng.randrange(size)
    expect(
        list(images.reads),
        tried=f"making a dataset of {size} images that note when they are read",
        rule="Making a dataset reads nothing: the images may be larger than the memory.",
        next="Keep `images` as it is; do not loop over it in __init__.",
    ).equals([])
    value = dataset[wanted]
    expect(
        (value, list(images.reads)),
        tried=f"sample {wanted} of {size}, and which images were read for it",
        rule="One sample costs the reading of one image.",
        next="Read images[index] once in __getitem__, and nothing else.",
    ).equals(((f"scan {wanted}", wanted), [wanted]))


@graded("01.1", "torch's loader takes it")
def test_torch_loader(student, expect, room, rng):
    size = rng.randrange(3, 9)
    dataset = student.CustomDataset(torch.arange(size * 4.0).reshape(size, 2, 2), list(range(size)))
    batches = list(room.module("torch.utils.data").DataLoader(dataset, batch_size=2))
    expect(
        torch.cat([labels for _, labels in batches]),
        tried=f"torch's DataLoader over {size} pairs in batches of 2; the labels it gave",
        rule="__getitem__ and __len__ are all that a loader needs to know.",
        next="Check both methods with the example of the statement.",
    ).equals(torch.arange(size))


# 01.2


def _sizes(rng) -> tuple[int, int]:
    """Return a number of indices and a batch size that does not divide it."""
    batch_size = rng.randrange(3, 8)
    return batch_size * rng.randrange(2, 6) + rng.randrange(1, batch_size), batch_size


def _epoch(student, *arguments: Any, **options: Any) -> list[list[Any]]:
    """Return the batches of one epoch as lists of plain ints: one check alone asks for these."""
    return [_plain(batch) for batch in student.batches_of_indices(*arguments, **options)]


def _plain(batch: Any) -> list[Any]:
    if isinstance(batch, torch.Tensor):
        return batch.reshape(-1).tolist()
    return [index.tolist() if isinstance(index, torch.Tensor) else index for index in batch]


@graded("01.2", "each batch is a list of plain ints")
def test_plain_ints(student, expect, rng, generator):
    n, batch_size = _sizes(rng)
    for shuffle in (False, True):
        batches = list(student.batches_of_indices(n, batch_size, shuffle=shuffle, generator=generator))
        for batch in batches:
            expect(
                isinstance(batch, list) and all(type(index) is int for index in batch),
                tried=f"n={n}, batch_size={batch_size}, shuffle={shuffle}; the types in a batch",
                rule="Plain ints index everything: a list, a file, a table. A tensor does not even find its "
                "place in a dictionary.",
                next="Each index is a plain int: `.tolist()`. Each batch is a list.",
                got=_types(batch),
            ).is_true("a list of int")


def _types(batch: Any) -> str:
    found = f"a batch of type {type(batch).__name__}"
    if isinstance(batch, list | tuple):
        found += " of " + " and ".join(sorted({type(index).__name__ for index in batch}))
    return found


@graded("01.2", "in order, every index once")
def test_in_order(student, expect, rng):
    n, batch_size = _sizes(rng)
    for count, size in ((n, batch_size), (batch_size * 4, batch_size), (3, 10), (5, 1), (0, 4)):
        expect(
            _epoch(student, count, size),
            tried=f"n={count}, batch_size={size}",
            rule="The batches are neighbouring slices of 0, 1, 2, ...; only the last may be shorter, and "
            "none is empty.",
            next="Look at where each batch begins, and at what happens to the rest at the end.",
        ).equals([list(range(start, min(start + size, count))) for start in range(0, count, size)])


@graded("01.2", "drop_last drops a short batch only")
def test_drop_last(student, expect, rng):
    n, batch_size = _sizes(rng)
    for count in (n, batch_size * 3, batch_size - 1, 0):
        whole = count // batch_size
        expect(
            [len(batch) for batch in student.batches_of_indices(count, batch_size, drop_last=True)],
            tried=f"n={count}, batch_size={batch_size}, drop_last=True; the sizes of the batches",
            rule="Full batches stay, the last one too; a short one goes.",
            next="Ask whether the batch is short, not whether it is the last.",
        ).equals([batch_size] * whole)


@graded("01.2", "shuffled, every index once")
def test_shuffled(student, expect, rng, generator):
    n, batch_size = _sizes(rng)
    batches = _epoch(student, n, batch_size, shuffle=True, generator=generator)
    everything = [index for batch in batches for index in batch]
    expect(
        sorted(everything),
        tried=f"n={n}, batch_size={batch_size}, shuffle=True; all indices, sorted",
        rule="Shuffling changes the order and nothing else: no index is lost, none comes twice.",
        next="Draw one permutation of all indices and cut it; drawing each batch anew repeats indices.",
    ).equals(list(range(n)))
    expect(
        [len(batch) for batch in batches],
        tried=f"n={n}, batch_size={batch_size}, shuffle=True; the sizes of the batches",
        rule="Shuffled or not, the batches have the same sizes.",
        next="Cut the shuffled order just like the other.",
    ).equals([batch_size] * (n // batch_size) + [n % batch_size])


@graded("01.2", "the whole order is shuffled, not the batches")
def test_mixed(student, expect, rng, generator):
    n = 60 + rng.randrange(40)
    batches = _epoch(student, n, 10, shuffle=True, generator=generator)
    in_a_row = sum(
        batch == list(range(batch[0], batch[0] + len(batch))) for batch in batches if len(batch) > 5
    )
    expect(
        in_a_row,
        tried=f"n={n}, batch_size=10, shuffle=True; the number of batches that are ten neighbours in a row",
        rule="Each batch mixes indices from everywhere. On data sorted by class, a batch of neighbours is a "
        "batch of one class.",
        next="Shuffle the indices first, then cut.",
    ).equals(0)
    rising = sum(batch == sorted(batch) for batch in batches if len(batch) > 5)
    expect(
        rising,
        tried=f"n={n}, batch_size=10, shuffle=True; the number of batches in rising order",
        rule="The order within a batch is random as well.",
        next="Do not sort after shuffling.",
    ).equals(0)


@graded("01.2", "the generator decides the order")
def test_generator(student, expect, room, rng, seed):
    n, batch_size = _sizes(rng)
    n += 30

    def order(number):
        own = torch.Generator().manual_seed(number)
        return _epoch(student, n, batch_size, shuffle=True, generator=own)

    before = room.random_state()
    first = order(seed)
    expect(
        room.random_state() == before,
        tried=f"an epoch of n={n} with a generator; the global random state before and after",
        rule="Who passes a generator wants the rest of the program left alone.",
        next="Pass the generator on to torch.randperm, and call no manual_seed.",
        got="another global random state",
    ).is_true("the same global random state")
    expect(
        order(seed),
        tried=f"two epochs of n={n}, with generators of the same seed",
        rule="The same generator state gives the same order, so that an experiment can be repeated.",
        next="Let the generator decide, and nothing else.",
    ).equals(first)
    expect(
        order(seed + 1),
        tried=f"two epochs of n={n}, with generators of different seeds",
        rule="Another seed gives another order.",
        next="Do not set a seed inside the function.",
    ).differs_from(first)


@graded("01.2", "a new order each time")
def test_new_order(student, expect, room, rng, seed):
    n, batch_size = _sizes(rng)
    n += 30
    room.module("torch").manual_seed(seed)
    epochs = [_epoch(student, n, batch_size, shuffle=True) for _ in range(3)]
    for later in epochs[1:]:
        expect(
            later,
            tried=f"three epochs of n={n} with shuffle=True and no generator",
            rule="Every epoch has an order of its own.",
            next="Do not set a seed inside the function: that would restart the program's random numbers.",
        ).differs_from(epochs[0])
    room.module("torch").manual_seed(seed)
    expect(
        _epoch(student, n, batch_size, shuffle=True),
        tried=f"torch.manual_seed({seed}) before an epoch without a generator, twice",
        rule="Without a generator torch's global random state decides, so torch.manual_seed makes it "
        "repeatable.",
        next="Take the random numbers from torch, not from `random` or NumPy.",
    ).equals(epochs[0])


@graded("01.2", "a batch holds one index or more")
def test_batch_size(student, expect, rng):
    for batch_size in (0, -rng.randrange(1, 9)):
        expect.raises(
            ValueError,
            lambda batch_size=batch_size: list(student.batches_of_indices(10, batch_size)),
            tried=f"n=10, batch_size={batch_size}",
            rule="A batch size below 1 means nothing; the message shows the value.",
            next="Check batch_size first.",
            saying=str(batch_size),
        )


# 01.3


def _samples(rng, count: int, height: int, width: int) -> list[tuple[torch.Tensor, int]]:
    own = torch.Generator().manual_seed(rng.randrange(2**31))
    scans = torch.randint(256, (count, height, width), generator=own).to(torch.uint8)
    return [(scan, rng.randrange(10)) for scan in scans]


def _collate(student, expect, samples: list[tuple[torch.Tensor, int]]) -> tuple[Any, Any, str]:
    """Return images, labels and words for what was tried; fail unless it is two tensors."""
    shape = tuple(samples[0][0].shape)
    tried = (
        f"{len(samples)} pairs with images of shape {shape} and the labels {[label for _, label in samples]}"
    )
    result = student.collate_pairs(samples)
    is_pair = isinstance(result, tuple | list) and len(result) == 2
    expect(
        is_pair and all(isinstance(part, torch.Tensor) for part in result),
        tried=tried,
        rule="The batch is a pair of tensors: images and labels.",
        next="Return `images, labels`.",
        got=f"a {type(result).__name__}",
    ).is_true("two tensors")
    return result[0], result[1], tried


@graded("01.3", "images of shape (B, 1, H, W)")
def test_image_shape(student, expect, rng):
    for count, height, width in ((rng.randrange(2, 7), 28, 28), (1, 28, 28), (3, rng.randrange(2, 9), 11)):
        images, _, tried = _collate(student, expect, _samples(rng, count, height, width))
        expect(
            tuple(images.shape),
            tried=tried,
            rule="Axes are batch, channel, height, width, also for a batch of one and for pictures that "
            "are not square.",
            next='Follow the shapes step by step: `hint("01.3", 2)`.',
        ).equals((count, 1, height, width))


@graded("01.3", "pixels from 0 to 1, in float32")
def test_pixels(student, expect, rng):
    samples = _samples(rng, rng.randrange(2, 7), 6, 5)
    samples.append((torch.full((6, 5), 255, dtype=torch.uint8), 3))
    samples.append((torch.zeros(6, 5, dtype=torch.uint8), 4))
    images, _, tried = _collate(student, expect, samples)
    expect(
        str(images.dtype),
        tried=f"{tried}; the dtype of the images",
        rule="Networks calculate in float32.",
        next="Turn the images into float before you divide.",
    ).equals("torch.float32")
    darkest, brightest = images.min().item(), images.max().item()
    expect(
        darkest >= 0 and brightest <= 1,
        tried=f"{tried}; the smallest and the largest pixel",
        rule="Pixel p becomes p / 255: black is 0, white is 1.",
        next="Divide by 255, the largest value of a uint8.",
        got=f"values from {darkest:g} to {brightest:g}",
    ).is_true("values from 0 to 1")
    wanted = torch.stack([image for image, _ in samples]).float() / 255
    expect(
        images.reshape(-1),
        tried=f"{tried}; the pixels, one after the other",
        rule="Pixel p becomes p / 255: black is 0, white is 1, and the order stays.",
        next="Divide by 255, every batch by the same number, and do not round.",
    ).is_close_to(wanted.reshape(-1), 1e-5)


@graded("01.3", "labels of shape (B,), in int64")
def test_labels(student, expect, rng):
    for count in (rng.randrange(2, 9), 1):
        samples = _samples(rng, count, 4, 4)
        _, labels, tried = _collate(student, expect, samples)
        expect(
            labels,
            tried=tried,
            rule="CrossEntropyLoss takes class numbers as int64 of shape (B,), also when B is 1.",
            next="Make one tensor of the list of labels, and look at its dtype and shape.",
        ).equals(torch.tensor([label for _, label in samples]))


@graded("01.3", "images of different sizes are refused")
def test_mixed_sizes(student, expect, rng):
    small, large = rng.randrange(3, 9), rng.randrange(10, 20)
    samples = _samples(rng, 2, large, large) + _samples(rng, 1, small, small)
    for order in (samples, samples[::-1]):
        shapes = [tuple(image.shape) for image, _ in order]
        error = expect.raises(
            ValueError,
            lambda order=order: student.collate_pairs(order),
            tried=f"three images of the shapes {shapes}",
            rule="One tensor needs images of one size.",
            next="Compare every image's shape with the first one's.",
        )
        expect(
            f"{small}, {small}" in error.message and f"{large}, {large}" in error.message,
            tried=f"the message for images of the shapes {shapes}",
            rule="The message shows both sizes, so that the odd image can be found.",
            next="Put tuple(image.shape) of both into the message.",
            got=repr(error.message),
        ).is_true(f"({small}, {small}) and ({large}, {large}) in the message")


# 01.4


def _network(student, room, seed: int, hidden: int = 64):
    room.module("torch").manual_seed(seed)
    return student.NeuralNetwork(hidden)


def _pictures(generator, count: int) -> torch.Tensor:
    return torch.rand(count, 1, 28, 28, generator=generator)


def _scores(expect, network, pictures: torch.Tensor) -> torch.Tensor:
    tried, got = f"a batch of shape {tuple(pictures.shape)}", ""
    try:
        scores = network(pictures)
    except RemoteError as error:
        if "NotImplementedError" in error.type_names:
            raise
        scores, got = None, f"{error.type_name}: {error.message}"
    expect(
        scores,
        tried=tried,
        rule="A linear layer takes vectors as long as it was told: each image must be one row of 784 "
        "numbers.",
        next="Flatten the images first, and return the scores at the end of forward.",
        got=got,
    ).is_a(torch.Tensor)
    return scores


@graded("01.4", "ten scores for each image, whatever the batch size")
def test_scores_shape(student, expect, room, rng, generator, seed):
    network = _network(student, room, seed)
    for count in (4, 1, rng.randrange(5, 60), 0):
        scores = _scores(expect, network, _pictures(generator, count))
        expect(
            tuple(scores.shape),
            tried=f"a batch of shape ({count}, 1, 28, 28)",
            rule="(B, 1, 28, 28) goes in and (B, 10) comes out, for every B: the last batch of an epoch is "
            "often short.",
            next='Flatten all axes but the first. `hint("01.4", 2)` follows the shapes.',
        ).equals((count, 10))


@graded("01.4", "an image's scores are its own")
def test_independent(student, expect, room, rng, generator, seed):
    network = _network(student, room, seed)
    pictures = _pictures(generator, rng.randrange(3, 9))
    together = _scores(expect, network, pictures)
    alone = torch.cat([_scores(expect, network, picture.unsqueeze(0)) for picture in pictures])
    expect(
        together,
        tried=f"{len(pictures)} images in one batch, and then each in a batch of its own",
        rule="The first axis is a row of independent samples: no image's scores depend on its neighbours.",
        next="Look for anything that calculates along the first axis, such as softmax(dim=0) or a "
        "normalisation.",
    ).is_close_to(alone, 1e-4)


@graded("01.4", "an optimizer finds every parameter")
def test_parameters(student, expect, room, rng, seed):
    for hidden in (64, rng.randrange(5, 30)):
        network = _network(student, room, seed, hidden)
        flat = room.module("torch").cat(
            [each.reshape(-1) for each in network.parameters()] + [torch.zeros(0)]
        )
        expect(
            int(flat.numel()),
            tried=f"the number of values in parameters() of NeuralNetwork({hidden})",
            rule="784 · hidden weights and hidden biases, then hidden · 10 weights and 10 biases.",
            next="Make both layers in __init__ with the given size (use `hidden`, not 64), and keep them as "
            "attributes, or in nn.Sequential: a plain list hides them.",
        ).equals(784 * hidden + hidden + hidden * 10 + 10)


@graded("01.4", "there is a bend between the layers")
def test_not_linear(student, expect, room, generator, seed):
    network = _network(student, room, seed)
    left, right = _pictures(generator, 8) * 4, -_pictures(generator, 8) * 4
    nothing = torch.zeros(8, 1, 28, 28)
    values = [_scores(expect, network, each) for each in (left, right, left + right, nothing)]
    bend = (values[0] + values[1] - values[2] - values[3]).abs().max().item()
    expect(
        bend,
        tried="network(a) + network(b) - network(a + b) - network(0), which is 0 for everything linear",
        rule="Two linear layers in a row are no more than one. ReLU between them makes the difference.",
        next="Put ReLU between the two linear layers.",
    ).is_at_least(1e-3)


@graded("01.4", "scores, not probabilities")
def test_logits(student, expect, room, generator, seed):
    network = _network(student, room, seed)
    scores = _scores(expect, network, _pictures(generator, 6) * 5)
    sums = scores.sum(1)
    expect(
        bool((sums - 1).abs().max() >= 1e-3),
        tried="the sums of the ten scores of six images",
        rule="CrossEntropyLoss applies softmax itself; a second one flattens the gradients and slows the "
        "learning.",
        next="Let the last layer be the linear one.",
        got=f"sums {[round(value, 3) for value in sums.tolist()]}: that is softmax",
    ).is_true("scores that do not sum to 1")
    expect(
        bool(scores.logsumexp(1).abs().max() >= 1e-3),
        tried="the sums of exp(score) of six images",
        rule="CrossEntropyLoss applies log-softmax itself.",
        next="Let the last layer be the linear one.",
        got="sums of 1: that is log-softmax",
    ).is_true("scores whose exponentials do not sum to 1")
    expect(
        bool((scores < 0).any()),
        tried="the sixty scores of six images",
        rule="A score may be negative: it says 'rather not'.",
        next="Put ReLU after the first layer only.",
        got="no negative score at all",
    ).is_true("some negative scores")


# 01.5


def _twins(room, seed: int, sizes: tuple[int, int] = (6, 3)):
    """Return a linear model on the student's side and one here with the same parameters."""
    room.module("torch").manual_seed(seed)
    model = room.module("torch.nn").Linear(*sizes)
    twin = torch.nn.Linear(*sizes)
    with torch.no_grad():
        twin.weight.copy_(model.weight)
        twin.bias.copy_(model.bias)
    return model, twin


def _batch(generator, classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(5, 6, generator=generator), torch.randint(classes, (5,), generator=generator)


def _step_by_hand(model, inputs, targets, criterion, optimizer) -> float:
    optimizer.zero_grad()
    loss = criterion(model(inputs), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


def _expect_values(expect, model, twin, tolerance: float, tried: str, rule: str, next: str) -> None:
    """Expect the parameters of `twin`; numbers are shown with four digits, and compared with all."""
    pairs = ((model.weight.detach(), twin.weight.detach()), (model.bias.detach(), twin.bias.detach()))
    expect(
        all(
            found.shape == wanted.shape
            and bool(((found - wanted).abs() <= tolerance * (1 + wanted.abs())).all())
            for found, wanted in pairs
        ),
        tried=tried,
        rule=rule,
        next=next,
        got=_four_digits(model),
    ).is_true(_four_digits(twin))


def _four_digits(model) -> str:
    weight, bias = (
        ", ".join(f"{value:.4f}" for value in part.detach().reshape(-1).tolist())
        for part in (model.weight[0], model.bias)
    )
    return f"weight[0] = [{weight}], bias = [{bias}]"


@graded("01.5", "one step down the gradient")
def test_one_step(student, expect, room, generator, rng, seed):
    model, twin = _twins(room, seed)
    rate = rng.choice((0.05, 0.1, 0.3))
    inputs, targets = _batch(generator)
    criterion = room.module("torch.nn").CrossEntropyLoss()
    optimizer = room.module("torch.optim").SGD(model.parameters(), lr=rate)
    student.train_step(model, inputs, targets, criterion, optimizer)
    _step_by_hand(
        twin, inputs, targets, torch.nn.CrossEntropyLoss(), torch.optim.SGD(twin.parameters(), lr=rate)
    )
    _expect_values(
        expect,
        model,
        twin,
        1e-4,
        tried=f"one step with SGD(lr={rate}) on a linear model; its weight and bias afterwards",
        rule="Every parameter becomes p - lr * gradient, once.",
        next="Check that backward and step are both there, in this order, with nothing between them that "
        "clears the gradients.",
    )


@graded("01.5", "old gradients play no part")
def test_two_steps(student, expect, room, generator, seed):
    model, twin = _twins(room, seed)
    criterion = room.module("torch.nn").CrossEntropyLoss()
    optimizer = room.module("torch.optim").SGD(model.parameters(), lr=0.2)
    own_criterion, own_optimizer = torch.nn.CrossEntropyLoss(), torch.optim.SGD(twin.parameters(), lr=0.2)
    for _ in range(3):
        inputs, targets = _batch(generator)
        student.train_step(model, inputs, targets, criterion, optimizer)
        _step_by_hand(twin, inputs, targets, own_criterion, own_optimizer)
    _expect_values(
        expect,
        model,
        twin,
        1e-4,
        tried="three steps on three batches; weight and bias afterwards",
        rule="Each step follows the gradient of its own batch. backward adds to what is in .grad already.",
        next='Where is zero_grad? `hint("01.5", 2)` says where it may stand.',
    )


@graded("01.5", "the loss, as a plain float")
def test_loss(student, expect, room, generator, seed):
    model, twin = _twins(room, seed)
    inputs, targets = _batch(generator)
    criterion = room.module("torch.nn").CrossEntropyLoss()
    optimizer = room.module("torch.optim").SGD(model.parameters(), lr=0.5)
    loss = student.train_step(model, inputs, targets, criterion, optimizer)
    expect(
        loss,
        tried="the value that one step returns",
        rule="A float is a number; a loss tensor keeps the whole graph of its batch in memory.",
        next="Return loss.item().",
    ).is_a(float)
    expect(
        loss,
        tried="the value that one step returns",
        rule="It is the loss before the change, the one whose gradient was taken.",
        next="Compute the loss once, before the step, and return that.",
    ).is_close_to(torch.nn.CrossEntropyLoss()(twin(inputs), targets).item(), 1e-4)


@graded("01.5", "any criterion, any optimizer")
def test_others(student, expect, room, generator, seed):
    for name in ("Adam", "RMSprop"):
        model, twin = _twins(room, seed)
        criterion = room.module("torch.nn").MSELoss()
        optimizer = getattr(room.module("torch.optim"), name)(model.parameters(), lr=0.01)
        own_optimizer = getattr(torch.optim, name)(twin.parameters(), lr=0.01)
        for _ in range(3):
            inputs, targets = torch.randn(5, 6, generator=generator), torch.randn(5, 3, generator=generator)
            optimizer.zero_grad()  # another check asks who clears them
            student.train_step(model, inputs, targets, criterion, optimizer)
            _step_by_hand(twin, inputs, targets, torch.nn.MSELoss(), own_optimizer)
        _expect_values(
            expect,
            model,
            twin,
            1e-3,
            tried=f"three steps with {name}(lr=0.01) and MSELoss; weight and bias afterwards",
            rule="The criterion measures and the optimizer steps: train_step only calls them.",
            next="Use the criterion and the optimizer that were passed in, and nothing of your own.",
        )

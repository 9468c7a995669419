"""The graded checks of exercise 02."""

import itertools

import torch

from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "02",
    "map_style_datasets",
    (
        Task(
            "02.1",
            "A dataset of a list",
            defines=("ListDataset",),
            forbids=("ListDataset",),
            difficulty=1,
            importance=5,
            minutes=10,
            hints=(
                "Which indices are valid when there are three samples? Write all six of them down, and then "
                "the nearest ones that are not.",
                "Draw the samples a, b, c with the numbers 0, 1, 2 below and -3, -2, -1 above. Index i and "
                "index i - 3 are one place. `-2 % 3` is 1: the remainder finds a negative index's place.",
                "First refuse: `if not -n <= index < n: raise IndexError(...)`. Then look up at `index % n`.",
            ),
        ),
        Task(
            "02.2",
            "Which promise is broken?",
            defines=("broken_properties",),
            difficulty=3,
            importance=4,
            minutes=20,
            hints=(
                "How many samples do you have to look at before you know that a property holds? And what "
                "must happen when one of them cannot be read at all?",
                "Write three small functions that return True or False, one for each property, each over "
                "`range(len(dataset))`. Try them on a list: it keeps everything. Then on a dict.",
                "Put each of the three into a `try`: an exception that it does not expect means broken. For "
                "the bounds, `IndexError` is good news; no exception is bad news, and so is any other one.",
            ),
        ),
        Task(
            "02.3",
            "A transform that waits",
            defines=("TransformDataset",),
            forbids=("TransformDataset",),
            difficulty=2,
            importance=5,
            minutes=10,
            hints=(
                "What is the least that `__init__` must remember so that everything else can be done later?",
                "Picture a wrapper with two pockets: one holds the dataset, the other the function. "
                "Nothing is in them that came out of a sample.",
                "In `__getitem__`: `value, label = self.dataset[index]`, then return the pair of "
                "`self.transform(value)` and `label`. Nothing is stored.",
            ),
        ),
        Task(
            "02.4",
            "A whole batch in one gather",
            defines=("TensorDataset",),
            forbids=("TensorDataset", "StackDataset"),
            difficulty=3,
            importance=4,
            minutes=20,
            hints=(
                "What does `torch.tensor([10, 20, 30])[[2, 0, 0]]` give?",
                "For three samples of (image, label), a gather per tensor makes two columns: three images, "
                "and three labels. The samples are the rows across both columns.",
                "`columns = [tensor[indices] for tensor in self.tensors]`, and `zip(*columns)` goes through "
                "the columns side by side, which gives one tuple for each sample.",
            ),
        ),
        Task(
            "02.5",
            "Pictures from a formula",
            defines=("StripedImages",),
            forbids=("SyntheticImages",),
            difficulty=4,
            importance=4,
            minutes=25,
            hints=(
                "If sample 31 is asked for first in one process, and last in another one, what can both "
                "processes know about it that is the same?",
                "A generator remembers how often it was used. One generator in `__init__` therefore gives "
                "pictures that depend on the order. Make a new generator for every access. With which seed?",
                "The seed is a number made of `self.seed` and the position. `seed + position` is not enough: "
                "seed 0 at position 1 and seed 1 at position 0 would meet. Multiply the seed by a large "
                "number first.",
            ),
        ),
    ),
)


class Shelf:
    """Answers any index, as a ring does, and counts how often it is read.

    Who reads it without end, as `list(shelf)` does, is stopped after ten times as many reads as samples.
    """

    def __init__(self, items):
        self.items = items
        self.reads = 0
        self.patience = 10 * len(items)

    def __getitem__(self, index):
        self.reads += 1
        if self.reads > self.patience:
            raise IndexError("somebody reads without end")
        return self.items[index % len(self.items)]

    def __len__(self):
        return len(self.items)


def numbers(rng, length):
    """Draw different integers, so that no sample passes for another one."""
    return rng.sample(range(1000, 9999), length)


# ---------------------------------------------------------------------------------------------------- 02.1


def dataset_of(student, expect, shelf):
    """Make a ListDataset of a shelf; a copy of the shelf would have no end."""
    dataset = student.ListDataset(shelf)
    expect(
        shelf.reads <= shelf.patience,
        tried=f"ListDataset(data); data has {len(shelf)} samples, answers any index and counts its reads",
        rule="Making a dataset reads no sample, and copies none.",
        next="`list(data)` reads everything: keep `data` itself.",
        got=f"more than {shelf.patience} reads while the dataset was made",
    ).is_true("no read")
    return dataset


@graded("02.1", "every sample at its index", points=1)
def test_list_positions(student, expect, rng):
    items = [*numbers(rng, rng.randrange(2, 7)), "text"]
    dataset = student.ListDataset(items)
    expect(
        [dataset[index] for index in range(len(items))],
        tried=f"ListDataset({items}), read at 0, 1, 2, …",
        rule="Index i of the dataset is index i of the data, for every i from 0 to n - 1.",
        next="Look at what `__getitem__` returns.",
    ).equals(items)
    expect(
        len(dataset),
        tried=f"len(ListDataset({items}))",
        rule="The length is the number of samples.",
        next="Look at `__len__`.",
    ).equals(len(items))


@graded("02.1", "negative indices count from the end", points=1)
def test_list_negative(student, expect, rng):
    items = numbers(rng, rng.randrange(3, 7))
    dataset = dataset_of(student, expect, Positions(items))
    expect(
        [dataset[-back] for back in range(1, len(items) + 1)],
        tried=f"the indices -1 to {-len(items)} of {len(items)} samples; the data knows no negative index",
        rule="For 1 <= k <= n, index -k is the same sample as index n - k.",
        next="Turn the index into a position from 0 to n - 1 before you look it up.",
    ).equals(items[::-1])


class Ring(Shelf):
    """A shelf whose iteration ends, so that a copy of it costs no more than the check against copies."""

    def __iter__(self):
        return iter(self.items)


class Positions(Ring):
    """Data that knows the positions 0 to n - 1 only; any other one answers nonsense."""

    def __getitem__(self, position):
        sample = super().__getitem__(position)
        return sample if 0 <= position < len(self.items) else "no such position"


@graded("02.1", "exact bounds", points=2)
def test_list_bounds(student, expect, rng):
    length = rng.randrange(1, 6)
    dataset = dataset_of(student, expect, Ring(numbers(rng, length)))
    for index in (length, -length - 1, length + rng.randrange(1, 50), -length - rng.randrange(2, 50)):
        expect.raises(
            IndexError,
            lambda index=index: dataset[index],
            tried=f"index {index} of {length} samples, in data that answers any index",
            rule=f"Valid indices run from -n to n - 1, here {-length} to {length - 1}; others: IndexError.",
            next="Compare the index with both bounds yourself, before you look into the data.",
        )
    empty = student.ListDataset([])
    for index in (0, -1):
        expect.raises(
            IndexError,
            lambda index=index: empty[index],
            tried=f"index {index} of no samples",
            rule="An empty dataset has no valid index.",
            next="Read your comparison with n = 0.",
        )


@graded("02.1", "iteration ends", points=1)
def test_list_iteration(student, expect, rng):
    shelf = Shelf(numbers(rng, rng.randrange(2, 6)))
    samples = list(itertools.islice(dataset_of(student, expect, shelf), 50))
    expect(
        samples,
        tried=f"`for sample in dataset` over {len(shelf)} samples, in data that answers any index",
        rule="Iteration gives every sample once, in order, and then ends.",
        next="Python's old way to iterate asks 0, 1, 2, … until an IndexError comes. Does yours come?",
    ).equals(shelf.items)


@graded("02.1", "nothing is read before it is asked for", points=1)
def test_list_lazy(student, expect, rng):
    shelf = Shelf(numbers(rng, rng.randrange(3, 9)))
    dataset = dataset_of(student, expect, shelf)
    length = len(dataset)
    expect(
        shelf.reads,
        tried=f"ListDataset(data) and len() with data of {length} samples that counts its reads",
        rule="Making a dataset reads no sample, and copies none.",
        next="`list(data)` reads everything: keep `data` itself.",
        got=f"{shelf.reads} reads",
    ).equals(0)
    index = rng.randrange(length)
    sample = dataset[index]
    expect(
        sample,
        tried=f"dataset[{index}], after that",
        rule="Index i of the dataset is index i of the data.",
        next="Look at what `__getitem__` returns.",
    ).equals(shelf.items[index])
    expect(
        shelf.reads,
        tried=f"dataset[{index}], after that",
        rule="One access reads one sample, once.",
        next="Look for a second lookup in `__getitem__`.",
        got=f"{shelf.reads} reads",
    ).equals(1)


# ---------------------------------------------------------------------------------------------------- 02.2


class Kept:
    """Keeps all promises. The others below break one each."""

    def __init__(self, items):
        self.items = items

    def __getitem__(self, index):
        if not -len(self.items) <= index < len(self.items):
            raise IndexError(index)
        return self.items[index]

    def __len__(self):
        return len(self.items)


class Drawn(Kept):
    """Adds noise at every access."""

    def __init__(self, items, rng):
        super().__init__(items)
        self._rng = rng

    def __getitem__(self, index):
        return super().__getitem__(index), self._rng.random()


class Hole(Kept):
    """Its last sample cannot be read."""

    def __getitem__(self, index):
        if index == len(self.items) - 1:
            raise FileNotFoundError("no such file")
        return super().__getitem__(index)


class OneTooMany(Kept):
    """Answers index n."""

    def __getitem__(self, index):
        return self.items[0] if index == len(self.items) else super().__getitem__(index)


class OpenBelow(Kept):
    """Knows no bound below."""

    def __getitem__(self, index):
        if index >= len(self.items):
            raise IndexError(index)
        return self.items[index % len(self.items)]


class Endless(Kept):
    """Has no bounds at all, for a long while. It counts its reads."""

    reads = 0

    def __getitem__(self, index):
        self.reads += 1
        if self.reads > 2000:
            raise IndexError("enough")
        return self.items[index % len(self.items)]


class Tape(Kept):
    """A tape can be wound forwards and rewound to its beginning, but it cannot go one step back."""

    def __init__(self, items):
        super().__init__(items)
        self._position = 0

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        if 0 < index < self._position:
            return self.items[self._position]
        self._position = index
        return sample


@graded("02.2", "keeps everything", points=1)
def test_kept(student, expect, rng, generator):
    items = numbers(rng, rng.randrange(2, 6))
    pairs = [(torch.rand(2, 3, generator=generator), label) for label in items]
    for name, dataset in (
        ("a list", items),
        ("a list of one", items[:1]),
        ("a dataset", Kept(items)),
        ("a dataset of (tensor, number)", Kept(pairs)),
    ):
        expect(
            student.broken_properties(dataset),
            tried=f"{name} of {len(dataset)} samples that breaks nothing",
            rule="A property that is kept is not named.",
            next="Which of your tests fails on a good dataset? Compare samples with `same_sample`.",
        ).equals([])


@graded("02.2", "asked twice, answered twice the same", points=1)
def test_deterministic(student, expect, rng):
    items = numbers(rng, rng.randrange(2, 6))
    expect(
        student.broken_properties(Drawn(items, rng)),
        tried="a dataset that adds new random noise at every access",
        rule='A random sample is not determined by its index: "deterministic" and "consistent" are broken.',
        next="Read every index twice in a row, and compare.",
    ).equals(["deterministic", "consistent"])
    found = student.broken_properties(Hole(items))
    expect(
        [name for name in found if name != "consistent"],
        tried=f"a dataset of {len(items)} samples where sample {len(items) - 1} raises FileNotFoundError",
        rule="Every index from 0 to n - 1 must be answered.",
        next="An exception at a valid index breaks the promise. Is the last index among those that you read?",
    ).equals(["deterministic"])


@graded("02.2", "both bounds", points=2)
def test_bounded(student, expect, rng):
    items = numbers(rng, rng.randrange(2, 6))
    for words, dataset in (
        (f"answers index {len(items)}", OneTooMany(items)),
        (f"answers index {-len(items) - 1}", OpenBelow(items)),
        ("raises KeyError outside (a dict)", dict(enumerate(items))),
    ):
        expect(
            student.broken_properties(dataset),
            tried=f"a dataset of {len(items)} samples that {words}",
            rule="The indices n and -n - 1 raise IndexError, and nothing else.",
            next="Ask for both of them, and let `except` catch IndexError alone.",
        ).equals(["bounded"])


@graded("02.2", "comes back from an endless dataset", points=1)
def test_endless(student, expect, rng):
    dataset = Endless(numbers(rng, rng.randrange(2, 6)))
    found = student.broken_properties(dataset)
    expect(
        dataset.reads,
        tried=f"a dataset of {len(dataset)} samples that answers every index without end",
        rule="Only the indices 0 to n - 1, and a few next to the bounds, need to be read.",
        next="`for sample in dataset` ends only at an IndexError: loop over range(len(dataset)).",
        got=f"{dataset.reads} reads",
    ).is_at_most(10 * len(dataset) + 20)
    expect(
        found,
        tried=f"a dataset of {len(dataset)} samples that answers every index without end",
        rule="A dataset that answers every index is not bounded.",
        next="Ask for index n: what must happen?",
    ).equals(["bounded"])


@graded("02.2", "whatever the order", points=1)
def test_consistent(student, expect, rng):
    items = numbers(rng, rng.randrange(4, 8))
    expect(
        student.broken_properties(Tape(items)),
        tried=f"a tape of {len(items)} samples: right when read forwards, wrong at a step back",
        rule="The sample of an index is the same whatever was read before it.",
        next="Two passes in the same direction see nothing. Read one forwards and one backwards.",
    ).equals(["consistent"])


# ---------------------------------------------------------------------------------------------------- 02.3


class Pairs:
    """Samples (input, label) that count their reads."""

    def __init__(self, pairs):
        self.pairs = pairs
        self.reads = 0

    def __getitem__(self, index):
        self.reads += 1
        return self.pairs[index]

    def __len__(self):
        return len(self.pairs)


class Doubling:
    """A transform that counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, value):
        self.calls += 1
        return 2 * value


def labelled(rng, length):
    return list(zip(numbers(rng, length), numbers(rng, length)))


@graded("02.3", "changes the input, keeps the label", points=1)
def test_transform_values(student, expect, rng):
    pairs = labelled(rng, rng.randrange(2, 6))
    dataset = student.TransformDataset(pairs, lambda value: -value)
    expect(
        [dataset[index] for index in range(len(pairs))],
        tried=f"TransformDataset({pairs}, lambda value: -value)",
        rule="A sample is the pair (transform(input), label).",
        next="Take the pair apart, transform the first half, put it together again.",
    ).equals([(-value, label) for value, label in pairs])
    expect(
        len(dataset),
        tried=f"its length, with {len(pairs)} samples",
        rule="A transform changes samples; there are as many as before.",
        next="Look at `__len__`.",
    ).equals(len(pairs))


@graded("02.3", "nothing happens before it is asked for", points=2)
def test_transform_lazy(student, expect, rng):
    pairs, double = Pairs(labelled(rng, rng.randrange(3, 9))), Doubling()
    dataset = student.TransformDataset(pairs, double)
    length = len(dataset)
    expect(
        (pairs.reads, double.calls),
        tried=f"making the dataset and asking its length, with {length} samples",
        rule="Deferred computation: nothing is read, and nothing transformed, before a sample is asked for.",
        next="Keep the dataset and the transform in `__init__`, and nothing else.",
        got=f"{pairs.reads} reads and {double.calls} calls of the transform",
    ).equals((0, 0))
    dataset[rng.randrange(length)]
    expect(
        (pairs.reads, double.calls),
        tried="one sample, after that",
        rule="One access is one read and one call.",
        next="`self.dataset[index]` reads each time that it is written: read once and take the pair apart.",
        got=f"{pairs.reads} reads and {double.calls} calls of the transform",
    ).equals((1, 1))


@graded("02.3", "every access transforms anew", points=1)
def test_transform_anew(student, expect, rng):
    counter = itertools.count(1)
    pairs = labelled(rng, 3)
    dataset = student.TransformDataset(pairs, lambda value: value + 10_000 * next(counter))
    index = rng.randrange(3)
    expect(
        [dataset[index][0] for _ in range(3)],
        tried=f"index {index} three times, with a transform that gives something else each time",
        rule="Each access calls the transform: a random augmentation must differ between epochs.",
        next="Remove whatever remembers transformed samples.",
    ).equals([pairs[index][0] + 10_000 * call for call in (1, 2, 3)])


@graded("02.3", "one base, two transforms", points=1)
def test_transform_twice(student, expect, rng):
    pairs = Pairs(labelled(rng, rng.randrange(2, 6)))
    before = list(pairs.pairs)
    train = student.TransformDataset(pairs, lambda value: value + 1)
    validation = student.TransformDataset(pairs, lambda value: value)
    index = rng.randrange(len(before))
    value, label = before[index]
    expect(
        (train[index], validation[index], train[index]),
        tried="the same base wrapped twice: training adds 1, validation changes nothing",
        rule="The transform belongs to the wrapper: a second wrapper leaves the first one as it is.",
        next="Where is the transform kept? In `self`, not in the class and not in the dataset.",
    ).equals(((value + 1, label), (value, label), (value + 1, label)))
    expect(
        pairs.pairs,
        tried="the base, afterwards",
        rule="The data itself never changes.",
        next="Look for an assignment to the wrapped dataset.",
    ).equals(before)


@graded("02.3", "wraps a wrapper", points=1)
def test_transform_chain(student, expect, rng):
    pairs = Pairs(labelled(rng, rng.randrange(2, 6)))
    inner = student.TransformDataset(pairs, lambda value: value + 1)
    outer = student.TransformDataset(inner, lambda value: value * 10)
    index = rng.randrange(len(pairs))
    value, label = pairs.pairs[index]
    sample, reads = outer[index], pairs.reads
    tried = (
        f"first add 1, then multiply by 10, as a wrapper around a wrapper; sample {index}, ({value}, {label})"
    )
    expect(
        sample,
        tried=tried,
        rule="Lazy wrappers compose: the inner transform comes first, then the outer one.",
        next="Read through `self.dataset[index]` and nothing deeper.",
    ).equals(((value + 1) * 10, label))
    expect(
        reads,
        tried=f"{tried}; the base counts its reads",
        rule="One access is one read, through as many wrappers as there are.",
        next="`self.dataset[index]` reads each time that it is written: read once and take the pair apart.",
        got=f"{reads} reads of the base",
    ).equals(1)
    expect.raises(
        IndexError,
        lambda: outer[len(pairs)],
        tried=f"index {len(pairs)} of {len(pairs)} samples",
        rule="A wrapper has the bounds of what it wraps.",
        next="Let the IndexError of the inner dataset through.",
    )


# ---------------------------------------------------------------------------------------------------- 02.4


def tensors(rng, generator, rows):
    """Draw three tensors of different shapes and dtypes, with so many rows."""
    width = rng.randrange(2, 5)
    return (
        torch.rand(rows, width, 2, generator=generator),
        torch.randint(1000, (rows,), generator=generator),
        torch.rand(rows, generator=generator) > 0.5,
    )


def shapes(columns):
    return ", ".join(str(tuple(column.shape)) for column in columns)


@graded("02.4", "rows as tuples", points=1)
def test_tensor_rows(student, expect, rng, generator):
    columns = tensors(rng, generator, rng.randrange(3, 8))
    dataset = student.TensorDataset(*columns)
    for index in (0, len(columns[0]) - 1, -1, rng.randrange(len(columns[0]))):
        expect(
            dataset[index],
            tried=f"index {index} of tensors of shapes {shapes(columns)}",
            rule="Sample i is the tuple of the i-th rows of all tensors.",
            next="Index each tensor in turn and make a tuple of the rows.",
        ).equals(tuple(column[index] for column in columns))
    expect(
        len(dataset),
        tried=f"the length, with tensors of shapes {shapes(columns)}",
        rule="There are as many samples as rows.",
        next="`len(tensor)` is its first size.",
    ).equals(len(columns[0]))


@graded("02.4", "one tensor, tuples of one", points=1)
def test_tensor_single(student, expect, generator):
    column = torch.rand(4, 3, generator=generator)
    dataset = student.TensorDataset(column)
    expect(
        (dataset[2], list(dataset.__getitems__([3, 1]))),
        tried="a single tensor of shape (4, 3): index 2, and the batch [3, 1]",
        rule="A sample is a tuple even when it has one field.",
        next="Do not unpack the single field: whoever reads a sample need not know how many there are.",
    ).equals(((column[2],), [(column[3],), (column[1],)]))


@graded("02.4", "a batch in the order of its indices", points=1)
def test_tensor_batch(student, expect, rng, generator):
    columns = tensors(rng, generator, 9)
    dataset = student.TensorDataset(*columns)
    unsorted = [7, *rng.choices(range(9), k=rng.randrange(2, 5)), 7, 0]
    for indices in (unsorted, [4], []):
        expect(
            list(dataset.__getitems__(indices)),
            tried=f"__getitems__({indices})",
            rule="A batch fetch returns one sample, a tuple, for each index: same order, repeats included.",
            next='The columns are gathered; the samples go across them. `hint("02.4", 2)` is a picture.',
        ).equals([tuple(column[index] for column in columns) for index in indices])


@graded("02.4", "one gather per tensor", points=2)
def test_tensor_gather(student, expect, room, rng, generator):
    columns = tensors(rng, generator, 50)
    dataset = student.TensorDataset(*columns)
    indices = rng.choices(range(50), k=rng.randrange(5, 12))
    found = rows_behind(room, dataset, indices, columns)
    expect(
        found == [len(indices)] * len(columns) * len(indices),
        tried=f"__getitems__ with {len(indices)} indices, from {len(columns)} tensors of 50 rows",
        rule="Each tensor is gathered once: its rows in the batch share one new block of memory of B rows.",
        next="Index each tensor with the whole list, and hand out the rows of the result.",
        got=f"the fields share blocks of {', '.join(map(str, sorted(set(found))))} row"
        + ("s" if max(found) > 1 else ""),
    ).is_true(f"one block of {len(indices)} rows per tensor")


def rows_behind(room, dataset, indices, columns):
    """Measure, over there, how many rows the memory behind each field of each sample has room for.

    1 means that rows were copied one by one, all rows that nothing was copied. The chain of iterators keeps
    the tensors on the other side: values that cross are copies, which say nothing about memory.
    """
    operator, builtins = room.module("operator"), room.module("builtins")
    flatten = room.module("itertools").chain.from_iterable
    batches = builtins.map(operator.methodcaller("__getitems__", indices), [dataset])
    fields = flatten(flatten(batches))
    storages = builtins.map(operator.methodcaller("untyped_storage"), fields)
    sizes = list(builtins.map(operator.methodcaller("nbytes"), storages))
    row_sizes = [column[0].numel() * column.element_size() for column in columns]
    return [size // row_sizes[position % len(columns)] for position, size in enumerate(sizes)]


@graded("02.4", "different sizes are refused", points=1)
def test_tensor_sizes(student, expect, rng):
    first, second = rng.sample(range(10, 99), 2)
    for sizes in ((first, second), (first, first, second)):
        error = expect.raises(
            ValueError,
            lambda sizes=sizes: student.TensorDataset(*(torch.zeros(size, 2) for size in sizes)),
            tried=f"tensors with {' and '.join(map(str, sizes))} rows",
            rule="All tensors have the same number of rows; otherwise ValueError, not a bare AssertionError.",
            next="Compare the first sizes in `__init__`. `python -O` removes every assert statement.",
        )
        expect(
            [size for size in set(sizes) if str(size) not in error.message],
            tried=f"tensors with {' and '.join(map(str, sizes))} rows",
            rule="The message names all first sizes: the reader must see which tensor is the odd one.",
            next="Put the list of sizes into the message.",
            got=f"the message {error.message!r}",
        ).equals([])


@graded("02.4", "no tensor is refused", points=1)
def test_tensor_none(student, expect):
    expect.raises(
        ValueError,
        lambda: student.TensorDataset(),
        tried="TensorDataset()",
        rule="Without a tensor there is no number of rows: ValueError.",
        next="How many different sizes are there among no tensors? Not one.",
    )


# ---------------------------------------------------------------------------------------------------- 02.5


def stripes(image):
    """Count the full rows and the full columns of ones."""
    ones = image[0] == 1
    return int(ones.all(dim=1).sum()), int(ones.all(dim=0).sum())


def pictures(dataset, indices):
    return [dataset[index][0] for index in indices]


@graded("02.5", "a stripe that fits the label", points=1)
def test_striped_shape(student, expect, rng):
    n, seed = rng.randrange(20, 60), rng.randrange(100)
    dataset = student.StripedImages(n, seed=seed)
    expect(
        len(dataset),
        tried=f"len(StripedImages({n}))",
        rule="There are n samples.",
        next="Look at `__len__`.",
    ).equals(n)
    for index in rng.sample(range(n), 8):
        image, label = dataset[index]
        tried = f"sample {index} of StripedImages({n}, seed={seed})"
        expect(
            label,
            tried=tried,
            rule="The label is the int i % 2.",
            next="Return a plain int, computed from the position.",
        ).equals(index % 2)
        expect(
            (tuple(image.shape), image.dtype),
            tried=tried,
            rule="An image is a float32 tensor of shape (1, 16, 16).",
            next="`torch.rand(1, 16, 16, …)` has this shape already.",
        ).equals(((1, 16, 16), torch.float32))
        expect(
            stripes(image),
            tried=f"{tried}, label {label}",
            rule="Label 0 has one full row of ones and no full column; label 1 the other way round.",
            next="`image[0, place, :]` is a row, `image[0, :, place]` a column.",
            got="{} full rows and {} full columns".format(*stripes(image)),
        ).equals((1 - label, label))


@graded("02.5", "stripes and noise vary", points=1)
def test_striped_vary(student, expect, rng):
    dataset = student.StripedImages(80, seed=rng.randrange(100))
    images = pictures(dataset, range(0, 80, 2))
    places = {int((image[0] == 1).all(dim=1).int().argmax()) for image in images}
    expect(
        len(places),
        tried="the places of the stripes in 40 pictures with label 0",
        rule="The row is drawn at random for each picture, from 16.",
        next="Draw the place from the generator of the sample: `torch.randint(16, (), generator=generator)`.",
        got=f"the rows {sorted(places)}",
    ).is_at_least(6)
    expect(
        count_different(images),
        tried="40 pictures of one dataset",
        rule="No two pictures are the same.",
        next="The position must take part in the seed.",
        got=f"{count_different(images)} different pictures",
    ).equals(40)


def count_different(images):
    return len({image.numpy().tobytes() for image in images})


@graded("02.5", "the same picture in any order", points=2)
def test_striped_order(student, expect, room, rng):
    n, seed = rng.randrange(6, 12), rng.randrange(100)
    order = rng.sample(range(n), n)
    forwards = pictures(student.StripedImages(n, seed=seed), range(n))
    dataset = student.StripedImages(n, seed=seed)
    shuffled = dict(zip(order, pictures(dataset, order)))
    expect(
        [index for index in range(n) if not torch.equal(forwards[index], shuffled[index])],
        tried=f"all {n} pictures, once in order and once in the order {order}",
        rule="A picture depends on seed and index alone, whatever was read before.",
        next="A generator that lives with the dataset remembers what it drew: make one for each access. Does "
        "every draw get `generator=generator`?",
        got="other pictures",
    ).equals([])
    copy = room.module("copy").deepcopy(dataset)
    again = pictures(copy, range(n))
    expect(
        [index for index in range(n) if not torch.equal(forwards[index], again[index])],
        tried=f"StripedImages({n}, seed={seed}), and a copy of it, as every worker process has one",
        rule="Every copy of the dataset gives the same pictures.",
        next="What does your dataset keep besides n and the seed?",
        got="other pictures",
    ).equals([])


@graded("02.5", "nobody else notices", points=1)
def test_striped_global_state(student, expect, room, rng):
    seed = rng.randrange(100)
    before = room.random_state()
    dataset = student.StripedImages(10, seed=seed)
    first = pictures(dataset, range(10))
    expect(
        room.random_state() == before,
        tried="StripedImages(10), all of its pictures read",
        rule="Drawing pictures leaves the global random state as it was.",
        next="`torch.manual_seed` changes the whole program's randomness. Use a torch.Generator of your own. "
        "Does every draw get `generator=generator`?",
        got="another global random state than before",
    ).is_true("the global random state as it was")
    room.module("torch").rand(3)
    second = pictures(student.StripedImages(10, seed=seed), range(10))
    expect(
        [index for index in range(10) if not torch.equal(first[index], second[index])],
        tried=f"StripedImages(10, seed={seed}) again, after somebody else drew random numbers",
        rule="What others draw does not change the pictures.",
        next="Pass `generator=` to every call that draws, torch.randint too.",
        got="other pictures",
    ).equals([])


@graded("02.5", "other seeds, other pictures", points=1)
def test_striped_seeds(student, expect, rng):
    seed = rng.randrange(100)
    train = pictures(student.StripedImages(30, seed=seed), range(30))
    for other in (seed + 1, seed + 2, seed + 17):
        test = pictures(student.StripedImages(30, seed=other), range(30))
        shared = len(train) + len(test) - count_different(train + test)
        expect(
            shared,
            tried=f"30 pictures with seed {seed} and 30 with seed {other}",
            rule="Two seeds share no picture: otherwise the test set holds training pictures.",
            next='Which seeds and positions give the same sum? `hint("02.5", 3)` helps.',
            got=f"{shared} shared pictures",
        ).equals(0)


@graded("02.5", "negative indices and bounds", points=1)
def test_striped_bounds(student, expect, rng):
    n = rng.randrange(3, 9)
    dataset = student.StripedImages(n, seed=rng.randrange(100))
    for position in range(n):
        image, label = dataset[position - n]
        expected_image, expected_label = dataset[position]
        expect(
            (torch.equal(image, expected_image), label),
            tried=f"index {position - n} of {n} samples, compared with index {position}",
            rule="Index -k is the same sample as index n - k: same picture, same label.",
            next="Turn the index into a position before anything is drawn.",
            got=f"{'the same' if torch.equal(image, expected_image) else 'another'} picture, label {label}",
        ).equals((True, expected_label))
    for index in (n, -n - 1):
        expect.raises(
            IndexError,
            lambda index=index: dataset[index],
            tried=f"index {index} of {n} samples",
            rule="A formula answers any number: the bounds are up to you, outside them is IndexError.",
            next="Compare the index with both bounds first.",
        )

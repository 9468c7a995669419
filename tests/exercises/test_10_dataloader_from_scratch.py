"""The graded checks of exercise 10."""

import re
import warnings
from itertools import combinations, pairwise, product

import torch
from torch.utils.data import BatchSampler, DataLoader, default_collate

from course_lib.classroom.exercises.errors import RemoteError, is_unwritten, revive
from course_lib.classroom.exercises.expectations import show
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "10",
    "dataloader_from_scratch",
    (
        Task(
            "10.1",
            "From an order to batches",
            defines=("cut", "number_of_batches"),
            forbids=("BatchSampler",),
            difficulty=2,
            importance=4,
            minutes=15,
            hints=(
                "What does your function do with an order of which nobody knows the length? And for eight "
                "indices in batches of four, what comes after the second batch?",
                "Picture a ticket roll: `iter(order)` is the roll, each batch tears off `batch_size` of it. "
                "`list(islice(roll, 4))` tears off four, or what is left, or nothing.",
                "Tear off lists in a `while` until one is empty; yield those that are full, and a short one "
                "unless `drop_last`. For the number: `divmod(n, batch_size)` gives whole batches and a rest.",
            ),
        ),
        Task(
            "10.2",
            "From samples to a batch",
            defines=("collate",),
            forbids=("default_collate", "default_convert"),
            difficulty=3,
            importance=4,
            minutes=25,
            hints=(
                "Which rule needs no other rule, and which ones call `collate` again for a part of each "
                "sample?",
                "Write two samples one above the other, each a tuple of three fields. The batch is made of "
                "the columns: `zip(*samples)` goes through them. For dicts, a column belongs to a key.",
                "Decide by `isinstance(samples[0], ...)`. Tensors: `torch.stack`. Floats: "
                "`dtype=torch.float64`. Tuples: compare all lengths first, because `zip` stops silently at "
                "the shortest; then `[collate(list(column)) for column in zip(*samples)]`.",
            ),
        ),
        Task(
            "10.3",
            "The loader",
            defines=("MiniLoader",),
            forbids=("DataLoader",),
            difficulty=3,
            importance=5,
            minutes=25,
            hints=(
                "What belongs to the loader, and lives as long as it does? What belongs to one epoch, and "
                "must be new in each `for`?",
                "Draw two readers of one book, each with a bookmark. The book is the loader, the bookmark is "
                "the pass. If `__iter__` contains a `yield`, each call of it makes a bookmark.",
                "In `__iter__`: draw `torch.randperm(n, generator=self.generator).tolist()` or take "
                "`range(n)`, cut slices of it, and for each slice yield `self.collate_fn` of the samples.",
            ),
        ),
        Task(
            "10.4",
            "A whole batch at once",
            defines=("fetch",),
            difficulty=2,
            importance=4,
            minutes=15,
            hints=(
                "How do you find out whether an object has a method, without calling it?",
                '`getattr(dataset, "__getitems__", None)` is the method, or None. Two ways lead to a list of '
                "samples; what you check afterwards is the same for both.",
                "Put both ways into one `try` with `except StopIteration as error: raise RuntimeError(...) "
                "from error`, and nothing else into `except`. Then compare `len(samples)` with "
                "`len(indices)`.",
            ),
        ),
        Task(
            "10.5",
            "Arguments that contradict each other",
            defines=("check_arguments",),
            forbids=("DataLoader",),
            difficulty=2,
            importance=3,
            minutes=15,
            hints=(
                "`if sampler and shuffle:` looks right. What is it for `sampler=[]`?",
                "Go through the list of the statement, one `if` for each line. Write down for every argument "
                "what 'not given' means: for some it is None, for some False, for batch_size it is 1.",
                "`if sampler is not None and shuffle: raise ValueError('sampler and shuffle ...')`. For a "
                "batch sampler collect the names that were given, and put all of them into the message.",
            ),
        ),
        Task(
            "10.6",
            "Five complaints",
            defines=("RepairedLoader",),
            forbids=("DataLoader",),
            difficulty=4,
            importance=4,
            minutes=30,
            hints=(
                "Which lines of the BrokenLoader would you point at, for each of the five letters? Two of "
                "the faults sit in `__iter__` on one line each, one is what it returns.",
                "Complaint 3: two passes share `self.position`. Complaint 5: let a function with `yield` "
                "raise, and call `next()` on it again: it is over. A class with `__next__`, or "
                "`map(load, batches)`, keeps its place.",
                "The order comes from `self.generator = torch.Generator().manual_seed(seed)`, made once. "
                "`__iter__` returns a new pass; its `__next__` takes the next indices first and reads the "
                "samples afterwards, with `except StopIteration` around the reading only.",
            ),
        ),
    ),
)


def attempt(action):
    """Return what `action()` gives; an error is a value too, so that an expectation can speak about it."""
    try:
        return action()
    except StopIteration:
        return "StopIteration"
    except RemoteError as error:
        if is_unwritten(error):
            raise
        return in_words(error)


def in_words(error):
    """Tell an error as it is from the student's side: what is hidden there looks like a broken torch."""
    for name in ("DataLoader", "default_collate", "BatchSampler"):
        if f"cannot import name {name!r}" in error.message or f"name {name!r} is not" in error.message:
            return (
                f"{error.type_name}: {name} is absent while this task is checked: it is what you write here"
            )
    return f"{error.type_name}: {error.message}".replace("JudgeObject", "Order")


def count(number, thing, things=""):
    """Write "1 batch", "2 batches"."""
    return f"{number} {thing}" if number == 1 else f"{number} {things or thing + 's'}"


def plain(value):
    """Turn every tuple into a list: torch gives either, and both are right."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def slices_of(order, batch_size, drop_last):
    """Say which batches must come: as torch's batch sampler cuts them."""
    return list(BatchSampler(order, batch_size, drop_last))


def sizes_of(n, batch_size, drop_last):
    """Say how long the batches of n samples must be."""
    return [len(batch) for batch in slices_of(range(n), batch_size, drop_last)]


# ---------------------------------------------------------------------------------------------------- 10.1


class Order:
    """Indices that can be iterated over, and nothing else. It counts how many were taken."""

    def __init__(self, values):
        self.values = values
        self.taken = 0

    def __iter__(self):
        for value in self.values:
            self.taken += 1
            yield value


class Torn(Order):
    """Indices whose source breaks after the last one."""

    def __iter__(self):
        yield from super().__iter__()
        raise OSError("the list of indices cannot be read any further")


def shapes(rng):
    """Draw (n, batch_size): with a rest, without one, one batch only, single samples, nothing at all."""
    size = rng.randrange(2, 6)
    whole = size * rng.randrange(2, 5)
    return [(whole + rng.randrange(1, size), size), (whole, size), (size - 1, size), (3, 1), (0, size)]


def is_lists(batches):
    return isinstance(batches, list) and all(isinstance(batch, list | tuple) for batch in batches)


def cut(student, room, order, *arguments):
    """Return all batches as they are when the last one has come."""
    return attempt(lambda: room.module("builtins").list(student.cut(order, *arguments)))


@graded("10.1", "no index lost, doubled or moved", points=1)
def test_cut_keeps(student, expect, room, rng):
    drawn = [([rng.randrange(100) for _ in range(n)], size) for n, size in shapes(rng)]
    for order, size in [([4, 4, 4, 2, 2, 4, 7, 7], 3), *drawn]:
        n = len(order)
        batches = cut(student, room, order, size)
        expect(
            [index for batch in batches for index in batch] if isinstance(batches, list) else batches,
            tried=f"all batches of {size} of the {n} indices {order}, put together again",
            rule="The batches are slices: one after the other they are the order, every index of it.",
            next="Is there a list that goes on changing after it was yielded? What becomes of the rest? An "
            "index that comes twice in the order comes twice in the batches.",
        ).equals(order)
    good = rng.randrange(1, 12)
    torn = Torn(range(good))
    expect.raises(
        OSError,
        lambda: room.module("builtins").list(student.cut(torn, 4)),
        tried=f"all batches of 4 of an order that gives {count(good, 'index', 'indices')} and then raises "
        "OSError",
        rule="An error of the order comes out of cut: taken for the end, it would lose the rest in silence.",
        next="Only StopIteration is an end: `except Exception` and a bare `except` catch errors as well.",
    )


@graded("10.1", "full batches, then the rest", points=1)
def test_cut_sizes(student, expect, room, rng):
    for n, size in shapes(rng):
        batches = cut(student, room, list(range(n)), size)
        expect(
            [len(batch) for batch in batches] if isinstance(batches, list) else batches,
            tried=f"the lengths of the batches of {size} of {n} indices",
            rule="Every batch is full but perhaps the last one, and none is empty.",
            next=f"Try it with {size} and {2 * size} indices: nothing may follow the last full batch.",
        ).equals(sizes_of(n, size, False))
        for batch in batches:
            expect(
                batch,
                tried=f"one of the batches of {size} of {n} indices",
                rule="A batch is a list of indices.",
                next="`list(...)` makes a list of a slice, whatever the order is.",
            ).is_a(list)


@graded("10.1", "a short batch is left out when asked", points=1)
def test_cut_drop_last(student, expect, room, rng):
    drawn = [([rng.randrange(100) for _ in range(n)], size) for n, size in shapes(rng)]
    for order, size in [([7, 3, 9, 1, 5], 2), *drawn]:
        batches = cut(student, room, order, size, True)
        expect(
            [list(batch) for batch in batches] if is_lists(batches) else batches,
            tried=f"the batches of {size} of the {len(order)} indices {order}, with drop_last=True",
            rule="drop_last leaves out a short last batch: no full one, and nothing at the front.",
            next="Cut from the front as without drop_last. A last batch that is full is not short.",
        ).equals(slices_of(order, size, True))


@graded("10.1", "any order, also one without an end", points=2)
def test_cut_lazy(student, expect, rng):
    for drop_last in (False, True):
        size, first = rng.randrange(2, 6), rng.randrange(100)
        order = Order(range(first, first + 200 * size))
        words = ", with drop_last=True" if drop_last else ""
        batches = attempt(lambda order=order, size=size, last=drop_last: iter(student.cut(order, size, last)))
        expect(
            order.taken,
            tried=f"how many indices the call of cut takes from a very long order, before a batch is asked "
            f"for{words}",
            rule="A batch's indices are taken when the batch is asked for, and no more of them.",
            next="Where does the work begin? A function with `yield` does nothing until the first `next`.",
            got=count(order.taken, "index", "indices"),
        ).is_at_most(0)
        for number in range(3):
            start = first + number * size
            batch = batches if isinstance(batches, str) else attempt(lambda batches=batches: next(batches))
            expect(
                batch,
                tried=f"batch {number} of an order that has no length and no positions: {first}, "
                f"{first + 1}, …{words}",
                rule="All that an order promises is that one can iterate over it.",
                next="`iter(order)` and `next` are enough: no `len(order)`, no slices of it."
                if isinstance(batch, str)
                else "A batch is a list of the next indices: `list(...)` makes one of a tuple or a slice.",
            ).equals(list(range(start, start + size)))
            expect(
                order.taken,
                tried=f"how many indices are taken from a very long order for "
                f"{count(number + 1, 'batch', 'batches')} of {size}{words}",
                rule="A batch's indices are taken when the batch is asked for, and no more of them.",
                next="`list(order)` takes all of them; for an order without an end it never comes back.",
                got=f"{order.taken} indices",
            ).is_at_most((number + 1) * size)


@graded("10.1", "the number of batches", points=1)
def test_number_of_batches(student, expect, rng):
    huge = 10**18 + rng.randrange(1, 10**6)
    for n, size in [*shapes(rng), (huge, 1), (huge * 7 + 1, 7)]:
        for drop_last in (False, True):
            whole, rest = divmod(n, size)
            expect(
                student.number_of_batches(n, size, drop_last),
                tried=f"number_of_batches({n}, {size}, drop_last={drop_last})",
                rule="As many batches as `cut` yields: full ones, and one more if there is a rest to keep.",
                next="Whole numbers stay exact with // and %. A division with / rounds large ones.",
            ).equals(whole + (rest > 0 and not drop_last))


# ---------------------------------------------------------------------------------------------------- 10.2


def collated(student, samples):
    return attempt(lambda: plain(student.collate(samples)))


def expect_as_torch(student, expect, samples, next):
    expect(
        collated(student, samples),
        tried=f"collate({samples})" if len(str(samples)) < 200 else f"collate of {len(samples)} samples",
        rule="The batch is the one of torch's default_collate (a list where torch gives a tuple is fine).",
        next=next,
    ).equals(plain(default_collate(samples)))


@graded("10.2", "tensors are stacked", points=1)
def test_collate_tensors(student, expect, rng, generator):
    for shape in ((), (3,), (1, rng.randrange(2, 5), 2)):
        for dtype in (torch.float32, torch.uint8, torch.bool):
            for size in (1, rng.randrange(2, 5)):
                samples = [(torch.rand(shape, generator=generator) * 9).to(dtype) for _ in range(size)]
                expect_as_torch(student, expect, samples, "`torch.stack` adds the new first dimension.")


@graded("10.2", "numbers keep their kind", points=1)
def test_collate_numbers(student, expect, rng):
    size = rng.randrange(1, 5)
    for samples in (
        [2**53 + 1, -(2**62) - 1],
        [rng.randrange(-(2**40), 2**40) for _ in range(size)],
        [rng.random() for _ in range(size)],
        [rng.random() < 0.5 for _ in range(size)],
    ):
        kind = type(samples[0]).__name__
        advice = (
            f"Look at the dtype for {kind}: int64, float64 or bool? Python's floats have 64 bits. A large "
            "int that passes through a float is rounded."
        )
        expect_as_torch(student, expect, samples, advice)


@graded("10.2", "strings stay strings", points=1)
def test_collate_strings(student, expect, rng):
    words = ["".join(rng.choices("abcdef", k=4)) for _ in range(rng.randrange(1, 5))]
    advice = "A string can be iterated over, but it is no list of fields. Is its rule before theirs?"
    expect_as_torch(student, expect, words, advice)
    expect_as_torch(student, expect, [(word, 1) for word in words], advice)


@graded("10.2", "tuples, lists and dicts, inside each other", points=2)
def test_collate_containers(student, expect, rng, generator):
    def draw(kind):
        leaves = (
            torch.rand(2, generator=generator),
            rng.randrange(100),
            rng.random(),
            "word",
            [rng.random()],
        )
        return {
            "a tuple": leaves,
            "a list": list(leaves),
            "a dict": {"x": leaves[0], "y": leaves[1], "name": leaves[3]},
            "dicts in tuples": ({"image": leaves[0], "more": {"deep": leaves[2]}}, leaves[1]),
            "tuples in dicts": {"pair": (leaves[0], (leaves[1], leaves[2])), "one": (leaves[3],)},
            "three labels": (leaves[0], leaves[1], leaves[1] + 1, leaves[1] + 2),
        }[kind]

    for kind in ("a tuple", "a list", "a dict", "dicts in tuples", "tuples in dicts", "three labels"):
        samples = [draw(kind) for _ in range(rng.randrange(1, 4))]
        advice = (
            f"Each sample is {kind}. Which fields belong together? Collate each group by calling collate."
        )
        expect_as_torch(student, expect, samples, advice)
    expect_as_torch(
        student,
        expect,
        [{"label": rng.randrange(100)}, {"label": rng.randrange(100), "note": "blurred"}],
        "The first sample decides: its keys are the batch's keys. A further key of a later one is left out.",
    )


@graded("10.2", "refuses what cannot be right", points=2)
def test_collate_refuses(student, expect, rng):
    shorter, longer = rng.randrange(1, 3), rng.randrange(3, 5)
    unequal = "Samples of different lengths cannot be collated: a field would be lost without a word."
    compare = (
        "`zip` stops at the shortest, silently. Compare the lengths of all samples first, on every level."
    )
    no_rule = "The last line of `collate` raises TypeError: a rule that returns everything is no rule."
    for kind, samples, words, rule, next in (
        (TypeError, [None, None], "", "What has no rule is refused: None in a batch helps nobody.", no_rule),
        (TypeError, [(1, None), (2, None)], "", "What has no rule is refused, deep inside as well.", no_rule),
        (TypeError, [{1, 2}, {3, 4}], "", "A set has no order, so it has no fields: it is refused.", no_rule),
        (TypeError, [b"ab", b"cd"], "", "Bytes are no strings here: they are refused.", no_rule),
        (TypeError, [object(), object()], "two bare objects", "What has no rule is refused.", no_rule),
        (RuntimeError, [tuple(range(longer)), tuple(range(shorter))], "", unequal, compare),
        (RuntimeError, [[1] * shorter, [1] * longer], "", unequal, compare),
        (RuntimeError, [(1, 2), (3, 4), (5,)], "", unequal, compare),
        (RuntimeError, [(1,), (2,), (3, 4)], "", unequal, compare),
        (RuntimeError, [((1, 2), 3), ((1,), 3)], "", unequal, compare),
        (RuntimeError, [{"a": [1]}, {"a": [1, 2]}], "", unequal, compare),
        (
            RuntimeError,
            [torch.zeros(shorter), torch.zeros(longer)],
            f"tensors of shape ({shorter},) and ({longer},)",
            "Tensors of one shape are stacked; others are refused.",
            "`torch.stack` raises this error by itself: let it pass.",
        ),
        (
            KeyError,
            [{"a": 1, "b": 2}, {"a": 1}],
            "",
            "Every sample has the keys of the first one.",
            "Go through the keys of the first sample: `sample[key]` raises this error by itself.",
        ),
    ):
        expect.raises(
            kind,
            lambda samples=samples: student.collate(samples),
            tried=f"collate of {words}" if words else f"collate({samples})",
            rule=rule,
            next=next,
        )


# ---------------------------------------------------------------------------------------------------- 10.3


class Shelf:
    """Numbers as samples, from `start` on. It notes which positions are read, and may grow."""

    def __init__(self, size, start=0):
        self.size = size
        self.start = start
        self.reads = []

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(index)
        self.reads.append(int(index))
        return self.start + index

    def __len__(self):
        return self.size


class Pictures(Shelf):
    """Pairs of a tensor and a number that says which sample it is."""

    def __getitem__(self, index):
        number = super().__getitem__(index)
        return torch.tensor([[number, 2 * number]], dtype=torch.float32), number


class Catalogue(Shelf):
    """Gives its positions, and no samples, to whoever iterates over it: as a dict gives its keys."""

    def __iter__(self):
        return iter(range(self.size))


class Broken(Shelf):
    """Raises an error of its own for one index."""

    def __init__(self, size, bad, error):
        super().__init__(size)
        self.bad = bad
        self.error = error

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        if index == self.bad:
            raise self.error
        return sample


def numbers_of(batches):
    """Return the numbers in the batches of a Shelf, one list for each batch; an error is told in words."""

    def read():
        return [batch.tolist() if isinstance(batch, torch.Tensor) else batch for batch in batches]

    return attempt(read)


def flat(batches):
    if not isinstance(batches, list) or not all(isinstance(batch, list) for batch in batches):
        return batches
    return [number for batch in batches for number in batch]


def make(student, *arguments, **keywords):
    """Make a MiniLoader; who asks for torch's loader inside is told why it is not there."""
    try:
        return student.MiniLoader(*arguments, **keywords)
    except RemoteError as error:
        if is_unwritten(error):
            raise
        raise revive(error.type_names, in_words(error).partition(": ")[2], error.where) from None


def neighbours(numbers):
    """Return which numbers stand side by side, whichever of the two comes first."""
    return {frozenset(pair) for pair in pairwise(numbers)}


def expect_well_mixed(expect, epochs, n, size, words):
    """Expect of epochs over 0 to n - 1 that neither neighbours nor batches stay together.

    Of the 60 pairs of neighbours in an order, about two are neighbours in another random order, and hardly
    ever ten. A batch of ten is in rising order once in 3.6 million times.
    """
    orders = [("the dataset", list(range(n)))]
    for number, batches in enumerate(epochs):
        here = f"epoch {number}"
        order = flat(batches)
        fine = isinstance(order, list) and order and all(isinstance(item, int) for item in order)
        expect(
            bool(fine),
            tried=f"{here} over {n} samples in batches of {size} with shuffle=True{words}",
            rule="An epoch is a row of batches.",
            next="Let one epoch run in a cell of your own: does an error come?",
            got="" if fine else show(order),
        ).is_true("batches of numbers")
        for where, earlier in orders:
            kept = len(neighbours(order) & neighbours(earlier))
            expect(
                kept <= len(order) // 4,
                tried=f"{here} over {n} samples in batches of {size} with shuffle=True{words}: how many "
                f"pairs of neighbours were neighbours in {where}, too",
                rule="shuffle mixes the samples themselves, in every epoch: who stands beside whom is a "
                "matter of chance. To move whole batches, or to begin elsewhere, is not enough.",
                next="`torch.randperm(n)` draws a permutation of all samples. Draw one in each epoch, "
                "then cut it.",
                got=f"{kept} of {len(order) - 1} pairs: {show(order)[:60]}…",
            ).is_true(f"at most {len(order) // 4} of them, as chance has it")
        rising = [
            batch for batch in batches if len(batch) == size and batch in (sorted(batch), sorted(batch)[::-1])
        ]
        expect(
            len(rising) <= 1,
            tried=f"{here} over {n} samples in batches of {size} with shuffle=True{words}: how many batches "
            "are in rising or falling order",
            rule="Inside a batch, too, the order is a matter of chance.",
            next="Is there a `sorted`, or a draw that keeps the order? Cut the permutation as it is.",
            got=f"{len(rising)} of {len(batches)}, such as {show(rising[:1])}",
        ).is_true("none of them")
        orders.append((here, order))
    groups = [{frozenset(batch) for batch in batches} for batches in epochs]
    together = len(groups[0] & groups[1])
    expect(
        together <= 1,
        tried=f"two epochs over {n} samples in batches of {size} with shuffle=True{words}: how many batches "
        "hold the same samples in both",
        rule="Which samples share a batch is drawn anew in every epoch.",
        next="Shuffle the samples first, and cut the batches afterwards.",
        got=f"{together} of {len(groups[0])}",
    ).is_true("none of them")


@graded("10.3", "the batches of torch's loader", points=2)
def test_loader_batches(student, expect, rng):
    for n, size in shapes(rng):
        for drop_last in (False, True):
            pictures = Pictures(n, rng.randrange(100))
            loader = make(student, pictures, batch_size=size, drop_last=drop_last)
            theirs = DataLoader(pictures, batch_size=size, drop_last=drop_last)
            expect(
                attempt(lambda loader=loader: plain(list(loader))),
                tried=f"an epoch over {n} pairs of a tensor and a number, batch_size={size}, "
                f"drop_last={drop_last}",
                rule="Without shuffle: the samples in order, in slices, collated.",
                next="Is the last batch there? Is a short one left out with drop_last only?",
            ).equals(list(theirs))
    words = make(student, ["a", "b", "c"], batch_size=2, collate_fn="".join)
    expect(
        attempt(lambda: list(words)),
        tried='MiniLoader(["a", "b", "c"], batch_size=2, collate_fn="".join)',
        rule="collate_fn gets the list of a batch's samples; what it returns is the batch.",
        next="Call `self.collate_fn`, not `default_collate`.",
    ).equals(["ab", "c"])
    n, size = rng.randrange(8, 20), rng.randrange(2, 5)
    catalogue = Catalogue(n, 100)
    expect(
        numbers_of(make(student, catalogue, batch_size=size)),
        tried=f"an epoch over {n} samples in batches of {size}; whoever iterates over the dataset gets its "
        "keys, as from a dict",
        rule="The samples are dataset[0] to dataset[len(dataset) - 1]: nothing else is promised.",
        next="`iter(self.dataset)` is something else. Ask for `self.dataset[index]`, for each index of a "
        "batch.",
    ).equals([[100 + index for index in batch] for batch in slices_of(range(n), size, False)])
    for error, shuffle in product((FileNotFoundError("damaged"), IndexError("no such row")), (False, True)):
        bad = rng.randrange(n)
        loader = make(student, Broken(n, bad, error), batch_size=size, shuffle=shuffle)
        expect.raises(
            type(error),
            lambda loader=loader: list(loader),
            tried=f"an epoch over {n} samples in batches of {size}, shuffle={shuffle}, whose sample {bad} "
            f"raises {type(error).__name__}",
            rule="What the dataset raises comes out of the loader: else samples are lost in silence.",
            next="Is there an `except` that goes on, or takes the error for the end of the epoch?",
        )


@graded("10.3", "a length without reading", points=1)
def test_loader_length(student, expect, rng):
    for n, size in shapes(rng):
        for drop_last in (False, True):
            shelf = Shelf(n)
            loader = make(student, shelf, batch_size=size, drop_last=drop_last)
            for grown in (0, 1):
                shelf.size += grown
                expect(
                    attempt(lambda loader=loader: len(loader)),
                    tried=f"len() with {count(shelf.size, 'sample')}, batch_size={size}, "
                    f"drop_last={drop_last}" + (", after the dataset has grown by one" if grown else ""),
                    rule="len(loader) is the number of batches that the next epoch has.",
                    next="Compute it from len(self.dataset) when it is asked for.",
                ).equals(len(sizes_of(shelf.size, size, drop_last)))
            expect(
                shelf.reads,
                tried="which samples were read for that",
                rule="A length is computed: no sample is read.",
                next="Do not count the batches by making them.",
            ).equals([])
    for shuffle in (False, True):
        shelf = Shelf(8)
        loader = make(student, shelf, batch_size=4, shuffle=shuffle)
        numbers_of(loader)
        shelf.size = 13
        epoch = flat(numbers_of(loader))
        expect(
            sorted(epoch) if isinstance(epoch, list) else epoch,
            tried=f"an epoch of a loader with shuffle={shuffle}, batch_size=4, whose dataset has grown from "
            "8 samples to 13 since it was made; the samples, sorted",
            rule="The next epoch has len(loader) batches: it follows a dataset that grows, as the length "
            "does.",
            next="Ask for len(self.dataset) in `__iter__`, not in `__init__`.",
        ).equals(list(range(13)))


@graded("10.3", "a new order in every epoch", points=2)
def test_loader_shuffles(student, expect, room, generator, rng):
    n, size = rng.randrange(30, 50), rng.randrange(2, 8)
    start = rng.randrange(100)
    loader = make(student, Shelf(n, start), batch_size=size, shuffle=True, generator=generator)
    epochs = [flat(numbers_of(loader)) for _ in range(3)]
    for number, epoch in enumerate(epochs):
        expect(
            sorted(epoch) if isinstance(epoch, list) else epoch,
            tried=f"epoch {number} over {n} samples with shuffle=True, sorted",
            rule="An epoch is a permutation: every sample comes once.",
            next="torch.randperm(n) holds every index once; torch.randint does not. Does a pass begin anew?",
        ).equals(list(range(start, start + n)))
    for first, second in ((0, 1), (1, 2), (0, 2)):
        expect(
            epochs[first] != epochs[second],
            tried=f"epochs {first} and {second} over {n} samples with shuffle=True",
            rule="Every epoch draws an order of its own.",
            next="Where is the permutation drawn, and from a generator in which state?",
            got="twice the same order",
        ).is_true("two different orders")
    room.module("torch").manual_seed(rng.randrange(1000))
    for words, own in ((" and a generator", torch.Generator().manual_seed(rng.randrange(1000))), ("", None)):
        loader = make(student, Shelf(60), batch_size=10, shuffle=True, generator=own)
        expect_well_mixed(expect, [numbers_of(loader) for _ in range(2)], 60, 10, words)
        shelf = Shelf(64)
        loader = make(student, shelf, batch_size=10, shuffle=True, drop_last=True, generator=own)
        epoch = numbers_of(loader)
        expect(
            [len(batch) for batch in epoch] if is_lists(epoch) else epoch,
            tried=f"64 samples in batches of 10, shuffle=True, drop_last=True{words}: the lengths of the "
            "batches",
            rule="drop_last leaves the short last batch out of a shuffled epoch, too.",
            next="Is the short batch treated alike with and without shuffle?",
        ).equals([10] * 6)
        expect(
            len(shelf.reads),
            tried=f"64 samples in batches of 10, shuffle=True, drop_last=True{words}: how many samples "
            "were read",
            rule="Only what is in a batch is read: the samples that are left out are not.",
            next="Look at the indices to decide whether a batch is short, before its samples are read.",
        ).equals(60)


# What runs beside the student's code: a generator crosses as a copy, so the one to watch must be made there.
TOOLS = '''
import torch


def moved(make, dataset):
    """Say whether an epoch moves the generator that its loader was given."""
    generator = torch.Generator().manual_seed(5)
    before = generator.get_state()
    list(make(dataset, batch_size=4, shuffle=True, generator=generator))
    return not torch.equal(before, generator.get_state())
'''

_MAKE = "lambda source, name: (names := {}, exec(source, names), names[name])[-1]"


def tool(room, name):
    """Return a tool of TOOLS that works on the student's side."""
    return room.module("builtins").eval(_MAKE)(TOOLS, name)


@graded("10.3", "the generator decides, and nobody else notices", points=2)
def test_loader_generator(student, expect, room, rng):
    n, size, seed = rng.randrange(30, 50), rng.randrange(2, 8), rng.randrange(1000)

    def epochs(generator):
        loader = make(student, Shelf(n), batch_size=size, shuffle=True, generator=generator)
        return [numbers_of(loader) for _ in range(2)]

    torch_there = room.module("torch")
    torch_there.manual_seed(seed)
    torch_there.rand(3)
    before = room.random_state()
    first = epochs(torch.Generator().manual_seed(seed))
    expect(
        room.random_state() == before,
        tried="two shuffled epochs with a generator; then torch's global random state",
        rule="Who is given a generator draws from that one only, and seeds nothing else.",
        next="Pass `generator=` to randperm, and remove `manual_seed` calls on torch itself.",
        got="another random state than before",
    ).is_true("the random state as it was")
    torch_there.rand(3)
    expect(
        epochs(torch.Generator().manual_seed(seed)),
        tried=f"two epochs of two loaders, each with a generator of seed {seed}",
        rule="The same generator gives the same epochs, whatever others draw meanwhile.",
        next="Does every random draw of yours use the generator?",
    ).equals(first)
    expect(
        epochs(torch.Generator().manual_seed(seed + 1)) != first,
        tried=f"two epochs with generators of the seeds {seed} and {seed + 1}",
        rule="Another generator gives another order.",
        next="Is the generator used at all?",
        got="the same epochs" if is_lists(first[0]) else str(first[0]),
    ).is_true("different epochs")
    expect(
        tool(room, "moved")(student.MiniLoader, list(range(20))),
        tried="an epoch over 20 samples with shuffle=True and a generator; then the state of that generator",
        rule="The order is drawn from the generator that was given: its state moves on, so that whoever "
        "shares it draws something else next.",
        next="Give the generator itself to randperm, or draw a seed from it. A new one made from its "
        "`initial_seed()` leaves it as it is.",
        got="the same state as before",
    ).is_true("another state than before")
    torch_there.manual_seed(seed)
    before = room.random_state()
    first = epochs(None)
    expect(
        first[0] != first[1],
        tried=f"two epochs over {n} samples with shuffle=True and generator=None",
        rule="Without a generator, too, every epoch draws an order of its own.",
        next="`torch.randperm(n, generator=None)` takes torch's global random numbers, and moves them on.",
        got="twice the same order",
    ).is_true("two different orders")
    expect(
        room.random_state() != before,
        tried="the same two epochs, and then torch's global random state",
        rule="generator=None takes torch's global random numbers: their state moves on.",
        next="Let `torch.randperm(n, generator=self.generator)` do it: None means the global ones.",
        got="the same state as before",
    ).is_true("another state than before")
    torch_there.manual_seed(seed)
    expect(
        epochs(None),
        tried=f"torch.manual_seed({seed}), and two epochs with generator=None; then both once more",
        rule="generator=None takes torch's global random numbers: torch.manual_seed repeats the epochs.",
        next="Let `torch.randperm(n, generator=self.generator)` do it: None means the global ones.",
    ).equals(first)


@graded("10.3", "two passes side by side", points=1)
def test_loader_side_by_side(student, expect, generator, rng):
    n, size = rng.randrange(8, 20), rng.randrange(2, 5)
    wanted = [list(range(n))[start : start + size] for start in range(0, n, size)]
    plain_loader = make(student, Shelf(n), batch_size=size)
    turns = attempt(
        lambda: [(left.tolist(), right.tolist()) for left, right in zip(plain_loader, plain_loader)]
    )
    expect(
        turns,
        tried=f"`zip(loader, loader)` over {n} samples in batches of {size}",
        rule="Each `for` has a pass of its own: both get every batch.",
        next="What does `__iter__` return? If it is the loader itself, both share one place.",
    ).equals([(batch, batch) for batch in wanted])
    loader = make(student, Shelf(n), batch_size=size, shuffle=True, generator=generator)
    passes = [iter(loader), iter(loader)]
    seen = [[], []]
    for turn in [0, 1, 1, 0] * n:
        batch = attempt(lambda turn=turn: next(passes[turn]).tolist())
        seen[turn] += batch if isinstance(batch, list) else []
    expect(
        [sorted(numbers) for numbers in seen],
        tried=f"two shuffled passes over {n} samples that take turns; the samples that each one got",
        rule="Two passes do not disturb each other: each is complete.",
        next="An order that is kept in `self` is overwritten by the second pass.",
    ).equals([list(range(n))] * 2)


@graded("10.3", "reads only what is asked for", points=2)
def test_loader_lazy(student, expect, generator, rng):
    size = rng.randrange(2, 5)
    n = size * 5 + 1
    for shuffle, drop_last in product((False, True), repeat=2):
        shelf = Shelf(n)
        loader = make(
            student, shelf, batch_size=size, shuffle=shuffle, drop_last=drop_last, generator=generator
        )
        one_pass = attempt(lambda loader=loader: iter(loader))
        words = f"shuffle={shuffle}, drop_last={drop_last}"
        expect(
            shelf.reads,
            tried=f"making a loader with {words}, and iter(loader); which samples were read",
            rule="Nothing is read before a batch is asked for.",
            next="Keep the dataset in `__init__`; `list(dataset)` reads all of it.",
        ).equals([])
        for number in (1, 2):
            batch = one_pass
            if not isinstance(one_pass, str):
                batch = attempt(lambda one_pass=one_pass: plain_batch(next(one_pass)))
            expect(
                isinstance(batch, list),
                tried=f"next() for batch {number} of {size}, {words}",
                rule="Each next() gives a batch, as long as there are samples.",
                next="Let one epoch run in a cell of your own: which line raises this?",
                got=str(batch),
            ).is_true(f"a batch of {count(size, 'number')}")
            expect(
                sorted(shelf.reads[(number - 1) * size :]),
                tried=f"next() for batch {number} of {size}, {words}; the samples read for it, sorted",
                rule="A batch reads its own samples, each once.",
                next="Is there a loop over all samples before the first batch, or a second look at a sample?",
            ).equals(sorted(batch))
        rest = numbers_of(one_pass)
        batches = n // size + (not drop_last)
        expect(
            len(shelf.reads) if isinstance(rest, list) else rest,
            tried=f"{n} samples in batches of {size}, {words}: how many samples all {batches} batches read",
            rule="Only what is in a batch is read: samples that drop_last leaves out are not.",
            next="Look at the indices to decide whether a batch is short, before its samples are read.",
        ).equals(n if not drop_last else batches * size)


def plain_batch(batch):
    return batch.tolist() if isinstance(batch, torch.Tensor) else batch


# ---------------------------------------------------------------------------------------------------- 10.4


class Bulk(Shelf):
    """Has a batch fetch, and counts journeys. `surplus` samples too many come back from it."""

    def __init__(self, size, start=0, surplus=0):
        super().__init__(size, start)
        self.journeys = []
        self.surplus = surplus

    def __getitems__(self, indices):
        self.journeys.append(list(indices))
        samples = [self.start + index for index in indices]
        return samples[: self.surplus] if self.surplus < 0 else samples + samples[: self.surplus]


class BrokenBulk(Broken):
    """The same, for whoever fetches a batch at once."""

    def __getitems__(self, indices):
        return [self[index] for index in indices]


def draw_indices(rng, size):
    return [rng.randrange(size) for _ in range(rng.randrange(4, 9))]


def without_stop(action):
    """Run `action`; a StopIteration becomes an error that an expectation can name."""
    try:
        return action()
    except StopIteration:
        raise revive(["StopIteration"], "", "") from None


@graded("10.4", "the same samples either way", points=1)
def test_fetch_values(student, expect, rng):
    size, start = rng.randrange(5, 10), rng.randrange(100)
    indices = draw_indices(rng, size)
    for words, dataset in (("without", Shelf(size, start)), ("with", Bulk(size, start))):
        for wanted in (indices, indices[:1], []):
            expect(
                attempt(lambda dataset=dataset, wanted=wanted: list(student.fetch(dataset, wanted))),
                tried=f"fetch(dataset, {wanted}) from a dataset {words} __getitems__",
                rule="Sample k of the result is the dataset's sample at indices[k], repeats included.",
                next="A dataset without the method is read one by one. Nothing is sorted, no repeat is lost.",
            ).equals([start + index for index in wanted])


@graded("10.4", "one journey for a batch", points=2)
def test_fetch_journeys(student, expect, rng):
    bulk = Bulk(rng.randrange(5, 10))
    indices = draw_indices(rng, len(bulk))
    attempt(lambda: student.fetch(bulk, indices))
    expect(
        (bulk.journeys, bulk.reads),
        tried=f"fetch(dataset, {indices}) from a dataset with __getitems__",
        rule="Where there is a batch fetch, it is called once with all indices, and nothing else is read.",
        next='`getattr(dataset, "__getitems__", None)` finds the method. Is it called outside of every loop?',
        got=f"calls of __getitems__ with {bulk.journeys}, single reads of {bulk.reads}",
    ).equals(([indices], []))


@graded("10.4", "single reads, each once, in order", points=1)
def test_fetch_fallback(student, expect, rng):
    shelf = Shelf(rng.randrange(5, 10))
    indices = draw_indices(rng, len(shelf))
    attempt(lambda: student.fetch(shelf, indices))
    expect(
        shelf.reads,
        tried=f"fetch(dataset, {indices}) from a dataset without __getitems__: the reads",
        rule="Without a batch fetch, dataset[index] is asked for once per index, in their order.",
        next="Ask for the method first, and go the long way if it is not there.",
    ).equals(indices)


@graded("10.4", "as many samples as indices", points=1)
def test_fetch_count(student, expect, rng):
    for surplus in (-1, 1):
        bulk = Bulk(rng.randrange(5, 10), surplus=surplus)
        indices = draw_indices(rng, len(bulk))
        error = expect.raises(
            ValueError,
            lambda bulk=bulk, indices=indices: student.fetch(bulk, indices),
            tried=f"a __getitems__ that returns {len(indices) + surplus} samples for {len(indices)} indices",
            rule="Here one sample for each index, or ValueError. The loaders take what comes, for datasets "
            "that skip on purpose; a mistake then goes unnoticed.",
            next="Compare both lengths after the call.",
        )
        for number in (len(indices), len(indices) + surplus):
            expect(
                error.message,
                tried="its message",
                rule="The message says how many were asked for, and how many came.",
                next="Put both numbers into the message.",
            ).contains(str(number))


@graded("10.4", "no epoch ends unseen, no error changes", points=2)
def test_fetch_errors(student, expect, rng):
    size = rng.randrange(5, 10)
    for bad, (words, kind) in product(
        (0, rng.randrange(1, size)), (("without", Broken), ("with", BrokenBulk))
    ):
        stopping = kind(size, bad, StopIteration())
        expect.raises(
            RuntimeError,
            lambda stopping=stopping: without_stop(lambda: student.fetch(stopping, list(range(size)))),
            tried=f"a dataset {words} __getitems__ that raises StopIteration for index {bad}",
            rule="StopIteration would end the epoch unseen: it becomes a RuntimeError.",
            next="Put both ways of reading into the `try` with `except StopIteration`. "
            "(`list(map(...))` takes one for its own end: nothing arrives at your `except`.)",
        )
        for error in (
            FileNotFoundError("no file"),
            KeyError("no key"),
            AttributeError("a typing error in the dataset"),
            IndexError("no such row"),
            NotImplementedError("not for this kind of file"),
            TypeError("no number"),
        ):
            broken = kind(size, bad, error)
            expect.raises(
                type(error),
                lambda broken=broken: student.fetch(broken, list(range(size))),
                tried=f"a dataset {words} __getitems__ that raises {type(error).__name__} for index {bad}",
                rule="Any other error passes as it is: whoever catches it knows what it means.",
                next="`except Exception` catches too much. Whether there is a batch fetch is found out "
                "without calling it: `except AttributeError` around the call catches a mistake inside it.",
            )
            expect(
                broken.reads,
                tried="which samples were read until then",
                rule="After an error nothing is tried a second time.",
                next="Is there a second way that begins when the first one fails?",
            ).equals(list(range(bad + 1)))


# ---------------------------------------------------------------------------------------------------- 10.5


def torch_refuses(arguments):
    """Ask torch's loader whether these arguments contradict each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            DataLoader(list(range(8)), **arguments)
        except ValueError:
            return True
    return False


def verdict(student, arguments):
    outcome = attempt(lambda: student.check_arguments(**arguments))
    if outcome is None:
        return "accepted"
    return outcome if isinstance(outcome, str) else f"it returned {show(outcome)}"


def written(arguments):
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


ARGUMENTS = (
    "batch_size",
    "shuffle",
    "sampler",
    "batch_sampler",
    "drop_last",
    "num_workers",
    "prefetch_factor",
    "persistent_workers",
)


def is_named(name, message):
    """Tell whether the message names an argument: "batch sampler" and "batch_sampler" name no sampler."""
    without = re.sub(r"\bbatch[\s-]+samplers?\b", "", message, flags=re.IGNORECASE)
    return re.search(rf"\b{name}\b", without) is not None


def expect_refusal(student, expect, arguments, *names, shows="", may_name=()):
    """Expect a ValueError that names these arguments, and only these and those that it `may_name`."""
    asked = f"check_arguments({written(arguments)})"
    message = expect.raises(
        ValueError,
        lambda: student.check_arguments(**arguments),
        tried=asked,
        rule="These contradict each other, or are out of range: ValueError, as in torch.",
        next="Find the line of the statement that forbids it. Empty lists and zeros count as given.",
    ).message
    for name in names:
        expect(
            is_named(name, message),
            tried=f"the message for {asked}",
            rule="The message names the arguments that do not fit."
            + (" batch_sampler is not the name of sampler." if name == "sampler" else ""),
            next=f"Put {name!r} into the message, written as the argument is.",
            got=repr(message),
        ).is_true(f"a message that names {name}")
    if shows:
        expect(
            message,
            tried=f"the message for {asked}",
            rule="The message shows a value that is wrong by itself.",
            next=f"Put the value {shows} into the message.",
        ).contains(shows)
    others = [name for name in ARGUMENTS if name not in (*names, *may_name) and is_named(name, message)]
    expect(
        not others,
        tried=f"the message for {asked}: the other arguments that it names",
        rule="The message names the arguments that do not fit, and no others. Where one excludes several, "
        "the message names those that were given, and no others: the reader looks for them in vain.",
        next="Give each rule a message of its own. For a batch sampler, collect the names that were given, "
        "and put only these into the message.",
        got=f"{', '.join(others)} in {message!r}",
    ).is_true("none")


@graded("10.5", "what fits together is accepted", points=1)
def test_arguments_accepted(student, expect, rng):
    size, workers = rng.randrange(2, 64), rng.randrange(1, 9)
    for arguments in (
        {},
        {"batch_size": size, "shuffle": True, "drop_last": True},
        {"batch_size": size, "sampler": [3, 1], "shuffle": False},
        {"batch_sampler": [[0, 1], [2]]},
        {"batch_sampler": [[0, 1], [2]], "batch_size": 1, "shuffle": False, "drop_last": False},
        {"batch_size": None, "sampler": [3, 1]},
        {"batch_size": None, "shuffle": True},
        {"num_workers": workers, "prefetch_factor": size, "persistent_workers": True},
        {"num_workers": workers, "prefetch_factor": 0},
    ):
        expect(
            verdict(student, arguments),
            tried=f"check_arguments({written(arguments)})",
            rule="These arguments fit together: nothing is raised, nothing is returned.",
            next="A default that is written out is still the default. A prefetch_factor of 0 is not below 0.",
        ).equals("accepted")


@graded("10.5", "one order", points=1)
def test_arguments_order(student, expect, rng):
    for sampler in ([3, 1], [rng.randrange(8)], []):
        expect_refusal(student, expect, {"sampler": sampler, "shuffle": True}, "sampler", "shuffle")


@graded("10.5", "one grouping", points=2)
def test_arguments_grouping(student, expect, rng):
    size = rng.randrange(2, 64)
    for batches in ([[0, 1], [2]], []):
        for extra in (
            {"batch_size": size},
            {"batch_size": None},
            {"shuffle": True},
            {"sampler": []},
            {"drop_last": True},
            {"batch_size": size, "drop_last": True},
        ):
            arguments = {"batch_sampler": batches, **extra}
            expect_refusal(student, expect, arguments, "batch_sampler", *extra)
    expect_refusal(student, expect, {"batch_size": None, "drop_last": True}, "batch_size", "drop_last")


@graded("10.5", "numbers in range, and workers where they are needed", points=1)
def test_arguments_numbers(student, expect, rng):
    low = -rng.randrange(1, 20)
    expect_refusal(student, expect, {"num_workers": low}, "num_workers", shows=str(low))
    for size in (0, low):
        expect_refusal(student, expect, {"batch_size": size}, "batch_size", shows=str(size))
    workers = {"num_workers": rng.randrange(1, 9)}
    low_factor = {"prefetch_factor": low, **workers}
    expect_refusal(student, expect, low_factor, "prefetch_factor", shows=str(low), may_name=("num_workers",))
    for factor in (0, rng.randrange(1, 9)):
        expect_refusal(student, expect, {"prefetch_factor": factor}, "prefetch_factor", "num_workers")
    expect_refusal(student, expect, {"persistent_workers": True}, "persistent_workers", "num_workers")


@graded("10.5", "any mixture, as torch decides", points=2)
def test_arguments_mixture(student, expect, rng):
    choices = {
        "batch_size": [1, rng.randrange(2, 64), None, 0],
        "shuffle": [False, True],
        "sampler": [None, [1, 0], []],
        "batch_sampler": [None, [[0], [1]], []],
        "drop_last": [False, True],
        "num_workers": [0, rng.randrange(1, 9), -1],
        "prefetch_factor": [None, rng.randrange(1, 9), 0, -1],
        "persistent_workers": [False, True],
    }
    pairs = [
        {one: value, other: another}
        for one, other in combinations(choices, 2)
        for value, another in product(choices[one], choices[other])
    ]
    mixtures = [
        {name: rng.choice(choices[name]) for name in rng.sample(list(choices), 4)} for _ in range(100)
    ]
    for arguments in pairs + mixtures:
        outcome = verdict(student, arguments)
        refused = torch_refuses(arguments)
        expect(
            outcome.startswith("ValueError") if refused else outcome == "accepted",
            tried=f"check_arguments({written(arguments)})",
            rule="What torch's DataLoader refuses with a ValueError is refused; all else is accepted.",
            next="Which line of the statement decides this one? Is an `elif` in the way, or `if sampler:`?",
            got=outcome,
        ).is_true("ValueError" if refused else "accepted")


# ---------------------------------------------------------------------------------------------------- 10.6


def drain(one_pass, limit=60):
    """Take batches until the pass is over; an error is noted by its name, and then the pass goes on."""
    came = []
    for _ in range(limit):
        try:
            came.append(next(one_pass).tolist())
        except StopIteration:
            return came
        except RemoteError as error:
            if is_unwritten(error):
                raise
            came.append(error.type_name)
    return [*came, "and so on"]


def cut_numbers(n, size):
    return [list(range(n))[start : start + size] for start in range(0, n, size)]


@graded("10.6", "complaint 1: the length", points=1)
def test_repaired_length(student, expect, rng):
    for n, size in shapes(rng):
        loader = student.RepairedLoader(Shelf(n), batch_size=size)
        expect(
            attempt(lambda loader=loader: len(loader)),
            tried=f"len() of {n} samples in batches of {size}",
            rule="The length is the number of batches that come.",
            next="How many batches do 8 samples make in batches of 4, and how many do 9?",
        ).equals(len(cut_numbers(n, size)))


@graded("10.6", "complaint 2: every sample counts once", points=1)
def test_repaired_complete(student, expect, rng):
    for n, size in shapes(rng):
        loader = student.RepairedLoader(Shelf(n), batch_size=size)
        expect(
            [drain(iter(loader)), drain(iter(loader))],
            tried=f"two epochs over {n} samples in batches of {size}, in order",
            rule="Every sample comes once in an epoch; the last batch may be short.",
            next="Which line fills the last batch, and with what?",
        ).equals([cut_numbers(n, size)] * 2)
        pictures = Pictures(n)
        loader = student.RepairedLoader(pictures, batch_size=size)
        expect(
            attempt(lambda loader=loader: plain(list(loader))),
            tried=f"an epoch over {n} pairs of a tensor and a number, in batches of {size}",
            rule="What nobody complains about stays: default_collate makes a batch of any samples.",
            next="Give `default_collate` the list of a batch's samples. `torch.tensor` is for numbers.",
        ).equals(list(DataLoader(pictures, batch_size=size)))
    n, size = rng.randrange(30, 50), rng.randrange(3, 8)
    shuffled = flat(drain(iter(student.RepairedLoader(Shelf(n), batch_size=size, shuffle=True))))
    expect(
        sorted(shuffled) if all(isinstance(number, int) for number in shuffled) else shuffled,
        tried=f"an epoch over {n} samples in batches of {size} with shuffle=True, sorted",
        rule="Every sample comes once in an epoch, shuffled or not.",
        next="Which line fills the last batch, and with what?",
    ).equals(list(range(n)))


@graded("10.6", "complaint 3: a look in the middle", points=2)
def test_repaired_look(student, expect, rng):
    n, size = rng.randrange(10, 20), rng.randrange(2, 4)
    for shuffle in (False, True):
        loader = student.RepairedLoader(Shelf(n), batch_size=size, shuffle=shuffle)
        epoch = iter(loader)
        began = attempt(lambda epoch=epoch: [next(epoch).tolist() for _ in range(2)])
        look = attempt(lambda loader=loader: len(next(iter(loader))))
        rest = drain(epoch)
        numbers = flat([*began, *rest]) if isinstance(began, list) else began
        expect(
            sorted(numbers) if all(isinstance(number, int) for number in numbers) else numbers,
            tried=f"two batches of {size}, then next(iter(loader)), then the rest of the {n} samples, "
            f"shuffle={shuffle}; all numbers of that epoch, sorted",
            rule="Another pass does not move this one.",
            next="`return self` gives everybody the same place. Where is the place of a pass kept?",
        ).equals(list(range(n)))
        expect(
            look,
            tried="the look itself: the size of the batch",
            rule="The second pass begins at its own beginning.",
            next="`iter(loader)` must start something new.",
        ).equals(size)
        shelf = Shelf(n)
        loader = student.RepairedLoader(shelf, batch_size=size, shuffle=shuffle)
        one_pass = iter(loader)
        wanted = []
        for number in range(3):
            expect(
                sorted(shelf.reads),
                tried=f"a new pass with shuffle={shuffle}, and {count(number, 'batch', 'batches')} of {size} "
                f"taken from it; which of the {n} samples were read, sorted",
                rule="A batch's samples are read when that batch is asked for, each once, and no others: a "
                "look at one batch does not read an epoch.",
                next="Does a loop read all batches before the first is given? Cut the indices first; read "
                "the samples in the pass's `__next__`, or in a function given to `map`.",
            ).equals(sorted(wanted))
            batch = attempt(lambda one_pass=one_pass: next(one_pass).tolist())
            wanted += batch if isinstance(batch, list) else []


@graded("10.6", "complaint 4: other people's random numbers", points=2)
def test_repaired_polite(student, expect, room, rng):
    n, size, seed = rng.randrange(30, 50), rng.randrange(2, 8), rng.randrange(1000)

    def epochs(seed):
        loader = student.RepairedLoader(Shelf(n), batch_size=size, shuffle=True, seed=seed)
        return [flat(drain(iter(loader))) for _ in range(3)]

    torch_there = room.module("torch")
    torch_there.manual_seed(rng.randrange(1000))
    torch_there.rand(3)
    before = room.random_state()
    first = epochs(seed)
    after = room.random_state()
    expect(
        after == before,
        tried="three shuffled epochs; then torch's global random state",
        rule="The loader draws from a generator of its own: the program's random numbers stay as they are.",
        next="`torch.manual_seed` seeds everybody. `torch.Generator().manual_seed(seed)` is for one alone.",
        got="another random state than before",
    ).is_true("the random state as it was")
    torch_there.rand(3)
    expect(
        epochs(seed),
        tried=f"three epochs of a second loader with seed {seed}, after others drew random numbers",
        rule="The same seed gives the same epochs.",
        next="Every draw comes from the loader's own generator.",
    ).equals(first)
    for words, left, right in (
        ("epochs 0 and 1", first[0], first[1]),
        ("epochs 1 and 2", first[1], first[2]),
        (f"epoch 0 of the seeds {seed} and {seed + 1}", first[0], epochs(seed + 1)[0]),
    ):
        expect(
            left != right,
            tried=f"{words} of {n} samples",
            rule="Epochs differ from each other, and so do seeds.",
            next="A generator that is made anew in each epoch gives the same order each time.",
            got="twice the same order",
        ).is_true("two different orders")
    loader = student.RepairedLoader(Shelf(60), batch_size=10, shuffle=True, seed=seed)
    expect_well_mixed(expect, [drain(iter(loader)) for _ in range(2)], 60, 10, f" and seed={seed}")
    begun = [attempt(lambda loader=loader: next(iter(loader)).tolist()) for _ in range(2)]
    expect(
        begun[0] != begun[1],
        tried="two passes over 60 samples with shuffle=True, each left by a `break` after its first batch; "
        "the first batches",
        rule="Every pass draws an order of its own, also after one that was left early.",
        next="What makes the next order another one must happen when a pass begins, not when it ends.",
        got=f"twice {begun[0]}",
    ).is_true("two different batches")


def bad_places(rng):
    """Draw (n, size, bad): the bad sample stands at every place of a batch, and in the short last one."""
    size = rng.randrange(3, 6)
    n = 5 * size + 1
    inside = [(n, size, bad) for bad in range(size, 2 * size)]
    return [(13, 3, 3), (13, 3, 4), (13, 3, 5), *inside, (n, size, 0), (n, size, n - 1)]


@graded("10.6", "complaint 5: the error is heard", points=2)
def test_repaired_errors(student, expect, rng):
    for n, size, bad in bad_places(rng):
        wanted = cut_numbers(n, size)
        wanted[bad // size] = "FileNotFoundError"
        loader = student.RepairedLoader(Broken(n, bad, FileNotFoundError("damaged")), batch_size=size)
        expect(
            drain(iter(loader)),
            tried=f"batches of {size} from {n} samples; sample {bad} raises FileNotFoundError",
            rule="The error comes out of next(); the call after it gives the following batch, from its first "
            "sample on.",
            next="`except Exception` hides the error. A function with `yield` is over after an error. Take "
            "all indices of a batch before the first sample is read.",
        ).equals(wanted)


@graded("10.6", "complaint 5: no epoch ends unseen", points=1)
def test_repaired_stop(student, expect, rng):
    for n, size, bad in bad_places(rng):
        wanted = cut_numbers(n, size)
        wanted[bad // size] = "RuntimeError"
        loader = student.RepairedLoader(Broken(n, bad, StopIteration()), batch_size=size)
        expect(
            drain(iter(loader)),
            tried=f"batches of {size} from {n} samples; sample {bad} raises StopIteration",
            rule="A dataset's StopIteration becomes a RuntimeError, and the following batch comes after it.",
            next="Only the order of the indices may end the pass. What does `for` think of a StopIteration?",
        ).equals(wanted)

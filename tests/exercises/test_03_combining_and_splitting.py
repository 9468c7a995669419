"""The graded checks of exercise 03: joining datasets, splitting them, and finding leaks."""

import math
from collections import Counter
from itertools import accumulate, pairwise

import torch
from torch.utils.data import random_split as torch_random_split

from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "03",
    "combining_and_splitting",
    (
        Task(
            "03.1",
            "Find the part",
            defines=("locate",),
            forbids=("ConcatDataset",),
            difficulty=2,
            importance=4,
            minutes=10,
            hints=(
                "A dictionary is opened in the middle: how do you know in which half to go on?",
                "Take `ends = [3, 3, 7]` and write below every index from 0 to 6 its part. How many entries "
                "of `ends` are smaller than, or equal to, the index? Compare that number with the part.",
                "The standard library's `bisect` counts exactly that. It has a left and a right version: an "
                "index equal to an end belongs to a later part. The part begins where the one before it "
                "ends.",
            ),
        ),
        Task(
            "03.2",
            "One dataset out of many",
            defines=("ConcatDataset",),
            forbids=("ConcatDataset",),
            needs=("03.1",),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "Which numbers do you need at every lookup, and can you work them out once, at the start?",
                "Write the indices from -n to n - 1 on a line. Which ones may be asked for? What does an "
                "index "
                "below 0 have in common with the index that is n higher?",
                "Refuse what is not between -n and n - 1 with an IndexError first; then `index % n` is never "
                "negative, `locate` gives part and position, and the sample is returned as it is.",
            ),
        ),
        Task(
            "03.3",
            "A random split",
            defines=("Subset", "random_split"),
            forbids=("Subset", "random_split", "stratified_split"),
            difficulty=3,
            importance=5,
            minutes=20,
            hints=(
                "If all samples were cards in a row: what would you do once, before dealing out any part?",
                "Ten samples and thirds: 3, 3 and 3 are dealt, one card is left. Who gets it? And with "
                "eleven "
                "samples, two cards left?",
                "Shuffle once with `torch.randperm(n, generator=generator)`, turn fractions into sizes, "
                "check "
                "with `if … raise ValueError`, then cut the permutation where the running sums of the sizes "
                "say.",
            ),
        ),
        Task(
            "03.4",
            "A split that keeps the class shares",
            defines=("stratified_split",),
            forbids=("stratified_split",),
            needs=("03.3",),
            difficulty=4,
            importance=4,
            minutes=25,
            hints=(
                "What would you do if there were only one class? And how do the classes get in each other's "
                "way?",
                "Three classes of five, first part of eight: 2⅔ each. Rounded down that makes 6. Two samples "
                "are missing: at most one may come from each class. From which classes is it fairest?",
                "Shuffle all indices once, then collect them by class. Give the first part floor(c * m / n) "
                "of each "
                "class, and one more of the classes with the largest remainders, until it has m.",
            ),
        ),
        Task(
            "03.5",
            "A split that cannot leak",
            defines=("group_split",),
            needs=("03.3",),
            difficulty=3,
            importance=5,
            minutes=15,
            hints=(
                "What do you have to shuffle so that a group is never torn: samples, or something else?",
                "Put every group in an envelope, shuffle the envelopes, and open one after the other for the "
                "test part. When do you stop?",
                "List the groups once each, in an order that does not depend on chance; permute the list "
                "with "
                "`torch.randperm`; add whole groups while the test part has fewer than `test_fraction * n` "
                "samples.",
            ),
        ),
        Task(
            "03.6",
            "Find the leak",
            defines=("find_leaks",),
            difficulty=3,
            importance=4,
            minutes=15,
            hints=(
                "How does a library find out whether it has a book, without walking along all its shelves?",
                "A dictionary answers at once whether it has seen a key. Why is a tensor itself a bad key? "
                "Try "
                "`torch.zeros(2) in {torch.zeros(2)}`.",
                "Make a key of what has to agree: the shape, the dtype and the bytes of the values "
                "(`tensor.numpy().tobytes()`). Go once through train to fill a dictionary of lists, once "
                "through test.",
            ),
        ),
    ),
)


class Counting:
    """A dataset that notes which of its samples are read."""

    def __init__(self, samples):
        self._samples = list(samples)
        self._reads = []

    def __getitem__(self, index):
        self._reads.append(index)
        return self._samples[index]

    def __len__(self):
        return len(self._samples)

    def __iter__(self):
        return (self[index] for index in range(len(self)))


def read_all(dataset):
    """Return all samples of a dataset on the student's side."""
    return [dataset[index] for index in range(len(dataset))]


def attempt(action):
    """Return what `action()` gives and "", or None and the words of its error."""
    try:
        return action(), ""
    except RemoteError as error:
        if "NotImplementedError" in error.type_names:
            raise
        return None, f"{error.type_name}: {error.message}" + (f" ({error.where})" if error.where else "")


def names(count):
    """Return samples that cannot be mistaken for their indices."""
    return [f"sample {number}" for number in range(count)]


# 03.1 ---------------------------------------------------------------------------------------------------


def located(ends, index):
    """The definition itself: go along the parts."""
    part = next(number for number, end in enumerate(ends) if index < end)
    return part, index - ([0, *ends][part])


def expect_located(student, expect, ends, tried, next):
    for index in range(ends[-1]):
        expect(
            student.locate(ends, index),
            tried=f"{tried}: locate({ends}, {index})",
            rule="The index lies in the first part that ends behind it; the position counts from where that "
            "part begins.",
            next=next,
        ).equals(located(ends, index))


@graded("03.1", "every index of several parts", points=2)
def test_locate_every_index(student, expect, rng):
    ends = list(accumulate(rng.randrange(1, 5) for _ in range(rng.randrange(3, 7))))
    expect_located(
        student,
        expect,
        ends,
        "parts of 1 to 4 samples",
        "Look at an index that equals one of the ends: it belongs to the next part, at position 0.",
    )


@graded("03.1", "a single part")
def test_locate_single_part(student, expect, rng):
    ends = [rng.randrange(2, 6)]
    expect_located(
        student,
        expect,
        ends,
        "one part",
        "Before part 0 there is no other part, and `ends[-1]` is the last end. Where does part 0 begin?",
    )


@graded("03.1", "empty parts hold no index")
def test_locate_empty_parts(student, expect, rng):
    size = rng.randrange(2, 5)
    for sizes in ([0, size], [size, 0, 0, size], [0, 0, 1, 0, size, 0]):
        expect_located(
            student,
            expect,
            list(accumulate(sizes)),
            f"parts of {sizes} samples",
            "An empty part ends where it begins. `bisect` has a version that steps over equal entries.",
        )


@graded("03.1", "few entries are read")
def test_locate_reads_few(student, expect, rng):
    sizes = [rng.randrange(1, 4) for _ in range(1000)]
    ends = list(accumulate(sizes))
    bound = 2 * math.ceil(math.log2(len(ends))) + 4
    for index in (ends[-1] - 1, ends[600], ends[2]):
        counted = Counting(ends)
        answer = student.locate(counted, index)
        expect(
            len(counted._reads),
            tried=f"locate for 1,000 parts and index {index}, counting the reads of `ends`",
            rule="Every look into the middle halves the parts that are left: 1,000 parts need about ten "
            "looks.",
            next='Search by halving, as `bisect` does. `hint("03.1", 1)` asks a question.',
            got=f"{len(counted._reads)} entries of `ends` read",
        ).is_at_most(bound)
        expect(
            answer,
            tried=f"locate for 1,000 parts and index {index}",
            rule="Fast lookups give the same answers as slow ones.",
            next="Compare with a loop along the parts, for a short list of ends.",
        ).equals(located(ends, index))


# 03.2 ---------------------------------------------------------------------------------------------------


LOCATE_FIRST = 'Your `locate` (03.1) does the lookup: does `check("03.1")` pass?'


def three_lists(rng):
    """Return three or four lists of letters, and all of the letters: short enough to be shown."""
    sizes = [rng.randrange(1, 6) for _ in range(rng.randrange(3, 5))]
    samples = list("abcdefghijklmnopqrst"[: sum(sizes)])
    return [samples[start:stop] for start, stop in pairwise(accumulate(sizes, initial=0))], samples


@graded("03.2", "every sample in order", points=2)
def test_concat_order(student, expect, rng):
    parts, samples = three_lists(rng)
    joined = student.ConcatDataset(parts)
    expect(
        len(joined),
        tried=f"len(ConcatDataset({parts}))",
        rule="The length of the whole is the sum of the lengths.",
        next="Look at `__len__`.",
    ).equals(len(samples))
    for index in range(len(samples)):
        expect_sample(
            expect,
            joined,
            parts,
            index,
            samples[index],
            rule="First all samples of the first part, then those of the second, and so on.",
            next=f"Print part and position for this index. {LOCATE_FIRST}",
        )


def expect_sample(expect, joined, parts, index, sample, rule, next):
    """Expect one sample; an error of the lookup is an answer too, and is shown."""
    value, error = attempt(lambda: joined[index])
    expect(value, tried=f"ConcatDataset({parts})[{index}]", rule=rule, next=next, got=error).equals(sample)


@graded("03.2", "negative indices count from the end")
def test_concat_negative(student, expect, rng):
    parts, samples = three_lists(rng)
    joined = student.ConcatDataset(parts)
    for index in range(-len(samples), 0):
        expect_sample(
            expect,
            joined,
            parts,
            index,
            samples[index],
            rule="As in a list: index -1 is the last sample of all, -n the first.",
            next=f"Turn a negative index into one from 0 to n - 1 before the lookup. {LOCATE_FIRST}",
        )


@graded("03.2", "an IndexError past either end")
def test_concat_bounds(student, expect, rng):
    parts, samples = three_lists(rng)
    joined, size = student.ConcatDataset(parts), len(samples)
    for index in (size, size + rng.randrange(1, 9), -size - 1, -size - rng.randrange(2, 9)):
        expect.raises(
            IndexError,
            lambda index=index: joined[index],
            tried=f"index {index} of {size} samples",
            rule="Valid indices run from -n to n - 1. Everything else is an IndexError, at both ends: code "
            "that "
            "catches IndexError relies on it, and so do loops.",
            next="Compare the index with both bounds before anything else.",
        )


@graded("03.2", "empty parts and no parts")
def test_concat_empty(student, expect, rng):
    samples = list("abcd"[: rng.randrange(2, 5)])
    for parts in ([[], samples], [samples, [], [], samples], [samples, []]):
        joined = student.ConcatDataset(parts)
        for index, sample in enumerate(sample for part in parts for sample in part):
            expect_sample(
                expect,
                joined,
                parts,
                index,
                sample,
                rule="An empty part adds nothing and takes no index.",
                next=f"Step through the lookup of this index. {LOCATE_FIRST}",
            )
    expect.raises(
        IndexError,
        lambda: student.ConcatDataset([[], []])[0],
        tried="index 0 of two empty parts",
        rule="Where there are no samples, there is no valid index.",
        next="Compare the index with the bounds before you divide by the length.",
    )
    expect.raises(
        ValueError,
        lambda: student.ConcatDataset([]),
        tried="ConcatDataset([])",
        rule="Without a single dataset there is nothing to join: that is a mistake worth a clear ValueError.",
        next="Check the list in `__init__`, before you add up lengths.",
    )


@graded("03.2", "labels stay as they are")
def test_concat_labels(student, expect, rng):
    parts = [[(letter, rng.randrange(3)) for letter in letters] for letters in ("abc", "de", "fg")]
    joined = student.ConcatDataset(parts)
    for index, sample in enumerate(sample for part in parts for sample in part):
        expect_sample(
            expect,
            joined,
            parts,
            index,
            sample,
            rule="Joining shifts the indices and nothing else: three classes stay three classes.",
            next=f"Return the sample of the part untouched. {LOCATE_FIRST}",
        )


@graded("03.2", "only the sample asked for is read")
def test_concat_lazy(student, expect, rng):
    parts = [Counting(names(5)), Counting(names(7))]
    joined = student.ConcatDataset(parts)
    position = rng.randrange(7)
    before = [list(part._reads) for part in parts]
    sample, error = attempt(lambda: joined[5 + position])
    expect(
        before,
        tried="parts of 5 and 7 samples that count their reads, joined and not yet used",
        rule="Joining copies nothing: samples may lie on a disk and be many.",
        next="Keep the datasets themselves in `__init__`, and their lengths.",
        got=f"{len(before[0])} and {len(before[1])} samples read while joining",
    ).equals([[], []])
    expect(
        [len(part._reads) for part in parts],
        tried=f"index {5 + position} of parts of 5 and 7 samples",
        rule="One lookup reads one sample, of one part.",
        next=f"Work out part and position from the lengths alone. {LOCATE_FIRST}",
        got=error,
    ).equals([0, 1])
    expect(
        sample,
        tried=f"index {5 + position} of parts of 5 and 7 samples",
        rule="The index less the lengths of the parts before it is the position in the part.",
        next=f"Print what `locate` returns for this index. {LOCATE_FIRST}",
        got=error,
    ).equals(names(7)[position])


# 03.3 ---------------------------------------------------------------------------------------------------


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def torch_parts(samples, lengths, seed):
    return [list(part) for part in torch_random_split(samples, lengths, seeded(seed))]


@graded("03.3", "a subset is a view")
def test_subset_view(student, expect, rng):
    samples = names(12)
    chosen = [rng.randrange(12) for _ in range(6)]
    counted = Counting(samples)
    subset = student.Subset(counted, chosen)
    tried = f"Subset(dataset, {chosen}) of 12 samples"
    expect(
        len(counted._reads),
        tried=tried + ", not yet used",
        rule="A subset keeps the dataset and the indices; samples are read when they are asked for.",
        next="Let `__getitem__` look up the index, then the sample.",
        got=f"{len(counted._reads)} samples read",
    ).equals(0)
    expect(
        [subset[position] for position in (*range(6), -1)],
        tried=tried,
        rule="Position k of the subset is the sample at indices[k]; the same index may come twice.",
        next="There are two lookups: the position gives an index, the index gives a sample.",
    ).equals([samples[index] for index in (*chosen, chosen[-1])])
    expect(
        len(subset), tried=tried, rule="A subset is as long as its indices.", next="Look at `__len__`."
    ).equals(6)


@graded("03.3", "a subset of a subset")
def test_subset_of_subset(student, expect, rng):
    samples, first, second = names(20), rng.sample(range(20), 8), rng.sample(range(8), 4)
    expect(
        read_all(student.Subset(student.Subset(samples, first), second)),
        tried=f"Subset(Subset(dataset, {first}), {second})",
        rule="The outer indices count positions of the inner subset, not samples of the dataset.",
        next="A subset is a dataset too: nothing special is needed if `__getitem__` has two lookups.",
    ).equals([samples[first[index]] for index in second])


@graded("03.3", "every sample in exactly one part", points=2)
def test_split_partition(student, expect, rng, seed):
    sizes = [rng.randrange(0, 8) for _ in range(3)] + [5]
    samples = names(sum(sizes))
    parts = [read_all(part) for part in student.random_split(samples, sizes, seeded(seed))]
    tried = f"{len(samples)} samples split into {sizes}"
    expect(
        [len(part) for part in parts],
        tried=tried,
        rule="Every part has the length that was asked for.",
        next="Look at where one part ends and the next begins.",
    ).equals(sizes)
    expect(
        sorted(sample for part in parts for sample in part),
        tried=tried,
        rule="Parts do not overlap and nothing is lost: together they hold every sample once.",
        next="Shuffle all indices once, and cut that one list.",
    ).equals(sorted(samples))


@graded("03.3", "the parts that torch draws")
def test_split_as_torch(student, expect, rng, seed):
    sizes = (rng.randrange(3, 9), rng.randrange(3, 9))
    samples = names(sum(sizes))
    for lengths in (list(sizes), sizes):
        expect(
            [read_all(part) for part in student.random_split(samples, lengths, seeded(seed))],
            tried=f"{len(samples)} samples split into {lengths} (a {type(lengths).__name__}) with a seeded "
            "generator",
            rule="One permutation of all indices, drawn with the generator and cut from the left: whoever "
            "has "
            "the seed gets the same parts, from torch and from you. Lists and tuples of lengths both do.",
            next="Call `torch.randperm(n, generator=generator)` exactly once.",
        ).equals(torch_parts(samples, list(sizes), seed))


@graded("03.3", "fractions, and who gets the rest", points=2)
def test_split_fractions(student, expect, rng, seed):
    cases = [
        ([1 / 3] * 3, 10),
        ([0.25] * 4, 4 * rng.randrange(2, 6) + 3),
        ([0.9, 0.1], rng.randrange(11, 20)),
        ([0.7, 0.2, 0.1], rng.randrange(11, 40)),
    ]
    for fractions, count in cases:
        samples = names(count)
        tried = f"{count} samples split into the fractions {[round(each, 3) for each in fractions]}"
        split, error = attempt(lambda: student.random_split(samples, fractions, seeded(seed)))  # noqa: B023
        expect(
            not error,
            tried=tried,
            rule=f"Fractions sum to 1 up to rounding: to a computer, the sum here is {sum(fractions)!r}.",
            next="Compare the sum with `math.isclose(…, 1)`, not with `==`.",
            got=error,
        ).is_true("three or four parts")
        parts = [read_all(part) for part in split]
        expected = torch_parts(samples, fractions, seed)
        expect(
            [len(part) for part in parts],
            tried=tried,
            rule="Every part gets its share rounded down; what is left over is dealt out one by one, from "
            "the "
            "first part on.",
            next='`hint("03.3", 2)` has a smaller case with cards.',
        ).equals([len(part) for part in expected])
        expect(
            parts,
            tried=tried,
            rule="Fractions only name the sizes: the permutation is the same as for whole numbers.",
            next="Turn fractions into sizes first; then there is only one way to go on.",
        ).equals(expected)


@graded("03.3", "lengths that do not fit")
def test_split_refuses(student, expect, rng):
    count = rng.randrange(10, 20)
    samples = names(count)
    for lengths in ([count - 3, 2], [count, 1], [count + 2, -2], [0.5, 0.6], (3, 3)):
        expect.raises(
            ValueError,
            lambda lengths=lengths: student.random_split(samples, lengths, seeded(0)),
            tried=f"{count} samples split into {lengths}",
            rule="Lengths sum to n or fractions to 1, none of them negative. All else is a ValueError; an "
            "assert is no check, `python -O` removes it.",
            next="Write `if …: raise ValueError(…)` before anything is drawn.",
        )


@graded("03.3", "chance is the generator's alone")
def test_split_generator(student, expect, room, seed):
    samples = names(30)
    before = room.random_state()
    first, other = (
        [read_all(part) for part in student.random_split(samples, [20, 10], seeded(each))]
        for each in (seed, seed + 1)
    )
    expect(
        room.random_state() == before,
        tried="the state of the global random numbers before and after two splits with a generator",
        rule="Who passes a generator keeps the rest of the program's randomness as it is.",
        next="Do not call `torch.manual_seed`; pass the generator on to `torch.randperm`.",
        got="the global random state has changed",
    ).is_true("the same state")
    expect(
        first,
        tried="two splits of 30 samples with generators of different seeds",
        rule="Another seed gives another split.",
        next="Look whether the generator reaches `torch.randperm`.",
        got="twice the same split",
    ).differs_from(other)


def expect_names_play_no_part(expect, split, rng):
    """Expect the same split of 60 samples under four sets of names, which sort and appear in the same order.

    A set of strings has another order in each run of Python, and for other names within one run too: this
    shows here what would show tomorrow.
    """
    letters = [letter for letter in "abcdefghijkl" for _ in range(5)]
    rng.shuffle(letters)
    words = ("patient", "subject", "visitor", "student")
    splits = {word: split([f"{word}-{letter}" for letter in letters]) for word in words}
    for word in words[1:]:
        expect(
            splits[word] == splits[words[0]],
            tried=f"60 samples with 12 names, 'patient-a' to 'patient-l', and the same with '{word}-a' to "
            f"'{word}-l', with generators of the same seed",
            rule="The same seed gives the same split in every run of Python. The order of a set of strings "
            "depends on their hashes, which are others for other names, and others in the next run.",
            next="A set has no order to rely on: list the names with `dict.fromkeys`, or sort them.",
            got="another split",
        ).is_true("the same split")


# 03.4 ---------------------------------------------------------------------------------------------------


def labelled(rng, counts):
    """Return the labels of so many samples of each class, mixed."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    rng.shuffle(labels)
    return labels


def split_by_class(student, labels, sizes, seed):
    """Split the indices themselves, so that the parts read as lists of indices."""
    parts = student.stratified_split(list(range(len(labels))), labels, sizes, seeded(seed))
    return [read_all(part) for part in parts]


def expect_shares(student, expect, labels, sizes, seed):
    """Expect the law of a stratified split: each class's share, rounded up or down."""
    parts = split_by_class(student, labels, sizes, seed)
    classes = Counter(labels)
    tried = f"{dict(sorted(classes.items()))} samples of each class, lengths {sizes}"
    for part, size in zip(parts, sizes, strict=True):
        found = Counter(labels[index] for index in part)
        for label, count in sorted(classes.items()):
            share = count * size / len(labels)
            expect(
                math.floor(share) <= found[label] <= math.ceil(share),
                tried=tried,
                rule="Each class is divided as the whole is: a part gets its share, rounded up or down.",
                next="Compare the counts of your parts with c * m / n for every class; "
                '`hint("03.4", 2)` has a small case.',
                got=f"{found[label]} samples of class {label!r} in the part of {size}",
            ).is_true(f"{share:.2f}, rounded up or down")


@graded("03.4", "every sample once, sizes exact", points=2)
def test_stratified_partition(student, expect, rng, seed):
    cases = [{0: 5, 1: 5, 2: 5}, {label: rng.randrange(1, 12) for label in range(5)}]
    for counts in cases:
        labels = labelled(rng, counts)
        first = rng.randrange(1, len(labels)) if counts is cases[1] else 8
        sizes = [first, len(labels) - first]
        parts = split_by_class(student, labels, sizes, seed)
        tried = f"{counts} samples of each class, lengths {sizes}"
        expect(
            [len(part) for part in parts],
            tried=tried,
            rule="The parts are exactly as long as asked, also where the shares are not whole numbers.",
            next="Add up what rounding gives all classes together: how many are missing, or too many?",
        ).equals(sizes)
        expect(
            sorted(parts[0] + parts[1]),
            tried=tried,
            rule="Together the parts hold every sample once.",
            next="What the first part does not take, the second gets.",
        ).equals(list(range(len(labels))))


@graded("03.4", "class shares within one sample", points=2)
def test_stratified_shares(student, expect, rng, seed):
    for classes in (3, 6):
        labels = labelled(rng, {label: rng.randrange(2, 20) for label in range(classes)})
        first = rng.randrange(len(labels) // 4, 3 * len(labels) // 4)
        expect_shares(student, expect, labels, [first, len(labels) - first], seed)
    expect_shares(student, expect, labelled(rng, dict.fromkeys(range(3), 5)), [8, 7], seed)


@graded("03.4", "one class, rare classes, words as labels")
def test_stratified_edges(student, expect, rng, seed):
    expect_shares(student, expect, ["cat"] * 9, [6, 3], seed)
    expect_shares(student, expect, labelled(rng, {"cat": 60, "dog": 29, "yak": 1}), [72, 18], seed)
    expect_shares(student, expect, labelled(rng, {0: 4, 1: 8}), [12, 0], seed)


@graded("03.4", "chance picks within a class")
def test_stratified_chance(student, expect, room, rng, seed):
    labels = labelled(rng, {0: 80, 1: 40})
    before = room.random_state()
    first, again, other = (split_by_class(student, labels, [80, 40], each) for each in (seed, seed, seed + 1))
    expect(
        room.random_state() == before,
        tried="the state of the global random numbers before and after splits with a generator",
        rule="Who passes a generator keeps the rest of the program's randomness as it is.",
        next="Draw with `torch.randperm(…, generator=generator)` only.",
        got="the global random state has changed",
    ).is_true("the same state")
    expect(
        first,
        tried="two splits of 80 zeros and 40 ones with generators of the same seed",
        rule="The same seed gives the same split.",
        next="Look for another source of chance, such as `random.shuffle`.",
    ).equals(again)
    expect_names_play_no_part(expect, lambda names: split_by_class(student, names, [31, 29], seed), rng)
    for label in (0, 1):
        members = [sorted(index for index in split[1] if labels[index] == label) for split in (first, other)]
        expect(
            members[0],
            tried=f"which samples of class {label} are in the second part, for two seeds",
            rule="How many of a class go where is fixed; which ones is left to chance.",
            next="Shuffle the members of every class before you cut.",
            got=f"the same samples of class {label} for both seeds",
        ).differs_from(members[1])


# 03.5 ---------------------------------------------------------------------------------------------------


def grouped(rng, sizes):
    """Return group names for each sample, mixed up."""
    groups = [f"patient {number}" for number, size in enumerate(sizes) for _ in range(size)]
    rng.shuffle(groups)
    return groups


def split_by_group(student, groups, fraction, seed):
    parts = student.group_split(list(range(len(groups))), groups, fraction, seeded(seed))
    return [read_all(part) for part in parts]


@graded("03.5", "no group in both parts", points=2)
def test_groups_whole(student, expect, rng, seed):
    for sizes in ([rng.randrange(1, 7) for _ in range(12)], [3] * 10):
        groups = grouped(rng, sizes)
        train, test = split_by_group(student, groups, 0.3, seed)
        expect(
            sorted({groups[index] for index in train} & {groups[index] for index in test}),
            tried=f"{len(groups)} samples of {len(sizes)} groups, mixed, test_fraction=0.3",
            rule="A group is never torn: what training has seen of it would be known in the test.",
            next="Choose groups, not samples; then give every sample to the part of its group.",
        ).equals([])


@graded("03.5", "every sample in one part")
def test_groups_partition(student, expect, rng, seed):
    groups = grouped(rng, [rng.randrange(1, 7) for _ in range(9)])
    train, test = split_by_group(student, groups, 0.4, seed)
    expect(
        sorted(train + test),
        tried=f"{len(groups)} samples of 9 groups, mixed",
        rule="Together the parts hold every sample once, wherever its group stands in the list.",
        next="Go once through all samples, and ask for each whether its group was chosen.",
    ).equals(list(range(len(groups))))


@graded("03.5", "a test part of the size asked for", points=2)
def test_groups_size(student, expect, rng, seed):
    cases = [[40, *[2] * 10], [1] * 30, [rng.randrange(1, 9) for _ in range(12)]]
    for sizes in cases:
        groups = grouped(rng, sizes)
        for fraction in (0.2, 0.5):
            for each in range(seed, seed + 6):
                test = split_by_group(student, groups, fraction, each)[1]
                wanted = fraction * len(groups)
                tried = f"groups of {sorted(sizes, reverse=True)} samples, test_fraction={fraction}"
                expect(
                    len(test),
                    tried=tried,
                    rule="The test part takes groups until it has at least test_fraction * n samples.",
                    next="Count samples, not groups: groups differ in size.",
                    got=f"{len(test)} samples in the test part",
                ).is_at_least(wanted)
                expect(
                    any(len(test) - groups.count(groups[index]) < wanted for index in test),
                    tried=tried,
                    rule="It stops as soon as it has enough: without the last group it would be too small.",
                    next="Look at the size before you add another group, not after.",
                    got=f"{len(test)} samples in the test part",
                ).is_true(f"at least {wanted:g} samples, and fewer without the group taken last")


@graded("03.5", "nothing asked for, everything asked for")
def test_groups_edges(student, expect, rng, seed):
    groups = grouped(rng, [2, 3, 4])
    for fraction, sizes in ((0.0, [9, 0]), (1.0, [0, 9])):
        expect(
            [len(part) for part in split_by_group(student, groups, fraction, seed)],
            tried=f"nine samples of three groups with test_fraction={fraction}",
            rule="A fraction of 0 asks for no test part, a fraction of 1 for nothing else.",
            next="Look at the size before you add the first group.",
        ).equals(sizes)


@graded("03.5", "chance is the generator's alone")
def test_groups_chance(student, expect, room, rng, seed):
    groups = grouped(rng, [3] * 20)
    before = room.random_state()
    splits = [split_by_group(student, groups, 0.3, each) for each in (seed, seed, seed + 1, seed + 2)]
    expect(
        room.random_state() == before,
        tried="the state of the global random numbers before and after splits with a generator",
        rule="Who passes a generator keeps the rest of the program's randomness as it is.",
        next="Draw with `torch.randperm(…, generator=generator)` only.",
        got="the global random state has changed",
    ).is_true("the same state")
    tests = [sorted(test) for _, test in splits]
    expect(
        tests[0],
        tried="two splits of twenty groups with generators of the same seed",
        rule="The same seed gives the same split.",
        next="A set has no order to rely on: list the groups with `dict.fromkeys` or sort them.",
    ).equals(tests[1])
    expect_names_play_no_part(expect, lambda names: split_by_group(student, names, 0.3, seed), rng)
    expect(
        tests[0] == tests[2] == tests[3],
        tried="splits of twenty groups with three different seeds",
        rule="Which groups are tested is left to chance: another seed, other groups.",
        next="Permute the list of groups with the generator before you take the first.",
        got="the same groups every time" if tests[0] == tests[2] == tests[3] else "",
    ).equals(False)


# 03.6 ---------------------------------------------------------------------------------------------------


def pictures(count, generator):
    """Return `count` different pictures of 2 x 3 values."""
    return list(torch.randn(count, 2, 3, generator=generator))


def expect_leaks(student, expect, train, test, pairs, tried, rule, next):
    expect(student.find_leaks(train, test), tried=tried, rule=rule, next=next).equals(sorted(pairs))


@graded("03.6", "copies are found", points=2)
def test_leaks_found(student, expect, rng, generator):
    images = pictures(20, generator)
    train = [(image, rng.randrange(3)) for image in images[:14]]
    test = [(image, rng.randrange(3)) for image in images[14:]]
    copied = {rng.randrange(14): position for position in (1, 4)}
    for source, position in copied.items():
        test[position] = (images[source].clone(), train[source][1])
    expect_leaks(
        student,
        expect,
        train,
        test,
        list(copied.items()),
        f"14 training samples, of which the test part repeats those at {sorted(copied)}",
        "Inputs are the same when all their values agree, not when they are the same object.",
        "Two equal tensors are two objects, with two hashes. Make a key out of their values.",
    )


@graded("03.6", "nothing shared, nothing found")
def test_leaks_none(student, expect, generator):
    images = pictures(12, generator)
    train = [(image, 0) for image in [*images[:6], images[0].clone()]]
    cases = [(train, [(image, 0) for image in images[6:]]), (train, []), ([], train)]
    for first, second in cases:
        expect_leaks(
            student,
            expect,
            first,
            second,
            [],
            f"{len(first)} training and {len(second)} test samples that share no input, although all labels "
            "are 0 and one training sample stands twice",
            "A leak is an input that is in both parts; repeats within one part are another matter.",
            "Compare inputs of train with inputs of test, and nothing else.",
        )


@graded("03.6", "a copy under another label")
def test_leaks_labels(student, expect, rng, generator):
    images = pictures(8, generator)
    place = rng.randrange(5)
    train = [(image, 0) for image in images[:5]]
    test = [(image, 1) for image in images[5:]] + [(images[place].clone(), 1)]
    expect_leaks(
        student,
        expect,
        train,
        test,
        [(place, 3)],
        f"test sample 3 is a copy of training sample {place}, with label 1 instead of 0",
        "The label does not count: the network has seen the input, and learned a wrong answer to it.",
        "Leave the label out of the comparison.",
    )


@graded("03.6", "every pair is listed")
def test_leaks_pairs(student, expect, rng, generator):
    images = pictures(6, generator)
    order_train, order_test = [0, 1, 0, 2, 1], [1, 3, 0, 1]
    rng.shuffle(order_train)
    rng.shuffle(order_test)
    pairs = [(i, j) for i, a in enumerate(order_train) for j, b in enumerate(order_test) if a == b]
    expect_leaks(
        student,
        expect,
        [(images[number].clone(), 0) for number in order_train],
        [(images[number].clone(), 0) for number in order_test],
        pairs,
        f"pictures {order_train} for training and {order_test} for the test",
        "An input that stands twice in train and twice in test makes four pairs, listed in rising order.",
        "Keep a list of places for every key, not just the last place.",
    )


@graded("03.6", "same bytes are not the same picture")
def test_leaks_shapes(student, expect, generator):
    image = torch.randn(2, 3, generator=generator)
    zeros = torch.zeros(4)
    train = [(image, 0), (zeros, 0)]
    test = [(image.reshape(3, 2), 0), (torch.zeros(4, dtype=torch.int32), 0), (zeros.clone(), 0)]
    expect_leaks(
        student,
        expect,
        train,
        test,
        [(1, 2)],
        "a picture of shape (2, 3) and its values in shape (3, 2); four zeros as float32 and as int32",
        "Inputs are the same when shape, dtype and all values agree.",
        "Put the shape and the dtype into the key, beside the bytes.",
    )


@graded("03.6", "every sample is read once")
def test_leaks_reads(student, expect, generator):
    images = pictures(40, generator)
    train = Counting((image, 0) for image in images[:25])
    test = Counting((image, 0) for image in images[20:])
    pairs = student.find_leaks(train, test)
    expect(
        len(train._reads) + len(test._reads),
        tried="25 training and 20 test samples that count their reads",
        rule="Every sample is read once: n + m reads. Comparing each with each would take n times m.",
        next="Go once through train and remember what you saw; then go once through test.",
        got=f"{len(train._reads)} reads of train and {len(test._reads)} of test",
    ).is_at_most(25 + 20)
    expect(
        pairs,
        tried="25 training and 20 test samples, of which five are shared",
        rule="Fast answers are the same as slow ones.",
        next="Compare with two nested loops.",
    ).equals([(20 + number, number) for number in range(5)])

"""The graded checks of exercise 09."""

from collections import namedtuple
from itertools import islice, pairwise

import numpy as np
import torch

from course_lib.classroom.exercises.errors import RemoteError, is_unwritten
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "09",
    "batching_and_collate",
    (
        Task(
            "09.1",
            "Padding with a mask",
            defines=("pad",),
            forbids=("pad_sequence_collate",),
            difficulty=2,
            importance=5,
            minutes=20,
            hints=(
                "Which two numbers decide how large the padded tensor is? And what in the result must not "
                "depend on the values at all?",
                "Draw a table of B rows and as many columns as the longest sequence has places. First fill "
                "all of it with the padding value, then write each sequence over the left of its row.",
                "`sequences[0].new_full((B, longest, *sequences[0].shape[1:]), padding_value)` makes the "
                "table in the right dtype. The mask: `torch.arange(longest) < lengths[:, None]`.",
            ),
        ),
        Task(
            "09.2",
            "A mean that knows no batches and no padding",
            defines=("RunningMean",),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "One batch has two real values, another has two hundred. How much should each of the batches "
                "count? Which two numbers must you remember so that you can tell at the end?",
                "Keep a purse and a tally: the sum of all real values, and how many there were. Divide only "
                "when somebody asks.",
                "`values[masks]` holds the real values only; multiplying by the mask does not do, because "
                "`nan * 0` is `nan`. Add `.double().sum().item()` to a Python float.",
            ),
        ),
        Task(
            "09.3",
            "Metadata with gaps",
            defines=("metadata_collate",),
            forbids=("image_metadata_collate",),
            difficulty=3,
            importance=4,
            minutes=20,
            hints=(
                "Which keys must the result have, if sample 0 has one and sample 1 has two others? Can you "
                "know all of them before you have seen the last sample?",
                "Go through the batch twice: first collect the keys, then, key by key, ask every sample for "
                "its value. A dictionary keeps the order in which its keys come; a set does not.",
                "`dict.fromkeys(key for _, known in batch for key in known)` collects the keys, "
                "`known.get(key)` is the value or None. Compare the shapes before you stack.",
            ),
        ),
        Task(
            "09.4",
            "Batches of similar length",
            defines=("BucketBatches",),
            forbids=("BucketBatchSampler", "DynamicBatchSampler"),
            difficulty=3,
            importance=4,
            minutes=20,
            hints=(
                "Which of the four steps are random? What would be lost if one of them were left out?",
                "Imagine cards with lengths on them. Shuffle the deck. Sort it into boxes (0 to 9, 10 to 19, "
                "…), one card after the other. Stack the boxes, deal out hands, and shuffle the hands.",
                "Python's sort is stable: what compares equal keeps its order. So shuffle with `randperm`, "
                "sort with `key=lambda index: lengths[index] // bucket_width`, slice, and go through the "
                "slices in the order of a second `randperm`.",
            ),
        ),
        Task(
            "09.5",
            "Batches with a budget",
            defines=("BudgetBatches",),
            forbids=("DynamicBatchSampler", "BucketBatchSampler"),
            difficulty=4,
            importance=4,
            minutes=30,
            hints=(
                "Which sample of a batch decides what each place costs? In which order must you take the "
                "samples so that you know it before the batch is full?",
                "With a budget of 12: a batch that begins with length 4 has room for three. One that begins "
                "with 9 has room for one. One that begins with 30 has room for none, and takes one.",
                "From the longest to the shortest, each batch takes `max(1, min(max_batch, max_tokens // "
                "longest))`. The cuts do not depend on chance; draw the order of the samples (before a "
                "stable "
                "sort) and of the batches anew in each epoch.",
            ),
        ),
        Task(
            "09.6",
            "Six complaints about a collate",
            defines=("repaired_collate",),
            forbids=("default_collate", "default_convert"),
            difficulty=4,
            importance=4,
            minutes=30,
            hints=(
                "For each complaint: which line of `broken_collate` does the harm? For some it is a line "
                "that "
                "is missing.",
                "Complaints 3 and 4 are about comparing all samples with the first one before anything is "
                "taken apart. Complaint 5 is about the last line, and about samples that are not the first.",
                "`any(len(sample) != len(first) for sample in samples)` finds fields that would vanish; "
                "`sample.keys() != first.keys()` the keys. `type(first)(*fields)` makes a named tuple, which "
                "has `_fields`. `np.stack` takes arrays and NumPy numbers alike.",
            ),
        ),
    ),
)


def attempt(action):
    """Return what an action gives, or the words of its error, so that an expectation can judge it."""
    try:
        return action()
    except RemoteError as error:
        if is_unwritten(error):
            raise
        return f"{error.type_name}: {error.message}"


def field(result, key):
    """Return an entry of a dictionary; anything else as it is."""
    return result.get(key, f"no key {key!r}") if isinstance(result, dict) else result


def of_type(generator, dtype, shape):
    """Draw a tensor in which zeros and other small numbers are frequent."""
    return torch.randint(-2, 3, shape, generator=generator).to(dtype)


# ---------------------------------------------------------------------------------------------------- 09.1


def ragged(rng, generator, dtype=torch.int64, trailing=(), count=None):
    lengths = [rng.randrange(1, 9) for _ in range(count or rng.randrange(2, 6))]
    return [of_type(generator, dtype, (length, *trailing)) for length in lengths]


def padded(sequences, value=0):
    longest = max(len(sequence) for sequence in sequences)
    shape = (len(sequences), longest, *sequences[0].shape[1:])
    table = torch.full(shape, value, dtype=sequences[0].dtype)
    for number, sequence in enumerate(sequences):
        table[number, : len(sequence)] = sequence
    return table


def lengths_of(sequences):
    return [len(sequence) for sequence in sequences]


@graded("09.1", "every value in its place", points=2)
def test_pad_values(student, expect, rng, generator):
    for count in (1, 2, rng.randrange(3, 7)):
        sequences = ragged(rng, generator, count=count)
        expect(
            attempt(lambda sequences=sequences: field(student.pad(sequences), "sequences")),
            tried=f"pad() of int64 sequences of the lengths {lengths_of(sequences)}, for 'sequences'",
            rule="Row i begins with sequence i, whole and in order; behind its end stands the padding.",
            next="How wide must the table be so that nothing is cut off? On which side does the padding "
            "stand?",
        ).equals(padded(sequences))


@graded("09.1", "the padding value is yours to choose", points=1)
def test_pad_value(student, expect, rng, generator):
    value = rng.choice([-100, 7, -1])
    sequences = [*ragged(rng, generator), torch.arange(10)]
    expect(
        attempt(lambda: field(student.pad(sequences, padding_value=value), "sequences")),
        tried=f"padding_value={value}, lengths {lengths_of(sequences)}",
        rule="Behind the end of a sequence stands padding_value.",
        next="With what do you fill the table before the sequences are written into it?",
    ).equals(padded(sequences, value))


@graded("09.1", "dtype and trailing sizes are kept", points=1)
def test_pad_types(student, expect, rng, generator):
    for dtype, trailing in ((torch.float32, (3,)), (torch.int32, ()), (torch.float64, (2, 2))):
        sequences = ragged(rng, generator, dtype, trailing)
        expect(
            attempt(lambda sequences=sequences: field(student.pad(sequences), "sequences")),
            tried=f"{dtype} tensors of the shapes {[tuple(sequence.shape) for sequence in sequences]}",
            rule="The padded tensor has the shape (B, longest, …) and the dtype of the sequences.",
            next="Ask the first sequence for its dtype and for `shape[1:]`.",
        ).equals(padded(sequences))


@graded("09.1", "the mask comes from the lengths", points=2)
def test_pad_mask(student, expect, rng, generator):
    value = rng.choice([0, 3])
    sequences = [*ragged(rng, generator), torch.full((rng.randrange(2, 6),), value), torch.arange(9)]
    lengths = torch.tensor(lengths_of(sequences))
    result = attempt(lambda: student.pad(sequences, value))
    expect(
        field(result, "attention_masks"),
        tried=f"lengths {lengths.tolist()} with padding_value={value}; one sequence holds nothing but "
        f"{value}",
        rule="The mask is a bool tensor, True for every real value, whatever the value is.",
        next="Compare places with lengths, and do not look at the values.",
    ).equals(torch.arange(int(lengths.max())) < lengths[:, None])
    expect(
        field(result, "lengths"),
        tried=f"lengths {lengths.tolist()}, one sequence holds nothing but {value}",
        rule="The lengths are an int64 tensor of shape (B,).",
        next="`torch.tensor([len(sequence) for sequence in sequences])`.",
    ).equals(lengths)


@graded("09.1", "sequences of length 0", points=1)
def test_pad_empty(student, expect, rng, generator):
    for sequences in (
        [torch.zeros(0, dtype=torch.int64), *ragged(rng, generator), torch.zeros(0, dtype=torch.int64)],
        [torch.zeros(0, 2), torch.zeros(0, 2)],
    ):
        result = attempt(lambda sequences=sequences: student.pad(sequences))
        expect(
            [field(result, key) for key in ("sequences", "lengths")],
            tried=f"sequences of the lengths {lengths_of(sequences)}",
            rule="A sequence without values is a row of padding; without any value the table has no columns.",
            next="Does your code ask an empty sequence for its first value, or divide by a length?",
        ).equals([padded(sequences), torch.tensor(lengths_of(sequences))])


# ---------------------------------------------------------------------------------------------------- 09.2


def loss_batch(rng, generator, rows, hidden=0.0):
    """Draw losses with a mask of their lengths; behind the mask stands `hidden`."""
    longest = rng.randrange(3, 9)
    lengths = torch.tensor([longest, *(rng.randrange(1, longest) for _ in range(rows - 1))])
    masks = torch.arange(longest) < lengths[:, None]
    values = torch.rand(rows, longest, generator=generator) * 10
    return torch.where(masks, values, torch.tensor(hidden)), masks


def mean_of(batches):
    return torch.cat([values[masks] for values, masks in batches]).double().mean().item()


def added(student, batches):
    mean = student.RunningMean()
    for values, masks in batches:
        mean.add(values, masks)
    return mean


@graded("09.2", "every real value counts the same", points=2)
def test_mean_weighs(student, expect, rng, generator):
    low = (torch.ones(30, 1), torch.ones(30, 1, dtype=torch.bool))
    high = (torch.tensor([[100.0]]), torch.tensor([[True]]))
    expect(
        attempt(lambda: added(student, [low, high]).result()),
        tried="a batch of 30 values 1.0, and then a batch of one value 100.0",
        rule="All real values of all batches count the same: this is the mean of 31 values.",
        next="A mean of means gives the single value as much weight as the thirty. Keep sum and count.",
    ).is_close_to(130 / 31)
    batches = [loss_batch(rng, generator, rows) for rows in (4, rng.randrange(2, 9), 1)]
    expect(
        attempt(lambda: added(student, batches).result()),
        tried=f"batches with {[int(masks.sum()) for _, masks in batches]} real values",
        rule="The result is the sum of all real values divided by their number.",
        next="Count the values where the mask is True, and neither rows nor places.",
    ).is_close_to(mean_of(batches))


@graded("09.2", "padding never counts", points=2)
def test_mean_hidden(student, expect, rng, generator):
    for hidden in (0.0, 1000.0, float("inf"), float("nan")):
        batches = [loss_batch(rng, generator, rows, hidden) for rows in (3, rng.randrange(2, 6))]
        expect(
            attempt(lambda batches=batches: added(student, batches).result()),
            tried=f"two padded batches with {hidden} behind the mask",
            rule="Behind the mask stands anything, and none of it gets into the mean.",
            next="Choose the real values (`values[masks]`): multiplying leaves `nan`, as `nan * 0` is `nan`.",
        ).is_close_to(mean_of(batches))


@graded("09.2", "a result at any time", points=1)
def test_mean_anytime(student, expect, rng, generator):
    batches = [loss_batch(rng, generator, rows) for rows in (2, 3, 1, 4)]

    def results():
        mean, found = student.RunningMean(), []
        for values, masks in batches:
            mean.add(values, masks)
            found.extend([mean.result(), mean.result()])
        return found

    expect(
        attempt(results),
        tried="four batches; after each of them result() is asked twice",
        rule="result() changes nothing: the next batch is added to all that came before.",
        next="Does result() begin anew, or does add() forget the batches before?",
    ).is_close_to([mean_of(batches[:stop]) for stop in (1, 1, 2, 2, 3, 3, 4, 4)])
    expect(
        attempt(lambda: added(student, batches).result()),
        tried="the type of result()",
        rule="The result is a Python float.",
        next="`.item()` takes the number out of a tensor.",
    ).is_a(float)


@graded("09.2", "no value, no mean", points=1)
def test_mean_nothing(student, expect, rng):
    rows = rng.randrange(1, 5)
    padding_only = [(torch.zeros(rows, 3), torch.zeros(rows, 3, dtype=torch.bool))]
    for words, batches in (("no batch", []), (f"a batch of {rows} rows, all of it padding", padding_only)):
        expect.raises(
            ValueError,
            lambda batches=batches: added(student, batches).result(),
            tried=f"result() after {words}",
            rule="There is no mean of no values: a 0 or a nan would be taken for a measurement.",
            next="Look at the count before you divide.",
        )


@graded("09.2", "large sums keep their digits", points=1)
def test_mean_digits(student, expect, rng):
    ones = rng.randrange(30, 50)
    yes = torch.tensor([[True]])
    batches = [(torch.tensor([[2.0**24]]), yes), *[(torch.tensor([[1.0]]), yes)] * ones]
    expect(
        attempt(lambda: added(student, batches).result()),
        tried=f"one value of {2**24}, and then {ones} batches with a single 1.0",
        rule="The sum has all its digits: in float32, 16777216 + 1 is 16777216.",
        next="In which dtype do you add up? `.item()` makes a Python float, which has 53 bits for digits.",
    ).is_close_to((2**24 + ones) / (ones + 1), 1e-9)


# ---------------------------------------------------------------------------------------------------- 09.3


def scans(rng, generator, metadata):
    shape = (1, rng.randrange(2, 5), rng.randrange(2, 5))
    return [(torch.rand(shape, generator=generator), known) for known in metadata]


def metadata_of(student, batch):
    """Return the metadata part of a collated batch, or the words of what came instead."""
    result = attempt(lambda: student.metadata_collate(batch))
    return result[1] if isinstance(result, tuple | list) and len(result) == 2 else result


@graded("09.3", "images stacked, numbers in tensors", points=1)
def test_metadata_numbers(student, expect, rng, generator):
    known = [{"id": rng.randrange(10**6), "time": 1.7e9 + rng.randrange(1000)} for _ in range(4)]
    batch = scans(rng, generator, known)
    result = attempt(lambda: student.metadata_collate(batch))
    expect(
        list(result) if isinstance(result, tuple) else result,
        tried=f"four images of shape {tuple(batch[0][0].shape)} with {known[0]} and the like",
        rule="Images are stacked in order. Ints that all samples have make int64, floats float64.",
        next="Which dtype does `torch.tensor` give to Python floats, and which one do they have themselves?",
    ).equals(
        [
            torch.stack([image for image, _ in batch]),
            {
                "id": torch.tensor([each["id"] for each in known]),
                "time": torch.tensor([each["time"] for each in known], dtype=torch.float64),
            },
        ]
    )


@graded("09.3", "the keys of all samples", points=2)
def test_metadata_keys(student, expect, rng, generator):
    names = rng.sample(["zone", "age", "clinic", "dose", "arm", "year"], 4)
    known = [{names[0]: "a"}, {names[2]: "b", names[0]: "c"}, {names[1]: "d", names[3]: "e"}]
    found = metadata_of(student, scans(rng, generator, known))
    expect(
        list(found) if isinstance(found, dict) else found,
        tried=f"three samples with the keys {[list(each) for each in known]}",
        rule="The batch has every key that any sample has, in the order in which they are first met.",
        next="The first sample does not decide. Collect the keys of all samples before you gather values.",
    ).equals([names[0], names[2], names[1], names[3]])
    none = metadata_of(student, scans(rng, generator, [{}, {}]))
    expect(
        none,
        tried="two samples of which nothing is known",
        rule="Without keys the metadata is an empty dictionary.",
        next="What does your code take from sample 0 without asking?",
    ).equals({})


@graded("09.3", "what is missing shows", points=2)
def test_metadata_missing(student, expect, rng, generator):
    age, hole = rng.randrange(20, 90), rng.randrange(3)
    known = [{"clinic": "north", "age": age + position} for position in range(3)]
    del known[hole]["age"]
    found = metadata_of(student, scans(rng, generator, known))
    ages = [None if position == hole else age + position for position in range(3)]
    expect(
        found,
        tried=f"three samples: {known}",
        rule="A key holds one value per sample, in order, and None where the sample lacks it. Such values "
        "stay a list: a made-up 0 is an age, too.",
        next="Ask every sample for every key with `get`, and leave the Nones where they are.",
    ).equals({"clinic": ["north"] * 3, "age": ages})


@graded("09.3", "other values stay a list", points=1)
def test_metadata_lists(student, expect, rng, generator):
    known = [
        {"name": "a", "left": True, "box": [1, 2]},
        {"name": "b", "left": False, "box": [rng.randrange(9)]},
    ]
    known = [each | {"size": size} for each, size in zip(known, (3, 0.5))]
    expect(
        metadata_of(student, scans(rng, generator, known)),
        tried=f"two samples: {known}",
        rule="Ints and floats together make float64. Bools, texts and lists stay a list of B values.",
        next="`isinstance(True, int)` is True: ask for `type(value)`. And look at all values, not at the "
        "first.",
    ).equals(
        {
            "name": ["a", "b"],
            "left": [True, False],
            "box": [each["box"] for each in known],
            "size": torch.tensor([3.0, 0.5], dtype=torch.float64),
        }
    )


@graded("09.3", "mixed image sizes are named", points=1)
def test_metadata_shapes(student, expect, rng, generator):
    height, odd = rng.randrange(3, 7), rng.randrange(1, 4)
    sizes = [(1, height, 5)] * odd + [(1, height, 9), (1, height, 5), (1, height, 8)]
    batch = [(torch.rand(size, generator=generator), {"id": 0}) for size in sizes]
    tried = f"images of the shapes {sizes}"
    for part, words in (
        (str(odd), "the number of the first odd sample"),
        ("9", "its shape"),
        ("5", "sample 0's"),
    ):
        expect.raises(
            ValueError,
            lambda: student.metadata_collate(batch),
            tried=tried,
            rule=f"The message names the first sample of another shape, and both shapes; here {words}: "
            f"{part}.",
            next="Compare each shape with that of sample 0 before you stack: enumerate() gives the number.",
            saying=part,
        )


# ---------------------------------------------------------------------------------------------------- 09.4


def epoch_of(sampler, limit=3000):
    """Return the batches of one epoch; an endless one is cut off."""
    return attempt(lambda: list(islice(iter(sampler), limit)))


def is_epoch(batches):
    return isinstance(batches, list) and all(isinstance(batch, list) and batch for batch in batches)


def flat(batches):
    return [index for batch in batches for index in batch] if is_epoch(batches) else batches


def all_indices(batches):
    indices = flat(batches)
    return sorted(indices) if all(isinstance(index, int) for index in indices) else indices


def skewed(rng, n, spread=0.9):
    return [max(1, min(300, int(rng.lognormvariate(3, spread)))) for _ in range(n)]


def waste_of(lengths, batches):
    places = sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)
    return 1 - sum(lengths) / places


@graded("09.4", "every index once, one short batch at most", points=2)
def test_bucket_partition(student, expect, rng):
    for n, size in ((rng.randrange(30, 60), rng.randrange(3, 9)), (24, 6), (3, 8), (1, 1)):
        lengths = skewed(rng, n)
        sampler = student.BucketBatches(lengths, size, 5)
        batches = epoch_of(sampler)
        expect(
            all_indices(batches),
            tried=f"{n} samples in batches of {size} with buckets of width 5: all indices of an epoch, "
            f"sorted",
            rule="Every index comes exactly once in an epoch, those of the last batch, too.",
            next="Is the rest cut off? `hint('09.4', 2)` shows the steps with cards.",
        ).equals(list(range(n)))
        whole, rest = divmod(n, size)
        expect(
            sorted(map(len, batches)),
            tried=f"{n} samples in batches of {size}: the sizes of the batches, sorted",
            rule="All batches hold batch_size samples, but for one that holds the rest. Buckets are no "
            "borders.",
            next="Cut the whole order, not each bucket by itself.",
        ).equals([rest] * (rest > 0) + [size] * whole)
        expect(
            attempt(lambda sampler=sampler: len(sampler)),
            tried=f"len() with {n} samples in batches of {size}",
            rule="The length is the number of batches that come.",
            next="The short batch is a batch, and where there is no rest, there is none.",
        ).equals(len(batches))


@graded("09.4", "batches do not interleave", points=2)
def test_bucket_order(student, expect, rng):
    width, size = rng.randrange(3, 12), rng.randrange(4, 9)
    lengths = skewed(rng, 120)
    batches = epoch_of(student.BucketBatches(lengths, size, width))
    buckets = sorted(
        (min(inside), max(inside))
        for inside in ([lengths[index] // width for index in batch] for batch in batches)
    )
    crossing = [pair for pair in pairwise(buckets) if pair[0][1] > pair[1][0]]
    expect(
        crossing[:3],
        tried=f"120 samples, batches of {size}, width {width}: lowest and highest bucket of each batch, and "
        "all neighbours among them that overlap by more than the bucket where they were cut",
        rule="Of two batches, one lies before the other: they share one bucket at most.",
        next="Is the whole order sorted by `length // bucket_width` before it is cut?",
    ).equals([])


@graded("09.4", "half of the waste is saved", points=1)
def test_bucket_waste(student, expect, rng):
    lengths = skewed(rng, 600)
    batches = epoch_of(student.BucketBatches(lengths, 16, 4))
    order = rng.sample(range(600), 600)
    by_chance = waste_of(lengths, [order[start : start + 16] for start in range(0, 600, 16)])
    expect(
        waste_of(lengths, batches),
        tried=f"600 skewed lengths in batches of 16, width 4; random batches waste {by_chance:.0%}",
        rule="Batches of similar length waste less than half of what random ones do.",
        next="Look at the lengths in some of your batches: are they similar?",
    ).is_at_most(by_chance / 2)


@graded("09.4", "other company in each epoch", points=2)
def test_bucket_company(student, expect, rng):
    lengths = rng.sample(range(100, 160), 48)
    sampler = student.BucketBatches(lengths, 6, 1000)
    first, second = ({tuple(sorted(batch)) for batch in epoch_of(sampler)} for _ in range(2))
    expect(
        len(first & second),
        tried="48 samples of different lengths, all in one bucket, in batches of 6: batches that come in two "
        "epochs with the same samples",
        rule="Within a bucket the samples are shuffled anew in each epoch.",
        next="Is the order shuffled before it is sorted, in `__iter__`? Do you sort by bucket, or by length?",
    ).is_at_most(3)
    lengths = [10 * number for number in range(40)]
    shortest = [[lengths[batch[0]] // 10 for batch in epoch_of(student.BucketBatches(lengths, 2, 10))]]
    shortest.append(sorted(shortest[0]))
    expect(
        shortest[0] not in (shortest[1], shortest[1][::-1]),
        tried="40 samples, each in its own bucket, in batches of 2: do the batches go from short to long?",
        rule="The batches of an epoch come in random order, and not from short to long.",
        next="Step 4: go through the batches in the order of a second permutation.",
        got=f"batches that begin with the buckets {shortest[0]}",
    ).is_true("a mixed order")


def two_epochs(make, lengths, seed, *arguments):
    sampler = make(lengths, *arguments, generator=torch.Generator().manual_seed(seed))
    return [epoch_of(sampler), epoch_of(sampler)]


def check_generator(student_make, expect, room, seed, lengths, arguments, number):
    """The laws of randomness that both samplers keep."""
    torch_there = room.module("torch")
    torch_there.manual_seed(seed)
    torch_there.rand(3)
    before = room.random_state()
    first = two_epochs(student_make, lengths, seed, *arguments)
    polite = room.random_state() == before
    expect(
        polite,
        tried="two epochs with a generator; then torch's global random state",
        rule="Who is given a generator draws from that one only, and seeds nothing else.",
        next="Pass `generator=self.generator` to every randperm, and seed nothing.",
        got="the same state" if polite else "another random state than before",
    ).is_true("the random state as it was")
    torch_there.rand(3)
    expect(
        two_epochs(student_make, lengths, seed, *arguments) == first,
        tried=f"two epochs of two samplers, each with a generator of seed {seed}",
        rule="The same generator gives the same epochs, whatever others draw meanwhile.",
        next="Does every random draw of yours use the generator?",
        got="other batches",
    ).is_true("the same batches")
    expect(
        first[0] != first[1],
        tried=f"two epochs of one sampler, with a generator of seed {seed}",
        rule="Every epoch is a new draw: the generator goes on from where it was.",
        next=f"Draw in `__iter__`, and never seed there. `hint('{number}', 1)` asks what is random.",
        got="the same batches twice",
    ).is_true("another epoch")


@graded("09.4", "randomness from the generator alone", points=1)
def test_bucket_generator(student, expect, room, rng, seed):
    check_generator(student.BucketBatches, expect, room, seed, skewed(rng, 60), (5, 4), "09.4")


# ---------------------------------------------------------------------------------------------------- 09.5


def needed(lengths, max_batch, max_tokens):
    """Return how many batches come when each takes as many as fit, from the longest to the shortest."""
    order, batches = sorted(lengths, reverse=True), 0
    while order:
        order = order[max(1, min(max_batch, max_tokens // order[0])) :]
        batches += 1
    return batches


def budget_cases(rng):
    """Lengths with limits: (lengths, min_batch, max_batch, max_tokens)."""
    return (
        (skewed(rng, rng.randrange(60, 90)), 2, 12, rng.randrange(80, 200)),
        ([rng.randrange(1, 9) for _ in range(rng.randrange(20, 40))], 3, 5, 1000),
        ([rng.randrange(1, 9)], 1, 4, 10),
        ([rng.randrange(20, 30) for _ in range(5)], 1, 4, 10),
    )


def words_for(lengths, low, high, budget):
    samples = f"{len(lengths)} samples of length {min(lengths)} to {max(lengths)}"
    return f"{samples}, {low} to {high} in a batch, {budget} tokens"


@graded("09.5", "every index once an epoch", points=2)
def test_budget_partition(student, expect, rng):
    for case in budget_cases(rng):
        sampler = student.BudgetBatches(*case)
        batches = epoch_of(sampler)
        expect(
            all_indices(batches),
            tried=f"{words_for(*case)}: all indices of an epoch, sorted",
            rule="Every index comes exactly once, those of samples beyond the budget, too.",
            next="What happens to a sample that is longer than the budget?",
        ).equals(list(range(len(case[0]))))
        expect(
            attempt(lambda sampler=sampler: len(sampler)),
            tried=f"len() with {words_for(*case)}",
            rule="The length is the number of batches that come.",
            next="Make the cuts once, in `__init__`: then you know how many there are.",
        ).equals(len(batches))


@graded("09.5", "the budget holds, padding included", points=2)
def test_budget_holds(student, expect, rng):
    for case in budget_cases(rng):
        lengths, budget = case[0], case[3]
        costs = [
            (len(batch), max(lengths[index] for index in batch))
            for batch in epoch_of(student.BudgetBatches(*case))
        ]
        expect(
            [(size, longest) for size, longest in costs if size > 1 and size * longest > budget][:3],
            tried=f"{words_for(*case)}: (samples, longest length) of all batches beyond the budget",
            rule="samples * longest length <= max_tokens; only a single sample may be beyond it.",
            next="The batch is padded to its longest sample: count that for each of its samples.",
        ).equals([])


@graded("09.5", "the budget wins over min_batch", points=1)
def test_budget_wins(student, expect, rng):
    longest, low = rng.randrange(40, 60), rng.randrange(4, 7)
    lengths = [longest] * 6 + [1] * 40
    budget = 2 * longest + rng.randrange(longest)
    batches = epoch_of(student.BudgetBatches(lengths, low, 50, budget))
    sizes = sorted(len(batch) for batch in batches if longest in [lengths[index] for index in batch])
    expect(
        sizes,
        tried=f"six samples of length {longest} and forty of length 1, min_batch={low}, "
        f"max_tokens={budget}: the "
        "sizes of the batches with long samples",
        rule=f"Two of length {longest} fit the budget, and more do not: so two it is, whatever min_batch "
        f"says.",
        next="`max(min_batch, ...)` around a size lets min_batch win. `hint('09.5', 3)` has the right one.",
    ).equals([2, 2, 2])


@graded("09.5", "neither too many nor too few", points=1)
def test_budget_sizes(student, expect, rng):
    for case in budget_cases(rng):
        lengths, low, high, budget = case
        batches = epoch_of(student.BudgetBatches(*case))
        expect(
            max(map(len, batches)),
            tried=f"{words_for(*case)}: the most samples in a batch",
            rule="No batch has more than max_batch samples, however short they are.",
            next="Take the smaller one of `max_batch` and what the budget allows.",
        ).is_at_most(high)
        small = [
            batch for batch in batches if len(batch) < low and low * max(lengths[i] for i in batch) <= budget
        ]
        expect(
            len(small),
            tried=f"{words_for(*case)}: batches with fewer than {low}, although {low} as long as the "
            f"longest would fit",
            rule="Where the budget allows it, a batch has min_batch samples; one batch, the rest, may have "
            "fewer.",
            next="Do batches end before they are full? Sort by length before you cut.",
        ).is_at_most(1)


@graded("09.5", "no more batches than needed", points=1)
def test_budget_count(student, expect, rng):
    for case in budget_cases(rng):
        expect(
            len(epoch_of(student.BudgetBatches(*case))),
            tried=f"{words_for(*case)}: the number of batches",
            rule="Taken from the longest to the shortest, each batch as full as it may be, this many do.",
            next="Samples of similar length belong together, and a batch ends only when the next one would "
            "not fit.",
        ).is_at_most(needed(case[0], case[2], case[3]))


@graded("09.5", "shuffled anew in each epoch", points=2)
def test_budget_shuffled(student, expect, room, rng, seed):
    arguments = (1, 10, 120)
    check_generator(student.BudgetBatches, expect, room, seed, skewed(rng, 80), arguments, "09.5")
    lengths = rng.sample(range(10, 60), 40)
    longest = [
        max(lengths[i] for i in batch) for batch in epoch_of(student.BudgetBatches(lengths, *arguments))
    ]
    expect(
        longest not in (sorted(longest), sorted(longest, reverse=True)),
        tried="40 different lengths in batches of 120 tokens: do the batches go by length?",
        rule="The batches come in random order.",
        next="Cut first, then go through the cuts in the order of a permutation.",
        got=f"batches whose longest samples have the lengths {longest}",
    ).is_true("a mixed order")
    sampler = student.BudgetBatches([10] * 40, 1, 5, 1000)
    first, second = ({tuple(sorted(batch)) for batch in epoch_of(sampler)} for _ in range(2))
    expect(
        len(first & second),
        tried="40 samples of one length in batches of 5: batches that come in two epochs with the same "
        "samples",
        rule="Samples of the same length stand in for each other, anew in each epoch.",
        next="Shuffle the indices in `__iter__` before you sort them; Python's sort keeps the order of "
        "equals.",
    ).is_at_most(2)


# ---------------------------------------------------------------------------------------------------- 09.6

Reading = namedtuple("Reading", "time value")


def collated(student, samples):
    return attempt(lambda: student.repaired_collate(samples))


@graded("09.6", "what worked still works", points=1)
def test_collate_kept(student, expect, rng, generator):
    x, y = torch.rand(2, 3, generator=generator).unbind()
    a, b = rng.sample(range(100), 2)
    expect(
        collated(student, [(x, a, {"name": "one", "deep": [x]}), (y, b, {"deep": [y], "name": "two"})]),
        tried="two samples (tensor, int, dictionary with a text and a list), the keys in different order",
        rule="Tensors are stacked, ints become int64, texts stay a list, tuples and lists become lists.",
        next="Compare with `broken_collate`: this it could do.",
    ).equals(
        [torch.stack([x, y]), torch.tensor([a, b]), {"name": ["one", "two"], "deep": [torch.stack([x, y])]}]
    )
    arrays = [np.array([a, b], dtype=np.int16), np.array([b, a], dtype=np.int16)]
    expect(
        collated(student, arrays),
        tried=f"two int16 arrays, {arrays[0].tolist()} and {arrays[1].tolist()}",
        rule="Arrays are stacked into a tensor of their own dtype.",
        next="Compare with `broken_collate`: this it could do.",
    ).equals(torch.tensor([[a, b], [b, a]], dtype=torch.int16))


@graded("09.6", "complaint 1: floats keep their digits", points=1)
def test_collate_floats(student, expect, rng):
    times = [1.7e9 + rng.randrange(1000) for _ in range(3)]
    expect(
        collated(student, [{"time": time, "seen": time > 1.7e9, "day": 3} for time in times]),
        tried=f"three dictionaries with the times {times}, a bool and an int",
        rule="A Python float becomes float64, an int int64, a bool bool.",
        next="What dtype does `torch.tensor` give to floats, unless you say one?",
    ).equals(
        {
            "time": torch.tensor(times, dtype=torch.float64),
            "seen": torch.tensor([time > 1.7e9 for time in times]),
            "day": torch.tensor([3, 3, 3]),
        }
    )
    number = rng.randrange(1, 50)
    for samples in ([number, number + 0.1], [number + 0.1, number], [number, number + 1, number + 0.1]):
        expect(
            collated(student, samples),
            tried=f"the samples {samples}",
            rule="Where a sample is a float, all become float64: the type of the first one does not decide.",
            next="Look for a float among all samples, not only at the first one.",
        ).equals(torch.tensor(samples, dtype=torch.float64))


@graded("09.6", "complaint 2: named tuples keep their names", points=1)
def test_collate_named(student, expect, rng):
    first, second = (Reading(rng.randrange(100), word) for word in ("low", "high"))
    for words, samples, take in (
        ("two readings", [first, second], lambda batch: batch),
        ("two pairs (reading, 1)", [(first, 1), (second, 1)], lambda batch: batch[0]),
    ):
        batch = collated(student, samples)
        inner = take(batch) if not isinstance(batch, str) else batch
        expect(
            [type(inner).__name__, list(getattr(inner, "_fields", []))],
            tried=f"{words}; a reading is {first}",
            rule="A batch of named tuples is a named tuple of the same type, at any depth.",
            next="`type(first)(*fields)` makes one. Ask for `_fields`: plain tuples have none.",
        ).equals(["Reading", ["time", "value"]])
        expect(
            list(inner),
            tried=f"the fields of {words}",
            rule="Each field is collated by its own rule.",
            next="Pass the collated fields one by one: a named tuple takes them as separate arguments.",
        ).equals([torch.tensor([first.time, second.time]), ["low", "high"]])


@graded("09.6", "complaint 3: no field is lost", points=1)
def test_collate_fields(student, expect, rng):
    long, short = ("a", rng.randrange(9), "note"), ("b", rng.randrange(9))
    for samples in ([long, short], [short, long], [[1, 2], [1]], [(0, short), (0, long)]):
        expect.raises(
            ValueError,
            lambda samples=samples: student.repaired_collate(samples),
            tried=f"the samples {samples}",
            rule="Tuples or lists of different lengths cannot be one batch: a field would be lost without "
            "a word.",
            next="`zip` stops at the shortest. Compare all lengths with the first one before.",
        )


@graded("09.6", "complaint 4: no value is made up", points=1)
def test_collate_keys(student, expect, rng):
    age = rng.randrange(20, 80)
    more, less = {"clinic": "north", "age": age}, {"clinic": "south"}
    for samples in ([more, less], [less, more], [more, {"clinic": "west", "dose": age}]):
        expect.raises(
            ValueError,
            lambda samples=samples: student.repaired_collate(samples),
            tried=f"the samples {samples}",
            rule="Dictionaries with different keys cannot be one batch: neither is a 0 made up nor a key "
            "left out.",
            next="Compare `sample.keys()` with those of the first sample, for both more and fewer.",
        )


@graded("09.6", "complaint 5: what has no rule is refused", points=2)
def test_collate_none(student, expect, rng):
    number = rng.randrange(100)
    for samples in (
        [None, None],
        [(number, None), (number, None)],
        [(number, None), (number, 3)],
        [(number, 3), (number, None)],
        ["text", None],
        ["text", {number}],
        [("text", 1), ({number}, 1)],
        [{"age": number}, {"age": None}],
        [{number}, {number}],
    ):
        expect.raises(
            TypeError,
            lambda samples=samples: student.repaired_collate(samples),
            tried=f"the samples {samples}",
            rule="What has no rule is a TypeError, at once, whichever sample has it and however deep.",
            next="Where does `broken_collate` return what it does not know? And who looks at samples after "
            "the first?",
        )


@graded("09.6", "complaint 6: NumPy numbers", points=1)
def test_collate_numpy(student, expect, rng):
    number = rng.randrange(1, 50)
    for kind, dtype in ((np.float32, torch.float32), (np.int16, torch.int16), (np.float64, torch.float64)):
        expect(
            collated(student, [("a", kind(number)), ("b", kind(number + 1))]),
            tried=f"two pairs of a text and an np.{kind.__name__}",
            rule="NumPy numbers become a tensor of shape (B,) and of their own dtype.",
            next="`np.float32` is no `float`, but an `np.number`, as all NumPy numbers are.",
        ).equals([["a", "b"], torch.tensor([number, number + 1], dtype=dtype)])

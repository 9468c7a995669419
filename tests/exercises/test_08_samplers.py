"""The graded checks of exercise 08: weighted, stratified, balanced and priority samplers."""

import math
from collections import Counter

import torch

from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "08",
    "samplers",
    (
        Task(
            "08.1",
            "Weighted, and nothing twice",
            defines=("WeightedRandomSampler",),
            forbids=("WeightedRandomSampler",),
            difficulty=3,
            importance=4,
            minutes=15,
            hints=(
                "Could you draw the first index? What has to change in the weights before you draw the next?",
                "Three runners with weights 5, 3 and 2: who arrives first half of the time? Lesson 08 lets "
                "them run a "
                "race, in which the order of arrival is the order of the draws.",
                "`torch.empty_like(weights).exponential_(generator=generator) / weights` are times of "
                "arrival; "
                "sort the indices by them and take the first `num_samples`. A weight of 0 arrives after an "
                "infinite time.",
            ),
        ),
        Task(
            "08.2",
            "A sampler that keeps the class shares",
            defines=("StratifiedSampler",),
            forbids=("StratifiedSampler",),
            difficulty=3,
            importance=5,
            minutes=25,
            hints=(
                "A batch of ten, a class with 27 % of the data: how many of the class are in the batch, at "
                "least?",
                "Give each batch the whole part of every share first. Some samples of each class are left "
                "over, never "
                "more than there are batches. Deal them out like cards, one class after the other: no batch "
                "gets two of the same class.",
                "Treat the short last batch first: whole shares of *its* size, then one more of the "
                "classes with the "
                "largest remainders. Then `batch_size * n_c // n` of class c for each other batch, and "
                "leftover "
                "number k to batch `k % number_of_batches`. Shuffle members and batches with the generator.",
            ),
        ),
        Task(
            "08.3",
            "Balanced batches that end",
            defines=("BalancedBatchSampler",),
            forbids=("BalancedBatchSampler",),
            difficulty=3,
            importance=4,
            minutes=20,
            hints=(
                "What has to be true when an epoch ends? Write it as a number before you write the loop.",
                "A class [a, b, c] with two per batch: a b | c ? For the empty place a new order begins, "
                "say c a b. "
                "c must not be twice in this batch: let it go to the end, a b c, and take a.",
                "For every class keep a list of what is left. When it is too short, make a new permutation "
                "of the "
                "class, move those that are still left to its end, and append it. Then cut off the first "
                "`samples_per_class`.",
            ),
        ),
        Task(
            "08.4",
            "By priority, and at once",
            defines=("PrioritySampler",),
            forbids=("PrioritySampler",),
            difficulty=3,
            importance=3,
            minutes=20,
            hints=(
                "When are the indices of an epoch drawn: when the loop begins, or when it asks for the next?",
                "A generator function (with `yield`) runs on only when the next index is asked for. What "
                "is drawn "
                "inside its loop knows all updates so far. What stands before the loop does not.",
                "Keep a float64 tensor of `priority ** (alpha / temperature)`; draw one index at a time with "
                "`torch.multinomial(powers, 1, generator=generator)`. In the weights n and the sum cancel: "
                "(smallest positive power / power of i) ** beta.",
            ),
        ),
    ),
)

LIMIT = 2000  # more indices or batches than this we never ask an epoch for


def epoch_of(room, sampler, limit=LIMIT):
    """Return what one epoch yields, cut off where it seems to have no end."""
    return room.take(sampler, limit)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def mixed(rng, counts):
    """Return labels with `counts[c]` samples of class c, in random order."""
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    rng.shuffle(labels)
    return labels


def expect_chance_of_its_own(expect, room, make, seed, what):
    """Expect that chance is the generator's alone: repeatable, new in each epoch, the global state "
    "untouched."""
    before = room.random_state()
    sampler = make(seeded(seed))
    epochs = [epoch_of(room, sampler) for _ in range(3)]
    expect(
        room.random_state() == before,
        tried=f"the state of the global random numbers before and after three epochs of {what}",
        rule="Who passes a generator keeps the rest of the program's randomness as it is: nothing is drawn "
        "from it, "
        "and above all nothing is seeded.",
        next="Look for `manual_seed`, for `random.shuffle`, and for a draw without "
        "`generator=self.generator`.",
        got="the global random state has changed",
    ).is_true("the same state")
    for number in (1, 2):
        expect(
            epochs[number],
            tried=f"epochs {number} and {number + 1} of {what}",
            rule="Each epoch draws anew: the generator goes on where it stopped.",
            next="Draw inside `__iter__`, not in `__init__`, and seed nothing there.",
            got="the same epoch again",
        ).differs_from(epochs[number - 1])
    again = make(seeded(seed))
    expect(
        [epoch_of(room, again) for _ in range(3)],
        tried=f"three epochs of {what}, twice, with generators of the same seed",
        rule="The same seed gives the same epochs.",
        next="Is there a draw that does not take `generator=self.generator`? The order of a set may "
        "differ, too.",
        got="other epochs than the first time",
    ).equals(epochs)
    torch_there = room.module("torch")
    globally = []
    for _ in range(2):
        torch_there.manual_seed(seed)
        globally.append(epoch_of(room, make(None)))
    expect(
        globally[1],
        tried=f"{what} without a generator, after `torch.manual_seed({seed})`, twice",
        rule="Without a generator the chance is torch's global one, which the user may seed.",
        next="`generator=None` is what torch's functions take for the global generator: pass it on.",
        got="another epoch",
    ).equals(globally[0])


def expect_close(expect, found, exact, spread, **words):
    """Expect a measured share to be within five standard deviations of the exact one."""
    expect(abs(found - exact) <= 5 * spread, got=f"{found:.3f} (measured)", **words).is_true(
        f"{exact:.3f}, give or take {5 * spread:.3f}"
    )


# 08.1 ---------------------------------------------------------------------------------------------------


@graded("08.1", "nothing twice, and as many as asked")
def test_weighted_partition(student, expect, room, rng, seed):
    for size, draws in ((1, 1), (12, 5), (60, 60)):
        weights = [rng.choice([0.5, 1, 4, 20]) for _ in range(size)]
        sampler = student.WeightedRandomSampler(weights, draws, seeded(seed))
        epoch = epoch_of(room, sampler)
        tried = f"{draws} draws from {size} weights"
        expect(
            (len(epoch), len(sampler)),
            tried=f"{tried}: how many indices came, and `len(sampler)`",
            rule="An epoch yields `num_samples` indices, and `len` says so.",
            next="Look at where the draws are cut off, and at `__len__`.",
        ).equals((draws, draws))
        expect(
            max(Counter(epoch).values()),
            tried=tried,
            rule="Without replacement, what was drawn is gone: no index comes twice.",
            next="After a draw, take the index out before you draw again.",
            got=f"the index {Counter(epoch).most_common(1)[0][0]} {Counter(epoch).most_common(1)[0][1]} "
            f"times",
        ).equals(1)
        expect(
            all(isinstance(index, int) and 0 <= index < size for index in epoch),
            tried=tried,
            rule="A sampler yields plain ints from 0 to n - 1.",
            next="`tensor.tolist()` makes ints of a tensor.",
            got=f"the first ones are {epoch[:5]}",
        ).is_true(f"ints from 0 to {size - 1}")


def share_drawn(weights, draws):
    """Return which share is drawn of the indices of each weight, for `{weight: how many}`.

    In the race an index of weight w has arrived at time t with probability 1 - exp(-w t); find the t at which
    `draws` have.
    """
    low, high = 0.0, 1e3
    for _ in range(200):
        middle = (low + high) / 2
        drawn = sum(count * (1 - math.exp(-weight * middle)) for weight, count in weights.items())
        low, high = (middle, high) if drawn < draws else (low, middle)
    return {weight: 1 - math.exp(-weight * low) for weight in weights}


@graded("08.1", "each next one by weight from those left", points=2)
def test_weighted_law(student, expect, room, rng, seed):
    groups, size, draws = (5, 3, 2), 1000, 600
    weights = [weight for weight in groups for _ in range(size)]
    rng.shuffle(weights)
    epoch = epoch_of(room, student.WeightedRandomSampler(weights, draws, seeded(seed)), 3 * size)
    found = Counter(weights[index] for index in epoch)
    exact = share_drawn(dict.fromkeys(groups, size), draws)
    for weight in groups:
        share = exact[weight] * size / draws
        expect_close(
            expect,
            found[weight] / draws,
            share,
            math.sqrt(share * (1 - share) / draws),
            tried=f"{draws} draws from {size} indices each of weight 5, 3 and 2: the share with weight "
            f"{weight}",
            rule="Each next index comes with probability weight / (sum of the weights that are left).",
            next='Multiplying a random number by the weight is another law. `hint("08.1", 2)` tells of a '
            "race.",
        )
    # A random order of the right indices would not show in their shares: the order counts as well.
    weights = mixed(rng, [700, 300])
    sampler = student.WeightedRandomSampler([30 if heavy else 1 for heavy in weights], 1000, seeded(seed))
    first = sum(weights[index] for index in epoch_of(room, sampler)[:200]) / 200
    share = share_drawn({30: 300, 1: 700}, 200)[30] * 300 / 200
    expect_close(
        expect,
        first,
        share,
        math.sqrt(share * (1 - share) / 200),
        tried="all 1000 of 300 indices of weight 30 and 700 of weight 1: the share of heavy ones in the "
        "first 200",
        rule="Indices come in the order of the draws: heavy ones are early.",
        next="Do you sort or mix the indices, or put them into a set, after drawing?",
    )


@graded("08.1", "zero weights and impossible ones")
def test_weighted_edges(student, expect, room, rng, seed):
    weights = [0.0, 2.0, 0.0, 1.0, 3.0]
    sampler = student.WeightedRandomSampler(torch.tensor(weights), 3, seeded(seed))
    expect(
        sorted(epoch_of(room, sampler)),
        tried=f"3 draws from {weights}",
        rule="An index of weight 0 is never drawn.",
        next="In a race, a runner of speed 0 never arrives: time / 0 is infinite.",
    ).equals([1, 3, 4])
    for wrong, draws, what in (
        (weights, 4, "more draws than positive weights"),
        (weights, 0, "no draw at all"),
        ([1.0, -0.5], 1, "a negative weight"),
        ([1.0, float("nan"), 1.0], 1, "a weight that is NaN"),
    ):
        expect.raises(
            ValueError,
            lambda wrong=wrong, draws=draws: student.WeightedRandomSampler(wrong, draws, seeded(seed)),
            tried=f"WeightedRandomSampler({wrong}, {draws}): {what}",
            rule="What cannot be drawn is refused at construction, before anybody trains with it.",
            next="Compare with `>= 0`: NaN fails that test as well. Count the weights above 0.",
        )


@graded("08.1", "chance of its own")
def test_weighted_chance(student, expect, room, rng, seed):
    weights = [rng.uniform(0.5, 3) for _ in range(30)]
    expect_chance_of_its_own(
        expect,
        room,
        lambda generator: student.WeightedRandomSampler(weights, 20, generator),
        seed,
        "20 draws from 30 weights",
    )


# 08.2 ---------------------------------------------------------------------------------------------------


def expect_shares(expect, labels, batches, tried):
    counts = Counter(labels)
    for batch in batches:
        found = Counter(labels[index] for index in batch)
        for label, count in sorted(counts.items()):
            share = len(batch) * count / len(labels)
            expect(
                abs(found[label] - share) < 2,
                tried=tried,
                rule="In each batch the count of a class differs from its exact share, len(batch) * n_c / "
                "n, by less "
                "than two.",
                next='Compare the counts of a batch with the shares. `hint("08.2", 2)` deals cards.',
                got=f"{found[label]} of class {label} in a batch of {len(batch)}",
            ).is_true(f"less than two away from {share:.2f}")


def describe(counts, batch_size):
    shown = ", ".join(map(str, counts[:12])) + (", …" if len(counts) > 12 else "")
    return f"classes of {shown} samples, batches of {batch_size}"


@graded("08.2", "every index once")
def test_stratified_partition(student, expect, room, rng, seed):
    for counts, batch_size in (
        ([90, 10], 10),
        ([rng.randrange(1, 40) for _ in range(5)], rng.randrange(3, 15)),
        ([12, 5], 4),
    ):
        labels = mixed(rng, counts)
        sampler = student.StratifiedSampler(labels, batch_size, seeded(seed))
        batches, tried = epoch_of(room, sampler), describe(counts, batch_size)
        flat = sorted(index for batch in batches for index in batch)
        expect(
            flat,
            tried=tried,
            rule="A stratified epoch reorders the data, it drops nothing and repeats nothing: "
            "undersampling to the rarest "
            "class is another sampler.",
            next='Look at where the number of batches is computed. `hint("08.2", 2)` shows how to share out.',
            got=f"{len(flat)} indices, {len(set(flat))} different ones",
        ).equals(list(range(len(labels))))
        whole, rest = divmod(len(labels), batch_size)
        expect(
            [len(batch) for batch in batches],
            tried=f"{tried}: the sizes of the batches",
            rule="All batches have `batch_size` indices; only the last may have fewer.",
            next="Share the short batch out first, then the others are all alike.",
        ).equals([batch_size] * whole + [rest] * (rest > 0))
        expect(
            len(sampler),
            tried=f"{tried}: `len(sampler)`",
            rule="`len` is the number of batches that an epoch yields, the short one too.",
            next="Divide the number of samples by `batch_size`, and round up.",
        ).equals(whole + (rest > 0))


@graded("08.2", "shares off by less than two", points=2)
def test_stratified_shares(student, expect, room, rng, seed):
    for counts, batch_size in (
        ([60, 30, 10], 10),
        ([rng.randrange(1, 60) for _ in range(4)], rng.randrange(4, 20)),
        ([100] + [1] * 20, 12),
        ([rng.randrange(3, 9) for _ in range(12)], 7),
    ):
        labels = mixed(rng, counts)
        sampler = student.StratifiedSampler(labels, batch_size, seeded(seed))
        for _ in range(2):
            expect_shares(expect, labels, epoch_of(room, sampler), describe(counts, batch_size))


@graded("08.2", "one class, rare classes, one large batch")
def test_stratified_edges(student, expect, room, rng, seed):
    for counts, batch_size in (([9], 4), ([50, 1], 10), ([4, 3], 100), ([1], 1), ([1] * 9, 2)):
        labels = mixed(rng, counts)
        sampler = student.StratifiedSampler(torch.tensor(labels), batch_size, seeded(seed))
        batches = epoch_of(room, sampler)
        expect(
            sorted(index for batch in batches for index in batch),
            tried=f"{describe(counts, batch_size)}, as a tensor",
            rule="Every index comes once, also where a class has one sample, or a batch is larger than the "
            "data.",
            next="Try this case by hand: how many whole batches are there, and what is left?",
        ).equals(list(range(len(labels))))
        expect_shares(expect, labels, batches, describe(counts, batch_size))


@graded("08.2", "chance of its own")
def test_stratified_chance(student, expect, room, rng, seed):
    labels = mixed(rng, [30, 20, 7])
    expect_chance_of_its_own(
        expect,
        room,
        lambda generator: student.StratifiedSampler(labels, 8, generator),
        seed,
        "57 samples, batches of 8",
    )


@graded("08.2", "chance picks who comes together")
def test_stratified_company(student, expect, room, rng, seed):
    labels = mixed(rng, [40, 20])
    sampler = student.StratifiedSampler(labels, 6, seeded(seed))
    one, two = (epoch_of(room, sampler) for _ in range(2))
    for label in (0, 1):
        companies = [
            {frozenset(index for index in batch if labels[index] == label) for batch in epoch}
            for epoch in (one, two)
        ]
        expect(
            len(companies[0] - companies[1]) > 0,
            tried=f"which samples of class {label} share a batch, in two epochs of 40 zeros and 20 ones",
            rule="How many of a class are in a batch is fixed; which ones is left to chance, for every "
            "class.",
            next="Shuffle the members of each class anew in every epoch, before you share them out.",
            got=f"the same groups of class {label} in both epochs",
        ).is_true("other groups")


# 08.3 ---------------------------------------------------------------------------------------------------


@graded("08.3", "every batch is balanced, nothing twice in it", points=2)
def test_balanced_batches(student, expect, room, rng, seed):
    for counts, each in (([5, 2], 2), ([rng.randrange(4, 40) for _ in range(4)], 3), ([30, 7, 11], 4)):
        labels = mixed(rng, counts)
        for batch in epoch_of(room, student.BalancedBatchSampler(labels, each, seeded(seed))):
            tried = f"classes of {counts} samples, {each} of each in a batch"
            expect(
                dict(sorted(Counter(labels[index] for index in batch).items())),
                tried=f"{tried}: how many of each class are in a batch",
                rule="Every batch holds `samples_per_class` of every class.",
                next="What does a class do when too few of it are left for the batch?",
            ).equals(dict.fromkeys(range(len(counts)), each))
            expect(
                len(set(batch)) == len(batch),
                tried=tried,
                rule="No sample comes twice in one batch: its gradient would count double.",
                next="A class that starts over must not begin with what is in the batch already. "
                '`hint("08.3", 2)`.',
                got=f"a batch of {len(batch)} with {len(set(batch))} different indices",
            ).is_true("all different")


@graded("08.3", "an epoch ends, and len is exact")
def test_balanced_end(student, expect, room, rng, seed):
    for counts, each in (([12, 12], 3), ([rng.randrange(20, 90), 23, 7], 4), ([101, 97, 89], 8), ([5, 2], 2)):
        labels = mixed(rng, counts)
        sampler = student.BalancedBatchSampler(labels, each, seeded(seed))
        batches = len(epoch_of(room, sampler))
        expected = math.ceil(max(counts) / each)
        tried = f"classes of {counts} samples, {each} of each in a batch"
        expect(
            batches,
            tried=f"{tried}: the batches of an epoch",
            rule="An epoch ends when the largest class has been seen: after ceil(n_largest / "
            "samples_per_class) batches.",
            next="Waiting until all classes end together can take for ever. Count the batches instead.",
            got=f"{batches} or more" if batches == LIMIT else "",
        ).equals(expected)
        expect(
            len(sampler),
            tried=f"{tried}: `len(sampler)`",
            rule="`len` tells how many batches an epoch yields: progress bars and schedules believe it.",
            next="Use one formula for `__len__` and for the end of the epoch.",
        ).equals(expected)


@graded("08.3", "within a class equally often")
def test_balanced_fairness(student, expect, room, rng, seed):
    for counts, each in (([20, 7, 4], 3), ([rng.randrange(25, 60), 10], 4), ([13], 5)):
        labels = mixed(rng, counts)
        epoch = epoch_of(room, student.BalancedBatchSampler(labels, each, seeded(seed)))
        times = Counter(index for batch in epoch for index in batch)
        for label in range(len(counts)):
            often = [times[index] for index, other in enumerate(labels) if other == label]
            expect(
                max(often) - min(often) <= 1,
                tried=f"classes of {counts} samples, {each} of each in a batch: how often the samples of "
                f"class {label} come",
                rule="Within a class, the counts of two samples differ by one at most, and in the largest "
                "class every one comes.",
                next="What is left of a class when it is too short for a batch must not be thrown away.",
                got=f"from {min(often)} to {max(often)} times",
            ).is_true("at most one time apart")


@graded("08.3", "chance of its own, for every class")
def test_balanced_chance(student, expect, room, rng, seed):
    labels = mixed(rng, [24, 24, 9])
    expect_chance_of_its_own(
        expect,
        room,
        lambda generator: student.BalancedBatchSampler(labels, 4, generator),
        seed,
        "classes of 24, 24 and 9 samples, 4 of each in a batch",
    )
    sampler = student.BalancedBatchSampler(labels, 4, seeded(seed))
    orders = [
        [[index for batch in epoch for index in batch if labels[index] == label] for label in range(3)]
        for epoch in (epoch_of(room, sampler), epoch_of(room, sampler))
    ]
    for label in range(3):
        expect(
            orders[1][label],
            tried=f"the samples of class {label} in two epochs",
            rule="A new epoch has a new order for every class, also for one that never ran out.",
            next="Shuffle every class at the beginning of `__iter__`.",
            got="the same order",
        ).differs_from(orders[0][label])


@graded("08.3", "a class that is too small")
def test_balanced_edges(student, expect, room, rng, seed):
    labels = mixed(rng, [9, 3])
    batches = epoch_of(room, student.BalancedBatchSampler(torch.tensor(labels), 3, seeded(seed)))
    rare = sorted(index for index, label in enumerate(labels) if label == 1)
    for batch in batches:
        expect(
            sorted(index for index in batch if labels[index] == 1),
            tried="9 zeros and 3 ones, 3 of each in a batch: the ones of a batch",
            rule="A class with just `samples_per_class` samples is in every batch as a whole.",
            next="It is used up after every batch, and starts over.",
        ).equals(rare)
    expect.raises(
        ValueError,
        lambda: student.BalancedBatchSampler(labels, 4, seeded(seed)),
        tried="9 zeros and 3 ones, 4 of each in a batch",
        rule="No sample comes twice in a batch, so a class needs `samples_per_class` samples. Refuse at "
        "construction.",
        next="Count the members of each class in `__init__`.",
    )


# 08.4 ---------------------------------------------------------------------------------------------------


def priorities_of(rng, values, each):
    priorities = [value for value in values for _ in range(each)]
    rng.shuffle(priorities)
    return priorities


def expect_law(expect, priorities, epoch, exponent, tried, next):
    """Expect that the share of every priority value in the draws is its share of the powers."""
    powers = {value: (value**exponent if value else 0.0) for value in set(priorities)}
    total = sum(powers[value] for value in priorities)
    found = Counter(priorities[index] for index in epoch)
    for value in sorted(powers):
        share = powers[value] * priorities.count(value) / total
        expect_close(
            expect,
            found[value] / len(priorities),
            share,
            math.sqrt(max(share * (1 - share), 1e-9) / len(priorities)),
            tried=f"{tried}: the share of draws of priority {value}",
            rule="Index i comes with probability proportional to priority_i ** (alpha / temperature); "
            "priority 0 never comes.",
            next=next,
        )


@graded("08.4", "draws follow the powers", points=2)
def test_priority_law(student, expect, room, rng, seed):
    for temperature, alpha in ((1.0, 0.2), (1.0, 0.7), (1.0, 1.0), (2.0, 1.5), (0.5, 1.0)):
        priorities = priorities_of(rng, (0, 1, 3, 8), 120)
        sampler = student.PrioritySampler(priorities, temperature, alpha, seeded(seed))
        epoch = epoch_of(room, sampler)
        tried = f"priorities 0, 1, 3 and 8, 120 of each, temperature {temperature}, alpha {alpha}"
        expect(
            (len(epoch), len(sampler)),
            tried=f"{tried}: how many indices came, and `len(sampler)`",
            rule="An epoch has as many draws as there are priorities, with replacement.",
            next="Look at the end of the loop and at `__len__`.",
        ).equals((480, 480))
        expect_law(
            expect, priorities, epoch, alpha / temperature, tried, "Where do alpha and temperature enter?"
        )


@graded("08.4", "updates count from the next draw", points=2)
def test_priority_updates(student, expect, room, rng, seed):
    builtins = room.module("builtins")
    size = rng.randrange(9, 16)
    sampler = student.PrioritySampler([1] * size, generator=seeded(seed))
    iterator = builtins.iter(sampler)
    builtins.next(iterator)
    for _ in range(size - 1):
        chosen = rng.randrange(size)
        sampler.update_priorities(list(range(size)), [float(index == chosen) for index in range(size)])
        expect(
            builtins.next(iterator),
            tried=f"in the middle of an epoch all priorities but that of index {chosen} were set to 0",
            rule="Each index is drawn with the priorities of that moment: an update counts from the next "
            "draw on.",
            next='Draw inside the loop, one index at a time. `hint("08.4", 2)` says more.',
        ).equals(chosen)


@graded("08.4", "integers become floats")
def test_priority_integers(student, expect, room, rng, seed):
    priorities = [1] * 400
    for given in (priorities, torch.tensor(priorities)):
        sampler = student.PrioritySampler(given, alpha=1.0, generator=seeded(seed))
        lowered = sorted(rng.sample(range(400), 200))
        sampler.update_priorities(lowered, torch.full((200,), 0.5))
        now = [0.5 if index in lowered else 1 for index in range(400)]
        expect_law(
            expect,
            now,
            epoch_of(room, sampler),
            1.0,
            f"integer priorities of 1 ({type(given).__name__}), half of them updated to 0.5",
            "What type do the stored priorities have? Integers cut 0.5 down to 0. And is it `given` itself "
            "that is changed?",
        )


@graded("08.4", "importance weights undo the bias")
def test_priority_importance(student, expect, room, rng, seed):
    priorities = [rng.uniform(0.2, 9) for _ in range(8)] + [0.0]
    sampler = student.PrioritySampler(priorities, 1.0, 0.6, seeded(seed))
    for round_number in range(2):
        powers = torch.tensor(priorities[:8], dtype=torch.float64) ** 0.6
        for beta in (0.0, 0.4, 1.0):
            asked = [rng.randrange(8) for _ in range(5)]
            every = (9 * powers / powers.sum()) ** -beta
            exact = (every / every.max())[asked]
            found = sampler.importance_weights(asked, beta)
            expect(
                found if isinstance(found, torch.Tensor) else None,
                tried=f"importance_weights({asked}, {beta})" + (" after an update" if round_number else ""),
                rule="A float tensor, one weight for each index asked for.",
                next="Look at what the method returns.",
                got=f"a {type(found).__name__}",
            ).has_length(5)
            expect(
                [round(value, 4) for value in found.double().tolist()],
                tried=f"importance_weights({asked}, {beta})" + (" after an update" if round_number else ""),
                rule="(n P(i)) ** -beta, divided by the largest value of any index of a positive priority: "
                "not only of those "
                "asked for.",
                next="Which P does your method use, and over which indices is the maximum?",
            ).is_close_to([round(value, 4) for value in exact.tolist()], 2e-4)
        priorities[2] = 0.05
        sampler.update_priorities([2], [0.05])


@graded("08.4", "impossible priorities are refused")
def test_priority_refuses(student, expect, room, rng, seed):
    for value in (-0.5, float("nan")):
        expect.raises(
            ValueError,
            lambda value=value: student.PrioritySampler([1.0, value, 2.0]),
            tried=f"PrioritySampler([1.0, {value}, 2.0])",
            rule="A priority is a number of 0 or more: a power of a negative one is NaN, and with it all "
            "probabilities.",
            next="Compare with `>= 0` before you take powers; NaN fails that test as well.",
        )
        sampler = student.PrioritySampler([0.0, 1.0, 0.0], generator=seeded(seed))
        expect.raises(
            ValueError,
            lambda sampler=sampler, value=value: sampler.update_priorities([0, 2], [5.0, value]),
            tried=f"update_priorities([0, 2], [5.0, {value}])",
            rule="An update is checked as well: losses are where NaN comes from.",
            next="Use one function that checks and takes powers, at construction and in updates.",
        )
        expect(
            epoch_of(room, sampler),
            tried=f"priorities [0, 1, 0], after the refused update with {value}",
            rule="A refused update changes nothing.",
            next="Check all values before you store the first.",
        ).equals([1, 1, 1])


@graded("08.4", "chance of its own")
def test_priority_chance(student, expect, room, rng, seed):
    priorities = [rng.uniform(0.5, 3) for _ in range(40)]
    expect_chance_of_its_own(
        expect,
        room,
        lambda generator: student.PrioritySampler(priorities, generator=generator),
        seed,
        "40 draws by 40 priorities",
    )

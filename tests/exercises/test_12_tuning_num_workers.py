"""The graded checks of exercise 12: choosing a worker count from given times, never from the clock."""

import math
from statistics import mean

from course_lib.classroom.exercises.errors import RemoteError, is_unwritten
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "12",
    "tuning_num_workers",
    (
        Task(
            "12.1",
            "The cores that are yours",
            defines=("usable_cores", "first_guess"),
            difficulty=2,
            importance=4,
            minutes=10,
            hints=(
                "Two limits hold at once. Which one do you feel: the larger or the smaller?",
                "Take `{0, 1, 2, 3}` and '150000 100000'. How much computing fits into one period on four "
                "cores, and how much is allowed? What would you get with the period 50000 instead?",
                "`quota, period = cpu_max.split()`; unless the quota is 'max', the container's limit is "
                "`math.ceil(int(quota) / int(period))`. The smaller of it and `len(affinity)` counts, and "
                "never "
                "less than 1. For the guess: `cores // 2 // loaders`, and again never less than 1.",
            ),
        ),
        Task(
            "12.2",
            "The law of the bottleneck",
            defines=("seconds_per_batch", "enough_workers"),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "Three people pass bricks along. The first needs 4 seconds for a brick, the second 2, the "
                "third "
                "3. How often does a brick arrive at the end?",
                "Draw the three stages as bars for 1, 2, 4 and 8 workers: one bar shrinks, two stay. At "
                "which "
                "number of workers is the shrinking bar no longer the longest?",
                "`max((cpu + wait) / workers, cpu / cores, compute)`. The first bar is down at the longer "
                "one of "
                "the other two after (cpu + wait) / max(cpu / cores, compute) workers, rounded up. Multiply "
                "both of them by `cores`: then you divide once, two whole numbers, and nothing is "
                "rounded before.",
            ),
        ),
        Task(
            "12.3",
            "The rule on trial",
            defines=("choose", "follow_the_rule", "loss"),
            difficulty=2,
            importance=5,
            minutes=20,
            hints=(
                "Write down the medians of the example. Which of them are at most 5 % above the smallest?",
                "One pass of a measurement was disturbed by a backup: [2.0, 2.1, 9.0]. What do mean, minimum "
                "and median say? And what do they say of an empty list?",
                "Make a dictionary of medians first, without the empty lists. For the rule: one `while` that "
                "halves as long as the list is empty, then one that adds 1 while the next list exists, is "
                "not "
                "empty, and its median is below 0.95 times the present one.",
            ),
        ),
        Task(
            "12.4",
            "A search that asks little",
            defines=("find_workers",),
            difficulty=4,
            importance=4,
            minutes=35,
            hints=(
                "You look for the lowest point of a valley in the fog. Do you make small steps or large "
                "ones at "
                "first? And what do you do when a large step leads uphill on both sides?",
                "On paper: the time is 60 / n down to n = 23, most is 64, start is 2. From 2, step 2: to "
                "4. Then "
                "step 4: to 8. Step 8: 16; step 16: 32; step 32: 64. When neither side is better, halve the "
                "step: that leads back to 23 or close to it. Count the calls.",
                "Keep a dictionary of all times, so that nothing is measured twice, and write `math.inf` "
                "where "
                "`measure` raised; then no number as large is tried. Measure 0, and let the walk go from 1 "
                "on: its step doubles after a success and halves after a failure, until it is below 1. "
                "Choose from the dictionary, with 0 in it, at the end.",
            ),
        ),
        Task(
            "12.5",
            "A report on a timeline",
            defines=("report",),
            difficulty=3,
            importance=5,
            minutes=25,
            hints=(
                "Draw the example on squared paper: a row for the worker, a row for the network. Where "
                "does the "
                "steady part begin, and what of the first batch lies in it?",
                "The part of an interval from a to b that lies within a window from s to e reaches from the "
                "later beginning to the earlier end. What if that is negative?",
                "Window: first `handed` to last `handed`. Waiting: `handed - asked`, of all records but "
                "the first. "
                "Busy: add up `max(0, min(sent, end) - max(begun, begin))` for each worker. Divide both by "
                "`end - begin`.",
            ),
        ),
    ),
)


def counted(number, thing):
    """Return "1 core", "2 cores"."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


# 12.1 ---------------------------------------------------------------------------------------------------


def numbers_of_cores(rng, count):
    """Return the numbers of some cores, none of which says how many there are."""
    return set(rng.sample(range(8, 200), count))


def expect_cores(student, expect, affinity, cpu_max, answer, tried, rule, next):
    """Expect this number of cores, and that it is an int."""
    words = {"tried": tried, "rule": rule, "next": next}
    try:
        found = student.usable_cores(affinity, cpu_max)
    except RemoteError as error:
        if is_unwritten(error):
            raise
        expect(None, got=f"{error.type_name}: {error.message} ({error.where})", **words).equals(answer)
    expect(found, **words).equals(answer)
    expect(
        found,
        tried=tried,
        rule="A number of cores is an int: `range(4.0)` is a TypeError, and so is a worker and a half.",
        next="`/` gives a float, and so does `//` where one of the two numbers is a float. Which of your "
        "steps makes the int?",
    ).is_a(int)


@graded("12.1", "the cores of this process")
def test_affinity(student, expect, rng):
    for count in (1, rng.randrange(2, 9), rng.randrange(9, 64)):
        affinity = numbers_of_cores(rng, count)
        for cpu_max in (None, "max 100000", f"max {rng.randrange(20_000, 90_000)}"):
            expect_cores(
                student,
                expect,
                affinity,
                cpu_max,
                count,
                tried=f"usable_cores({affinity}, {cpu_max!r})",
                rule="Without a quota, a process may use as many cores as its affinity names, whatever their "
                "numbers are and however many the machine has.",
                next="Count the elements of the set. What do you do with `None`, and with the word `max`, "
                "whatever period stands behind it?",
            )


@graded("12.1", "a quota is measured in periods")
def test_quota(student, expect, rng):
    affinity = numbers_of_cores(rng, 64)
    for period in (100_000, 50_000, rng.randrange(20_000, 90_000)):
        cores = rng.randrange(2, 30)
        expect_cores(
            student,
            expect,
            affinity,
            f"{cores * period} {period}",
            cores,
            tried=f"64 cores and cpu.max = '{cores * period} {period}'",
            rule="The quota is computing time per period: quota / period cores.",
            next="The text has two numbers: divide the first by the second. Here nothing is left over, so "
            f"nothing is rounded up: a quota of exactly {cores} cores is {cores}.",
        )


@graded("12.1", "part of a core counts as a whole one")
def test_quota_rounding(student, expect, rng):
    affinity = numbers_of_cores(rng, 16)
    whole = rng.randrange(1, 12)
    part = rng.randrange(1, 100_000)
    # `round` agrees with rounding up at 1.5, as in the example: it is told from it by 1.2.
    for quota in (whole * 100_000 + part, 120_000, 180_000, 1_000_001):
        expect_cores(
            student,
            expect,
            affinity,
            f"{quota} 100000",
            -(-quota // 100_000),
            tried=f"16 cores and cpu.max = '{quota} 100000'",
            rule="A quota of 1.5 cores keeps two processes busy, one of them for half of the time: round up. "
            "So do 1.2 cores.",
            next="Look at how you turn the quotient into an int: `int` rounds down, `round` to the nearest, "
            "`math.ceil` up.",
        )
    expect_cores(
        student,
        expect,
        affinity,
        f"{part} 100000",
        1,
        tried=f"16 cores and cpu.max = '{part} 100000'",
        rule="There is always one core, however small the part of it.",
        next="What does your function return for less than one core?",
    )


@graded("12.1", "the smaller limit counts")
def test_both_limits(student, expect, rng):
    few, many = rng.randrange(1, 5), rng.randrange(6, 20)
    for cores, quota in ((few, many), (many, few)):
        affinity = numbers_of_cores(rng, cores)
        expect_cores(
            student,
            expect,
            affinity,
            f"{quota * 100_000} 100000",
            few,
            tried=f"an affinity of {counted(cores, 'core')}, a quota of {quota}",
            rule="Both limits hold at the same time: four cores with a quota of two do the work of two, "
            "and a "
            "quota of four on two cores as well.",
            next="Take the smaller one of the two. A quota of whole cores is not rounded.",
        )


@graded("12.1", "half of the cores, and at least one worker")
def test_first_guess(student, expect, rng):
    for cores in (1, 2, 3, rng.randrange(4, 100)):
        guess = student.first_guess(cores)
        expect(
            guess,
            tried=f"first_guess({cores})",
            rule="The rule of thumb is half of the cores, rounded down, and one worker where that would be "
            "none. A rule that gives 0 turns the workers off without a word.",
            next=f"By hand: {cores} / 2 is {cores / 2:g}. Round it down; take 1 where that is 0.",
        ).equals(max(1, cores // 2))
        expect(
            guess,
            tried=f"first_guess({cores})",
            rule="A number of workers is an int: `DataLoader(num_workers=2.0)` is a TypeError.",
            next="`/` gives a float, `//` an int.",
        ).is_a(int)


@graded("12.1", "several loaders share the cores")
def test_first_guess_shared(student, expect, rng):
    for cores, loaders in ((16, 4), (rng.randrange(20, 130), rng.randrange(2, 9)), (4, 8), (7, 2)):
        expect(
            student.first_guess(cores, loaders=loaders),
            tried=f"first_guess({cores}, loaders={loaders})",
            rule="Half of the cores is for all loaders together. Each gets its share, rounded down, and one "
            "worker at least.",
            next=f"More loaders mean fewer workers for each of them. By hand: {cores} / 2 / {loaders} is "
            f"{cores / 2 / loaders:.4g}. Round it down, not to the nearest number; take 1 where that is 0.",
        ).equals(max(1, cores // 2 // loaders))


# 12.2 ---------------------------------------------------------------------------------------------------


def law(cpu, wait, compute, workers, cores):
    """The law itself, in milliseconds."""
    if workers == 0:
        return cpu + wait + compute
    return max((cpu + wait) / workers, cpu / cores, compute)


def expect_seconds(student, expect, cpu, wait, compute, workers, cores, rule, next):
    expect(
        student.seconds_per_batch(cpu, wait, compute, workers=workers, cores=cores),
        tried=f"cpu {cpu} ms, wait {wait} ms, compute {compute} ms, {counted(workers, 'worker')}, "
        f"{counted(cores, 'core')}",
        rule=rule,
        next=next,
    ).is_close_to(law(cpu, wait, compute, workers, cores) / 1000, 1e-9)


@graded("12.2", "without workers, one after the other")
def test_no_workers(student, expect, rng):
    cpu, wait, compute = (rng.randrange(1, 90) for _ in range(3))
    expect_seconds(
        student,
        expect,
        cpu,
        wait,
        compute,
        0,
        rng.choice((1, 2, 8)),
        rule="With num_workers=0 the network waits while a batch is made, and nothing is made while it "
        "computes: the times add up.",
        next="Treat 0 workers first. Is your result in seconds?",
    )


@graded("12.2", "workers share the work")
def test_shared_work(student, expect, rng):
    for workers in (1, 2, rng.randrange(3, 9)):
        cpu, compute = rng.randrange(1, 5), 1
        wait = rng.randrange(200, 400)
        expect_seconds(
            student,
            expect,
            cpu,
            wait,
            compute,
            workers,
            16,
            rule="n workers bring n batches in the time of one. While a worker waits, it needs no core: "
            "eight "
            "workers may wait at the same time, on one core too.",
            next="Divide the whole time of a batch by the number of workers.",
        )
    expect_seconds(
        student,
        expect,
        cpu,
        wait,
        compute,
        12,
        2,
        rule="The number of cores limits how much is *computed* at once, not how many workers wait.",
        next="Where does `cores` stand in your formula?",
    )


@graded("12.2", "the cores bound the computing")
def test_cores_bound(student, expect, rng):
    cores = rng.choice((2, 4, 8))
    cpu, wait = rng.randrange(100, 200), rng.randrange(1, 20)
    for workers in (cores * 4, cores * 16):
        expect_seconds(
            student,
            expect,
            cpu,
            wait,
            1,
            workers,
            cores,
            rule="Sixteen workers on four cores compute no faster than four: the cores bring a batch every "
            "cpu / cores milliseconds at best.",
            next="There is a second bar besides the one that the workers share.",
        )


@graded("12.2", "the network is a stage, too")
def test_network_bound(student, expect, rng):
    cpu, wait = rng.randrange(1, 9), rng.randrange(1, 9)
    compute = rng.randrange(50, 90)
    for workers in (1, 3, 30):
        expect_seconds(
            student,
            expect,
            cpu,
            wait,
            compute,
            workers,
            4,
            rule="Loading goes on while the network computes. Where the network is the slowest, a batch "
            "takes "
            "its time, and loading takes none on top.",
            next="Stages side by side do not add up: the slowest decides.",
        )


def fewest(cpu, wait, compute, cores):
    """Return enough workers by trying, in whole numbers: both sides of the comparison times `cores`."""
    workers = 0
    while (cpu + wait) * cores > workers * max(cpu, compute * cores):
        workers += 1
    return workers


def expect_enough(student, expect, cpu, wait, compute, cores, rule, next):
    expect(
        student.enough_workers(cpu, wait, compute, cores),
        tried=f"cpu {cpu} ms, wait {wait} ms, compute {compute} ms, {counted(cores, 'core')}",
        rule=rule,
        next=next,
    ).equals(fewest(cpu, wait, compute, cores))


@graded("12.2", "enough is the fewest that nobody beats")
def test_enough(student, expect, rng):
    # Quotients by these numbers of cores are exact: nothing is rounded in this check.
    cases = [
        (rng.randrange(20, 99), rng.randrange(0, 40), rng.randrange(1, 9), rng.choice((1, 2, 4, 8)))
        for _ in range(6)
    ]
    cases += [
        (0, rng.randrange(100, 300), rng.randrange(3, 9), 2),
        (8, 8, 16, 4),
        (8, 8, 4, 4),
        (1, 1, 90, 2),
    ]
    for case in cases:
        expect_enough(
            student,
            expect,
            *case,
            rule="More workers help until the workers are no longer the slowest stage. Enough is the first "
            "number with the shortest time of all.",
            next="Compare with a loop that tries 0, 1, 2, … in `seconds_per_batch`.",
        )
    for case in ((0, 5000, 1, 2), (3, rng.randrange(4000, 6000), 1, 4)):
        expect_enough(
            student,
            expect,
            *case,
            rule="The law knows no largest number: whoever waits for a very slow disk needs thousands of "
            "workers, and waiting needs no core.",
            next="Where does your function stop counting, or cut the number off? Only the slowest other "
            "stage may end it.",
        )


@graded("12.2", "a rounding error is no worker")
def test_enough_rounded(student, expect, rng):
    drawn = [(rng.randrange(11, 90), cores) for cores in (3, 6, 7, 12)]
    cases = [(17, 0, 1, 7), (11, 11, 1, 6), (11, 0, 1, 12), (100, 1, 1, 7), (1000, 1, 1, 6), (700, 1, 1, 12)]
    cases += [(cpu, rng.choice((0, cpu, 2 * cpu)), 1, cores) for cpu, cores in drawn]
    for case in cases:
        expect_enough(
            student,
            expect,
            *case,
            rule="Where a quotient is a whole number, that is enough, and where it lies above one, be it by "
            "little, it is one more. `17 / (17 / 7)` is 7.000000000000001 on a computer, and 7 is right.",
            next="Round once, not twice: multiply `cpu + wait` and `max(cpu / cores, compute)` by `cores`. "
            "Both are whole numbers then, and you divide one by the other.",
        )


@graded("12.2", "nothing to load needs no worker")
def test_enough_for_nothing(student, expect, rng):
    compute, cores = rng.randrange(1, 50), rng.choice((1, 2, 16))
    expect(
        student.enough_workers(0, 0, compute, cores),
        tried=f"cpu 0 ms, wait 0 ms, compute {compute} ms, {counted(cores, 'core')}",
        rule="Where batches cost nothing, 0 workers are as fast as any number.",
        next="What is 0 divided by the longest other stage, rounded up?",
    ).equals(0)


# 12.3 ---------------------------------------------------------------------------------------------------


def passes(rng, middle, count=3):
    """Return an odd number of times with this median; one of them was disturbed badly."""
    slower = [middle * rng.uniform(3, 9), *(middle * rng.uniform(1.0, 1.2) for _ in range(count // 2 - 1))]
    faster = [middle * rng.uniform(0.5, 1.0) for _ in range(count // 2)]
    times = [middle, *slower, *faster]
    rng.shuffle(times)
    return times


def table_of(rng, medians, crashed=()):
    """Return a table of measurements with these medians, in a mixed order."""
    rows = [(workers, passes(rng, middle, rng.choice((3, 5)))) for workers, middle in medians.items()]
    rows += [(workers, []) for workers in crashed]
    rng.shuffle(rows)
    return dict(rows)


def words_for(measured):
    rows = (f"{workers}: {[round(time, 2) for time in times]}" for workers, times in sorted(measured.items()))
    return "{" + ", ".join(rows) + "}"


def expect_choice(student, expect, measured, answer, rule, next):
    expect(student.choose(measured), tried=f"choose({words_for(measured)})", rule=rule, next=next).equals(
        answer
    )


@graded("12.3", "the shortest median")
def test_choose_median(student, expect, rng):
    unit = rng.uniform(0.5, 2)
    best, *others = rng.sample((0, 1, 2, 4), 4)
    measured = {best: [unit, 0.98 * unit, rng.uniform(8, 12) * unit]}  # disturbed once
    for other in others:
        middle = rng.uniform(1.2, 1.9) * unit
        measured[other] = [rng.uniform(0.2, 0.8) * unit, middle, 1.1 * middle]  # lucky once
    expect_choice(
        student,
        expect,
        measured,
        best,
        rule="One disturbed or lucky pass must not decide: the median is the middle of the passes, however "
        "far "
        "off the others lie.",
        next="`statistics.median`, once for each list.",
    )
    for measured, answer in (
        ({1: [1.0, 3.0], 2: [1.6, 1.6]}, 2),
        ({1: [1.0, 1.4], 2: [1.25, 1.25]}, 1),
    ):
        expect_choice(
            student,
            expect,
            measured,
            answer,
            rule="With an even number of passes, the median is the mean of the two in the middle: that of "
            "[1.0, 3.0] is 2.0.",
            next="`statistics.median` knows it; the element at `len(times) // 2` is the upper one of the "
            "two.",
        )
    expect_choice(
        student,
        expect,
        {0: [1.0, 1.0, 1.1], 1: [3.0, 3.1, 2.9], 4: [2.0, 2.0, 2.1]},
        0,
        rule="0 workers take part like any other number: where there is little to load, they are the best.",
        next="Do you leave 0 out? `if workers` is false for 0.",
    )


@graded("12.3", "fewer workers, if the difference is noise")
def test_choose_fewest(student, expect, rng):
    unit = rng.uniform(0.5, 2)
    few, more, most = 2, 5, 9
    medians = {1: 1.4 * unit, few: 1.04 * unit, more: 1.02 * unit, most: unit, 12: 1.3 * unit}
    expect_choice(
        student,
        expect,
        table_of(rng, medians),
        few,
        rule="Up to 5 % above the shortest counts as equal, and of equals the fewest workers win: each costs "
        "memory.",
        next="Collect all numbers within 5 %, then take the smallest number, not the shortest time.",
    )
    medians[few] = 1.07 * unit
    expect_choice(
        student,
        expect,
        table_of(rng, medians),
        more,
        rule="7 % above the shortest is a difference.",
        next="The limit is 1.05 times the *shortest* median.",
    )


@graded("12.3", "crashes are out")
def test_choose_crashed(student, expect, rng):
    unit = rng.uniform(0.5, 2)
    measured = table_of(rng, {1: 2 * unit, 3: unit}, crashed=(0, 2, 8))
    expect_choice(
        student,
        expect,
        measured,
        3,
        rule="An empty list is a number of workers that crashed. It has no median, and is never chosen.",
        next="Leave the empty lists out before you compute anything.",
    )
    expect.raises(
        ValueError,
        lambda: student.choose({0: [], 2: []}),
        tried="choose({0: [], 2: []})",
        rule="Where everything has crashed there is nothing to choose: say so, with a ValueError.",
        next="What does your function do when no list is left?",
    )


def expect_rule(student, expect, medians, crashed, cores, answer, rule, next, rng):
    measured = table_of(rng, medians, crashed)
    shown = {n: round(medians[n], 3) for n in sorted(medians)} | dict.fromkeys(sorted(crashed), "crashed")
    expect(
        student.follow_the_rule(measured, cores),
        tried=f"{counted(cores, 'core')}, medians {shown}",
        rule=rule,
        next=next,
    ).equals(answer)


@graded("12.3", "the rule begins at half of the cores")
def test_rule_start(student, expect, rng):
    unit = rng.uniform(0.5, 2)
    for cores in (1, 2, 3, 8, 2 * rng.randrange(5, 20) + 1):
        start = max(1, cores // 2)
        medians = {0: 0.1 * unit, start: unit, start + 1: 0.97 * unit, start + 2: 0.5 * unit}
        expect_rule(
            student,
            expect,
            medians,
            (),
            cores,
            start,
            rule="It begins at half of the cores, at 1 where that is none, and stays if one more worker is "
            "not "
            "more than 5 % faster. It looks neither down nor further ahead.",
            next="Where does your function begin, and why does it leave?",
            rng=rng,
        )
    measured = {0: [9.0], 3: [4.4], 8: [1.2]}
    expect(
        student.follow_the_rule(measured, 6),
        tried=f"6 cores, measured {measured}",
        rule="It goes up by one. Where the next number was not measured, the climb ends, though a larger one "
        "was.",
        next="After 3 comes 4, not 8: look up `workers + 1`, and nothing else.",
    ).equals(3)


@graded("12.3", "a little more, while it helps")
def test_rule_climbs(student, expect, rng):
    unit = rng.uniform(0.5, 2)
    steps = rng.randrange(2, 5)
    medians = {0: 3.0 * unit} | {4 + step: unit * 0.9**step for step in range(steps + 1)}
    expect_rule(
        student,
        expect,
        medians,
        (),
        8,
        4 + steps,
        rule="It goes up by one, again and again, as long as the next number is more than 5 % faster, and "
        "ends "
        "where the next one was not measured.",
        next="One step is not a climb: use `while`. Does it end when the next number is missing?",
        rng=rng,
    )
    expect_rule(
        student,
        expect,
        medians,
        (5 + steps,),
        8,
        4 + steps,
        rule="It does not climb into a crash.",
        next="An empty list has no median: look before you compare.",
        rng=rng,
    )
    measured = {0: [3.0], 4: [1.0], 5: [0.94], 6: [0.92]}
    expect(
        student.follow_the_rule(measured, 8),
        tried=f"8 cores, measured {measured}",
        rule="Each step is compared with the number before it: 6 workers are faster than 5 by 2 % only, "
        "though they are faster than 4 by 8 %.",
        next="Compare with the present number, not with the one at which the rule began.",
    ).equals(5)
    for measured, answer in (
        ({0: [9.0, 9.0], 2: [1.0, 3.0], 3: [1.6, 1.6]}, 3),
        ({0: [9.0, 9.0], 2: [1.0, 1.4], 3: [1.25, 1.25]}, 2),
    ):
        expect(
            student.follow_the_rule(measured, 4),
            tried=f"4 cores, measured {measured}",
            rule="With an even number of passes, the median is the mean of the two in the middle.",
            next="Use `statistics.median` here, too.",
        ).equals(answer)


@graded("12.3", "a crash halves the number")
def test_rule_halves(student, expect, rng):
    unit = rng.uniform(0.5, 2)
    medians = {0: 3.0 * unit, 1: 2.0 * unit, 2: 1.5 * unit, 3: 1.48 * unit}
    expect_rule(
        student,
        expect,
        medians,
        (5, 11, 12),
        22,
        2,
        rule="11 crashed, 5 crashed, 2 came through: after each crash the number is halved, rounded down.",
        next="Halve until a list is not empty.",
        rng=rng,
    )
    expect_rule(
        student,
        expect,
        {0: unit},
        (1, 2),
        4,
        0,
        rule="After 1 comes 0: where every worker crashes, the main process loads.",
        next="`1 // 2` is 0. Does your loop let it?",
        rng=rng,
    )


@graded("12.3", "the loss is a share of the shortest time")
def test_loss(student, expect, rng):
    unit = rng.uniform(0.2, 5)
    medians = {
        workers: unit * factor for workers, factor in {0: 2.5, 2: 1.0, 4: rng.uniform(1.1, 1.9)}.items()
    }
    measured = table_of(rng, medians, crashed=(8,))
    for workers in (0, 2, 4):
        expect(
            student.loss(measured, workers),
            tried=f"loss({words_for(measured)}, {workers})",
            rule="How much longer a batch takes than with the fastest, as a share of the fastest: 0 for the "
            "fastest, 1 for twice the time. A crash is not the fastest.",
            next="Divide the two medians. What is missing from the quotient?",
        ).is_close_to(medians[workers] / unit - 1, 1e-9)
    for measured, workers, answer, rule, next in (
        (
            {2: [1.04], 8: [1.0]},
            2,
            0.04,
            "The loss is measured against the fastest, not against the number that `choose` would take: 4 % "
            "are a small loss, and not none.",
            "Divide by the smallest of all medians.",
        ),
        (
            {0: [1.0], 2: [1.5]},
            2,
            0.5,
            "0 workers may be the fastest: they take part like any other number.",
            "Do you leave 0 out? `if workers` is false for 0.",
        ),
        (
            {1: [1.0, 3.0], 2: [1.6, 1.6]},
            1,
            0.25,
            "With an even number of passes, the median is the mean of the two in the middle.",
            "Use `statistics.median` for both times.",
        ),
    ):
        expect(
            student.loss(measured, workers), tried=f"loss({measured}, {workers})", rule=rule, next=next
        ).is_close_to(answer, 1e-9)


# 12.4 ---------------------------------------------------------------------------------------------------


class WorkersLost(Exception):  # noqa: N818  (it is no kind of any error that an answer could name)
    """What `measure` raises where it crashes."""


class Machine:
    """A machine on which measuring costs: it notes every call, and crashes from a given number of workers on.

    Args:
        disturbed: by which factor each measurement is off, by number of workers; without it, by up to 1 %.
    """

    def __init__(self, rng, seconds, most, crash=None, disturbed=None):
        self.true = [seconds(workers) for workers in range(most + 1)]
        factors = (
            map(disturbed, range(most + 1)) if disturbed else (rng.uniform(0.99, 1.01) for _ in self.true)
        )
        self._measured = [time * factor for time, factor in zip(self.true, factors)]
        self._crash = most + 1 if crash is None else crash
        self.calls = []
        self.strange = []

    def measure(self, workers):
        if type(workers) is not int or not 0 <= workers < len(self.true):
            self.strange.append(workers)
            raise ValueError(f"measure was called with {workers!r}")
        self.calls.append(workers)
        if workers >= self._crash:
            raise WorkersLost(f"{counted(workers, 'worker')}: killed")
        return self._measured[workers]

    def time_of(self, workers):
        """Return the measured time, or infinity for a crash."""
        return math.inf if workers >= self._crash else self._measured[workers]

    @property
    def shortest(self):
        """The true time of the best number that does not crash."""
        return min(self.true[: self._crash])


def pipeline(cpu, wait, compute, cores, overhead=0.0, way=0.0):
    """Return the cost model of lesson 12: seconds per batch by number of workers."""

    def seconds(workers):
        if workers == 0:
            return (cpu + wait + compute) / 1000
        return (
            max((cpu + wait + way) / workers, (cpu + way) / cores, compute, way) / 1000
            + overhead * workers / 1000
        )

    return seconds


def some_pipelines(rng):
    """Return names and cost models of different kinds of work."""
    return {
        "decoding": pipeline(rng.randrange(40, 90), 2, 3, rng.choice((4, 8, 16)), 0.02),
        "a slow disk": pipeline(2, rng.randrange(150, 250), 4, 8, 0.01),
        "a slow network": pipeline(5, 10, rng.randrange(40, 80), 4),
        "a valley": pipeline(rng.randrange(60, 90), 60, 1, 32, 0.3),
        "memory runs short": steep_valley(rng.choice((11, 12, 22, 23))),
    }


def find(student, expect, machine, start, most, tried):
    """Return what the search finds; `measure` must have been asked for numbers from 0 to `most` only."""
    try:
        found = student.find_workers(machine.measure, start, most)
    except RemoteError as error:
        if error.type_name != WorkersLost.__name__:
            raise
        expect(
            None,
            tried=f"{tried}; calls {machine.calls}",
            rule="`measure` may raise any exception: this number of workers has crashed, and the search goes "
            "on below it.",
            next="`except Exception`: do not name the kinds. There are more of them than anybody can list.",
        ).fail(
            f"{error.type_name}: {error.message}" + (f" ({error.where})" if error.where else ""),
            "a number of workers",
        )
    expect(
        machine.strange,
        tried=tried,
        rule="`measure` takes an int from 0 to `most`.",
        next="Look at both ends of your steps, and at the type: `/` makes floats.",
        got=f"calls of measure with {machine.strange}",
    ).equals([])
    return found


def hidden_by_zero(workers):
    """The cost model in which 0 workers are faster than 1 to 3, and slower than 20 by far."""
    return 0.05 if workers == 0 else max(0.2 / workers, 0.01)


def late_knee(workers):
    """The cost model of a very slow disk: more workers help up to 60, and then memory runs short."""
    helped = 0.2 / max(1, min(workers, 60)) + 0.00001 * workers
    return 0.25 if workers == 0 else helped * (1 + 0.05 * max(0, workers - 60))


def steep_valley(knee):
    """Return a cost model that falls down to the knee and then rises: the machine begins to swap."""

    def seconds(workers):
        return 0.3 if workers == 0 else 0.2 / workers + 0.02 / knee * max(0, workers - knee)

    return seconds


IN_MEMORY = {"cpu": 0.2, "wait": 0, "compute": 0.5, "cores": 8, "overhead": 0.3, "way": 2.0}


@graded("12.4", "it begins where it is told, and looks at 0")
def test_search_start(student, expect, rng):
    start = rng.randrange(2, 9)
    machine = Machine(rng, pipeline(30, 10, 5, 8), 32)
    find(student, expect, machine, start, 32, tried=f"find_workers(measure, start={start}, most=32)")
    expect(
        machine.calls[:1],
        tried=f"find_workers(measure, start={start}, most=32)",
        rule="The rule of thumb says where to begin: the first call is `measure(start)`.",
        next="Measure `start` before anything else.",
        got=f"the calls {machine.calls}",
    ).equals([start])
    expect(
        machine.calls,
        tried=f"find_workers(measure, start={start}, most=32)",
        rule="0 workers are a case of their own, and no other number tells about them: always measure 0.",
        next="Add a call for 0.",
        got=f"the calls {machine.calls}",
    ).contains(0)


@graded("12.4", "near the optimum, for every kind of work", points=2)
def test_search_finds(student, expect, rng):
    for name, seconds in some_pipelines(rng).items():
        machine = Machine(rng, seconds, 64)
        expect_near(student, expect, machine, rng.choice((1, 2, 4, 8)), name, LARGE_STEPS)
    for start in (1, 2):
        machine = Machine(rng, hidden_by_zero, 64)
        name = f"50 ms without workers, 200 ms with 1, 10 ms from 20 on; start={start}"
        expect_near(
            student,
            expect,
            machine,
            start,
            name,
            "0 may be faster than its neighbours, and all of them slower than many workers. Measure 0, but "
            "do not stand on it: the walk goes from 1 to `most`.",
        )
    for low in (0, 1):
        machine = Machine(rng, late_knee, 64, disturbed=lambda n, low=low: 0.99 if n % 2 == low else 1.01)
        name = f"a very slow disk; {'odd' if low else 'even'} numbers came out 1 % faster than they are"
        expect_near(
            student,
            expect,
            machine,
            2,
            name,
            "Measurements are off by up to 1 %, so two neighbours cannot tell which way is down. Do you "
            "throw half of the numbers away for what one such pair says? Compare numbers that lie far apart.",
        )


LARGE_STEPS = "Where does your search stop? Large steps first, then smaller ones around the best so far."


def expect_near(student, expect, machine, start, name, next):
    """Expect an answer that is at most 10 % slower than the best."""
    found = find(student, expect, machine, start, 64, tried=f"{name}, most=64")
    expect(
        found,
        tried=f"{name}, most=64",
        rule="The answer is a number of workers.",
        next="Return one of the numbers that you have measured.",
    ).is_a(int)
    best = counted(machine.true.index(machine.shortest), "worker")
    is_possible = 0 <= found <= 64
    expect(
        is_possible and machine.true[found] <= 1.1 * machine.shortest,
        tried=f"{name}: optimum {best}, found {found}; calls {machine.calls}",
        rule="The number found is at most 10 % slower than the best there is.",
        next=next,
        got=f"{counted(found, 'worker')}, {(machine.true[found] / machine.shortest - 1):.0%} slower than the "
        "best"
        if is_possible
        else f"{found}",
    ).is_true("a number at most 10 % slower than the best")


@graded("12.4", "none for data in memory")
def test_search_in_memory(student, expect, rng):
    machine = Machine(rng, pipeline(**IN_MEMORY), 32)
    tried = "tensors in memory: 0.7 ms without workers, 2.8 ms with one"
    expect(
        find(student, expect, machine, rng.choice((1, 4, 8)), 32, tried=tried),
        tried=tried,
        rule="Where there is nothing to do, the way through a worker costs more than the work: 0 is the "
        "best.",
        next="0 takes part like every other number.",
    ).equals(0)


@graded("12.4", "few calls, and none twice", points=2)
def test_search_is_short(student, expect, rng):
    for most in (64, 128):
        bound = math.floor(4 * math.log2(most) + 4)
        for name, seconds in some_pipelines(rng).items():
            machine = Machine(rng, seconds, most)
            find(student, expect, machine, rng.choice((1, 2, 4, 8)), most, tried=f"{name}, most={most}")
            twice = sorted({workers for workers in machine.calls if machine.calls.count(workers) > 1})
            expect(
                twice,
                tried=f"{name}, most={most}",
                rule="A number that has been measured is known: measuring it again costs another minute.",
                next="Keep all times in a dictionary, and look there first.",
                got=f"{twice} measured more than once, in the calls {machine.calls}",
            ).equals([])
            expect(
                len(machine.calls),
                tried=f"{name}, most={most}, calls {machine.calls}",
                rule=f"At most 4 · log₂(most) + 4 calls: {bound} here.",
                next="Steps that double and halve need few calls; steps of one need many.",
                got=f"{len(machine.calls)} calls",
            ).is_at_most(bound)


@graded("12.4", "of equals, the fewest measured")
def test_search_plateau(student, expect, rng):
    for knee in (rng.randrange(3, 9), rng.randrange(20, 40)):
        machine = Machine(rng, pipeline(knee, knee * 9, 10, 64), 64)
        found = find(student, expect, machine, 4, 64, tried=f"flat from {knee} workers on, most=64")
        times = {workers: machine.time_of(workers) for workers in machine.calls}
        limit = 1.05 * min(times.values())
        expect(
            found,
            tried=f"flat from {knee} workers on; measured "
            f"{ {n: round(1000 * time, 1) for n, time in sorted(times.items())} } ms",
            rule="Of all numbers that were measured, the fewest whose time is at most 5 % above the "
            "shortest.",
            next="Go through all your measurements at the end, not only the last ones.",
        ).equals(min(workers for workers, time in times.items() if time <= limit))


@graded("12.4", "crashes are survived and not repeated", points=2)
def test_search_crash(student, expect, rng):
    for crash, start in ((rng.randrange(9, 30), 4), (rng.randrange(3, 8), 16), (1, 4)):
        machine = Machine(rng, pipeline(8, 150, 4, 16), 64, crash=crash)
        limits = (
            f"{crash} workers and more crash, start={start}" if crash > 1 else f"all crash but 0, {start=}"
        )
        found = find(student, expect, machine, start, 64, tried=limits)
        first = next((place for place, workers in enumerate(machine.calls) if workers >= crash), None)
        after = [] if first is None else machine.calls[first + 1 :]
        worst = math.inf if first is None else machine.calls[first]
        lows = []
        for workers in after:
            if workers >= worst:
                lows.append(workers)
            elif workers >= crash:
                worst = workers
        tried = f"{limits}, calls {machine.calls}"
        expect(
            lows,
            tried=tried,
            rule="After a crash, never ask for as many workers again: it may take the machine with it.",
            next="Lower your upper limit whenever `measure` raises.",
            got=f"calls with {lows} after a smaller number had crashed",
        ).equals([])
        is_possible = type(found) is int and 0 <= found < crash
        expect(
            is_possible and machine.true[found] <= 1.1 * machine.shortest,
            tried=tried,
            rule="The answer is a number that works, near the best of those.",
            next="After a crash, go on searching below it.",
            got=f"{counted(found, 'worker') if type(found) is int else found}, where the best that works is "
            f"{machine.true.index(machine.shortest)}",
        ).is_true("a number that works, at most 10 % slower than the best of those")


@graded("12.4", "when nothing works, it says so")
def test_search_fails(student, expect, rng):
    machine = Machine(rng, pipeline(8, 150, 4, 16), 32, crash=0)
    expect.raises(
        RuntimeError,
        lambda: student.find_workers(machine.measure, rng.choice((1, 4)), 32),
        tried="a machine on which every number crashes, 0 as well",
        rule="Where nothing has come through there is no answer: RuntimeError.",
        next="Is every kind of exception caught? And what is the shortest of your times when all of them are "
        "infinite?",
    )
    expect(
        machine.strange,
        tried="the same; the numbers that `measure` was asked for",
        rule="`measure` takes an int from 0 to `most`.",
        next="When 0 has crashed, too, there is nothing left to ask for.",
        got=f"calls of measure with {machine.strange}",
    ).equals([])


# 12.5 ---------------------------------------------------------------------------------------------------


def simulate(loads, compute, workers, ahead=2, start=0.0, origin=0.0):
    """Return the records of an epoch with exact order: batch i is worker i mod n's, `ahead` batches each."""
    window = workers * ahead
    records = []
    asked = origin
    for number, load in enumerate(loads):
        ordered = origin + start if number < window else records[number - window]["handed"]
        free = records[number - workers]["sent"] if number >= workers else ordered
        begun = max(ordered, free)
        sent = begun + load
        handed = max(asked, sent)
        records.append(
            {"worker": number % workers, "begun": begun, "sent": sent, "asked": asked, "handed": handed}
        )
        asked = handed + compute
    return records


def simulate_in_process(loads, compute, origin=0.0):
    records, asked = [], origin
    for load in loads:
        handed = asked + load
        records.append({"worker": None, "begun": asked, "sent": handed, "asked": asked, "handed": handed})
        asked = handed + compute
    return records


def expected_report(records):
    begin, end = records[0]["handed"], records[-1]["handed"]
    waited = math.fsum(record["handed"] - record["asked"] for record in records[1:]) / (end - begin)
    busy = {}
    for worker in {record["worker"] for record in records}:
        own = [record for record in records if record["worker"] == worker]
        parts = [max(0.0, min(one["sent"], end) - max(one["begun"], begin)) for one in own]
        busy[worker] = math.fsum(parts) / (end - begin)
    return waited, busy


def even(rng, load, count=24):
    return [load * rng.uniform(0.97, 1.03) for _ in range(count)]


def origin_of(rng):
    """Return when the clock stood at the beginning: `perf_counter` begins anywhere."""
    return rng.uniform(100, 5000)


@graded("12.5", "the share of waiting", points=2)
def test_waited(student, expect, rng):
    for workers in (1, 2, rng.randrange(3, 6)):
        compute = rng.uniform(1, 3)
        records = simulate(even(rng, rng.uniform(2, 5) * workers), compute, workers, origin=origin_of(rng))
        waited, _ = expected_report(records)
        expect(
            student.report(records)["waited"],
            tried=f"{len(records)} batches of {counted(workers, 'worker')}, computing takes {compute:.2f} s",
            rule="Waiting is from `asked` to `handed`, and the share is of the time from the first "
            "`handed` to "
            "the last.",
            next="Add up the waits, divide by the length of the steady part. Which wait does not lie in it?",
        ).is_close_to(waited, 1e-6)


@graded("12.5", "the start does not count")
def test_start_excluded(student, expect, rng):
    seconds = rng.uniform(500, 900)
    records = simulate(even(rng, 1.0), 2.0, 2, start=seconds, origin=origin_of(rng))
    waited, _ = expected_report(records)
    expect(
        student.report(records)["waited"],
        tried=f"workers that need {seconds:.0f} s to start, and then keep up with the network",
        rule="The steady part begins with the first `handed`: the wait for the first batch lies before it.",
        next="Leave the first record's wait out, and begin the window at its `handed`.",
    ).is_close_to(waited, 1e-6)


@graded("12.5", "how busy every worker was", points=2)
def test_busy(student, expect, rng):
    workers = rng.randrange(2, 5)
    loads = [(1 + number % workers) * rng.uniform(0.9, 1.1) for number in range(8 * workers)]
    records = simulate(loads, rng.uniform(0.3, 0.6), workers, origin=origin_of(rng))
    _, busy = expected_report(records)
    answer = student.report(records)["busy"]
    expect(
        sorted(answer),
        tried=f"the workers 0 to {workers - 1}",
        rule="Every worker that made a batch has a share of its own, under its number.",
        next="What are the keys of your dictionary?",
    ).equals(sorted(busy))
    expect(
        [answer[worker] for worker in sorted(busy)],
        tried=f"{len(records)} batches; the workers 0 to {workers - 1} need about 1 to {workers} s for each",
        rule="A worker is busy from `begun` to `sent`, as far as that lies in the steady part.",
        next="Draw one batch that was begun before the first `handed`: which part of it counts?",
    ).is_close_to([busy[worker] for worker in sorted(busy)], 1e-6)
    records = [
        {"worker": 3, "begun": 0, "sent": 4, "asked": 0, "handed": 5},
        {"worker": 1, "begun": 5, "sent": 9, "asked": 7, "handed": 9},
        {"worker": 1, "begun": 9, "sent": 13, "asked": 11, "handed": 13},
    ]
    answer = student.report(records)["busy"]
    words = {
        "tried": "worker 3 made only the first batch, before the steady part; worker 1 made two within it",
        "rule": "Every worker in `records` has a share, even if it is 0: a worker that did nothing is "
        "worth seeing.",
        "next": "Begin with 0.0 for every worker that occurs, and add to it.",
    }
    expect(sorted(answer), **words).equals([1, 3])
    expect([answer[1], answer[3]], **words).is_close_to([1.0, 0.0], 1e-6)


@graded("12.5", "only what lies in the steady part")
def test_busy_is_cut(student, expect, rng):
    origin = origin_of(rng)
    early, late = rng.uniform(2, 6), rng.uniform(2, 6)
    records = [
        {"worker": 0, "begun": origin - 3, "sent": origin - 1, "asked": origin - 3, "handed": origin},
        {"worker": 1, "begun": origin - early, "sent": origin + 5, "asked": origin + 1, "handed": origin + 5},
        {"worker": 0, "begun": origin + 2, "sent": origin + 4, "asked": origin + 6, "handed": origin + 10},
        {"worker": 1, "begun": origin + 8, "sent": origin + 9, "asked": origin + 11, "handed": origin + 20},
    ]
    answer = student.report(records)["busy"]
    expect(
        [answer[0], answer[1]],
        tried=f"a window of 20 s; worker 0 made its first batch before it, worker 1 began {early:.1f} s "
        f"before",
        rule="What was made before the first `handed` does not count, and half a batch counts as half.",
        next="From the later beginning to the earlier end; nothing, if that is negative.",
    ).is_close_to([2 / 20, 6 / 20], 1e-6)
    records[2] |= {"begun": origin + 18, "sent": origin + 20 + late}
    answer = student.report(records)["busy"]
    expect(
        [answer[0], answer[1]],
        tried=f"the same, and worker 0 makes a batch until {late:.1f} s after the last `handed`",
        rule="The steady part ends with the last `handed`, for the workers as well.",
        next="Cut at the end, too.",
    ).is_close_to([2 / 20, 6 / 20], 1e-6)


def limit_cases():
    """Return seconds in all, waited and busy, the bottleneck, the rule and the next step, for each limit."""
    waiting = (
        "Less than 0.1 waited: the training step, however busy the workers were. Exactly 0.1 is not less.",
        "Ask for the waiting first. Where is your limit, and is it `<`? Divide the seconds waited by all "
        "seconds: `1 - 0.9` is a little less than 0.1.",
    )
    average = (
        "Where the network waits, workers that are busy for 0.8 of the time or more, on average, mean "
        "loading. Exactly 0.8 is enough.",
        "Where is your limit, and is it `>=`? Take the mean over all workers, those with 0 as well: not the "
        "median, and neither the busiest nor the laziest.",
    )
    return (
        (20, 1, [20], "training step", *waiting),
        (100, 9, [100], "training step", *waiting),
        (10, 1, [10], "loading", *waiting),
        (100, 12, [100], "loading", *waiting),
        (5, 2, [4], "loading", *average),
        (100, 40, [79], "order", *average),
        (8, 4, [8, 8, 4], "loading", *average),
        (10, 4, [10, 10, 2], "order", *average),
        (8, 4, [0, 8, 8], "order", *average),
    )


def steady(length, waited, busy):
    """Return records with these shares: each worker makes one batch in the steady part, from 0 to `length` s.

    Args:
        waited: seconds that the network waits, at the end.
        busy: seconds for each worker.
    """
    asks = length - waited
    records = [
        {"worker": 0, "begun": -3.0, "sent": -2.0, "asked": -3.0, "handed": 0.0},
        {"worker": 0, "begun": -2.0, "sent": -1.0, "asked": 0.0, "handed": 0.0},
    ]
    asked = asks
    for seconds, worker in sorted((seconds, worker) for worker, seconds in enumerate(busy)):
        handed = max(asked, seconds)
        records.append(
            {"worker": worker, "begun": 0.0, "sent": float(seconds), "asked": asked, "handed": handed}
        )
        asked = handed
    if asked < length:
        # The network waits for a batch that lies ready elsewhere: the order is to blame, or the way.
        records[-1]["handed"] = float(length)
    return records


@graded("12.5", "the bottleneck has a name", points=2)
def test_bottleneck(student, expect, rng):
    origin = origin_of(rng)
    slow = [30.0 if number % 8 == 0 else 1.0 for number in range(64)]
    cases = {
        "training step": simulate(even(rng, 1.0), rng.uniform(3, 5), 2, origin=origin),
        "loading": simulate(even(rng, rng.uniform(8, 12)), 1.0, 2, origin=origin),
        "order": simulate(slow, 0.5, 4, ahead=1, origin=origin),
    }
    descriptions = {
        "training step": "workers that are faster than the network",
        "loading": "workers that are always busy, and a network that waits",
        "order": "every eighth batch is slow, and the other workers have finished",
    }
    for name, records in cases.items():
        waited, busy = expected_report(records)
        expect(
            student.report(records)["bottleneck"],
            tried=f"{descriptions[name]}: waited {waited:.2f}, busy {mean(busy.values()):.2f} on average",
            rule="Less than 0.1 waited: the training step. Else busy workers (0.8 on average): loading. "
            "Else: "
            "the order.",
            next="Ask in this order, and look at the mean over the workers.",
        ).equals(name)
    for length, seconds, busy, name, rule, next in limit_cases():
        shares = ", ".join(f"{part / length:.3g}" for part in busy)
        expect(
            student.report(steady(length, seconds, busy))["bottleneck"],
            tried=f"{counted(len(busy), 'worker')}, busy for {shares} of the time; the network waited for "
            f"{seconds / length:.3g} of it",
            rule=rule,
            next=next,
        ).equals(name)


@graded("12.5", "without workers it is the loading")
def test_in_process(student, expect, rng):
    load = rng.uniform(2, 4)
    records = simulate_in_process(even(rng, load), load, origin_of(rng))
    answer = student.report(records)
    waited, busy = expected_report(records)
    expect(
        [answer["waited"], answer["busy"][None]],
        tried=f"the main process makes each batch in {load:.1f} s, and computes as long",
        rule="Where the main process loads, it is busy with loading exactly while the network waits.",
        next="`None` is a key like any other.",
    ).is_close_to([waited, busy[None]], 1e-6)
    expect(
        answer["bottleneck"],
        tried=f"the same: waited {waited:.2f}, busy {busy[None]:.2f}",
        rule="With `None` in the place of a worker, nothing overlaps: loading is the bottleneck as soon as "
        "the "
        "network waits for 0.1 of the time.",
        next="Ask for `None` before you look at how busy the workers were.",
    ).equals("loading")
    records = [
        {"worker": None, "begun": begun, "sent": begun + 0.5, "asked": begun, "handed": begun + 0.5}
        for begun in (-0.5, 9.5, 19.5)
    ]
    expect(
        student.report(records)["bottleneck"],
        tried="the main process makes each batch in 0.5 s, and computes for 9.5 s: waited 0.05",
        rule="Less than 0.1 waited: the training step, whoever made the batches.",
        next="Ask for the waiting first, and for `None` after it.",
    ).equals("training step")


@graded("12.5", "too few records")
def test_too_few(student, expect, rng):
    records = simulate(even(rng, 1.0, 2), 1.0, 1)
    words = {
        "tried": "two records of one worker",
        "rule": "Two records have a steady part: from the first `handed` to the second.",
        "next": "Fewer than two are too few; two are not.",
    }
    try:
        waited = student.report(records)["waited"]
    except RemoteError as error:
        if is_unwritten(error):
            raise
        expect(None, got=f"{error.type_name}: {error.message}", **words).is_close_to(
            expected_report(records)[0]
        )
    expect(waited, **words).is_close_to(expected_report(records)[0], 1e-6)
    for part in ([], records[:1]):
        expect.raises(
            ValueError,
            lambda part=part: student.report(part),
            tried=counted(len(part), "record"),
            rule="A steady part lies between the first `handed` and the last: it needs two records.",
            next="Check the length first, and say what is missing.",
        )

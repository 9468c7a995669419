"""The graded checks of exercise 11."""

import re
from itertools import combinations, islice, pairwise
from types import SimpleNamespace

from course_lib.classroom.exercises.errors import RemoteError, is_unwritten
from course_lib.classroom.exercises.expectations import show
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "11",
    "worker_processes",
    (
        Task(
            "11.1",
            "Seeds for every worker",
            defines=("seed_everything",),
            forbids=("seed_worker",),
            difficulty=2,
            importance=5,
            minutes=10,
            hints=(
                "How many global random generators does a typical dataset draw from, without saying so?",
                "`random` takes an int of any size, torch one of at most 64 bits: `base_seed + worker_id` "
                "fits. "
                "For NumPy think of a tall number as two short ones: its lower 32 bits and the rest. What "
                "would "
                "`base_seed % 2**32` forget? And the worker's number is a third word, with a place of its "
                "own: "
                "`random` cuts its int into the same two words and has the same generator inside, so from "
                "two words alone NumPy and `random` would draw as twins.",
                "`np.random.seed([worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32])`: three words of at "
                "most "
                "32 bits, each at its own place, so that no two pairs of worker and base seed look alike.",
            ),
        ),
        Task(
            "11.2",
            "A stream that is shared out",
            defines=("SharedStream",),
            forbids=("StreamingDataset",),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "In which process does `__init__` run, and in which one `__iter__`? Where does "
                "`get_worker_info()` know "
                "something?",
                "Deal cards: three players, cards 0 1 2 3 4 5 6. Player 1 gets cards 1 and 4. Which "
                "numbers have in "
                "common all the cards of one player?",
                "`itertools.islice(self.source, first, None, step)` takes every `step`-th item from number "
                "`first` on, "
                "and reads no further than it must.",
            ),
        ),
        Task(
            "11.3",
            "Back in order",
            defines=("in_order",),
            difficulty=2,
            importance=3,
            minutes=15,
            hints=(
                "What do you have to remember about a batch that came too early?",
                "Play it with numbers 2, 0, 1: after 2 nothing can be yielded; after 0, one batch; after "
                "1, two. So "
                "behind one answer there may be several batches to yield, or none.",
                "Keep early batches in a dict by number, and the number that is next. After each answer: "
                "`while upcoming in early:` yield and count. At the end the dict must be empty.",
            ),
        ),
        Task(
            "11.4",
            "A bounded prefetcher",
            defines=("prefetch",),
            difficulty=4,
            importance=4,
            minutes=40,
            hints=(
                "When may the thread take its next item? And who tells it so?",
                "Picture `depth` baskets. The thread needs an empty one *before* it takes an item; the "
                "consumer hands an "
                "empty one back. A `queue.Queue(maxsize=depth)` counts only what lies in the queue: the "
                "thread holds one "
                "item more in its hands while it waits. A `threading.Semaphore(depth)` counts baskets.",
                "The thread sends pairs, so that end and error can be told from any item. The generator "
                "has `try: … "
                "finally:`; in `finally` it sets an Event and releases the semaphore once, so that a "
                "thread that waits for "
                "a basket wakes up, sees the event and returns.",
            ),
        ),
        Task(
            "11.5",
            "The worker's loop",
            defines=("worker_loop",),
            needs=("11.1",),
            difficulty=3,
            importance=5,
            minutes=30,
            hints=(
                "Which three things can happen while the worker waits? And which two while it works?",
                "Draw it: poll → nothing → is the parent alive? → poll …; poll → message → receive → stop, "
                "or work → "
                "answer → poll. From every box an arrow must lead on or out.",
                "Only the fetching stands in the `try` whose `except Exception` becomes an answer. "
                "`(type(error).__name__, error.args, traceback.format_exc())` is what travels.",
            ),
        ),
        Task(
            "11.6",
            "Hunt the mistakes",
            defines=("mended_init", "mended_loop"),
            needs=("11.1",),
            difficulty=3,
            importance=4,
            minutes=30,
            hints=(
                "Go through the lines and ask of each: what if this raises? Who would learn of it?",
                "Four mistakes are in each function. Start-up: a number too large, a generator forgotten, "
                "a machine without "
                "something, a meeting that is none of its business. The loop: an error before the `try`, "
                "errors that "
                "vanish, an error taken for silence, a parent that nobody asks about.",
                "Two `try` blocks in the loop: a narrow one around `tasks.get`, which knows `queue.Empty`, "
                "and one around "
                "the samples, whose `except Exception as error` puts `(number, error)`. `while "
                "parent_is_alive():` asks "
                "often enough, as `get` has a timeout.",
            ),
        ),
    ),
)

# What runs beside the student's code: threads there must not ask the judge, so they need tools of their own.
TOOLS = '''
import builtins, contextlib, gc, inspect, os, queue, random, sys, threading, time, weakref

import numpy
import torch


def in_time(action, seconds=10):
    """Run an action in a thread: ("value", what it returned), ("error", type, text) or ("no end",)."""
    outcome, errors = [], []

    def run():
        try:
            outcome.append(("value", action()))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors and isinstance(errors[0], NotImplementedError):
        raise errors[0]
    if errors:
        return ("error", type(errors[0]).__name__, str(errors[0]))
    return outcome[0] if outcome else ("no end",)


def wait_until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)


class Source:
    """Items that count how many have been taken, and by which threads."""

    def __init__(self, items, error=None):
        self.items, self.error = list(items), error
        self.taken, self.readers = 0, set()

    def __iter__(self):
        return self

    def __next__(self):
        self.readers.add(threading.get_ident())
        if self.taken < len(self.items):
            self.taken += 1
            return self.items[self.taken - 1]
        error, self.error = self.error, None
        raise StopIteration if error is None else error


def read_torn(read, items):
    """Read a source that breaks behind its items: what came of them, and which error."""
    got = []
    try:
        for item in read(Source(items, LookupError("torn page"))):
            got.append(item)
    except NotImplementedError:
        raise
    except Exception as error:
        return got, type(error).__name__
    return got, "no error"


def read_all(prefetch, items, depth):
    return in_time(lambda: list(prefetch(items, depth)))


def read_exceptions(prefetch, depth):
    """Read items that are exceptions: says of each whether it came as it was."""

    def action():
        items = [ValueError("an item"), "text", StopIteration(), KeyError, LookupError("another item")]
        came = prefetch(items, depth)
        return ["the item itself" if next(came, "nothing") is item else "something else" for item in items]

    return in_time(action)


def read_with_a_pause(prefetch, depth, pause):
    """Read a source that rests before its third item."""

    def source():
        for number in range(5):
            if number == 2:
                time.sleep(pause)
            yield number

    return in_time(lambda: list(prefetch(source(), depth)))


def read_slowly(prefetch, depth, takes):
    """Returns how many items waited after each take, how many threads read, and whether the consumer did."""

    def action():
        source, waiting = Source(range(200)), []
        items = prefetch(source, depth)
        for handed_out in range(1, takes + 1):
            next(items)
            wait_until(lambda: source.taken - handed_out >= depth, 1.5)
            time.sleep(0.06)
            waiting.append(source.taken - handed_out)
        return waiting, len(source.readers), threading.get_ident() in source.readers

    return in_time(action, 10)


class BadStart:
    """Raises before it has an iterator."""

    def __init__(self, error):
        self.error = error

    def __iter__(self):
        raise self.error


def read_broken(prefetch, good, depth, kind="LookupError"):
    """`good=None`: already `iter(source)` raises."""

    def action():
        error, got, came = getattr(builtins, kind)("torn page", good), [], "no error"
        try:
            items = prefetch(BadStart(error) if good is None else Source(range(good), error), depth)
            for item in items:
                got.append(item)
        except BaseException as raised:
            if isinstance(raised, NotImplementedError):
                raise
            came = "the same error" if raised is error else "another " + type(raised).__name__
        return got, came

    return in_time(action)


def threads_left(prefetch, depth, takes, way):
    """Returns how many new threads live after the generator was left in this way."""

    def action():
        before = threading.enumerate()

        def left():
            return [thread for thread in threading.enumerate() if thread not in before]

        items = prefetch(Source(range(30)), depth)
        for _ in range(takes):
            next(items)
        time.sleep(0.1)  # the thread now waits for room
        if way == "read to the end":
            list(items)
        elif way == "closed":
            items.close()
        del items
        gc.collect()
        wait_until(lambda: not left(), 3)  # a second, and two more for a busy machine
        return len(left())

    return in_time(action)


class Pages:
    """Texts stored as bytes."""

    def __init__(self, raw):
        self.raw = raw

    def __getitem__(self, index):
        return self.raw[index].decode("utf-8")


class Dice:
    """Draws from the three global generators."""

    def __getitem__(self, index):
        return torch.rand(()).item(), float(numpy.random.rand()), random.random()


class Shaky:
    """Sample i is 10 i, but for some indices there is an error."""

    def __init__(self, errors):
        kinds = {"queue.Empty": queue.Empty}
        kinds |= {kind: getattr(builtins, kind) for kind in errors.values() if kind not in kinds}
        self.errors = {index: kinds[kind]("sample", index) for index, kind in errors.items()}

    def __getitem__(self, index):
        if index in self.errors:
            raise self.errors[index]
        return 10 * index


@contextlib.contextmanager
def seen_by(function, module, **others):
    """Let the code beside `function`, and nobody else's, see others in the place of these functions."""
    names = getattr(inspect.unwrap(function), "__globals__", {})
    changed = []

    def change(place, name, value):
        changed.append((place, name, place[name]))
        place[name] = value

    def shown(real, other):
        return lambda *given: (other if sys._getframe(1).f_globals is names else real)(*given)

    for name, other in others.items():
        real = vars(module)[name]
        for own_name in [own_name for own_name, value in names.items() if value is real]:
            change(names, own_name, other)
        change(vars(module), name, shown(real, other))
    try:
        yield
    finally:
        for place, name, value in reversed(changed):
            place[name] = value


def hash_elsewhere(value):
    """Hash as another Python process does: a text differs there, a number does not."""
    if isinstance(value, tuple):
        return hash(tuple(map(hash_elsewhere, value)))
    return hash((hash(value), "elsewhere")) if isinstance(value, (str, bytes)) else hash(value)


NOW = time.time()


def elsewhere(function, what):
    """Let `function` find this ("clock", "process number", "hash") as in another run, "" nothing. The clock
    stands still: a second that ends in between must not be taken for something else."""
    seconds = NOW + 3600 * (what == "clock")
    changes = contextlib.ExitStack()
    changes.enter_context(
        seen_by(function, time, time=lambda: seconds, time_ns=lambda: int(seconds * 10**9))
    )
    if what == "process number":
        number = os.getpid() + 1
        changes.enter_context(seen_by(function, os, getpid=lambda: number))
    elif what == "hash":
        changes.enter_context(seen_by(function, builtins, hash=hash_elsewhere))
    return changes


def seeded(seed_everything, base_seed, worker_id, other=""):
    """Seed, and draw four numbers from each of the three generators; `other` is as in another run."""
    with elsewhere(seed_everything, other):
        seed_everything(base_seed, worker_id)
    dice = Dice()
    return list(zip(*[dice[0] for _ in range(4)]))


class Batch:
    """A batch that can be watched."""


def most_alive(in_order, count, block):
    """Read endless answers in blocks, each backwards; says how many batches were in memory at most."""
    alive, most = weakref.WeakSet(), 0

    def answers():
        start = 0
        while True:
            for number in reversed(range(start, start + block)):
                batch = Batch()
                alive.add(batch)
                yield number, batch
                del batch
            start += block

    batches = in_order(answers())
    for _ in range(count):
        next(batches)
        most = max(most, len(alive))
    return most


class Parent:
    """Counts how often it is asked whether it is alive."""

    def __init__(self):
        self.alive, self.asked = True, 0

    def is_alive(self):
        self.asked += 1
        return self.alive

    def end(self):
        self.alive = False


class Tasks(queue.Queue):
    """Notes how long the worker chose to wait in vain, each time, while nobody asked after the parent."""

    def __init__(self, parent):
        super().__init__()
        self.parent, self.waits = parent, [0]

    def get(self, block=True, timeout=None):
        asked = self.parent.asked
        try:
            return super().get(block, timeout)
        except queue.Empty:
            if block and self.parent.asked == asked:
                self.waits.append(float(timeout))
            raise

    def sleep(self, seconds, sleep=time.sleep):
        asked = self.parent.asked
        sleep(seconds)
        if self.parent.asked == asked:
            self.waits.append(float(seconds))


def run_loop(loop, errors, messages, init_error=None, parent_dies=False, seconds=4):
    """Returns how the loop ended, whom init_fn was called with, the answers, errors as (type, args), and
    the longest wait in vain."""
    parent, answers, called = Parent(), queue.Queue(), []
    tasks = Tasks(parent)
    for message in messages:
        tasks.put(message)

    def init_fn(worker_id):
        called.append(worker_id)
        if init_error is not None:
            raise OSError(*init_error)

    if parent_dies:
        threading.Timer(0.3, parent.end).start()
    with seen_by(loop, time, sleep=tasks.sleep):
        outcome = in_time(lambda: loop(Shaky(errors), tasks, answers, init_fn, 5, parent.is_alive), seconds)
    parent.end()
    tasks.put(None)  # lets a loop go that still waits
    got = []
    while not answers.empty():
        answer = answers.get()
        if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], BaseException):
            answer = (answer[0], (type(answer[1]).__name__, list(answer[1].args)))
        got.append(answer)
    ended = outcome[0] if outcome[0] != "error" else ": ".join(outcome)
    return ended, called, got, max(tasks.waits)


def start_up(init, worker_id, base_seed, gpus, environment, other=""):
    """Returns how often the group was joined, which variables were changed that are none of the worker's
    business, and draws of all three generators; `other` is as in another run."""
    joined, environment = [], dict(environment)
    places = {"environment": environment, "os.environ": os.environ}
    before = {name: dict(place) for name, place in places.items()}

    def join_group(*arguments, **keywords):
        joined.append(keywords)

    def changed(name):
        keys = sorted(before[name].keys() | places[name].keys())
        return [key for key in keys if before[name].get(key) != places[name].get(key)]

    try:
        with elsewhere(init, other):
            init(worker_id, base_seed, gpus, environment, join_group)
        found = [
            f"{name}[{key!r}]" for name in places for key in changed(name) if key != "CUDA_VISIBLE_DEVICES"
        ]
    finally:
        for key in changed("os.environ"):
            os.environ.pop(key, None)
            os.environ.update({key: before["os.environ"][key]} if key in before["os.environ"] else {})
    return len(joined), found, Dice()[0]
'''

_MAKE = "lambda source, name: (names := {}, exec(source, names), names[name])[-1]"


def tool(room, name):
    """Return a tool of TOOLS that works on the student's side."""
    return room.module("builtins").eval(_MAKE)(TOOLS, name)


NAMES = ("torch", "NumPy", "random")


def count(number, thing, things=""):
    """Write "1 batch", "2 batches"."""
    return f"{number} {thing}" if number == 1 else f"{number} {things or thing + 's'}"


# ---------------------------------------------------------------------------------------------------- 11.1


#: What may differ from one run to the next, in words, and what to look at where the draws differ with it.
OTHER_RUNS = {
    "clock": (
        "an hour later by the clock",
        "Does the clock take part in a seed? Then no run can be repeated.",
    ),
    "process number": (
        "as in a process with another number",
        "Does `os.getpid()` take part in a seed? Tomorrow's process has another number.",
    ),
    "hash": (
        "with the hashes that another Python process gives texts",
        "Does `hash` of a text take part in a seed? Each Python process salts it anew. Numbers need no "
        "hash, and those of `hashlib` stay.",
    ),
}


def draws(student, room, base_seed, worker_id, other=""):
    """Seed, and draw four numbers from each of the three generators."""
    found = tool(room, "seeded")(student.seed_everything, base_seed, worker_id, other)
    return dict(zip(NAMES, found))


def shared_names(first, second):
    """Name the generators that gave the same numbers."""
    return [name for name in NAMES if first[name] == second[name]]


@graded("11.1", "the same pair, the same numbers", points=1)
def test_seeds_repeat(student, expect, room, rng):
    base_seed, worker_id = rng.randrange(2**31), rng.randrange(8)
    for other, (words, next) in {"": ("", "Which of the three is not seeded?"), **OTHER_RUNS}.items():
        first = draws(student, room, base_seed, worker_id)
        second = draws(student, room, base_seed, worker_id, other)
        expect(
            [name for name in NAMES if first[name] != second[name]],
            tried=f"seed_everything({base_seed}, {worker_id}) twice{words and f', the second time {words}'}; "
            "the generators that draw others the second time",
            rule="The same base seed and worker give the same numbers every time, in all three generators.",
            next=next,
        ).equals([])


@graded("11.1", "workers differ", points=2)
def test_seeds_of_workers(student, expect, room, rng):
    for base_seed in (0, 7, rng.randrange(1, 2**31)):
        found = [draws(student, room, base_seed, worker_id) for worker_id in range(8)]
        for first, second in combinations(range(8), 2):
            expect(
                shared_names(found[first], found[second]),
                tried=f"workers {first} and {second} with base seed {base_seed}; the generators that draw "
                f"the same",
                rule="Two workers draw different numbers, from all three generators.",
                next="Does the worker's number take part in every seed, whatever the base seed is? `|` and "
                "`*` lose it for some.",
            ).equals([])


@graded("11.1", "base seeds differ", points=1)
def test_seeds_of_bases(student, expect, room, rng):
    first, second = rng.sample(range(1000, 2**31, 100), 2)
    for worker_id in (0, 3):
        expect(
            shared_names(draws(student, room, first, worker_id), draws(student, room, second, worker_id)),
            tried=f"worker {worker_id}, base seeds {first} and {second}; the generators that draw the same",
            rule="Another base seed gives other numbers, in every worker: worker 0, too.",
            next="What does your formula make of worker 0?",
        ).equals([])


@graded("11.1", "every bit of a large seed counts", points=2)
def test_seeds_large(student, expect, room, rng):
    low = rng.randrange(2**31)
    seeds = [low, low + 2**32, low + 2**62, 2**63 - 1]
    found = {}
    for base_seed in seeds:
        raised = try_seeds(student, base_seed)
        expect(
            raised,
            tried=f"seed_everything({base_seed}, 1): {base_seed.bit_length()} bits",
            rule="Base seeds have up to 63 bits. np.random.seed takes an int of 32, or a list of such.",
            next='Cut the number into words of 32 bits. `hint("11.1", 2)` shows how.',
        ).equals("no error")
        found[base_seed] = draws(student, room, base_seed, 1)
    for first, second in pairwise(seeds):
        expect(
            [name for name in shared_names(found[first], found[second]) if name != "torch"],
            tried=f"the base seeds {first} and {second}; the generators that draw the same",
            rule="Every bit counts: base seeds that differ only in their high bits give other numbers.",
            next="`% 2**32` forgets all high bits. Can all of them take part?",
        ).equals([])
    for bit in range(63):
        expect(
            [
                name
                for name in shared_names(found[low], draws(student, room, low ^ 2**bit, 1))
                if name != "torch" or bit < 32
            ],
            tried=f"the base seeds {low} and {low ^ 2**bit}, which differ in bit {bit} alone; the generators "
            "that draw the same",
            rule="Every bit counts: for NumPy and `random` bits 0 to 62, for torch bits 0 to 31.",
            next="Which bits does your mask keep? The upper word has 31 of them: `base_seed >> 32` keeps "
            "all.",
        ).equals([])


def try_seeds(student, base_seed):
    try:
        student.seed_everything(base_seed, 1)
    except ValueError as error:
        return f"ValueError: {error}"
    return "no error"


# ---------------------------------------------------------------------------------------------------- 11.2


#: Samples of which no two need be different, and which need be nothing in particular.
MIXED = ("b", None, 7, "a", None, "b", 0, False, 7, "b", None, (1, 2), "c")


class Row:
    """A source of these samples, that can be read again and again."""

    def __init__(self, samples):
        self.samples = samples

    def __iter__(self):
        yield from self.samples


def keeps_order(share, samples):
    """Tell whether the share's samples stand in this order among the samples."""
    row = iter(samples)
    return all(any(each == one and type(each) is type(one) for one in row) for each in share)


class ReadAgain:
    """A source that can be read again and again, and counts its reads. `total=None` is endless."""

    def __init__(self, total):
        self.total = total
        self.reads = 0

    def __iter__(self):
        number = 0
        while self.total is None or number < self.total:
            self.reads += 1
            yield number
            number += 1


def in_worker(room, worker_id, num_workers):
    """Make the student's process worker `worker_id`; None makes it the main process again."""
    module = room.module("course_lib.worker_info")
    info = None if worker_id is None else module.WorkerInfo(worker_id, num_workers, 0, None)
    module.set_worker_info(info)


def shares(room, stream, num_workers, limit=1000):
    """Collect the share of each worker."""
    try:
        found = []
        for worker_id in range(num_workers):
            in_worker(room, worker_id, num_workers)
            found.append(take(stream, limit))
        return found
    finally:
        in_worker(room, None, 0)


def take(stream, limit):
    return list(islice(stream, limit))


def workers_of(num_workers):
    return "1 worker, which yields" if num_workers == 1 else f"{num_workers} workers, which yield"


@graded("11.2", "every sample exactly once", points=2)
def test_shares_partition(student, expect, room, rng):
    for num_workers in (1, 2, 3, rng.randrange(4, 8)):
        for total in (0, 1, num_workers, rng.randrange(8, 30)):
            stream = student.SharedStream(ReadAgain(total))
            found = shares(room, stream, num_workers)
            expect(
                sorted(item for share in found for item in share),
                tried=f"{count(total, 'sample')}, {workers_of(num_workers)} {found}",
                rule="Over all workers together, every sample comes exactly once.",
                next="Which samples belong to worker k? Ask `get_worker_info()` in `__iter__`: in "
                "`__init__` there is "
                "no worker yet.",
            ).equals(list(range(total)))
            expect(
                [share for share in found if share != sorted(share)],
                tried=f"{count(total, 'sample')}, {workers_of(num_workers)} {found}",
                rule="A share keeps the order of the source.",
                next="Read the source from its start to its end.",
            ).equals([])
    drawn = rng.sample(range(100), 9)
    for samples in (MIXED, ("x",) * 5, drawn):
        for num_workers in (1, 2, 3):
            found = shares(room, student.SharedStream(Row(samples)), num_workers)
            tried = f"the samples {list(samples)}, {workers_of(num_workers)} {found}"
            expect(
                sorted(repr(item) for share in found for item in share),
                tried=f"{tried}; all that came, sorted",
                rule="Every sample comes exactly once, whatever it is: None, a text, the same as another "
                "one.",
                next="Share by the place of a sample, not by its value; and no value is a sign for the end.",
            ).equals(sorted(map(repr, samples)))
            expect(
                all(keeps_order(share, samples) for share in found),
                tried=tried,
                rule="A share keeps the order of the source.",
                next="Read the source from its start to its end.",
                got=show(found),
            ).is_true("shares in the order of the source")

    read_torn = tool(room, "read_torn")
    for workers in ([None], [0, 1]):
        found, errors = [], []
        for worker_id in workers:
            in_worker(room, worker_id, len(workers))
            try:
                share, error = read_torn(student.SharedStream, list(range(6)))
            finally:
                in_worker(room, None, 0)
            found += share
            errors.append(error)
        expect(
            (sorted(found), errors),
            tried="a source that raises a LookupError after the samples 0 to 5, in "
            f"{'the main process' if workers == [None] else 'two workers'}; all samples that came, and the "
            "error of each",
            rule="An error of the source is no end: it comes out at who reads, or samples are lost in "
            "silence.",
            next="Is there an `except` around the reading? Only `StopIteration` means the end, and `for` "
            "catches it for you.",
        ).equals((list(range(6)), ["LookupError"] * len(workers)))


@graded("11.2", "fair shares", points=1)
def test_shares_fair(student, expect, room, rng):
    num_workers = rng.randrange(2, 6)
    for total in (5, 11, rng.randrange(20, 40)):
        sizes = [len(share) for share in shares(room, student.SharedStream(ReadAgain(total)), num_workers)]
        expect(
            max(sizes) - min(sizes),
            tried=f"{total} samples, {num_workers} workers, with shares of {sizes} samples",
            rule="Shares differ by at most one sample: the slowest worker decides how long an epoch takes.",
            next="Deal the samples out one by one, as cards.",
        ).is_at_most(1)
    for words, samples in (
        ("the even numbers below 24", range(0, 24, 2)),
        ("twelve times the sample 5", [5] * 12),
        ("twelve texts", ["a", "b"] * 6),
    ):
        sizes = [len(share) for share in shares(room, student.SharedStream(Row(samples)), 2)]
        expect(
            max(sizes) - min(sizes),
            tried=f"{words}, 2 workers, with shares of {sizes} samples",
            rule="Shares differ by at most one sample, whatever the samples are.",
            next="Deal by the place of a sample in the source: `enumerate` counts. Its value may be "
            "anything.",
        ).is_at_most(1)


@graded("11.2", "no worker, no sharing", points=1)
def test_shares_main_process(student, expect, room, rng):
    total = rng.randrange(3, 20)
    stream = student.SharedStream(ReadAgain(total))
    in_worker(room, None, 0)
    expect(
        take(stream, 1000),
        tried=f"{total} samples in the main process, with num_workers=0",
        rule="Where get_worker_info() returns None, all samples come.",
        next="Treat None as its own case.",
    ).equals(list(range(total)))
    expect(
        take(student.SharedStream(Row(MIXED)), 1000),
        tried=f"the samples {list(MIXED)} in the main process",
        rule="All samples come, whatever they are: None, too.",
        next="No value is a sign for the end: `for sample in source` knows the end by itself.",
    ).equals(list(MIXED))


@graded("11.2", "endless streams", points=2)
def test_shares_endless(student, expect, room, rng):
    num_workers, wanted = rng.randrange(2, 5), rng.randrange(3, 8)
    for worker_id in range(num_workers):
        source = ReadAgain(None)
        stream = student.SharedStream(Bounded(source, 400))
        in_worker(room, worker_id, num_workers)
        try:
            found = take(stream, wanted)
        finally:
            in_worker(room, None, 0)
        expect(
            len(found) == wanted and source.reads <= wanted * num_workers,
            tried=f"{wanted} samples of an endless stream, in worker {worker_id} of {num_workers}",
            rule=f"To yield {wanted} samples, one of {num_workers} workers reads at most "
            f"{wanted * num_workers}. A stream "
            "may have no end: who reads it all first never begins.",
            next="Yield while you read: no `list(...)`, no `len(...)`.",
            got=f"{count(len(found), 'sample')}, {source.reads} read",
        ).is_true(f"{wanted} samples, at most {wanted * num_workers} read")
    source = ReadAgain(None)
    in_worker(room, None, 0)
    found = take(student.SharedStream(Bounded(source, 400)), wanted)
    expect(
        len(found) == wanted and source.reads <= wanted,
        tried=f"{wanted} samples of an endless stream, where there is no worker",
        rule="A stream may have no end in the main process, too: each sample is read when it is asked for.",
        next="Return `iter(self.source)`, or yield from it: no `list(...)`.",
        got=f"{count(len(found), 'sample')}, {source.reads} read",
    ).is_true(f"{wanted} samples, {wanted} read")


class Bounded:
    """Ends an endless source after so many samples, so that nobody waits for ever."""

    def __init__(self, source, limit):
        self.source, self.limit = source, limit

    def __iter__(self):
        for item in self.source:
            if item >= self.limit:
                return
            yield item


@graded("11.2", "epoch after epoch", points=1)
def test_shares_again(student, expect, room, rng):
    num_workers, total = rng.randrange(2, 5), rng.randrange(10, 20)
    stream = student.SharedStream(ReadAgain(total))
    first = shares(room, stream, num_workers)
    expect(
        shares(room, stream, num_workers),
        tried=f"two epochs of {total} samples with {num_workers} workers",
        rule="Each iteration starts anew: persistent workers read their copy once per epoch.",
        next="Does `__iter__` begin with `iter(self.source)`, and keep nothing from the epoch before?",
    ).equals(first)


# ---------------------------------------------------------------------------------------------------- 11.3


class CountingAnswers:
    """Answers that count how many have been read."""

    def __init__(self, answers):
        self.answers = answers
        self.reads = 0

    def __iter__(self):
        for answer in self.answers:
            self.reads += 1
            yield answer


def shuffled(rng, count):
    return rng.sample(range(count), count)


@graded("11.3", "the order of the numbers", points=1)
def test_order(student, expect, rng):
    for count in (0, 1, 2, rng.randrange(5, 15)):
        numbers = shuffled(rng, count)
        expect(
            list(student.in_order([(number, f"batch {number}") for number in numbers])),
            tried=f"answers that come as {numbers}",
            rule="Batches come out by their numbers, 0, 1, 2, …, whatever order they came in.",
            next="Keep a batch that is early until its turn has come.",
        ).equals([f"batch {number}" for number in range(count)])


@graded("11.3", "as soon as it can be", points=2)
def test_order_prompt(student, expect, rng):
    for numbers in ([1, 0, 3, 2, 5, 4, 7, 6], shuffled(rng, 8)):
        answers = CountingAnswers([(number, number) for number in numbers])
        batches = iter(student.in_order(answers))
        for number in range(8):
            batch = next(batches)
            needed = max(numbers.index(earlier) for earlier in range(number + 1)) + 1
            expect(
                batch == number and answers.reads == needed,
                tried=f"answers that come as {numbers}, and the first "
                f"{count(number + 1, 'batch', 'batches')}",
                rule="A batch is yielded as soon as it can be: no answer is read that batches 0 to k do "
                "not need.",
                next="`sorted` reads everything first. Read one answer, then yield all that have their turn.",
                got=f"batch {batch} after {count(answers.reads, 'answer')}",
            ).is_true(f"batch {number} after {count(needed, 'answer')}")


@graded("11.3", "a batch may be anything", points=1)
def test_order_anything(student, expect, rng):
    batches = [None, False, {"a": 1}, {"a": 2}, [], 0, None, ""]
    numbers = shuffled(rng, len(batches))
    expect(
        list(student.in_order([(number, batches[number]) for number in numbers])),
        tried=f"batches like None, False, empty lists and dicts, that come as {numbers}",
        rule="A batch may be anything: what it is says nothing about whether it has come.",
        next="Ask `number in early`, not whether `early.get(number)` is something; and sort by the number "
        "alone.",
    ).equals(batches)


@graded("11.3", "a missing batch is reported", points=1)
def test_order_missing(student, expect, room, rng):
    drawn = rng.randrange(4, 9)
    for total, missing in ((4, 0), (4, 1), (4, 2), (drawn, rng.randrange(drawn - 1))):
        numbers = [number for number in shuffled(rng, total) if number != missing]
        batches = iter(student.in_order([(number, number) for number in numbers]))
        expect(
            take(batches, missing),
            tried=f"answers {numbers}: batch {missing} is missing, and before it come",
            rule="All batches before the missing one are yielded.",
            next="Yield what can be yielded, and look for gaps at the end.",
        ).equals(list(range(missing)))
        expect.raises(
            RuntimeError,
            lambda batches=batches: next(batches, "the end, without a word"),
            tried=f"answers {numbers}, and then the batch {missing}, which never came",
            rule="A gap is an error: RuntimeError, with the number of the missing batch, and no later batch "
            "before it. An epoch that ends early in silence is the worst of all.",
            next="What is still in your dict when the answers have ended?",
            saying=str(missing),
        )
    total, missing = 40, rng.randrange(10, 25)
    numbers = [number for number in shuffled(rng, total) if number != missing]
    error = expect.raises(
        RuntimeError,
        lambda: take(student.in_order([(number, number) for number in numbers]), total),
        tried=f"{total - 1} answers, in which batch {missing} is missing",
        rule="A gap is an error: RuntimeError, with the number of the missing batch.",
        next="What is still in your dict when the answers have ended?",
        saying=str(missing),
    )
    named = [int(word) for word in re.findall(r"\d+", error.message)]
    expect(
        missing in named and len(named) <= 5,
        tried=f"{total - 1} answers, in which batch {missing} is missing: the numbers in the message",
        rule="The message tells which batch is missing. In a list of many numbers nobody finds it.",
        next="When the answers have ended, which number is next? That one is missing.",
        got=f"{count(len(named), 'number')}: {show(named)}",
    ).is_true(f"{missing}, with no list of others")
    for numbers in ([0, 1], [0, 2]):
        expect(
            tool(room, "read_torn")(student.in_order, [(number, number) for number in numbers])[1],
            tried=f"answers {numbers}, and then the answers raise a LookupError; the error that came",
            rule="An error of the answers is no end: it comes out at who reads.",
            next="Is there an `except` around the reading? Only `StopIteration` means the end, and `for` "
            "catches it for you.",
        ).equals("LookupError")


@graded("11.3", "answers without an end", points=1)
def test_order_endless(student, expect, room, rng):
    shift = rng.randrange(2, 5)
    answers = CountingAnswers(
        (block + number, block + number)
        for block in range(0, 4000, shift)
        for number in reversed(range(shift))
    )
    expect(
        take(student.in_order(answers), 3 * shift),
        tried=f"endless answers that come in blocks of {shift}, each one backwards",
        rule="The answers may be endless.",
        next="Read and yield in turn, in one loop.",
    ).equals(list(range(3 * shift)))
    expect(
        answers.reads,
        tried=f"the first {3 * shift} batches of them",
        rule="No more is read than is needed.",
        next="Does anything read ahead, such as `list` or `sorted`?",
    ).is_at_most(3 * shift)
    expect(
        tool(room, "most_alive")(student.in_order, 200, 4),
        tried="200 batches of endless answers that come in blocks of 4, each one backwards; how many batches "
        "were in memory at the same time, at most",
        rule="A batch that has been yielded is forgotten: over endless answers a dict that only grows fills "
        "the memory.",
        next="`early.pop(upcoming)` gives a batch and forgets it. Is there a list of all that has come?",
    ).is_at_most(8)


# ---------------------------------------------------------------------------------------------------- 11.4


def came_of(outcome):
    """Return what came out of a tool that runs in time; words where nothing, or an error, came."""
    if outcome[0] == "error":
        return f"{outcome[1]}: {outcome[2]}"
    return (
        outcome[1] if outcome[0] == "value" else "no end: the consumer waits for something that cannot come"
    )


def broken(outcome):
    """Say in words what came out of a broken source."""
    found = came_of(outcome)
    return found if isinstance(found, str) else f"the items {show(found[0])}, then {found[1]}"


@graded("11.4", "every item, in order", points=1, seconds=60)
def test_prefetch_items(student, expect, room, rng):
    read_all = tool(room, "read_all")
    anything = [None, False, 0, "", [], "end", "stop", None, -1]
    for items in ([], [7], list(range(rng.randrange(10, 30))), rng.sample(anything, len(anything))):
        depth = rng.randrange(1, 5)
        expect(
            came_of(read_all(student.prefetch, items, depth)),
            tried=f"list(prefetch({items}, {depth}))",
            rule="All items come, in order, whatever they are, and then it ends.",
            next="How do you tell the end from an item? An object that nobody else can have is safe: `end "
            "= object()`.",
        ).equals(items)
    expect(
        came_of(tool(room, "read_exceptions")(student.prefetch, 2)),
        tried="a source whose items are exceptions: `[ValueError('an item'), 'text', StopIteration(), …]`",
        rule="An item may be anything, an exception object, too: it is yielded, and not raised.",
        next="Send pairs: what it is (item, error, end), and the thing itself. `isinstance(item, Exception)` "
        "cannot tell an item from an error.",
    ).equals(["the item itself"] * 5)
    expect(
        came_of(tool(room, "read_with_a_pause")(student.prefetch, 2, 1.6)),
        tried="a source of the items 0 to 4 that needs 1.6 seconds for one of them",
        rule="A slow item is no end: the consumer waits for it as long as it takes.",
        next="A `get` with a timeout says that nothing came *yet*. Let the thread send the end as a message.",
    ).equals([0, 1, 2, 3, 4])


@graded("11.4", "it works ahead", points=1, seconds=60)
def test_prefetch_ahead(student, expect, room, rng):
    depth, takes = rng.randrange(1, 5), 2
    outcome, *found = tool(room, "read_slowly")(student.prefetch, depth, takes)
    expect(
        outcome == "value" and min(found[0][0]) >= depth,
        tried=f"prefetch(source, {depth}), {takes} items, and a pause after each",
        rule=f"While the consumer is busy, the thread goes on until {depth} items are waiting.",
        next="Who reads the source while nobody calls `next`?",
        got=f"{found[0][0]} items waiting after each" if outcome == "value" else f"{outcome} {found}",
    ).is_true(f"{depth} items waiting after each")
    expect(
        found[0][1:],
        tried="the threads that read the source: how many, and whether the consumer's is one of them",
        rule="One background thread reads the source, and nobody else: most sources bear only one reader.",
        next="Call `next` on the source in one place only.",
    ).equals((1, False))


@graded("11.4", "never more than depth ahead", points=2, seconds=60)
def test_prefetch_bound(student, expect, room, rng):
    for depth in (1, rng.randrange(2, 6)):
        outcome, *found = tool(room, "read_slowly")(student.prefetch, depth, 3)
        expect(
            outcome == "value" and max(found[0][0]) <= depth,
            tried=f"prefetch(source, {depth}), three items, and a pause after each",
            rule=f"At most {depth} items have been taken from the source and not yet handed out: each one "
            f"costs memory.",
            next="An item in the thread's hands counts, too: it needs room before it takes one. "
            '`hint("11.4", 2)`.',
            got=f"{found[0][0]} items waiting after each" if outcome == "value" else f"{outcome} {found}",
        ).is_true(f"at most {depth} items waiting")


@graded("11.4", "an error comes in its place", points=2, seconds=60)
def test_prefetch_error(student, expect, room, rng):
    for good, depth in ((0, rng.randrange(1, 4)), (rng.randrange(4, 9), 3)):
        expect(
            broken(tool(room, "read_broken")(student.prefetch, good, depth)),
            tried=f"a source that raises after {good} items, with depth {depth}",
            rule="The consumer gets the items before the error, and then the same exception object. If the "
            "thread dies in "
            "silence, the consumer waits for ever; if it only stops, the epoch is cut short in "
            "silence.",
            next="Catch the error in the thread and send it as a message of its own kind; the generator "
            "raises it.",
        ).equals(f"the items {list(range(good))}, then the same error")
    for good, kind, words in (
        (None, "LookupError", "a source of which already iter(source) raises"),
        (2, "SystemExit", "a source that raises SystemExit after 2 items"),
    ):
        expect(
            broken(tool(room, "read_broken")(student.prefetch, good, 2, kind)),
            tried=f"{words}, with depth 2",
            rule="Whatever the source raises, and whenever, comes out at the consumer: the same exception "
            "object. Otherwise the consumer waits for ever.",
            next="Put everything that the thread does into its `try`, `iter(source)` as well, and catch "
            "BaseException.",
        ).equals(f"the items {list(range(good or 0))}, then the same error")


@graded("11.4", "the thread ends", points=2, seconds=60)
def test_prefetch_ends(student, expect, room, rng):
    for way, takes in (
        ("read to the end", rng.randrange(1, 4)),
        ("closed", rng.randrange(1, 4)),
        ("dropped", rng.randrange(1, 4)),
        ("closed", 0),
        ("dropped", 0),
    ):
        depth = rng.randrange(1, 4)
        expect(
            came_of(tool(room, "threads_left")(student.prefetch, depth, takes, way)),
            tried=f"{takes} of 30 items with depth {depth}, then the generator is {way}; threads left",
            rule="A second later no thread of the prefetcher is left, even if it was waiting for room.",
            next="A `finally` in the generator tells the thread to stop *and wakes it*: a thread that "
            "waits sees no flag."
            if takes
            else "The `finally` of a generator that was never asked for an item never runs: so the thread "
            "starts inside the generator, with the first item.",
        ).equals(0)


# ---------------------------------------------------------------------------------------------------- 11.5


class TaskPipe:
    """The worker's end of a task pipe, after a script: a message, SILENCE, or CLOSED.

    When the script is over it stays silent. A loop that does not end then is told to stop after a while.
    """

    def __init__(self, script, patience=30):
        self.script = list(script)
        self.patience = patience
        self.waits = []
        self.waited_without_limit = 0

    def poll(self, timeout=0.0):
        self.waits.append(timeout)
        if self.script and self.script[0] is not SILENCE:
            return True
        if self.script:
            self.script.pop(0)
            return False
        self.patience -= 1
        return self.patience < 0

    def recv(self):
        while self.script and self.script[0] is SILENCE:
            self.waited_without_limit += 1
            self.script.pop(0)
        if not self.script:
            self.waited_without_limit += self.patience >= 0
            self.patience = -1
            return None
        message = self.script.pop(0)
        if message is CLOSED:
            self.script.insert(0, CLOSED)
            self.patience -= 1
            if self.patience < 0:
                return None
            raise EOFError
        return message


SILENCE, CLOSED = object(), object()


class AnswerPipe:
    """The worker's end of an answer pipe."""

    def __init__(self):
        self.sent = []

    def send(self, answer):
        self.sent.append(answer)


def work(student, script, dataset, collate_fn=list, *, worker_id=0, base_seed=1, parent_lives=10**6):
    """Run the loop over a script, with a parent that is alive for so many questions."""
    tasks, answers = TaskPipe(script), AnswerPipe()
    parent, raised = SimpleNamespace(asked=0), ""

    def parent_is_alive():
        parent.asked += 1
        return parent.asked <= parent_lives

    try:
        student.worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive)
    except RemoteError as error:
        if is_unwritten(error):
            raise
        raised = error.type_name
        answers.send((None, f"the loop itself raised {raised}", (str(error), (), "")))
    return SimpleNamespace(tasks=tasks, answers=answers.sent, parent=parent, raised=raised)


@graded("11.5", "one answer for each task", points=1)
def test_loop_answers(student, expect, rng):
    samples = [rng.randrange(1000) for _ in range(12)]
    tasks = [(number, rng.sample(range(12), rng.randrange(1, 5))) for number in rng.sample(range(50), 5)]
    done = work(student, [*tasks, None], samples, lambda batch: {"sum": sum(batch), "size": len(batch)})
    expect(
        done.answers,
        tried=f"the tasks {tasks}, then stop",
        rule='Each task gets one answer, in order: (number, "batch", collate_fn of its samples).',
        next="Send what `collate_fn` returns for the list of the samples.",
    ).equals(
        [
            (number, "batch", {"sum": sum(samples[i] for i in indices), "size": len(indices)})
            for number, indices in tasks
        ]
    )


@graded("11.5", "stop means stop", points=1)
def test_loop_stops(student, expect, rng):
    number = rng.randrange(9)
    done = work(student, [(number, [0]), None, (number + 1, [1])], [5, 6, 7])
    answered, left = [answer[0] for answer in done.answers], len(done.tasks.script)
    expect(
        answered == [number] and left == 1,
        tried=f"task {number}, then stop, and behind it another task",
        rule="At None the worker returns, and reads nothing more.",
        next="Leave the loop at the first None.",
        got=f"answers for the tasks {answered}, {count(left, 'message')} left unread",
    ).is_true(f"an answer for task {number} alone, 1 message left unread")


@graded("11.5", "errors become answers", points=2)
def test_loop_errors(student, expect, room, rng):
    good = rng.randrange(2, 9)
    raw = {good: b"good", good + 1: b"gr\xfcn", good + 2: b"last"}
    missing = good + rng.randrange(10, 90)
    script = [(0, [good]), (1, [missing]), (2, [good, good + 1]), (3, [good + 2]), None]
    done = work(student, script, tool(room, "Pages")(raw), room.module("builtins").list)
    tried = f"a key that is missing ({missing}), then a page that is no UTF-8, between good ones"
    expect(
        [answer[:2] for answer in done.answers],
        tried=tried,
        rule="A task that fails gets an answer, too, and the next one is done as if nothing had been.",
        next="Put the fetching into a `try`; in `except Exception` make the error the answer.",
    ).equals([(0, "batch"), (1, "error"), (2, "error"), (3, "batch")])
    expected = [("KeyError", (missing,)), ("UnicodeDecodeError", decode_error(raw[good + 1]).args)]
    expect(
        [answer[2][:2] for answer in done.answers[1:3]],
        tried=tried,
        rule="The error travels as its type's name and all of its args: from its text nobody can build it "
        "again.",
        next="`type(error).__name__` and `error.args`.",
    ).equals(expected)
    for answer, (name, _) in zip(done.answers[1:3], expected):
        expect(
            all(word in str(answer[2][2]) for word in ("Traceback", "__getitem__", name)),
            tried=f"{tried}: the text of the {name}",
            rule="The traceback travels as a text: it says where in the dataset it happened.",
            next="`traceback.format_exc()` inside the `except`.",
            got=repr(answer[2][2])[:150],
        ).is_true(f"a traceback that ends with the {name}")


@graded("11.5", "any error of a sample is an answer", points=1)
def test_loop_any_error(student, expect, room):
    for kind, next in (
        (
            "EOFError",
            "Only `tasks.recv()` stands in the `try` with `except EOFError`: a dataset may meet the end "
            "of a file, too.",
        ),
        (
            "StopIteration",
            "`list(map(...))` takes a StopIteration for the end, and the batch is short without a "
            "word; a generator expression makes it a RuntimeError. A list comprehension lets it through to "
            "your `except`.",
        ),
        ("NotImplementedError", "`except Exception` around the fetching."),
    ):
        done = work(
            student,
            [(0, [1, 2]), (1, [2, 3, 4]), (2, [4]), None],
            tool(room, "Shaky")({3: kind}),
            room.module("builtins").list,
        )
        expect(
            [(*answer[:2], answer[2][0]) if answer[1] == "error" else answer[:2] for answer in done.answers],
            tried=f"three tasks, where a sample of the second one raises {kind}; the answers, of an error "
            "with the name of its type",
            rule="Every task gets exactly one answer, also where the dataset raises what means something "
            "else elsewhere: the end of a pipe, or of an iteration.",
            next=next,
        ).equals([(0, "batch"), (1, "error", kind), (2, "batch")])


def decode_error(raw):
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return error


@graded("11.5", "a collate function may fail", points=1)
def test_loop_collate_error(student, expect, room, rng):
    number = rng.randrange(9)
    done = work(
        student, [(number, [0, 1]), (number + 1, [2]), None], ["a", "b", 3], room.module("builtins").sum
    )
    expect(
        [
            (answer[0], answer[1], answer[2][0] if isinstance(answer[2], tuple) else answer[2])
            for answer in done.answers
        ],
        tried="samples that `sum` cannot add, and then some that it can",
        rule="An error of collate_fn is an answer like an error of the dataset.",
        next="Is `collate_fn(...)` inside the `try`?",
    ).equals([(number, "error", "TypeError"), (number + 1, "batch", 3)])


@graded("11.5", "patience with a silent parent", points=1)
def test_loop_silence(student, expect, rng):
    silence = [SILENCE] * rng.randrange(3, 8)
    done = work(student, [*silence, (0, [1]), *silence, (1, [0]), None], ["x", "y"])
    expect(
        done.answers,
        tried=f"{len(silence)} times silence, a task, silence again, another task, stop; the parent is alive",
        rule="Silence is no reason to end while the parent is alive.",
        next="After a poll that brought nothing, ask `parent_is_alive()`, and go on.",
    ).equals([(0, "batch", ["y"]), (1, "batch", ["x"])])
    expect(
        done.tasks.waited_without_limit == 0
        and all(wait is not None and 0.01 <= wait <= 5 for wait in done.tasks.waits),
        tried="the same; how long the worker waits for a message",
        rule="It waits in steps of 0.01 to 5 seconds. `recv` without a message waits without limit; "
        "`poll(0)` burns a core.",
        next="`tasks.poll(1.0)` first, `tasks.recv()` only if it says True.",
        got=f"{count(done.tasks.waited_without_limit, 'call')} of recv without a message, waits of "
        f"{done.tasks.waits[:4]} seconds in poll",
    ).is_true("no call of recv without a message, and waits of 0.01 to 5 seconds")


@graded("11.5", "an orphan ends", points=2)
def test_loop_orphan(student, expect, rng):
    lives = rng.randrange(4)
    done = work(student, [(0, [0])], ["x"], parent_lives=lives)
    asked, blind = done.parent.asked, done.tasks.waited_without_limit
    ended = "it ended" if done.tasks.patience > 0 else "it waited on, and the judge ended it"
    expect(
        done.tasks.patience > 0 and asked == lives + 1 and blind == 0,
        tried=f"a task, then silence; parent_is_alive() says True {count(lives, 'time')}, and then False",
        rule="A worker whose parent is gone ends: nobody else will ever tell it to.",
        next="Ask `parent_is_alive()` after each poll without a message, and return when it says False.",
        got=f"{ended}; it had asked {count(asked, 'time')}, and called recv {count(blind, 'time')} without a "
        "message",
    ).is_true(
        f"it ends after it has asked {count(lives + 1, 'time')}, and never calls recv without a message"
    )
    done = work(student, [(0, [0]), CLOSED], ["x"])
    got = done.raised or ("it returned" if done.tasks.patience > 0 else "it went on")
    expect(
        got,
        tried="a task, and then a pipe whose other end is closed: poll says True, recv raises EOFError",
        rule="The end of the pipe is the end of the worker: it returns.",
        next="Catch EOFError around `tasks.recv()`, and return.",
    ).equals("it returned")


@graded("11.5", "it seeds itself", points=1)
def test_loop_seeds(student, expect, room, rng):
    base_seed = rng.randrange(2**40)
    dice = tool(room, "Dice")()

    def drawn(worker_id):
        done = work(
            student,
            [(0, [0, 1]), (1, [0, 1]), None],
            dice,
            room.module("builtins").list,
            worker_id=worker_id,
            base_seed=base_seed,
        )
        expect(
            [answer[:2] for answer in done.answers],
            tried="a dataset that draws from torch, NumPy and random: two tasks",
            rule="Each task gets one answer.",
            next="Does the loop run to its end with a dataset that draws random numbers?",
        ).equals([(0, "batch"), (1, "batch")])
        return [answer[2] for answer in done.answers]

    (first, later), (again, _), (other, _) = drawn(0), drawn(0), drawn(1)
    expect(
        again,
        tried=f"a dataset that draws from torch, NumPy and random, twice with worker 0 and base seed "
        f"{base_seed}",
        rule="The same worker and base seed give the same numbers.",
        next="Call `seed_everything(base_seed, worker_id)` first.",
    ).equals(first)
    expect(
        [name for name, mine, theirs in zip(NAMES, first[0], other[0]) if mine == theirs],
        tried="the same dataset in worker 1",
        rule="Another worker draws other numbers.",
        next="Does the worker's number reach `seed_everything`?",
    ).equals([])
    expect(
        [name for name, mine, next_ones in zip(NAMES, first[0], later[0]) if mine == next_ones],
        tried="the first and the second batch of one worker; the generators that drew the same for both",
        rule="The worker seeds itself once, at its start: the second batch draws other numbers than the "
        "first.",
        next="`seed_everything` stands before the loop, not inside it.",
    ).equals([])


# ---------------------------------------------------------------------------------------------------- 11.6

TASKS = [(number, [number, number + 1]) for number in range(0, 8, 2)]


@graded("11.6", "every task has an answer", points=2, seconds=60)
def test_mended_answers(student, expect, room, rng):
    bad = rng.choice([2, 3, 4, 5])
    for kind in ("ValueError", "KeyError", "queue.Empty"):
        ended, _, answers, _ = tool(room, "run_loop")(student.mended_loop, {bad: kind}, [*TASKS, None])
        expected = [
            (n, (kind.split(".")[-1], ["sample", bad])) if bad in indices else (n, [10 * i for i in indices])
            for n, indices in TASKS
        ]
        expect(
            answers if ended == "value" else f"{ended}, after the answers {answers}",
            tried=f"the tasks {TASKS}, where sample {bad} raises {kind}, then stop",
            rule="Each task gets one answer: its samples, or the error. Who waits for a batch must hear of "
            "it either way.",
            next="Which `except` catches this error, and what does it do with it? What does it take it for?",
        ).equals(expected)
    ended, _, answers, _ = tool(room, "run_loop")(student.mended_loop, {bad: "StopIteration"}, [*TASKS, None])
    failed = [number for number, indices in TASKS if bad in indices]
    in_error = [answer[0] for answer in answers if isinstance(answer[1], tuple)]
    expect(
        ended == "value" and in_error == failed and len(answers) == len(TASKS),
        tried=f"the tasks {TASKS}, where sample {bad} raises StopIteration, then stop",
        rule="StopIteration out of a sample is an error like any other. `list(map(...))` takes it for the "
        "end, and gives fewer samples without a word.",
        next="`[dataset[index] for index in indices]` lets it through to your `except`.",
        got=f"{count(len(answers), 'answer')}, errors for the tasks {in_error}"
        + ("" if ended == "value" else f"; the loop ended with {ended}"),
    ).is_true(f"{len(TASKS)} answers, an error for the task {failed[0]}")


@graded("11.6", "a failing start is reported", points=1, seconds=60)
def test_mended_start(student, expect, room, rng):
    number = rng.choice([5, 28, 122])  # these numbers have no class of their own below OSError
    ended, _, answers, _ = tool(room, "run_loop")(
        student.mended_loop, {}, [*TASKS, None], init_error=[number, "no such database"]
    )
    expect(
        answers if ended == "value" else f"{ended}, after the answers {answers}",
        tried=f"an init_fn that raises OSError({number}, 'no such database')",
        rule="If start-up fails, the worker puts (None, error) and returns. Otherwise the main process "
        "waits for ever.",
        next="What stands outside of any `try`?",
    ).equals([(None, ("OSError", [number, "no such database"]))])
    for messages, words in (([None], "stop"), ([*TASKS, None], f"{len(TASKS)} tasks and stop")):
        _, called, *_ = tool(room, "run_loop")(student.mended_loop, {}, messages)
        expect(
            called,
            tried=f"a loop for worker 5, which gets {words}; with what init_fn was called, each time",
            rule="init_fn is called once, with the worker's number, before the first task.",
            next="`init_fn(worker_id)` stands before the loop, not inside it.",
        ).equals([5])


@graded("11.6", "an orphan does not wait for ever", points=1, seconds=60)
def test_mended_orphan(student, expect, room):
    ended, _, answers, longest = tool(room, "run_loop")(
        student.mended_loop, {}, TASKS[:1], parent_dies=True, seconds=6
    )
    expect(
        answers if ended == "value" else f"{ended}, after the answers {answers}",
        tried="one task, and no stop: after 0.3 seconds parent_is_alive() says False. We wait six seconds",
        rule="A worker whose parent is gone ends by itself.",
        next="Who calls parent_is_alive, and how often?",
    ).equals([(0, [0, 10])])
    expect(
        longest <= 1.01,
        tried="one task, and no stop: the longest timeout of `tasks.get`, or sleep, of a worker that has no "
        "task and does not ask after its parent meanwhile",
        rule="Within a second parent_is_alive() is asked again.",
        next="Which timeout does `tasks.get` get? Half a second is short enough, and wakes nobody too often.",
        got=f"a wait of {longest:g} seconds",
    ).is_true("waits of at most 1 second")


@graded("11.6", "start-up seeds everything", points=2)
def test_mended_seeds(student, expect, room, rng):
    start_up = tool(room, "start_up")
    for base_seed in (7, rng.randrange(1000), rng.randrange(2**33, 2**62)):
        found = {}
        runs = {"worker 0": "", "worker 1": "", "again": "", **{other: other for other in OTHER_RUNS}}
        for run, other in runs.items():
            worker_id = int(run == "worker 1")
            try:
                found[run] = start_up(student.mended_init, worker_id, base_seed, 1, {}, other)[2]
            except ValueError as error:
                found[run] = f"ValueError: {error}"
        tried = (
            f"mended_init with base seed {base_seed} ({base_seed.bit_length()} bits), then a number of each "
            "generator"
        )
        expect(
            [run for run, drawn in found.items() if isinstance(drawn, str)],
            tried=f"{tried}; the runs that died",
            rule="Base seeds have up to 63 bits: a worker that dies of a large one dies at random.",
            next="`np.random.seed` takes 32 bits, or a list.",
            got=str(found["worker 0"]),
        ).equals([])
        which = "A dataset may draw from torch, NumPy and `random`. Which one is forgotten?"
        for run, (words, next) in {"again": ("", which), **OTHER_RUNS}.items():
            expect(
                [name for name, one, two in zip(NAMES, found["worker 0"], found[run]) if one != two],
                tried=f"{tried}; worker 0 twice{words and ', the second time ' + words}: the generators that "
                "draw others then",
                rule="Whatever draws random numbers is seeded: the same worker draws the same again, today "
                "and tomorrow.",
                next=next,
            ).equals([])
        expect(
            [name for name, one, two in zip(NAMES, found["worker 0"], found["worker 1"]) if one == two],
            tried=f"{tried}; the generators that draw the same in workers 0 and 1",
            rule="Workers draw different numbers, from all three generators.",
            next="The worker's number belongs into every seed.",
        ).equals([])


@graded("11.6", "every machine, and its own business only", points=2)
def test_mended_business(student, expect, room, rng):
    start_up = tool(room, "start_up")
    base_seed = rng.randrange(1000)
    for gpus in (0, 2):
        for environment in ({}, {"RANK": "0", "WORLD_SIZE": "2"}):
            try:
                joined, changed, _ = start_up(student.mended_init, 1, base_seed, gpus, environment)
            except (ZeroDivisionError, ArithmeticError) as error:
                joined, changed = f"{error}", []
            expect(
                joined,
                tried=f"mended_init on a machine with {gpus} GPUs and the environment {environment}: joins "
                f"of the group",
                rule="A worker starts on every machine, and never joins the process group: that is a "
                "meeting of the "
                "training processes, and a worker would come as a double of its own parent.",
                next="What is `worker_id % 0`? And who is meant by RANK?",
            ).equals(0)
            expect(
                changed,
                tried=f"mended_init on a machine with {gpus} GPUs and the environment {environment}: the "
                "variables that it changed, besides CUDA_VISIBLE_DEVICES",
                rule="A worker minds its own business: which GPU is shown to it, and no other variable.",
                next="Who else reads `environment`, or `os.environ`? What is not broken needs no mending.",
            ).equals([])

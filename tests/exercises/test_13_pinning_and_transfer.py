"""The graded checks of exercise 13."""

from collections import namedtuple
from functools import cache
from types import SimpleNamespace

import torch

from course_lib.classroom.exercises.errors import RemoteError, is_unwritten
from course_lib.classroom.exercises.tasks import Exercise, Task, graded

EXERCISE = Exercise(
    "13",
    "pinning_and_transfer",
    (
        Task(
            "13.1",
            "A move for any batch",
            defines=("move_to",),
            forbids=("DeviceLoader",),
            difficulty=2,
            importance=5,
            minutes=15,
            hints=(
                "What is the smallest batch that can be moved, and what does a list of such batches need? "
                "And "
                "what, in the end, cannot be moved at all?",
                "Draw the example as a tree: the list at the top, the tensors and the name as leaves. At a "
                "leaf you "
                "either call `to` or return the leaf; at a fork you make the same kind of fork of moved "
                "branches.",
                "`type(batch)(...)` remakes a list or a tuple of one iterable. A named tuple wants its "
                "fields one "
                "by one: it has a method `_make` that takes an iterable, and other tuples do not have it.",
            ),
        ),
        Task(
            "13.2",
            "One batch ahead",
            defines=("one_ahead",),
            forbids=("DeviceLoader",),
            difficulty=4,
            importance=5,
            minutes=30,
            hints=(
                "At the moment at which batch 0 is yielded, which calls must have been made already? And "
                "when the "
                "loop over `batches` is over, what has begun and not been yielded?",
                "Think of a counter with room for two tickets. A new one comes in on the right; as soon as "
                "two lie "
                "there, the left one is finished and yielded. After the loop one is left, unless there was "
                "none.",
                "A `deque` holds the tickets: `append` on the right, `popleft` on the left. Put the loop "
                "into a "
                "`try` with a `finally` that finishes what still lies there and yields nothing. An error of "
                "`batches` you keep in a "
                "variable, and raise it when the last ticket has been yielded: a `try` of its own, around "
                "`next(...)` and nothing else, catches it.",
            ),
        ),
        Task(
            "13.3",
            "What overlap gains",
            defines=("sequential_time", "overlapped_time"),
            difficulty=3,
            importance=4,
            minutes=25,
            hints=(
                "For batch 3: which three moments must have passed before its copy can begin, and which "
                "two before "
                "its step can begin?",
                "Draw three rows, as in the lesson, for costs of (1, 4, 2), twice, then (1, 1, 6), and "
                "push every box to "
                "the left until it touches what it has to wait for. `max` is that touching.",
                "`loaded += load`; `copied = max(loaded, copied, end of the step of batch i - slots) + "
                "copy`; the "
                "step ends at `max(copied, end of the step before) + step`. Keep the ends of all steps in "
                "a list.",
            ),
        ),
        Task(
            "13.4",
            "What to pin",
            defines=("pin_batch",),
            difficulty=2,
            importance=4,
            minutes=15,
            hints=(
                "For whom is memory pinned? If nobody is there, how many values need a look?",
                "Sort the values of the table into three heaps: those that know nothing of pinning, "
                "tensors, and "
                "objects of other kinds with a `pin_memory`. Only the middle heap needs two more questions.",
                "`hasattr(value, 'pin_memory')` parts the first heap from the others, `hasattr(value, "
                "'is_pinned')` the "
                "tensors from the objects. Pin a tensor only if it is on the CPU and is not pinned yet.",
            ),
        ),
        Task(
            "13.5",
            "Four complaints",
            defines=("repaired_epoch",),
            forbids=("DeviceLoader",),
            difficulty=4,
            importance=4,
            minutes=30,
            hints=(
                "Write the calls of `broken_epoch` for three batches below each other. At which of them is "
                "buffer 0 "
                "filled, and when does the device look into it?",
                "Two columns, one for each buffer. In each, `fill`, `send`, `wait` must follow each other "
                "again and again. "
                "Batch i uses the column i % 2; between the `send` and the `wait` of one, the other one "
                "trains.",
                "In the loop: fill and send the new batch into the buffer `number % 2`; then, if there is "
                "an older "
                "copy, `wait` for it and order its `step`. After the loop the same once more for the last "
                "one, then "
                "`synchronize`, and only then read the losses.",
            ),
        ),
    ),
)

Sample = namedtuple("Sample", "image label")


def counted(number, one, more):
    """Return "1 batch", "2 batches"."""
    return f"{number} {one if number == 1 else more}"


def attempt(action):
    """Return what `action()` gives; an error is a value too, so that an expectation can speak about it."""
    try:
        return action()
    except StopIteration:
        return "StopIteration"
    except RemoteError as error:
        if is_unwritten(error):
            raise
        return f"{error.type_name}: {error.message}"


# ---------------------------------------------------------------------------------------------------- 13.1


class Words(str):
    """Words for a tensor, which are no text of a batch and are written without quotation marks."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def portrait(value, place="cpu"):
    """Describe a batch: the same containers, and in the places of tensors where each is, and of which shape.

    Args:
        place: where the tensors are that lie on this side.
    """
    if hasattr(value, "_handle") and hasattr(value, "dtype"):  # a tensor that stays over there
        return Words(f"<tensor on {value.device.type}, {value.dtype}, {list(value.shape)}>")
    if isinstance(value, torch.Tensor):
        return Words(f"<tensor on {place}, {value.dtype}, {list(value.shape)}>")
    if isinstance(value, dict):
        return {key: portrait(part, place) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = (f"{name}={portrait(part, place)!r}" for name, part in zip(value._fields, value))
        return Words(f"{type(value).__name__}({', '.join(parts)})")
    if isinstance(value, list | tuple):
        return type(value)(portrait(part, place) for part in value)
    return value


def moved_portrait(value):
    """Describe what the batch must be on the device "meta"."""
    return portrait(value, "meta")


def a_tensor(rng):
    shape = [rng.randrange(1, 4) for _ in range(rng.randrange(0, 4))]
    return torch.zeros(shape, dtype=rng.choice([torch.float32, torch.int64, torch.uint8, torch.bool]))


@graded("13.1", "tensors, and the empty containers", points=1)
def test_move_tensors(student, expect, rng):
    for batch in (a_tensor(rng), a_tensor(rng), [], (), {}):
        expect(
            attempt(lambda batch=batch: portrait(student.move_to(batch, "meta"))),
            tried=f"move_to({portrait(batch)}, 'meta')",
            rule="A tensor comes back on the device, with its dtype and shape. A container without values "
            "stays one.",
            next="`tensor.to(device)` returns the moved tensor: do you return it?"
            if isinstance(batch, torch.Tensor)
            else f"An empty {type(batch).__name__} comes back as an empty {type(batch).__name__}: what "
            "do you "
            "make where there is nothing to move?",
        ).equals(moved_portrait(batch))


@graded("13.1", "containers keep their kind", points=2)
def test_move_containers(student, expect, rng):
    pieces = [a_tensor(rng) for _ in range(6)]
    batches = (
        [pieces[0], pieces[1]],
        (pieces[0], pieces[1]),
        {"image": pieces[2], rng.randrange(9): pieces[3]},
        {"views": [(pieces[0], {"deep": [pieces[4]]}), ()], "other": (pieces[5],)},
    )
    for batch in batches:
        expect(
            attempt(lambda batch=batch: portrait(student.move_to(batch, "meta"))),
            tried=f"move_to({portrait(batch)}, 'meta')",
            rule="A list stays a list, a tuple a tuple, a dict a dict with its keys, however deep they lie.",
            next="For each kind: what does it take to make one of this kind of moved values?",
        ).equals(moved_portrait(batch))


@graded("13.1", "named tuples keep their name", points=2)
def test_move_named_tuples(student, expect, rng):
    pair = namedtuple("Pair", rng.sample(["left", "right", "upper", "lower"], 2))
    single = namedtuple("Single", "only")
    for batch in (
        Sample(a_tensor(rng), a_tensor(rng)),
        [single(a_tensor(rng))],
        pair(Sample(a_tensor(rng), 3), {"a": a_tensor(rng)}),
    ):
        expect(
            attempt(lambda batch=batch: portrait(student.move_to(batch, "meta"))),
            tried=f"move_to({portrait(batch)}, 'meta')",
            rule="A named tuple comes back as the same kind of named tuple, with the same fields.",
            next="A named tuple is a tuple, but it is not made of one iterable. Look at its method `_make`.",
        ).equals(moved_portrait(batch))


@graded("13.1", "what cannot move stays", points=1)
def test_move_others(student, expect, room, rng):
    word = "".join(rng.sample("abcdefgh", 4))
    for batch in (
        word,
        "",
        word.encode(),
        rng.randrange(100),
        0.5,
        True,
        None,
        ["a", word],
        {"name": word, "n": None},
    ):
        expect(
            attempt(lambda batch=batch: portrait(student.move_to(batch, "meta"))),
            tried=f"move_to({batch!r}, 'meta')",
            rule="What has no method `to` and is no list, tuple or dict comes back as it is; a string is "
            "one thing.",
            next="Which line does a string come to? It can be iterated over, but it is no list.",
        ).equals(portrait(batch))
    is_kept = room.module("builtins").eval(ASK_ITSELF)
    for kind, make in KEPT:
        maker = room.module("builtins").eval(make)
        expect(
            attempt(lambda maker=maker: is_kept(student.move_to, maker)),
            tried=f"{kind}, alone and in a list in a dict: is it the very same afterwards?",
            rule="What cannot move comes back itself, and no copy of it: it may be large, or an open file. "
            "The table names lists, tuples and dicts, and no other container.",
            next="`return batch`, without a copy. Which types do you ask for before that line?",
        ).equals([True, True])
    expect(
        attempt(lambda: room.module("builtins").eval(ASK_INSIDE)(student.move_to, a_tensor(rng))),
        tried="an object that has no method `to`, with a tensor as its attribute: where is this tensor "
        "afterwards?",
        rule="What cannot move stays as it was, with all that is in it: others may hold the same object.",
        next="`setattr(batch, …)` changes the object of whoever called you. Look into lists, tuples and "
        "dicts, and into nothing else.",
    ).equals("cpu")


class Parcel:
    """A batch of a type of its own: it moves by itself, and notes what it was asked."""

    def __init__(self, name, where="cpu"):
        self.name = name
        self.where = where
        self.asked = []

    def to(self, *arguments, **named):
        words = [repr(each) for each in arguments] + [f"{name}={value!r}" for name, value in named.items()]
        self.asked.append(f"to({', '.join(words)})")
        return Parcel(self.name, *arguments[:1])


class Stuck:
    """A batch that cannot be moved, though it has a method for that."""

    def __repr__(self):
        return "<an object whose method `to` raises>"

    def to(self, device):
        raise RuntimeError(f"{device} has no memory left")


# These objects are asked where they are: they could not cross, or would cross as plain containers.
ASK_ITSELF = """lambda move_to, make: (lambda leaf: [
    move_to(leaf, 'meta') is leaf, move_to({'deep': [leaf]}, 'meta')['deep'][0] is leaf
])(make())"""
KEPT = (
    ("an object that has no method `to`", "object"),
    ("a set", "lambda: {'a.png', 3}"),
    ("an iterator", "lambda: (number for number in [3, 4])"),
)
ASK_INSIDE = """lambda move_to, tensor: (lambda holder: [
    setattr(holder, 'image', tensor), move_to([holder], 'meta'), holder.image.device.type
][-1])(type('Holder', (), {})())"""
ASK_PACKED = """lambda move_to, rnn, tensor: (lambda packed: [
    type(packed).__name__, packed.data.device.type, packed.batch_sizes.device.type
])(move_to([rnn.pack_sequence([tensor])], 'meta')[0])"""
ASK_A_DICT = """lambda move_to: move_to(
    type('Graph', (dict,), {'to': lambda self, device: 'the graph, moved as a whole'})(nodes=3), 'meta'
)"""


@graded("13.1", "objects that move by themselves", points=1)
def test_move_objects(student, expect, room, rng):
    parcels = [Parcel(f"parcel {rng.randrange(100)}") for _ in range(2)]
    moved = attempt(lambda: student.move_to({"one": parcels[0], "more": [(parcels[1], "text")]}, "cuda:1"))
    expect(
        [parcel.asked for parcel in parcels],
        tried="a dict and a list with two objects that have a method `to`; the device 'cuda:1'",
        rule="What has a method `to` is asked once, with the device and nothing else.",
        next="Call `part.to(device)`, once, as the table says: an object of another class may know no "
        "`non_blocking`."
        if all(parcel.asked for parcel in parcels)
        else "Ask `hasattr(part, 'to')` and not for the type: a batch may be of a class that you never "
        "heard of.",
    ).equals([["to('cuda:1')"], ["to('cuda:1')"]])
    found = attempt(lambda: [(p.name, p.where) for p in (moved["one"], moved["more"][0][0])])
    expect(
        found,
        tried="the same; what stands in the places of the two objects",
        rule="What `to` returns takes the object's place.",
        next="Is the result of `to` returned, or is it dropped?",
    ).equals([(parcel.name, "cuda:1") for parcel in parcels])
    there = room.module("builtins").eval
    for tried, action, wanted in (
        (
            "a PackedSequence of torch, which is a named tuple with a method `to`: its kind, the place "
            "of its "
            "data and of its batch_sizes, which torch leaves on the CPU",
            lambda: there(ASK_PACKED)(student.move_to, room.module("torch.nn.utils.rnn"), torch.ones(3)),
            ["PackedSequence", "meta", "cpu"],
        ),
        (
            "a dict of a class of its own, which has a method `to`",
            lambda: there(ASK_A_DICT)(student.move_to),
            "the graph, moved as a whole",
        ),
    ):
        expect(
            attempt(action),
            tried=tried,
            rule="Anything with a method `to` is asked, a container as well: it knows best what of it "
            "belongs "
            "on the device. The first row of the table that fits counts.",
            next="Ask for `to` before you ask for dict, list and tuple.",
        ).equals(wanted)
    expect.raises(
        RuntimeError,
        lambda: student.move_to([Stuck()], "meta"),
        tried="an object whose method `to` raises: RuntimeError, no memory left",
        rule="What `to` raises comes out: a batch that stays on the host without a word fails later, and "
        "somewhere else.",
        next="`except` hides more than you mean. Ask `hasattr(part, 'to')`, and call it without a `try`.",
        saying="no memory left",
    )


@graded("13.1", "the batch that came in stays", points=1)
def test_move_in_place(student, expect, room, rng):
    batch = {"image": a_tensor(rng), "views": [a_tensor(rng), {"deep": a_tensor(rng)}]}
    bound = room.module("functools").partial(student.move_to, batch)
    attempt(lambda: bound("meta"))
    expect(
        portrait(bound.args[0]),
        tried="a dict with a list in it is moved to 'meta'; then the dict that came in is looked at",
        rule="Moving makes new containers. Those that came in still hold the tensors of the host.",
        next="`batch[key] = …` changes the batch of whoever called you. Build a new container.",
    ).equals(portrait(batch))


# ---------------------------------------------------------------------------------------------------- 13.2


class TornFile(Exception):  # noqa: N818  (it is no kind of any error that an answer could name)
    """What reading a batch raises."""


class LostCopy(Exception):  # noqa: N818
    """What waiting for a copy raises."""


class Unit:
    """A copy unit that writes down what it is asked for, and may fail to finish one copy."""

    def __init__(self, diary, fails_at=None):
        self.diary = diary
        self.fails_at = fails_at
        self.batches = []

    def begin(self, batch):
        self.batches.append(batch)
        self.diary.append(f"b{len(self.batches) - 1}")
        return len(self.batches) - 1

    def finish(self, ticket):
        self.diary.append(f"f{ticket}")
        if ticket == self.fails_at:
            raise LostCopy("the device is gone")
        return ["there", self.batches[ticket]]


class Source:
    """Batches without a length; it counts how many were taken, and may fail at one of them."""

    def __init__(self, batches, fails_at=None):
        self.batches = batches
        self.fails_at = fails_at
        self.taken = 0

    def __iter__(self):
        for number, batch in enumerate(self.batches):
            if number == self.fails_at:
                raise TornFile("this batch cannot be read")
            self.taken += 1
            yield batch


def run(student, source, diary, stop_after=None, limit=60, fails_at=None):
    """Iterate over the student's generator; return what came, an error as its name."""
    came = []
    try:
        one_pass = iter(student.one_ahead(source, Unit(diary, fails_at)))
        while len(came) < limit:
            if len(came) == stop_after:
                return came if end(one_pass) else [*came, "no close()"]
            batch = next(one_pass)
            diary.append(f"y{len(came)}")
            came.append(batch)
    except StopIteration:
        return came
    except RemoteError as error:
        if is_unwritten(error):
            raise
        return [*came, error.type_name]
    return [*came, "and so on"]


def end(one_pass):
    """Do what a generator gets when its consumer breaks off; return whether that was possible."""
    if not hasattr(one_pass, "close"):
        return False
    one_pass.close()
    return True


def some_batches(rng, length):
    return rng.sample(range(1000, 9999), length)


@graded("13.2", "every batch once, in order", points=2)
def test_ahead_complete(student, expect, rng):
    for length in (rng.randrange(3, 9), 2, 1, 0):
        batches = some_batches(rng, length)
        expect(
            run(student, Source(batches), []),
            tried=f"{counted(length, 'batch', 'batches')}: {batches}",
            rule="Whatever `finish` returns is yielded, once for each batch and in order.",
            next="When the loop over `batches` ends, one copy has begun and was not yielded; with no "
            "batch, none. Is it the first that is missing? A ticket may be 0.",
        ).equals([["there", batch] for batch in batches])
    for batches in ([None, 0, [], 7, ""], [0], [3, None]):
        expect(
            run(student, Source(batches), []),
            tried=f"{counted(len(batches), 'batch', 'batches')}: {batches}",
            rule="Every batch is yielded, whatever it is: None, 0 and [] are batches like any other.",
            next="What tells your code that there is no batch? `None` and `if batch` do not: keep an "
            "object of "
            "your own for it, or ask the length of the deque.",
        ).equals([["there", batch] for batch in batches])


@graded("13.2", "the next copy begins first", points=2)
def test_ahead_overlap(student, expect, rng):
    length = rng.randrange(3, 8)
    diary = []
    run(student, Source(some_batches(rng, length)), diary)
    late = [
        f"f{number} before b{number + 1}"
        for number in range(length - 1)
        if f"b{number + 1}" not in diary[: diary.index(f"f{number}") if f"f{number}" in diary else 0]
    ]
    expect(
        late,
        tried=f"{length} batches; the calls were {' '.join(diary)} (b: begin, f: finish, y: yielded)",
        rule="The copy of batch i + 1 has begun when that of batch i is finished: so it runs during step i.",
        next="Write down the calls that `one_ahead` must make before the very first `yield`.",
        got=f"too late: {', '.join(late)}" if late else "",
    ).equals([])


@graded("13.2", "one ahead and no more", points=1)
def test_ahead_lazy(student, expect, rng):
    length = rng.randrange(6, 10)
    source, diary, seen = Source(some_batches(rng, length)), [], []

    def look():
        one_pass = iter(student.one_ahead(source, Unit(diary)))
        seen.append(source.taken)
        for _ in range(length - 2):
            next(one_pass)
            seen.append(source.taken)
        return seen

    expect(
        attempt(look),
        tried=f"how many of {length} batches have been taken: before the first next(), and after each",
        rule="Before the first `next()` none; when batch i is yielded, those up to i + 1.",
        next="How many tickets lie on the counter at most? Does anything run before the first `next()`?",
    ).equals([0, *range(2, length)])


@graded("13.2", "an error waits for its turn", points=1)
def test_ahead_error(student, expect, rng):
    for fails_at in (rng.randrange(2, 5), 1, 0):
        batches = some_batches(rng, 6)
        expect(
            run(student, Source(batches, fails_at), []),
            tried=f"6 batches, where reading batch {fails_at} raises TornFile, a kind of error of its own",
            rule="The batches before the error are yielded first; then the error comes out, whatever kind it "
            "is, and nothing hides it.",
            next="When the error comes, one copy has begun. Keep the error, yield that batch, then raise. "
            "`except Exception` keeps every kind.",
        ).equals([["there", batch] for batch in batches[:fails_at]] + ["TornFile"])
    batches, diary = some_batches(rng, 5), []
    expect(
        run(student, Source(batches), diary, fails_at=1),
        tried=f"5 batches, where `finish` raises LostCopy for copy 1; the calls were {' '.join(diary)}",
        rule="Only an error of `batches` waits for its turn. An error of `finish` comes out at once: "
        "the batch "
        "is lost, and to yield the next one would hide that.",
        next="Your `except` surrounds too much: put `next(...)` on `batches` into the `try`, and neither "
        "`finish` nor `yield`.",
    ).equals([["there", batches[0]], "LostCopy"])


@graded("13.2", "nothing is left behind", points=2)
def test_ahead_break(student, expect, rng):
    for stop_after in (rng.randrange(2, 5), 1):
        diary = []
        came = run(student, Source(some_batches(rng, 8)), diary, stop_after)
        begun = sorted(call[1:] for call in diary if call.startswith("b"))
        finished = sorted(call[1:] for call in diary if call.startswith("f"))
        error = came[-1] if came and isinstance(came[-1], str) else ""
        expect(
            [len(came) - bool(error), finished, error],
            tried=f"the consumer stops after {stop_after} of 8 batches; the calls were {' '.join(diary)}",
            rule="Every copy that has begun is finished, once, and nothing is yielded any more.",
            next="A `finally` that runs on `close()` must not `yield`: nobody is there to take it, and "
            "Python "
            "says RuntimeError. Call `finish` there, and drop what it returns."
            if error == "RuntimeError"
            else "`close()` raises GeneratorExit at your `yield`. A `finally` runs then: it may call "
            "`finish`, "
            "and must not `yield`.",
            got=f"{counted(len(came) - bool(error), 'batch', 'batches')} came; begun: {', '.join(begun)}; "
            f"finished: {', '.join(finished)}" + (f"; then {error}" if error else ""),
        ).equals([stop_after, begun, ""])


# ---------------------------------------------------------------------------------------------------- 13.3


def draw_costs(rng, length, largest=12):
    return [tuple(rng.randrange(largest) for _ in range(3)) for _ in range(length)]


def time_by_waiting(costs, slots):
    """Say when the last step ends: each moment asks for the moments that it waits for."""

    @cache
    def loaded(i):
        return 0 if i < 0 else loaded(i - 1) + costs[i][0]

    @cache
    def copied(i):
        return 0 if i < 0 else max(loaded(i), copied(i - 1), ended(i - slots)) + costs[i][1]

    @cache
    def ended(i):
        return 0 if i < 0 else max(copied(i), ended(i - 1)) + costs[i][2]

    return ended(len(costs) - 1)


@graded("13.3", "one after the other is the sum", points=1)
def test_time_sum(student, expect, rng):
    for length in (rng.randrange(2, 9), 1, 0):
        costs = draw_costs(rng, length)
        expect(
            attempt(lambda costs=costs: student.sequential_time(costs)),
            tried=f"sequential_time({costs})",
            rule="Where nothing overlaps, all costs add up.",
            next="Three numbers for each batch: are all of them in your sum?",
        ).equals(sum(map(sum, costs)))


@graded("13.3", "the sum becomes the maximum", points=2)
def test_time_law(student, expect, rng):
    fixed = [(rng.randrange(5, 9), 2, 1), (1, rng.randrange(5, 9), 2), (2, 1, rng.randrange(5, 9))]
    for cost in [*fixed, draw_costs(rng, 1)[0]]:
        length = rng.randrange(3, 12)
        expect(
            attempt(lambda cost=cost, length=length: student.overlapped_time([cost] * length)),
            tried=f"overlapped_time([{cost}] * {length}): every batch costs the same",
            rule="(load + copy + step) for the first batch, then max(load, copy, step) for each further one.",
            next="The first batch waits for nobody; after it, the slowest unit sets the pace.",
        ).equals(sum(cost) + (length - 1) * max(cost))


@graded("13.3", "every batch at its own cost", points=2)
def test_time_varying(student, expect, rng):
    for _ in range(6):
        costs = draw_costs(rng, rng.randrange(3, 9))
        expect(
            attempt(lambda costs=costs: student.overlapped_time(costs)),
            tried=f"overlapped_time({costs})",
            rule="Each unit begins a batch when the batch is there, the unit is free, and for a copy a "
            "slot is.",
            next="Compute it by hand for two batches, box by box, and compare.",
        ).equals(time_by_waiting(costs, 2))


@graded("13.3", "a slot is free when its step has ended", points=2)
def test_time_slots(student, expect, rng):
    for slots in (1, 3, rng.randrange(4, 7), 2):
        # Long steps at first, then long copies: so the number of slots decides.
        costs = [(0, 1, rng.randrange(20, 30)) for _ in range(4)]
        costs += [(0, rng.randrange(20, 30), rng.randrange(3)) for _ in range(4)]
        expect(
            attempt(lambda costs=costs, slots=slots: student.overlapped_time(costs, slots=slots)),
            tried=f"overlapped_time({costs}, slots={slots})",
            rule=f"Batch i can be copied when the step of batch i - {slots} has ended: then a slot is free.",
            next="With one slot no copy overlaps a step. From when to when does a batch keep its slot?",
        ).equals(time_by_waiting(costs, slots))

    costs = [(0, 1, 20)] * 4 + [(0, 20, 1)] * 4
    expect(
        attempt(lambda: student.overlapped_time(costs)),
        tried=f"overlapped_time({costs}), without `slots`",
        rule="Two slots, where nothing else is said.",
        next="What is the default of `slots` in your first line?",
    ).equals(time_by_waiting(costs, 2))


@graded("13.3", "no batch and one batch", points=1)
def test_time_edges(student, expect, rng):
    for slots in (1, 2, 5):
        for costs in ([], draw_costs(rng, 1)):
            expect(
                attempt(lambda costs=costs, slots=slots: student.overlapped_time(costs, slots=slots)),
                tried=f"overlapped_time({costs}, slots={slots})",
                rule="No batch takes no time, and one batch has nothing that it could overlap with.",
                next="What is in your list of ends before the first batch?",
            ).equals(sum(map(sum, costs)))


# ---------------------------------------------------------------------------------------------------- 13.4


class FakeTensor:
    """Behaves like a tensor as far as pinning goes, and counts how often it is pinned."""

    def __init__(self, name, place="cpu", pinned=False, has_gpu=True):
        self.name = name
        self.device = SimpleNamespace(type=place)
        self.times_pinned = 0
        self._pinned = pinned
        self.has_gpu = has_gpu

    def is_pinned(self):
        return self._pinned

    def pin_memory(self):
        self.times_pinned += 1
        if not self.has_gpu:
            raise RuntimeError("Found no NVIDIA driver on your system")
        if self.device.type != "cpu":
            raise RuntimeError(
                "cannot pin a tensor that is on a device: only dense CPU tensors can be pinned"
            )
        return FakeTensor(self.name, pinned=True)


class FakeGraph:
    """A batch of another type, which has a `pin_memory` of its own and nothing else of a tensor."""

    def __init__(self, name, pinned=False, has_gpu=True):
        self.name = name
        self._pinned = pinned
        self.times_pinned = 0
        self.has_gpu = has_gpu

    def pin_memory(self):
        self.times_pinned += 1
        if not self.has_gpu:
            raise RuntimeError("Found no NVIDIA driver on your system")
        return FakeGraph(self.name, pinned=True)


def a_fake_batch(rng, has_gpu):
    values = {
        "pageable": FakeTensor("pageable", has_gpu=has_gpu),
        "other pageable": FakeTensor("other pageable", has_gpu=has_gpu),
        "pinned": FakeTensor("pinned", pinned=has_gpu, has_gpu=has_gpu),
        "graph": FakeGraph("graph", has_gpu=has_gpu),
        "file": f"{rng.randrange(100)}.png",
        "number": rng.randrange(100),
        "nothing": None,
    }
    if has_gpu:
        values["on the device"] = FakeTensor("on the device", place="cuda")
    keys = rng.sample(list(values), len(values))
    return {key: values[key] for key in keys}


def looks(batch):
    """Describe a batch of fakes: in order, what is pinned."""
    if not isinstance(batch, dict):
        return batch
    kinds = (FakeTensor, FakeGraph)
    return [
        (key, f"pinned={value._pinned}" if isinstance(value, kinds) else value)
        for key, value in batch.items()
    ]


def times(batch, kinds=(FakeTensor, FakeGraph)):
    return {key: value.times_pinned for key, value in batch.items() if isinstance(value, kinds)}


@graded("13.4", "without a GPU nothing is touched", points=1)
def test_pin_without(student, expect, rng):
    batch = a_fake_batch(rng, has_gpu=False)
    result = attempt(lambda: student.pin_batch(batch, has_gpu=False))
    expect(
        times(batch),
        tried="pin_batch(batch, has_gpu=False); how often was each value asked to pin itself?",
        rule="Pinned memory helps copies to a GPU and nothing else: without one, nothing is pinned.",
        next="Ask `has_gpu` before anything else.",
    ).equals(dict.fromkeys(times(batch), 0))
    expect(
        looks(result),
        tried="pin_batch(batch, has_gpu=False); what came back, in order",
        rule="Without a GPU, every value comes back as it is.",
        next="Return a dict in that case, too.",
    ).equals(looks(batch))


@graded("13.4", "host memory is pinned once", points=2)
def test_pin_host(student, expect, rng):
    names = rng.sample("abcdefgh", 3)
    batch = {name: FakeTensor(name) for name in names}
    result = attempt(lambda: student.pin_batch(batch, has_gpu=True))
    expect(
        times(batch),
        tried=f"three pageable tensors {names}, with a GPU; how often was each pinned?",
        rule="A tensor in host memory that is not pinned yet is pinned, once.",
        next="Every `pin_memory()` is a copy: call it once, and keep what it returns.",
    ).equals(dict.fromkeys(names, 1))
    expect(
        looks(result),
        tried=f"the same three tensors {names}; what came back, in order",
        rule="`pin_memory()` returns a new, pinned tensor. That one belongs into the result, under the "
        "same key.",
        next="Do you return what `pin_memory()` returned, or the old tensor?",
    ).equals([(name, "pinned=True") for name in names])


@graded("13.4", "what is pinned already stays", points=1)
def test_pin_again(student, expect, rng):
    batch = {"old": FakeTensor("old", pinned=True), "new": FakeTensor("new")}
    result = attempt(lambda: student.pin_batch(batch, has_gpu=True))
    expect(
        [times(batch), looks(result)],
        tried="one tensor that is pinned and one that is not, with a GPU: how often pinned, and what came "
        "back",
        rule="A pinned tensor is not pinned again.",
        next="`value.is_pinned()` says it.",
    ).equals([{"old": 0, "new": 1}, [("old", "pinned=True"), ("new", "pinned=True")]])


@graded("13.4", "what lies on a device stays", points=1)
def test_pin_device(student, expect, rng):
    other = rng.choice(["mps", "xpu"])
    batch = {name: FakeTensor(name, place=name) for name in ("cpu", "cuda", other)}
    result = attempt(lambda: student.pin_batch(batch, has_gpu=True))
    expect(
        [times(batch), looks(result)],
        tried=f"three tensors on cpu, cuda and {other}, with a GPU: how often pinned, and what came back",
        rule="Only host memory can be pinned. What is on a device has no way left to go.",
        next="`value.device.type` says where a tensor is. There are other devices than 'cuda'.",
    ).equals(
        [
            {"cpu": 1, "cuda": 0, other: 0},
            [("cpu", "pinned=True"), ("cuda", "pinned=False"), (other, "pinned=False")],
        ]
    )


@graded("13.4", "other types, text and numbers", points=1)
def test_pin_others(student, expect, rng):
    batch = a_fake_batch(rng, has_gpu=True)
    result = attempt(lambda: student.pin_batch(batch, has_gpu=True))
    wanted = [
        (key, f"pinned={key != 'on the device'}" if isinstance(value, FakeTensor | FakeGraph) else value)
        for key, value in batch.items()
    ]
    expect(
        looks(result),
        tried=f"a batch with the keys {list(batch)}, with a GPU; 'graph' has a method pin_memory and is no "
        f"tensor",
        rule="An object with a `pin_memory` of its own is asked; what knows nothing of pinning stays. Keys "
        "keep their order.",
        next="`hasattr(value, 'pin_memory')` and `hasattr(value, 'is_pinned')` tell the three cases apart.",
    ).equals(wanted)


@graded("13.4", "the batch that came in stays", points=1)
def test_pin_in_place(student, expect, room, rng):
    bound = room.module("functools").partial(student.pin_batch, a_fake_batch(rng, has_gpu=True))
    before = looks(bound.args[0])
    attempt(lambda: bound(has_gpu=True))
    expect(
        looks(bound.args[0]),
        tried="pin_batch(batch, has_gpu=True); then the dict that came in is looked at",
        rule="Pinning makes a new dict. The one that came in still holds the values that it had, in their "
        "order.",
        next="`batch[key] = …` changes the batch of whoever called you. Build a new dict.",
    ).equals(before)


# ---------------------------------------------------------------------------------------------------- 13.5


class RecordingDevice:
    """The lazy device of the notebook, with a record of everything that was ordered."""

    def __init__(self, losses, source):
        self._true_losses = losses
        self._source = source
        self._buffers = [None, None]
        self._copies = []
        self._losses = []
        self.trained = []
        self.early_steps = []  # steps whose copy nobody had waited for
        self.early_fills = []  # buffers that were filled while a copy from them was under way
        self.in_flight = []  # at each step: how many copies had been sent that nobody had waited for
        self.taken = []  # at each step: how many batches had been taken

    def fill(self, buffer, batch):
        if buffer not in (0, 1):
            raise ValueError(f"there is no buffer {buffer!r}: there are 0 and 1")
        if any(copy["buffer"] == buffer and not copy["made"] for copy in self._copies):
            self.early_fills.append(batch)
        self._buffers[buffer] = batch

    def send(self, buffer):
        self._copies.append({"buffer": buffer, "batch": "nothing yet", "made": False})
        return len(self._copies) - 1

    def wait(self, copy):
        found = self._copies[copy]
        if not found["made"]:
            found |= {"batch": self._buffers[found["buffer"]], "made": True}

    def step(self, copy):
        if not self._copies[copy]["made"]:
            self.early_steps.append(copy)
        self.in_flight.append(sum(not found["made"] for found in self._copies))
        self.taken.append(self._source.taken)
        self.trained.append(self._copies[copy]["batch"])
        self._losses.append(0.0)
        return len(self._losses) - 1

    def synchronize(self):
        for copy in range(len(self._copies)):
            self.wait(copy)
        self._losses = [self._true_losses.get(batch, -1.0) for batch in self.trained]

    def read(self, loss):
        return self._losses[loss]


def train(student, rng, length, batches=None):
    """Train once; return the batches, their losses, the device with its record, and what came back."""
    batches = some_batches(rng, length) if batches is None else batches
    losses = {batch: rng.randrange(1, 1000) / 8 for batch in batches}
    source = Source(batches)
    device = RecordingDevice(losses, source)
    result = attempt(lambda: student.repaired_epoch(source, device))
    return batches, list(losses.values()), device, result


@graded("13.5", "complaints 1 and 4: every batch is trained on", points=2)
def test_epoch_complete(student, expect, rng):
    for length in (rng.randrange(5, 9), 2):
        batches, _, device, result = train(student, rng, length)
        expect(
            device.early_steps,
            tried=f"{length} batches; the steps that were ordered before their copy had been waited for",
            rule="A step is ordered when its copy has been waited for: else it trains on what lay there "
            "before.",
            next="Between `send` and `step` of a batch there must be a `wait`.",
        ).equals([])
        expect(
            device.trained,
            tried=f"the batches {batches}; what the device trained on (the function gave {result})",
            rule="Every batch is trained on once, in order, the last one as well.",
            next="When the loop ends, one copy has been sent that no step has used. Or is a buffer filled "
            "too early?",
        ).equals(batches)
    for batches in ([7, 0, None, "", 5], [None, 3], [3, 0]):
        _, _, device, result = train(student, rng, len(batches), batches)
        expect(
            device.trained,
            tried=f"the batches {batches}; what the device trained on (the function gave {result})",
            rule="Every batch is trained on, whatever it is: 0, None and '' are batches like any other.",
            next="What tells your code that there is no batch, or that there was none yet? `None` and `if "
            "batch` do not: copies have numbers, and the first is 0.",
        ).equals(batches)


@graded("13.5", "complaint 2: no buffer is filled too early", points=2)
def test_epoch_buffers(student, expect, rng):
    batches, _, device, _ = train(student, rng, rng.randrange(5, 9))
    expect(
        [len(device.trained) > 0, device.early_fills],
        tried=f"the batches {batches}; those that were written over one whose copy was still under way",
        rule="A pinned buffer is filled again only when the copy from it has been waited for.",
        next="There are two buffers. Which one is free while batch i is on its way?",
        got=f"{counted(len(device.trained), 'batch', 'batches')} trained on, written too early: "
        f"{device.early_fills}",
    ).equals([True, []])


@graded("13.5", "complaint 3: the losses are real", points=2)
def test_epoch_losses(student, expect, rng):
    _, losses, _, result = train(student, rng, rng.randrange(4, 8))
    expect(
        result,
        tried=f"{len(losses)} batches; the list of losses that came back",
        rule="A loss is read after the device has been waited for: before, the host holds 0.0.",
        next="`synchronize()` once, after the last step, and read then.",
    ).equals(losses)


@graded("13.5", "copies still overlap steps", points=2)
def test_epoch_overlap(student, expect, rng):
    length = rng.randrange(4, 8)
    _, _, device, _ = train(student, rng, length)
    early = [f"{taken} before step {step}" for step, taken in enumerate(device.taken) if taken > step + 2]
    expect(
        early,
        tried=f"{length} batches; for each step, how many had been taken from `batches` when it was ordered",
        rule="When the step of batch i is ordered, nothing beyond batch i + 1 has been taken: an epoch "
        "may be "
        "larger than memory.",
        next="`list(batches)` takes everything at once. A `for` loop takes one batch at a time.",
        got=f"too early: {', '.join(early)}",
    ).equals([])
    expect(
        device.in_flight,
        tried=f"{length} batches; for each step, how many copies were under way when it was ordered",
        rule="While batch i is trained on, the copy of batch i + 1 is under way: one for every step but "
        "the last.",
        next="`wait` for the older copy, right before its step, and not for the one that you have just sent.",
    ).equals([1] * (length - 1) + [0])


@graded("13.5", "no batch and one batch", points=1)
def test_epoch_edges(student, expect, rng):
    for length in (0, 1):
        batches, losses, device, result = train(student, rng, length)
        expect(
            [device.trained, result],
            tried=f"an epoch of {counted(length, 'batch', 'batches')}: what was trained on, and what "
            "came back",
            rule="An epoch of no batches has no losses; one of a single batch has one.",
            next="What is waited for after the loop, if the loop never ran?",
        ).equals([batches, losses])

"""Sentences made by a small grammar: no files, no downloads (lesson 04).

A sentence is one of a few patterns, filled with words of its topic and with words that all topics share:

    pattern    the {adjective} {noun} {verb} {manner}
    sentence   the heavy storm passes without a pause
"""

import re
from collections.abc import Sequence

import torch

from course_lib.datasets.base import Dataset, plain_index
from course_lib.samplers.draws import integers
from course_lib.samplers.order import check_generator, check_positive

_PATTERNS = (
    "{article} {adjective} {noun} {verb} {manner}",
    "{article} {noun} {verb} and {article} {noun} {verb}",
    "{time} {article} {noun} {verb}",
    "{time} {article} {adjective} {adjective} {noun} {verb} {manner}",
    "{article} {noun} {verb} because {article} {noun} {verb} {manner}",
    "nobody says that {article} {adjective} {noun} {verb}",
)
_SHARED = {
    "article": ("the", "this", "that", "every", "one"),
    "time": ("today", "at last", "once more", "in the evening", "before long"),
    "manner": ("slowly", "all at once", "for hours", "as expected", "without a pause"),
}

# Each topic has words of its own; some of them occur in another topic as well, so that single words mislead.
TOPICS: dict[str, dict[str, tuple[str, ...]]] = {
    "weather": {
        "adjective": ("heavy", "warm", "grey", "sudden", "mild", "bright"),
        "noun": ("storm", "cloud", "wind", "rain", "frost", "sun"),
        "verb": ("passes", "rises", "fades", "turns north", "returns", "settles"),
    },
    "kitchen": {
        "adjective": ("warm", "fresh", "salty", "thick", "sweet", "heavy"),
        "noun": ("soup", "bread", "dough", "sauce", "kettle", "cake"),
        "verb": ("boils", "rises", "cools down", "tastes of lemon", "burns", "thickens"),
    },
    "music": {
        "adjective": ("soft", "bright", "slow", "loud", "sweet", "muted"),
        "noun": ("violin", "choir", "drum", "melody", "chord", "flute"),
        "verb": ("sounds", "fades", "repeats", "answers", "returns", "falls silent"),
    },
    "traffic": {
        "adjective": ("late", "slow", "crowded", "loud", "empty", "grey"),
        "noun": ("train", "bus", "tram", "bicycle", "taxi", "ferry"),
        "verb": ("stops", "passes", "turns left", "waits", "departs", "arrives"),
    },
}


def generate_synthetic_text(topic: str = "weather", generator: torch.Generator | None = None) -> str:
    """Make one sentence about a topic: lower-case words separated by single spaces (lesson 04).

    Args:
        topic: "weather", "kitchen", "music" or "traffic".
        generator: the source of randomness; torch's global generator if None.

    Returns:
        A sentence of 4 to 17 words, without a full stop.

    Raises:
        ValueError: if the topic is unknown.
        TypeError: if `generator` is of another kind.
    """
    _check_topic(topic)
    check_generator(generator)
    words = {**_SHARED, **TOPICS[topic]}
    pattern = _choose(_PATTERNS, generator)
    return re.sub(r"\{(\w+)\}", lambda place: _choose(words[place[1]], generator), pattern)


class SyntheticText(Dataset[tuple[str, int]]):
    """Make labelled sentences that a small network can learn to tell apart (lesson 04).

    Sample i is the pair (sentence, label). The sentence depends on `seed` and i alone, whatever the order of
    reading and in whichever worker. Labels go round: sample i has the label i modulo the number of classes.

    Args:
        n: how many samples.
        classes: which of the topics "weather", "kitchen", "music" and "traffic".
        seed: another seed gives other sentences; take different ones for training and test.

    Raises:
        ValueError: if `n` is no positive integer, a topic is unknown or there is none.
        TypeError: if `seed` is no integer.

    Attributes:
        classes: the names of the labels.
        targets: all labels, an int64 tensor of shape (n,).
    """

    def __init__(self, n: int, classes: Sequence[str] = tuple(TOPICS), seed: int = 0) -> None:
        check_positive("n", n, "A dataset of sentences holds at least one")
        for topic in classes:
            _check_topic(topic)
        check_positive("len(classes)", len(classes), "Every sentence belongs to a class")
        if not isinstance(seed, int):
            raise TypeError(
                f"seed got {seed!r}. Sentences are numbered by integers. Pass an integer such as 0."
            )
        self.classes = tuple(classes)
        self.seed = seed
        self.targets = torch.arange(n, device="cpu") % len(self.classes)

    def __getitem__(self, index: int) -> tuple[str, int]:
        position = plain_index(index, len(self))
        label = position % len(self.classes)
        # A generator of its own for each sample makes the sentence independent of what was read before.
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + position) % 2**63)
        return generate_synthetic_text(self.classes[label], generator), label

    def __len__(self) -> int:
        return len(self.targets)


def _choose(choices: Sequence[str], generator: torch.Generator | None) -> str:
    return choices[int(integers(len(choices), (), generator))]


def _check_topic(topic: object) -> None:
    if not isinstance(topic, str) or topic not in TOPICS:
        raise ValueError(
            f"topic got {topic!r}. The choice is: {', '.join(map(repr, TOPICS))}. Pass one of these."
        )

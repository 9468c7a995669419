"""Sentences of a small grammar."""

import pickle
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import DataLoader, SyntheticText, generate_synthetic_text
from course_lib.datasets.text import TOPICS


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(topic=st.sampled_from(sorted(TOPICS)), seed=st.integers(0, 2**40))
def test_a_sentence_is_words_and_single_spaces(topic, seed):
    sentence = generate_synthetic_text(topic, generator(seed))
    words = sentence.split(" ")
    assert 4 <= len(words) <= 17
    assert all(word.isalpha() and word.islower() for word in words)
    assert sentence == generate_synthetic_text(topic, generator(seed))


@given(topic=st.sampled_from(sorted(TOPICS)), seed=st.integers(0, 2**40))
def test_every_sentence_names_its_topic(topic, seed):
    words = set(generate_synthetic_text(topic, generator(seed)).split())
    nouns = {name: set(words_of["noun"]) for name, words_of in TOPICS.items()}
    assert [name for name in TOPICS if words & nouns[name]] == [topic]


def test_a_given_generator_leaves_the_global_one_alone():
    before = torch.get_rng_state()
    generate_synthetic_text("music", generator())
    SyntheticText(3)[1]
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(4)
    first = generate_synthetic_text("music")
    torch.manual_seed(4)
    assert generate_synthetic_text("music") == first


def test_samples_follow_from_seed_and_index():
    dataset = SyntheticText(50)
    forwards = list(dataset)
    assert [dataset[index] for index in reversed(range(50))] == forwards[::-1]
    assert list(pickle.loads(pickle.dumps(dataset))) == forwards
    assert list(SyntheticText(60))[:50] == forwards
    assert list(SyntheticText(50, seed=1)) != forwards
    assert dataset[-1] == forwards[49]
    with pytest.raises(IndexError, match="50"):
        dataset[50]


def test_the_same_in_workers():
    dataset = SyntheticText(20)
    batches = list(DataLoader(dataset, batch_size=5, num_workers=2))
    assert [sentence for sentences, _ in batches for sentence in sentences] == [text for text, _ in dataset]


def test_labels_go_round_and_are_known_beforehand():
    dataset = SyntheticText(10, classes=("music", "kitchen", "traffic"))
    assert [label for _, label in dataset] == dataset.targets.tolist() == [0, 1, 2] * 3 + [0]
    assert dataset.classes == ("music", "kitchen", "traffic")


def test_most_sentences_differ():
    assert len(set(SyntheticText(1000))) > 900


def test_there_is_something_to_learn():
    """Counting words in one set of sentences is enough to label another one."""
    counts = Counter((word, label) for text, label in SyntheticText(400) for word in text.split())
    guesses = [
        max(range(4), key=lambda label: sum(counts[word, label] for word in text.split()))
        for text, _ in SyntheticText(400, seed=1)
    ]
    truth = SyntheticText(400).targets.tolist()
    assert sum(guess == label for guess, label in zip(guesses, truth)) > 360


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n": 0}, ValueError, "n=0"),
        ({"n": 3, "classes": ()}, ValueError, "classes"),
        ({"n": 3, "classes": ("cooking",)}, ValueError, "topic got 'cooking'.*'kitchen'"),
        ({"n": 3, "seed": 0.5}, TypeError, "seed got 0.5"),
    ],
)
def test_bad_arguments(arguments, error, words):
    with pytest.raises(error, match=words):
        SyntheticText(**arguments)


def test_bad_topic():
    with pytest.raises(ValueError, match="topic got 5"):
        generate_synthetic_text(5)

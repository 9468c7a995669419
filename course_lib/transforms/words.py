"""Augment sentences: exchange, insert, swap and delete words (lesson 04).

The four operations of "easy data augmentation" (Wei and Zou, EMNLP 2019, section 2), with a small table of
synonyms of our own. They change words; the label of the sample stays, and so do punctuation and spaces:

    original              The soup was very good, not salty!
    synonym_replacement   The broth was very good, not salty!
    random_insertion      The soup broth was very good, not salty!
    random_swap           The very was soup good, not salty!
    random_deletion       The soup was good, not salty!

A label often hangs on a negation. So a word such as "not" is never exchanged, inserted or deleted, and the
word behind it stays behind it: "not salty" remains "not salty", or becomes "not briny". A negation whose
reach is longer may still be torn apart: look at augmented samples before you train on them.

Use them like any transform, on the training part only, before words become numbers:

    train = TransformDataset(SyntheticText(1000), partial(synonym_replacement, n=2))
    loader = DataLoader(train, batch_size=32, shuffle=True, num_workers=2)  # batches of (sentences, labels)

    augment = Compose([random_swap, random_deletion, str.split, vocabulary.encode])  # torchvision's Compose
    loader = DataLoader(TransformDataset(texts, augment), 32, collate_fn=pad_sequence_collate)
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch

from course_lib.samplers.draws import integers, permutation, uniforms
from course_lib.samplers.order import check_generator
from course_lib.transforms.randomness import generator_of_this_worker
from course_lib.transforms.sentences import Sentence, TextT, in_the_case_of, is_held
from course_lib.transforms.synonyms import SYNONYMS

Choice = TypeVar("Choice")


def synonym_replacement(text: TextT, n: int = 1, *, generator: torch.Generator | None = None) -> TextT:
    """Exchange words for synonyms: `n` of those that have one, or all of them if they are fewer (lesson 04).

        synonym_replacement("Big storms!", generator=torch.Generator().manual_seed(0))  # "Large storms!"

    Every such word is as likely as the others, and so is each of its synonyms. A capital letter stays.

    Args:
        text: a sentence, or its words as a list or tuple.
        n: how many words to exchange, 0 or more.
        generator: the source of randomness; torch's global generator if None (in a worker thread one with
            the worker's seed). A dataset in a loader with workers should leave it at None: each worker would
            have a copy of the same generator.

    Returns:
        A text of the same type and number of words.

    Raises:
        TypeError: if `text` is neither a string nor a list or tuple of strings, or `generator` is of another
            kind.
        ValueError: if `n` is no integer of 0 or more.
    """
    sentence, generator = Sentence.of(text), _checked(generator)
    _check_count(n)
    places = [place for place, word in enumerate(sentence.words) if word.lower() in SYNONYMS]
    for place in _choose_several(places, n, generator):
        word = sentence.words[place]
        sentence.words[place] = in_the_case_of(word, _choose(SYNONYMS[word.lower()], generator))
    return sentence.like(text)


def random_insertion(text: TextT, n: int = 1, *, generator: torch.Generator | None = None) -> TextT:
    """Insert `n` words: each a synonym of a random word of the text, at a random place (lesson 04).

    A text in which no word has a synonym stays as it is. Nothing is inserted behind a negation.

    Args:
        text: a sentence, or its words as a list or tuple.
        n: how many words to insert, 0 or more.
        generator: as for `synonym_replacement`.

    Returns:
        A text of the same type, with `n` words more.

    Raises:
        TypeError, ValueError: as `synonym_replacement`.
    """
    sentence, generator = Sentence.of(text), _checked(generator)
    _check_count(n)
    known = [word.lower() for word in sentence.words if word.lower() in SYNONYMS]
    for _ in range(n if known else 0):
        synonym = _choose(SYNONYMS[_choose(known, generator)], generator)
        places = [place for place in range(len(sentence.words) + 1) if not sentence.follows_negation(place)]
        sentence.insert(_choose(places, generator), synonym)
    return sentence.like(text)


def random_swap(text: TextT, n: int = 1, *, generator: torch.Generator | None = None) -> TextT:
    """Exchange two random words with each other, `n` times (lesson 04).

    A negation and the word behind it stay where they are. A text with fewer than two other words stays as
    it is.

    Args:
        text: a sentence, or its words as a list or tuple.
        n: how many times, 0 or more.
        generator: as for `synonym_replacement`.

    Returns:
        A text of the same type, with the same words in another order.

    Raises:
        TypeError, ValueError: as `synonym_replacement`.
    """
    sentence, generator = Sentence.of(text), _checked(generator)
    _check_count(n)
    words = sentence.words
    places = [place for place in range(len(words)) if not is_held(words, place)]
    for _ in range(n if len(places) > 1 else 0):
        one, other = _choose_several(places, 2, generator)
        words[one], words[other] = words[other], words[one]
    return sentence.like(text)


def random_deletion(text: TextT, p: float = 0.1, *, generator: torch.Generator | None = None) -> TextT:
    """Delete each word with probability `p`, independently of the others (lesson 04).

    A negation and the word behind it stay. If no word were left, one of them stays, each as likely as the
    others.

    Args:
        text: a sentence, or its words as a list or tuple.
        p: a probability from 0 to 1.
        generator: as for `synonym_replacement`.

    Returns:
        A text of the same type, with at least one word if there was one.

    Raises:
        TypeError: as `synonym_replacement`.
        ValueError: if `p` is not from 0 to 1.
    """
    sentence, generator = Sentence.of(text), _checked(generator)
    if not isinstance(p, (int, float)) or isinstance(p, bool) or not 0 <= p <= 1:
        raise ValueError(
            f"p got {p!r}. It is the probability with which a word is deleted. Pass a number from 0 to 1."
        )
    words = sentence.words
    draws = uniforms(len(words), generator, torch.float64).tolist()
    kept = [draw >= p or is_held(words, place) for place, draw in enumerate(draws)]
    if words and not any(kept):
        kept[_choose(range(len(words)), generator)] = True
    sentence.keep(kept)
    return sentence.like(text)


def _checked(generator: Any) -> torch.Generator | None:
    check_generator(generator)
    return generator_of_this_worker() if generator is None else generator


def _check_count(n: object) -> None:
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise ValueError(f"n got {n!r}. It is a number of changes. Pass an integer of 0 or more.")


def _choose(choices: Sequence[Choice], generator: torch.Generator | None) -> Choice:
    return choices[int(integers(len(choices), (), generator))]


def _choose_several(choices: Sequence[Choice], count: int, generator: torch.Generator | None) -> list[Choice]:
    order = permutation(len(choices), generator)[:count].tolist()
    return [choices[position] for position in order]

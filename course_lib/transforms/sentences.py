"""A sentence as words and what stands between them (lesson 04).

    gaps     '"'     ' '     ', '    ' '     '!'
    words        Well    said     old    friend

There is always one gap more than words. Changing the words leaves punctuation and spaces alone.
"""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

TextT = TypeVar("TextT", str, list[str], tuple[str, ...])

# Neither space nor punctuation, so that accents and vowel signs of other scripts stay in their words; pieces
# may be joined by apostrophes and hyphens: "don't", "well-known".
_PIECE = r"[^\s!-/:-@\[-`{-~¡-¿‐-⁞।॥、-〿]+"
_WORD = re.compile(rf"{_PIECE}(?:['’-]{_PIECE})*")

NEGATIONS = frozenset(
    (
        *("no", "not", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor"),
        *("cannot", "without", "hardly", "barely", "scarcely", "seldom"),
    )
)


class Sentence:
    """The words of a text, which may be changed, and the gaps around them.

    Attributes:
        words: n words.
        gaps: n + 1 strings of anything else.
    """

    def __init__(self, words: list[str], gaps: list[str]) -> None:
        self.words = words
        self.gaps = gaps

    @classmethod
    def of(cls, text: Any) -> "Sentence":
        """Take a text apart: a string, or a list or tuple of words as they are.

        Raises:
            TypeError: if it is neither.
        """
        if isinstance(text, str):
            return cls(_WORD.findall(text), _WORD.split(text))
        if not isinstance(text, (list, tuple)) or not all(isinstance(word, str) for word in text):
            raise TypeError(
                f"text got {text!r}. Words are exchanged and moved in a string, or in a list or tuple of "
                "strings. Augment a text before its words become numbers; for samples (text, label) wrap the "
                "dataset in TransformDataset."
            )
        return cls(list(text), [""] * (len(text) + 1))

    def like(self, text: TextT) -> TextT:
        """Put the text together again, as the type that `text` has."""
        if isinstance(text, str):
            return self.gaps[0] + "".join(word + gap for word, gap in zip(self.words, self.gaps[1:]))
        return list(self.words) if isinstance(text, list) else tuple(self.words)

    def follows_negation(self, place: int) -> bool:
        """Tell whether a negation stands just before a place from 0 to n."""
        return place > 0 and is_negation(self.words[place - 1])

    def insert(self, place: int, word: str) -> None:
        """Insert a word before the one at `place`; behind the last one for place n, before its full stop."""
        # A space between two words: the first word of a text brings it behind itself, any other before.
        self.gaps.insert(place if place == len(self.words) else place + 1, " " if self.words else "")
        self.words.insert(place, word)

    def keep(self, kept: Sequence[bool]) -> None:
        """Drop the words that are not kept, and one of the spaces at each."""
        words, gaps = [], self.gaps[:1]
        for word, gap, is_kept in zip(self.words, self.gaps[1:], kept):
            if is_kept:
                words.append(word)
                gaps.append(gap)
            else:
                at_start = not words and not gaps[-1].strip()
                gaps[-1] = gaps[-1] + gap.lstrip() if at_start else gaps[-1].rstrip() + gap
        self.words, self.gaps = words, gaps


def is_negation(word: str) -> bool:
    """Tell whether a word denies: "not", "never", "don't", ..."""
    lower = word.lower().replace("’", "'")
    return lower in NEGATIONS or lower.endswith("n't")


def is_held(words: Sequence[str], place: int) -> bool:
    """Tell whether a word is a negation, or stands behind one and is what it denies."""
    return is_negation(words[place]) or (place > 0 and is_negation(words[place - 1]))


def in_the_case_of(pattern: str, word: str) -> str:
    """Return a word with a capital first letter if the pattern has one, and in capitals if all of it is."""
    if len(pattern) > 1 and pattern.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if pattern[:1].isupper() else word

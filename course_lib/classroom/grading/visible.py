"""Make text of unknown origin safe to show: what would steer a terminal or turn a line round becomes visible.

A name may hold an escape sequence that paints a terminal, a mark that makes the rest of the line read from
right to left, or half a character that no file can hold. Shown as `\\x1b` or `\\u202e` they do nothing.
"""

import unicodedata
from typing import Any

#: Control, format (right-to-left marks, zero-width characters), surrogate, private and unassigned ones.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_KEPT = {"\n", "\t", "\u00ad", "\u200d"}  # soft hyphens and the joiner inside one emoji are harmless


def visible(text: str) -> str:
    """Return `text` with each character that would act instead of being seen written as its number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def visible_line(text: str) -> str:
    """As `visible`, on one line: for names, headings and table cells."""
    return visible(text).replace("\n", " ").replace("\t", " ")


def all_visible(tree: Any) -> Any:
    """Apply `visible` to every text in a tree of lists and dictionaries."""
    if isinstance(tree, str):
        return visible(tree)
    if isinstance(tree, dict):
        return {key: all_visible(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [all_visible(item) for item in tree]
    return tree


def whole_characters(text: str) -> str:
    """Replace halves of characters (lone surrogates), which JSON can write but no encoding can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

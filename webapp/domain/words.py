"""The words of a text as the search knows them: letters and digits, without case and accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LONGEST_WORD = 40
MOST_WORDS = 400
SHORTEST_NUMBER = 8
"""Groups of digits with so many of them in all are one number, typed the way it is shown."""
_WITHOUT_STROKE = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ħ": "h",
        "ŧ": "t",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
    }
)
"""Letters that Unicode does not take apart into a plain one and a mark."""


def words_of(text: str) -> list[str]:
    """`Weiß, Łukasz, MUG-RED` is `weiss`, `lukasz`, `mug`, `red`; what is neither letter nor digit only parts words."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(mark for mark in folded if not unicodedata.combining(mark)).translate(_WITHOUT_STROKE)
    parted = "".join(mark if mark.isalnum() else " " for mark in plain)
    return [word[:LONGEST_WORD] for word in parted.split()]


def typed_words(text: str) -> list[str]:
    """The words that somebody searches for: `2802 1238 76439` is the one number that it is shown as."""
    words = list(dict.fromkeys(words_of(text)))
    together = "".join(words_of(text))
    is_grouped = len(words) > 1 and all(word.isdecimal() for word in words) and len(together) >= SHORTEST_NUMBER
    return [together[:LONGEST_WORD]] if is_grouped else words[:12]


def joined(number: str) -> str:
    """A number without the blanks and dashes that people put into it, and without case: `1Z 999` is `1z999`."""
    return "".join(words_of(number))


def stored(texts: Iterable[str]) -> str:
    """Each word once, after a space, so that ` mug` finds where a word begins."""
    words = dict.fromkeys(word for text in texts for word in words_of(text))
    return "".join(f" {word}" for word in list(words)[:MOST_WORDS])

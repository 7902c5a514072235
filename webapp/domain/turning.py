"""Signs that turn the direction of the text after them: what is seen in their place wherever texts are read."""

from __future__ import annotations

SHOWN = "\N{REPLACEMENT CHARACTER}"
"""Stands where text would have been turned, so that what is no ordinary text does not look like any."""
MARKS = "\u200e\u200f"
"""Of no width; they turn nothing but what has no direction of its own, and are left out."""
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SEEN = str.maketrans(dict.fromkeys(MARKS, "") | dict.fromkeys(TURNING, SHOWN))


def unturned(text: str) -> str:
    """The text as it is shown: with no sign in it that turns any."""
    return text if text.isascii() else text.translate(_SEEN)

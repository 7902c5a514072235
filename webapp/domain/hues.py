"""Which hue a trouble has on every page: amber while it waits and goes on by itself, red where a person has to act."""

from __future__ import annotations

import re
from collections.abc import Iterable

AMBER, RED = "warn", "bad"
_FOR_A_PERSON = re.compile(
    r"did not accept|refused the call|does not lead to|answered 40[13]\b"
    r"|store view's code does not exist|look whether the workers run"
)
"""What a sentence says where somebody has to change a key, a right or an address, or to look after the server."""


def hue(why: str) -> str:
    """Of what fails for this reason."""
    return RED if _FOR_A_PERSON.search(why) else AMBER


def worst(hues: Iterable[str]) -> str:
    """Of several troubles together; `ok` of none."""
    found = set(hues)
    return RED if RED in found else AMBER if found else "ok"

"""Failures that have one cause, told by their sentences: what differs from order to order is left out."""

from __future__ import annotations

import re
from functools import lru_cache

UNKNOWN = "No reason was given."
GAP = "…"
LONGEST = 300

_TRIED = re.compile(r"\s*It was tried \d+ times\.\s*\Z")
_EDGES = re.compile(r"\A([\W_]*)(.*?)([\W_]*)\Z", re.DOTALL)
_GAPS = re.compile(rf"{GAP}(?:,?\s+(?:and\s+)?{GAP})+")
_NAMED = re.compile(r"[A-Z0-9]+(?:[-_./][A-Z0-9]+)+\Z")
SHORTEST_NUMBER = 4
"""A word with a digit that is at least so long is a number of something; a shorter one may be a status as `503`."""


def cause(reason: str) -> str:
    """`SKU MUG-RED was not found in order 2802123876439.` is `SKU … was not found in order ….`, for any other too."""
    told = _TRIED.sub("", reason.strip())
    words = " ".join(_without_name(word) for word in told.split())
    return _GAPS.sub(GAP, words)[:LONGEST] or UNKNOWN


@lru_cache(maxsize=4096)
def _without_name(word: str) -> str:
    before, core, after = _split(word)
    is_number = len(core) >= SHORTEST_NUMBER and any(c.isdigit() for c in core)
    return f"{before}{GAP}{after}" if is_number or _NAMED.match(core) else word


def _split(word: str) -> tuple[str, str, str]:
    found = _EDGES.match(word)
    return (found[1], found[2], found[3]) if found else ("", word, "")

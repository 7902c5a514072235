"""Numbers in addresses: those that a column of the database cannot hold lead nowhere, instead of failing in it."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter, Map

LARGEST = 2**63 - 1


class Number(IntegerConverter):
    """`<int:…>` of a route; digits are counted first, since Python reads only so many of them."""

    regex = r"\d{1,19}"

    def __init__(self, url_map: Map, max: int = LARGEST) -> None:  # noqa: A002 - a route says `max=`
        super().__init__(url_map, max=max)


def number(text: str) -> int:
    """A number after the question mark. Raises ValueError where it is none or too large."""
    found = int(text)
    if abs(found) > LARGEST:
        raise ValueError("No column holds this number.")
    return found

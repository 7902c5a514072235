"""Walmart's state set against the regions a shop knows: by code, then by name, and never a guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_SIGNS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a country as the shop's directory lists it."""

    id: int
    code: str
    name: str


def match(state: str, country: str, regions: Iterable[Region]) -> Region | None:
    """The one region that is meant: `QC`, `CA-QC`, `Québec` and `quebec` alike. None where none or several could be."""
    known = tuple(regions)
    code = state.strip().upper().removeprefix(f"{country.upper()}-")
    by_code = [region for region in known if region.code.upper() == code]
    by_name = [region for region in known if plain(region.name) == plain(state) and plain(state)]
    found = by_code or by_name
    return found[0] if len(found) == 1 else None


def plain(name: str) -> str:
    """The name without accents, case, dots and doubled blanks."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_SIGNS.sub(" ", bare.replace(".", "")).split())

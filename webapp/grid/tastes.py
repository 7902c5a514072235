"""How a person likes the orders listed: which columns in which order, how dense, how many, which view to begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import update

from webapp.grid.lists import PAGE_SIZES
from webapp.models import UserRow
from webapp.people import Person
from webapp.unit_of_work import unit_of_work

COLUMNS = {
    "po": "Walmart PO #",
    "sold": "Sale date",
    "due": "Ship by",
    "shop": "Magento #",
    "items": "Items",
    "buyer": "Buyer",
    "by": "Fulfilment",
    "total": "Total",
    "status": "Walmart status",
}
"""Every column with its heading, in the order in which a newcomer sees them. One of Walmart's five words may be read as
Magento's where nobody says whose it is."""
FIXED = ("po", "status")
"""Without these a row could not be opened or understood."""


@dataclass(frozen=True, slots=True)
class Tastes:
    """One person's choices; `view` is the key of the view that `/orders` begins with."""

    columns: tuple[str, ...] = tuple(COLUMNS)
    compact: bool = False
    size: int = 50
    keys: bool = True
    """Single keys act: `/` to search, `j` and `k` to move, and so on."""
    view: str = ""

    @property
    def hidden(self) -> tuple[str, ...]:
        return tuple(name for name in COLUMNS if name not in self.columns)


def of(person: Person) -> Tastes:
    """What the person has chosen, read leniently: columns that are not known any more are left out."""
    kept: Mapping[str, Any] = person.grid
    chosen = columns_from(kept.get("columns") or COLUMNS)
    size = kept.get("size")
    return Tastes(
        columns=chosen,
        compact=bool(kept.get("compact")),
        size=size if size in PAGE_SIZES else 50,
        keys=bool(kept.get("keys", True)),
        view=str(kept.get("view") or ""),
    )


def columns_from(names: Sequence[str] | Mapping[str, str]) -> tuple[str, ...]:
    """Known columns, each once, with those that must be there."""
    chosen = [name for name in dict.fromkeys(names) if name in COLUMNS]
    return tuple(chosen + [name for name in FIXED if name not in chosen])


def moved(columns: Sequence[str], name: str, by: int) -> tuple[str, ...]:
    """The columns with one of them so many places further to the end, or below zero to the front."""
    order = list(columns)
    if name in order:
        place = order.index(name)
        order.insert(max(place + by, 0), order.pop(place))
    return tuple(order)


def keep(person: Person, tastes: Tastes) -> None:
    """Remember these for the person, in every browser."""
    kept = {**asdict(tastes), "columns": list(tastes.columns)}
    with unit_of_work() as work:
        work.execute(update(UserRow).where(UserRow.id == person.id).values(grid=kept))


def begin_with(person: Person, view: str) -> None:
    """The grid begins with this view; with none of them where it is empty."""
    keep(person, replace(of(person), view=view))

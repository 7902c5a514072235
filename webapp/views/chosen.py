"""What is chosen in the list of orders: it goes along with whatever asks for the list, and the answer has it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import request

from webapp import bulk
from webapp.grid import lists
from webapp.grid.lists import Question
from webapp.grid.wanted import Sort, Wanted

HEADER = "Chosen"
"""`12,13,…;asks`: the chosen orders, `all` among them for everything that matches, and the list that they stand in."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What stays chosen: `here` on this page, `elsewhere` on others of the same list. `told` says what was let go."""

    here: frozenset[int] = frozenset()
    elsewhere: tuple[int, ...] = ()
    is_all: bool = False
    told: str = ""

    @property
    def number(self) -> int:
        return len(self.here) + len(self.elsewhere)


def in_this(asked: Question, shown: Iterable[int]) -> Chosen:
    """What of the choice that came along stays chosen in this list, of which the orders `shown` are on the page.

    Sorting and paging keep it; another list lets it go, and an order that has left the list is let go. One statement.
    """
    words, _, asks = request.headers.get(HEADER, "").partition(";")
    given = [word for word in words.split(",") if word][: bulk.MOST]
    ids = list(dict.fromkeys(int(word) for word in given if word.isdecimal() and len(word) < 19))
    if not given:
        return Chosen()
    page = frozenset(shown)
    if _unsorted(Wanted.from_args(dict(parse_qsl(asks[:4000])))) != _unsorted(asked.wanted):
        return Chosen(told=_let_go(len(ids), "this is another list"))
    if "all" in given:
        return Chosen(page, is_all=True)
    still = lists.among(asked, ids)
    elsewhere = tuple(one for one in ids if one in still and one not in page)
    gone = len(ids) - len(still)
    told = _let_go(gone, "it has left this list" if gone == 1 else "they have left this list")
    return Chosen(still & page, elsewhere, told=told)


def _unsorted(wanted: Wanted) -> Wanted:
    return wanted.but(sort=Sort.SOLD, descending=True)


def _let_go(orders: int, why: str) -> str:
    if not orders:
        return ""
    return f"{'1 order is' if orders == 1 else f'{orders:,} orders are'} no longer chosen: {why}."

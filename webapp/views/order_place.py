"""Where an order stands in the list that somebody came from: the ones before and after it, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import request, url_for

from webapp import queries
from webapp.domain.facets import Tab
from webapp.grid import lists, saved, tastes
from webapp.grid.lists import Neighbour
from webapp.grid.wanted import Wanted
from webapp.models import OrderRow
from webapp.views import door, orders
from webapp.views.grid_words import address

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """The list's name and address, and its two neighbours; None where the order is its first or last."""

    name: str
    url: str
    before: str
    after: str


def of(row: OrderRow) -> Place:
    """The order's place in the list that the address names; in the list of all orders where it names none.

    An order that has left the list meanwhile, since it was shipped for instance, keeps the place that it had.
    """
    wanted, accounts, likes = _wanted(), queries.all_accounts(), tastes.of(door.me())
    search = saved.load(door.me(), wanted.find).search if wanted.find else None
    asked = lists.question(wanted.but(), accounts, orders.zone_of(wanted, accounts), search)
    before, after = lists.beside(asked, row)
    return Place(_name(wanted), address(wanted, likes), _url(before, wanted), _url(after, wanted))


def kept() -> str | None:
    """What the address of the page that a form stood on says of the list, for the way back to that page."""
    came_from = urlsplit(request.referrer or "")
    given = dict(parse_qsl(came_from.query[:LONGEST])).get("list", "")
    return urlencode(_read(given).to_args()) or None if came_from.path == _path() else None


def _path() -> str:
    """The order's page, whatever is done on it."""
    args = request.view_args or {}
    return url_for("order.show", account_key=args.get("account_key", ""), po=args.get("po", ""))


def _wanted() -> Wanted:
    return _read(request.args.get("list", ""))


def _read(text: str) -> Wanted:
    return Wanted.from_args(dict(parse_qsl(text[:LONGEST])))


def _url(there: Neighbour | None, wanted: Wanted) -> str:
    if there is None:
        return ""
    args = urlencode(wanted.to_args()) or None
    return url_for("order.show", account_key=there.account_key, po=there.po, list=args)


def _name(wanted: Wanted) -> str:
    """`Orders`, `To ship`, `Late, filtered`."""
    name = "Orders" if wanted.tab is Tab.ALL else wanted.tab.words
    return f"{name}, filtered" if wanted.filters or wanted.find else name

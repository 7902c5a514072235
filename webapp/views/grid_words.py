"""The grid's controls in words and links: tabs, headings that sort, pills that read as a sentence, views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlencode

from flask import url_for

from webapp import days
from webapp.domain.facets import Problem, Tab
from webapp.domain.order import OrderStatus
from webapp.grid import saved
from webapp.grid.lists import Page
from webapp.grid.saved import Saved, Search
from webapp.grid.tastes import COLUMNS, Tastes
from webapp.grid.wanted import RANGES, Sort, Wanted
from webapp.models import AccountRow

MAGENTO_WORDS = {
    "yes": "created",
    "no": "not created",
    "failed": "failed",
    "waiting": "waiting to be created",
    "deleted": "deleted in Magento",
}
SIDES_WORDS = {"differ": "differ", "agree": "agree"}
PROBLEM_WORDS = {problem.slug: problem.words for problem in Problem if problem}
SHIPPED_BY_WORDS = {"seller": "Seller", "walmart": "Walmart (WFS)", "others": "3PL"}
MARKET_WORDS = {"us": "United States", "ca": "Canada", "mx": "Mexico", "cl": "Chile"}
SORTS = {"sold": Sort.SOLD, "due": Sort.DUE, "total": Sort.TOTAL, "status": Sort.STATUS}
"""Which columns sort, and by what."""
FIRST_WAY = {Sort.SOLD: True, Sort.DUE: False, Sort.TOTAL: True, Sort.STATUS: False}
"""Whether a first click on a heading sorts downwards: the newest, the most urgent, the largest come first."""
URGENT_TABS = frozenset({Tab.NEEDS_ACTION, Tab.LATE, Tab.FAILED, Tab.CANCELLATION})


@dataclass(frozen=True, slots=True)
class Link:
    """A tab, a pill or a page link."""

    text: str
    url: str
    count: str = ""
    is_on: bool = False
    icon: str = ""
    slug: str = "all"
    meaning: str = ""
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Pill:
    """One filter that is on, as `name value`, and the address without it."""

    name: str
    value: str
    url: str
    slug: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: its name, and where it leads when it sorts. `sorted` is an aria-sort value or empty."""

    slug: str
    text: str
    url: str = ""
    sorted: str = ""


def address(wanted: Wanted, tastes: Tastes | None = None) -> str:
    """Where this list is found. Whoever begins with a view of their own asks for everything by its name."""
    args = wanted.to_args()
    if not args and tastes and tastes.view:
        args = {"tab": Tab.ALL.value}
    return url_for("orders.index", **args)  # type: ignore[arg-type]


def tabs(wanted: Wanted, page: Page, tastes: Tastes) -> tuple[Link, ...]:
    return tuple(
        Link(
            text=tab.words,
            url=address(wanted.but(tab=tab), tastes),
            count=str(page.counts[tab]) if tab in page.counts else "",
            is_on=wanted.tab is tab,
            slug=tab.value,
            meaning=tab.meaning,
            is_urgent=tab in URGENT_TABS and tab in page.counts and page.counts[tab].number > 0,
        )
        for tab in Tab
    )


def headings(wanted: Wanted, tastes: Tastes) -> tuple[Heading, ...]:
    return tuple(_heading(slug, wanted, tastes) for slug in tastes.columns)


def _heading(slug: str, wanted: Wanted, tastes: Tastes) -> Heading:
    sort = SORTS.get(slug)
    if sort is None:
        return Heading(slug, COLUMNS[slug])
    is_on = wanted.sort is sort
    descending = not wanted.descending if is_on else FIRST_WAY[sort]
    direction = ("descending" if wanted.descending else "ascending") if is_on else ""
    return Heading(slug, COLUMNS[slug], address(wanted.but(sort=sort, descending=descending), tastes), direction)


def choices(accounts: Sequence[AccountRow]) -> dict[str, list[tuple[str, str]]]:
    """What each list in the filter offers, as (value, words), by the name of the list."""
    markets = {row.marketplace for row in accounts}
    stores = {row.store.key: row.store.name for row in accounts}
    return {
        "account_choices": [(row.key, f"{row.name} · {row.marketplace.upper()}") for row in accounts],
        "store_choices": sorted(stores.items(), key=lambda one: one[1]),
        "market_choices": [(market, said) for market, said in MARKET_WORDS.items() if market in markets],
        "status_choices": [(status.slug, status.value) for status in OrderStatus],
        "magento_choices": list(MAGENTO_WORDS.items()),
        "sides_choices": list(SIDES_WORDS.items()),
        "problem_choices": list(PROBLEM_WORDS.items()),
        "by_choices": list(SHIPPED_BY_WORDS.items()),
    }


def pills(wanted: Wanted, accounts: Sequence[AccountRow], search: Search | None, tastes: Tastes) -> tuple[Pill, ...]:
    """Each filter that is on, in the order in which the panel has them."""
    found = [
        ("account", "Account", _account_name(wanted, accounts), {"account": ""}),
        ("store", "Store", _store_name(wanted, accounts), {"store": ""}),
        ("market", "Marketplace", MARKET_WORDS.get(wanted.market, ""), {"market": ""}),
        ("status", COLUMNS["status"], wanted.status.value if wanted.status else "", {"status": None}),
        ("magento", "Magento order", MAGENTO_WORDS.get(wanted.magento, ""), {"magento": ""}),
        ("sides", "Both sides", SIDES_WORDS.get(wanted.sides, ""), {"sides": ""}),
        ("problem", "Problem", wanted.problem.words if wanted.problem else "", {"problem": Problem.NONE}),
        ("by", "Fulfilment", SHIPPED_BY_WORDS.get(wanted.by, ""), {"by": ""}),
        ("sold", "Sold", _between(wanted.sold_from, wanted.sold_to), {"sold_from": "", "sold_to": ""}),
        ("due", "Ship by", _between(wanted.due_from, wanted.due_to), {"due_from": "", "due_to": ""}),
        ("total", "Total", _between(wanted.total_from, wanted.total_to), {"total_from": "", "total_to": ""}),
        ("items", "Items with", wanted.items, {"items": ""}),
        ("find", "Found by", search.text if search else "", {"find": ""}),
        ("buyer", "Buyer", search.buyer if search else "", {"find": ""}),
    ]
    return tuple(
        Pill(name, value, address(wanted.but(**changes), tastes), slug)  # type: ignore[arg-type]
        for slug, name, value, changes in found
        if value
    )


def times(wanted: Wanted, zone: tzinfo) -> dict[str, str]:
    """The typed times as the panel's fields take them: a link may have brought a day alone."""
    names = [name for name in RANGES if not name.startswith("total")]
    return {name: days.to_the_minute(getattr(wanted, name), zone, name.endswith("_to")) for name in names}


def _account_name(wanted: Wanted, accounts: Sequence[AccountRow]) -> str:
    found = next((row.name for row in accounts if row.key == wanted.account), "")
    return found or ("one that is gone" if wanted.account else "")


def _store_name(wanted: Wanted, accounts: Sequence[AccountRow]) -> str:
    found = next((row.store.name for row in accounts if row.store.key == wanted.store), "")
    return found or ("one that is gone" if wanted.store else "")


def _between(begin: str, end: str) -> str:
    begin, end = begin.replace("T", " "), end.replace("T", " ")
    if begin and end:
        return f"{begin} – {end}"
    return f"from {begin}" if begin else f"to {end}" if end else ""


@dataclass(frozen=True, slots=True)
class Named:
    """A view in the menu."""

    key: str
    name: str
    url: str
    is_on: bool
    is_mine: bool
    is_shared: bool
    is_first: bool


def views(wanted: Wanted, kept: Saved, tastes: Tastes) -> tuple[Named, ...]:
    here = urlencode(wanted.but().to_args())
    return tuple(
        Named(
            key=view.key,
            name=view.name,
            url=f"{url_for('orders.index')}?{saved.query_of(view)}",
            is_on=Wanted.from_args(view.asks) == Wanted.from_args(wanted.but().to_args()) and bool(here),
            is_mine=view.is_mine,
            is_shared=view.is_shared,
            is_first=view.key == tastes.view,
        )
        for view in kept.views
    )


def summary(page: Page, total: str, rows: int) -> str:
    """`51–100 of 130 orders`, `of about 12,300 orders`, and `of 1,000+ orders` where not even that is known."""
    if not rows:
        return "No orders"
    if page.before is None and page.after is None:
        return "1 order" if rows == 1 else f"{rows} orders"
    whole = f"about {max(page.about, page.at + rows):,}" if page.about else total
    return f"{page.at + 1:,}–{page.at + rows:,}{f' of {whole}' if whole else ''} orders"

"""One page of the grid, how many there are on each tab, and what has changed since: a few statements at any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Any

from sqlalchemy import Integer, select
from sqlalchemy.orm import contains_eager, defer, joinedload, load_only

from webapp import clock, days
from webapp.domain.facets import Facet, InShop, Problem, ShippedBy, Tab, unfold
from webapp.domain.words import typed_words
from webapp.grid import sql
from webapp.grid.saved import Search
from webapp.grid.sql import Asked, Listing, Statement, where
from webapp.grid.wanted import Cursor, Sort, Wanted, limits
from webapp.models import AccountRow, LineRow, OrderRow, db
from webapp.queries import COUNTED_TO, Count, capped, light_lines, version, with_notes

FEW = 5_000
"""So many orders are read and sorted at once; of more, an index in the wanted order is read until the page is full."""
DATES = {"ordered_at", "ship_by"}
LOOKED_AT = 1_500
MOST_NEWS = 99
PAGE_SIZES = (25, 50, 100)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, in the database's terms: `base` under every filter but the tab, `asked` with it."""

    wanted: Wanted
    known: tuple[int, ...]
    base: Asked
    asked: Asked
    mistakes: Mapping[str, str]
    until: Mapping[Tab, datetime]
    """On these tabs stands only what was to be shipped before."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of orders, how many each tab holds under the same filters, and the ways on."""

    orders: tuple[OrderRow, ...]
    counts: Mapping[Tab, Count]
    newest_id: int
    about: int | None
    """Roughly how many a list of more than a thousand holds, where the database knows that by itself."""
    after: Cursor | None
    before: Cursor | None
    at: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An order next to another one, by what its address is made of."""

    account_key: str
    po: str


@dataclass(frozen=True, slots=True)
class News:
    """What happened since a page was drawn: so many new orders that fit it, and rows on it that are other now."""

    new: int
    changed: tuple[OrderRow, ...]


def question(wanted: Wanted, accounts: Sequence[AccountRow], zone: tzinfo, search: Search | None = None) -> Question:
    """Read what is wanted; one statement. What cannot be read is a mistake: nothing fits, and tabs count without it."""
    given = _texts(wanted, search or Search())
    words = tuple((fields, word) for fields, text in given for word in typed_words(text))
    if not words:
        return _question(
            wanted, accounts, zone, _known(), {"ids": ()} if any(text.strip() for _, text in given) else {}
        )
    both = db.session.execute(sql.known_and_found(words, FEW)).one()
    known, found = (tuple(int(number) for number in (joined or "").split(",") if number) for joined in both)
    if any(text.strip() and not typed_words(text) for _, text in given):
        found = ()
    # Few orders with these words are taken one by one; where they are many, each order of the list is looked at.
    narrowed = {"ids": found} if len(found) <= FEW else {"words": words}
    return _question(wanted, accounts, zone, known, narrowed)


def questions(wanted: Sequence[Wanted], accounts: Sequence[AccountRow], zone: tzinfo) -> list[Question]:
    """Several at once, none with words in it; one statement."""
    known = _known()
    return [_question(one, accounts, zone, known, {}) for one in wanted]


def _known() -> tuple[int, ...]:
    return tuple(db.session.execute(sql.known_facets()).scalars())


def _question(
    wanted: Wanted, accounts: Sequence[AccountRow], zone: tzinfo, known: tuple[int, ...], narrowed: Mapping[str, Any]
) -> Question:
    read, now = limits(wanted, zone), clock.now()
    until = {Tab.LATE: now, Tab.SHIP_TODAY: days.end(str(now.astimezone(zone).date()), zone)}
    base = Asked(facets=_facets(wanted, accounts, known), ranges=dict(read.ranges)).but(**narrowed)
    asked = Asked(facets=()) if read.mistakes else on_tab(base, wanted.tab, known, until)
    return Question(wanted, known, base, asked, read.mistakes, until)


def _texts(wanted: Wanted, search: Search) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Everything that was typed, with the columns that it is looked for in."""
    everywhere = (sql.NUMBERS, sql.ITEMS, sql.BUYER)
    return (everywhere, search.text), ((sql.BUYER,), search.buyer), ((sql.ITEMS,), wanted.items)


def on_tab(base: Asked, tab: Tab, known: Sequence[int], until: Mapping[Tab, datetime]) -> Asked:
    """The same question on one tab."""
    if tab is Tab.ALL:
        return base
    codes = known if base.facets is None else base.facets
    asked = base.but(facets=tuple(code for code in codes if tab.takes(unfold(code))))
    return sql.due_until(asked, until[tab]) if tab in until else asked


def page(asked_for: Question, size: int) -> Page:
    """The page that is asked for, and the counts beside it."""
    wanted = asked_for.wanted
    start, upwards = wanted.after or wanted.before, wanted.after is None and wanted.before is not None
    listing = Listing(wanted.sort, wanted.descending, start, upwards, size + 1)
    orders, more = _read(asked_for, listing)
    at = wanted.at
    if upwards and not more:
        # Fewer before it than a page holds: that is the first page, and it shall be full.
        listing, at, upwards = replace(listing, start=None, upwards=False), 0, False
        orders, more = _read(asked_for, listing)
    counts, newest_id, about = _counts(asked_for)
    has_before, has_after = (more, True) if upwards else (listing.start is not None, more)
    return Page(
        orders=orders,
        counts=counts,
        newest_id=newest_id,
        about=about,
        after=_beside(orders[-1], wanted) if orders and has_after else None,
        before=_beside(orders[0], wanted) if orders and has_before else None,
        at=at if listing.start else 0,
    )


def matching_ids(asked_for: Question, most: int) -> list[int]:
    """The ids of everything that fits, newest first, `most` at most: a selection frozen at this moment."""
    if asked_for.asked.is_empty:
        return []
    listing = Listing(Sort.SOLD, True, None, False, most)
    statement = sql.page_ids(asked_for.asked, listing, asked_for.known)
    return [row.id for row in db.session.execute(statement)]


def among(asked_for: Question, ids: Sequence[int]) -> frozenset[int]:
    """Those of these orders that the list holds, on whatever page. One statement."""
    asked, build = asked_for.asked, Statement()
    mine = ids if asked.ids is None else set(ids).intersection(asked.ids)
    conditions = build.conditions(asked.but(ids=tuple(mine)), by_facet=False)
    if asked.is_empty or not mine:
        return frozenset()
    return frozenset(db.session.execute(build.finish(f"select id from orders{where(conditions)}")).scalars())


def beside(asked_for: Question, order: OrderRow) -> tuple[Neighbour | None, Neighbour | None]:
    """The orders right before and right after this one in the list, itself in it or not. One statement."""
    asked, wanted = asked_for.asked, asked_for.wanted
    if asked.is_empty:
        return None, None
    start = _beside(order, wanted)
    before, after = (Listing(wanted.sort, wanted.descending, start, upwards, 1) for upwards in (True, False))
    ids = sql.both_ways(_driven(asked, before.column), before, after, asked_for.known)
    found = ids.columns(id=OrderRow.__table__.c.id.type, side=Integer).subquery("beside")
    named = select(found.c.side, AccountRow.key, OrderRow.po).join(OrderRow, OrderRow.account_id == AccountRow.id)
    rows = db.session.execute(named.join(found, found.c.id == OrderRow.id))
    sides = {row.side: Neighbour(row.key, row.po) for row in rows}
    return sides.get(0), sides.get(1)


def all_in_order(asked_for: Question, most: int) -> list[int]:
    """The ids of everything that fits, `most` at most, in the order of the list: frozen at this moment."""
    asked, wanted = asked_for.asked, asked_for.wanted
    if asked.is_empty:
        return []
    listing = Listing(wanted.sort, wanted.descending, None, False, most)
    statement = sql.page_ids(_driven(asked, listing.column), listing, asked_for.known)
    return [row.id for row in db.session.execute(statement)]


def in_turn(ids: Sequence[int], *, with_address: bool = False) -> list[OrderRow]:
    """These orders with their lines, in this order; those that are gone are left out."""
    options = (joinedload(OrderRow.lines).load_only(*light_lines()),)
    heavy = () if with_address else _without_the_heavy()
    found = db.session.execute(select(OrderRow).where(OrderRow.id.in_(ids)).options(*options, *heavy)).unique()
    by_id = {row.id: row for row in found.scalars()}
    return [by_id[one] for one in ids if one in by_id]


def count(asked_for: Question) -> Count:
    """How many fit, exact as far as is shown; one statement."""
    return counts([asked_for])[0]


def counts(asked_for: Sequence[Question]) -> list[Count]:
    """How many fit each of them, exact as far as is shown; one statement."""
    build, columns = Statement(), []
    for n, one in enumerate(asked_for):
        if one.asked.is_empty:
            columns.append(f"0 as c{n}")
            continue
        some = f"select 1 from orders{where(build.conditions(one.asked))} limit {COUNTED_TO + 1}"
        columns.append(f"(select count(*) from ({some}) as t{n}) as c{n}")
    found = db.session.execute(build.finish(f"select {', '.join(columns)}")).one()
    return [capped(int(number)) for number in found]


def tab_counts(asked_for: Question) -> dict[Tab, Count]:
    """How many each tab holds; one statement."""
    return _counts(asked_for)[0]


def news(asked_for: Question, top: int, seen: Mapping[int, int]) -> News:
    """New orders above `top` that fit, and those of `seen` (id to version) that have changed."""
    build, asked = Statement(), asked_for.asked
    found = [f"id > {int(top)}", *build.conditions(asked, by_facet=False)]
    fresh = build.finish(f"select count(*) from (select 1 from orders{where(found)} limit {MOST_NEWS + 1}) as fresh")
    new = 0 if asked.is_empty else db.session.execute(fresh).scalar_one()
    versions = select(OrderRow.id, OrderRow.changed_at).where(OrderRow.id.in_(list(seen)))
    other = [row.id for row in db.session.execute(versions) if version(row.changed_at) != seen[row.id]]
    changed = select(OrderRow).where(OrderRow.id.in_(other)).options(*_light())
    return News(new, tuple(db.session.execute(changed).unique().scalars()) if other else ())


def _beside(order: OrderRow, wanted: Wanted) -> Cursor:
    return sql.cursor_beside(order, wanted.sort, wanted.descending)


def _facets(wanted: Wanted, accounts: Sequence[AccountRow], known: Sequence[int]) -> tuple[int, ...] | None:
    """The facets that fit every choice from a list; None where all do."""
    account_ids = _account_ids(wanted, accounts)
    if account_ids is None and not (wanted.status or wanted.magento or wanted.by or wanted.sides or wanted.problem):
        return None
    return tuple(code for code in known if _fits(unfold(code), wanted, account_ids))


def _account_ids(wanted: Wanted, accounts: Sequence[AccountRow]) -> frozenset[int] | None:
    """The accounts whose orders are wanted; demo orders step back once there is a real account."""
    if wanted.account or wanted.market or wanted.store:
        fits = [row for row in accounts if wanted.account in ("", row.key) and wanted.market in ("", row.marketplace)]
        fits = [row for row in fits if wanted.store in ("", row.store.key)]
    else:
        fits = [row for row in accounts if not row.is_demo] or list(accounts)
    if len(fits) == len(accounts):
        return None
    return frozenset(row.id for row in fits)


def _fits(facet: Facet, wanted: Wanted, account_ids: frozenset[int] | None) -> bool:
    return (
        (account_ids is None or facet.account_id in account_ids)
        and (wanted.status is None or facet.status is wanted.status)
        and (not wanted.magento or facet.in_shop in _IN_SHOP[wanted.magento])
        and (not wanted.by or facet.shipped_by is _SHIPPED_BY[wanted.by])
        and (not wanted.sides or facet.in_shop in _IN_SHOP["yes"] and facet.differs is (wanted.sides == "differ"))
        and wanted.problem in (Problem.NONE, facet.problem)
    )


_IN_SHOP = {
    "yes": frozenset({InShop.LINKED, InShop.DELETED}),
    "no": frozenset({InShop.FAILED, InShop.WAITING, InShop.EXCLUDED}),
    "failed": frozenset({InShop.FAILED}),
    "waiting": frozenset({InShop.WAITING}),
    "deleted": frozenset({InShop.DELETED}),
}
_SHIPPED_BY = {"seller": ShippedBy.SELLER, "walmart": ShippedBy.WALMART, "others": ShippedBy.OTHERS}


def _read(asked_for: Question, listing: Listing) -> tuple[tuple[OrderRow, ...], bool]:
    """The orders of a page, and whether there are more beyond it in the direction of reading."""
    asked = asked_for.asked
    if asked.is_empty:
        return (), False
    asked = _driven(asked, listing.column)
    found = sql.typed(sql.page_ids(asked, listing, asked_for.known), listing.column)
    statement = (
        select(OrderRow)
        .join(found, found.c.id == OrderRow.id)
        .outerjoin(OrderRow.lines)
        .options(contains_eager(OrderRow.lines).load_only(*light_lines()), *_of_the_grid())
        .order_by(
            found.c.g.desc() if listing.upwards else found.c.g,
            found.c.k.desc() if listing.key_descends else found.c.k,
            found.c.id.desc() if listing.key_descends else found.c.id,
            LineRow.position,
        )
    )
    orders = db.session.execute(statement).unique().scalars().all()
    kept = tuple(orders[: listing.size - 1])
    return (kept[::-1] if listing.upwards else kept), len(orders) == listing.size


def _driven(asked: Asked, column: str) -> Asked:
    """Where something is asked of another column than the sorted one: the few orders that fit it, or between which ends
    of the sorted column they lie. The two dates run side by side, so a range of one is a stretch of the other.
    """
    others = [name for name in asked.ranges if name != column]
    if not others or asked.ids is not None:
        return asked
    driver = min(others, key=lambda name: asked.ranges[name].count(None))
    found = db.session.execute(sql.reach(asked, driver, FEW)).one()
    if found.n <= FEW:
        return asked.but(driver=driver)
    dates = [name for name in others if {name, column} == DATES]
    if not dates or found.lo is None:
        return asked
    # A second more on either side, since the database counts in whole ones.
    shortest, longest = timedelta(seconds=int(found.lo) - 1), timedelta(seconds=int(found.hi) + 1)
    return asked.but(within=sql.stretch(asked.ranges[dates[0]], column, shortest, longest))


def _counts(asked_for: Question) -> tuple[dict[Tab, Count], int, int | None]:
    """How many each tab holds, exact as far as is shown, the newest id, and `Page.about`; one statement.

    Among many orders with the same words no index counts a tab: it is told only where looking at some is enough.
    """
    base, build = asked_for.base, Statement()
    columns: list[str] = []
    together = base.ids is not None
    for tab in Tab:
        asked = on_tab(base, tab, asked_for.known, asked_for.until)
        if asked.is_empty:
            columns.append(f"0 as c{len(columns)}")
        elif together:
            due = {"ship_by": asked.ranges["ship_by"]} if tab in asked_for.until else {}
            only = Asked(asked.facets, due)
            fits = " and ".join(build.conditions(only)) or "1 = 1"
            columns.append(f"count(*) filter (where {fits}) as c{len(columns)}")
        elif asked.words:
            columns.append(f"({_by_looking(build, asked)}) as c{len(columns)}")
        else:
            one = f"select 1 from orders{where(build.conditions(asked))} limit {COUNTED_TO + 1}"
            columns.append(f"(select count(*) from ({one}) as t{len(columns)}) as c{len(columns)}")
    source = ""
    if together:
        rest = where(build.conditions(base, by_facet=False))
        columns.append("count(*) as every")
        source = f" from (select facet, ship_by from orders{rest}) as every"
    newest = "(select coalesce(max(id), 0) from orders) as newest"
    every = f"({sql.all_orders()}) as every_order" if asked_for.asked == Asked() else "0 as every_order"
    found = db.session.execute(build.finish(f"select {', '.join([*columns, newest, every])}{source}")).one()
    counts = {tab: capped(found[n]) for n, tab in enumerate(Tab) if found[n] is not None}
    about = int(found.every_order or 0) if (found[0] or 0) > COUNTED_TO else 0
    return counts, int(found.newest), round(about, 3 - len(str(about))) if about > COUNTED_TO else None


def _by_looking(build: Statement, asked: Asked) -> str:
    """How many have the words; null where that would take looking at too many orders."""
    if asked.facets is None and not asked.ranges:
        return str(COUNTED_TO + 1)
    bare = where(build.conditions(asked.but(words=())))
    few = f"(select count(*) from (select 1 from orders{bare} limit {LOOKED_AT + 1}) as looked) <= {LOOKED_AT}"
    return f"select case when {few} then (select count(*) from orders{where(build.conditions(asked))}) end"


@cache
def _light() -> tuple[Any, ...]:
    return (joinedload(OrderRow.lines).load_only(*light_lines()), *_of_the_grid())


@cache
def _of_the_grid() -> tuple[Any, ...]:
    """What a row shows, and what lists are sorted by; the rest is half of the columns, and is not asked for."""
    buyers = (OrderRow.po, OrderRow.customer_order_id, OrderRow.buyer, OrderRow.ordered_at, OrderRow.ship_by)
    money = (OrderRow.currency, OrderRow.total, OrderRow.refunded)
    state = (OrderRow.status, OrderRow.counts, OrderRow.facet, OrderRow.ship_node, OrderRow.under_way)
    words = (OrderRow.attention, OrderRow.waiting_for, OrderRow.wants_to_cancel, OrderRow.wants_magento)
    number = (OrderRow.magento_order_id, OrderRow.magento_increment_id, OrderRow.magento_is_gone)
    shop = (*number, OrderRow.magento_state, OrderRow.magento_status)
    house = (OrderRow.account_id, OrderRow.is_demo, OrderRow.changed_at)
    return with_notes(), load_only(*buyers, *money, *state, *words, *shop, *house, raiseload=True)


@cache
def _without_the_heavy() -> tuple[Any, ...]:
    """What only the order page needs stays where it is."""
    heavy = (OrderRow.address, OrderRow.email, OrderRow.made_up, OrderRow.find_numbers, OrderRow.find_items)
    magento = (OrderRow.magento_items, OrderRow.magento_seen, OrderRow.magento_carts, OrderRow.magento_former)
    return (with_notes(), *(defer(column) for column in (*heavy, *magento, OrderRow.find_buyer)))

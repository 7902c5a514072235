"""The statements behind the grid, written out: a list is the merged heads of a few index ranges, one for each facet.

No page reads more than its own length from each facet, so a page costs the same at any depth and under any filter.
What no index holds beside the sorted column (a range of another column, words) is a *rest* that is checked row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, TextClause, bindparam, text

from webapp.columns import SCALE
from webapp.database import is_sqlite
from webapp.domain.facets import STATUSES, unfold
from webapp.grid.wanted import Cursor, Sort, from_micros, micros
from webapp.models import Id, OrderRow

TABLE = OrderRow.metadata.tables[OrderRow.__tablename__]
COLUMN_OF = {Sort.SOLD: "ordered_at", Sort.DUE: "ship_by", Sort.TOTAL: "total", Sort.STATUS: "ordered_at"}
MOST_STREAMS = 240
"""More facets than this are read as one list; a statement may hold 500 parts."""
NUMBERS, ITEMS, BUYER = "find_numbers", "find_items", "find_buyer"
LETTERS = {NUMBERS: "n", ITEMS: "i", BUYER: "b"}
"""PostgreSQL's words begin with their field's letter."""
FIRST_OF_ALL = datetime(1, 1, 2, tzinfo=UTC)

Range = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in the database's terms. `facets` are all that fit (None: every order); ranges are `[from, until)`."""

    facets: tuple[int, ...] | None = None
    ranges: dict[str, Range] = field(default_factory=dict)
    ids: tuple[int, ...] | None = None
    """Only these, where a search has found few."""
    words: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Each `(fields, word)`: the word begins a word in one of these columns."""

    def but(self, **changes: Any) -> Asked:
        return replace(self, **changes)

    @property
    def is_empty(self) -> bool:
        """Nothing can fit."""
        return self.facets == () or self.ids == () or any(_is_empty(*one) for one in self.ranges.values())


def _is_empty(lo: Any, hi: Any) -> bool:
    return lo is not None and hi is not None and lo >= hi


@dataclass(slots=True)
class Statement:
    """A text that grows, and the values bound in it."""

    binds: list[Any] = field(default_factory=list)

    def bind(self, column: str, value: Any) -> str:
        name = f"v{len(self.binds)}"
        self.binds.append(bindparam(name, value, type_=TABLE.c[column].type))
        return f":{name}"

    def finish(self, sql: str) -> TextClause:
        return text(sql).bindparams(*self.binds)

    def conditions(self, asked: Asked, but: str = "", *, by_facet: bool = True) -> list[str]:
        """Everything that is asked but the range of the column `but`."""
        found = []
        if asked.facets is not None:
            found.append(f"{'' if by_facet else '+'}facet in ({numbers(asked.facets)})")
        if asked.ids is not None:
            found.append(f"id in ({numbers(asked.ids)})")
        for column, ends in asked.ranges.items():
            if column != but:
                found += self.ends(column, ends)
        return found + [words_condition(fields, word) for fields, word in asked.words]

    def ends(self, column: str, ends: Range) -> list[str]:
        lo, hi = ends
        found = [f"{column} >= {self.bind(column, lo)}"] if lo is not None else []
        return found + ([f"{column} < {self.bind(column, hi)}"] if hi is not None else [])


def numbers(values: Iterable[int]) -> str:
    """For an `in (…)`; no number at all is one that nothing equals."""
    return ",".join(str(int(value)) for value in values) or "null"


def words_condition(fields: Sequence[str], word: str) -> str:
    """A word begins in one of the fields: they hold words of letters and digits, each after one space."""
    assert word.isalnum()
    position = "instr" if is_sqlite() else "strpos"
    each = (f"{position}({name}, ' {word}') > 0" for name in fields)
    return f"({' or '.join(each)})"


def found_ids(words: Sequence[tuple[tuple[str, ...], str]], most: int) -> TextClause:
    """At most `most` + 1 orders with all these words, from the database's index of words."""
    if is_sqlite():
        match = " AND ".join(f'{{{" ".join(fields)}}} : "{word}" *' for fields, word in words)
        wanted = "select rowid as id from orders_fts where orders_fts match :match"
        return text(f"{wanted} limit {most + 1}").bindparams(match=match)
    each = (" | ".join(f"{LETTERS[name]}{word}:*" for name in fields) for fields, word in words)
    query = " & ".join(f"({alternatives})" for alternatives in each)
    wanted = "select id from orders where find_vector @@ cast(:query as tsquery)"
    return text(f"{wanted} limit {most + 1}").bindparams(query=query)


def where(conditions: Sequence[str]) -> str:
    return f" where {' and '.join(conditions)}" if conditions else ""


@dataclass(frozen=True, slots=True)
class _Part:
    """One stretch of a list: its place among the others and the facets in it; `is_null`: nothing to sort by."""

    group: int
    facets: tuple[int, ...] | None
    is_null: bool = False


def _parts(asked: Asked, sort: Sort, descending: bool, known: Sequence[int]) -> list[_Part]:
    if sort is Sort.DUE:
        return [_Part(0, asked.facets), _Part(1, asked.facets, is_null=True)]
    if sort is not Sort.STATUS:
        return [_Part(0, asked.facets)]
    ranks: dict[int, list[int]] = {}
    for code in known if asked.facets is None else asked.facets:
        rank = STATUSES.index(unfold(code).status)
        ranks.setdefault(len(STATUSES) - 1 - rank if descending else rank, []).append(code)
    return [_Part(group, tuple(codes)) for group, codes in sorted(ranks.items())]


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is read: in which order, from where, and which way."""

    sort: Sort
    descending: bool
    start: Cursor | None
    upwards: bool
    size: int

    @property
    def column(self) -> str:
        return COLUMN_OF[self.sort]

    @property
    def key_descends(self) -> bool:
        """Within a status, the newest come first whichever way the statuses run."""
        return (self.descending or self.sort is Sort.STATUS) is not self.upwards


def page_ids(asked: Asked, listing: Listing, known: Sequence[int]) -> TextClause:
    """The ids of a page with their keys and groups, in the order of reading."""
    build = Statement()
    return build.finish(_page(build, asked, listing, known))


def both_ways(asked: Asked, before: Listing, after: Listing, known: Sequence[int]) -> TextClause:
    """The ids of two pages at once, with `side` 0 for those of `before` and 1 for those of `after`."""
    build = Statement()
    pages = [
        f"select id, {n} as side from ({_page(build, asked, each, known)}) as w{n}"
        for n, each in enumerate((before, after))
    ]
    return build.finish(" union all ".join(pages))


def _page(build: Statement, asked: Asked, listing: Listing, known: Sequence[int]) -> str:
    parts: list[str] = []
    for part in _parts(asked, listing.sort, listing.descending, known):
        if not _is_behind(part, listing):
            parts += _streams(build, asked.but(facets=part.facets), listing, part)
    way = "desc" if listing.key_descends else "asc"
    groups = "desc" if listing.upwards else "asc"
    if not parts:
        parts = [f"select id, {listing.column} as k, 0 as g from orders where 1 = 0"]
    union = " union all ".join(f"select * from ({sql}) as s{n}" for n, sql in enumerate(parts))
    return f"select id, k, g from ({union}) as every order by g {groups}, k {way}, id {way} limit {listing.size}"


def typed(statement: TextClause, column: str) -> Any:
    """The page's ids as a table to join with."""
    return statement.columns(id=Id, k=TABLE.c[column].type, g=Integer).subquery("page")


def _is_behind(part: _Part, listing: Listing) -> bool:
    """This stretch lies wholly before the place where reading begins."""
    if listing.start is None:
        return False
    return part.group > listing.start.group if listing.upwards else part.group < listing.start.group


def _streams(build: Statement, asked: Asked, listing: Listing, part: _Part) -> list[str]:
    """One stream for each facet where the index holds all that is asked, else one for all of them."""
    rest = asked.but(facets=None, ranges={k: v for k, v in asked.ranges.items() if k != listing.column})
    has_rest = bool(rest.ranges or rest.words or rest.ids is not None)
    if asked.facets is None:
        return [_stream(build, asked, listing, part, by_facet=True)]
    if has_rest or len(asked.facets) > MOST_STREAMS:
        return [_stream(build, asked, listing, part, by_facet=False)]
    return [_stream(build, asked.but(facets=(code,)), listing, part, by_facet=True) for code in asked.facets]


def _stream(build: Statement, asked: Asked, listing: Listing, part: _Part, *, by_facet: bool) -> str:
    column, way = listing.column, "desc" if listing.key_descends else "asc"
    found = build.conditions(asked, but=column, by_facet=by_facet)
    lo, hi = asked.ranges.get(column, (None, None))
    if part.is_null:
        found.append("ship_by is null" if (lo, hi) == (None, None) else "1 = 0")
    else:
        found += build.ends(column, (FIRST_OF_ALL if lo is None and column == "ship_by" else lo, hi))
    found += _beyond(build, listing, part)
    ordered = f"order by {column} {way}, id {way} limit {listing.size}"
    return f"select id, {column} as k, {part.group} as g from orders{where(found)} {ordered}"


def _beyond(build: Statement, listing: Listing, part: _Part) -> list[str]:
    """Only what lies past the cursor, in the stretch that the cursor stands in."""
    start = listing.start
    if start is None or start.group != part.group:
        return []
    sign = "<" if listing.key_descends else ">"
    if part.is_null or start.key is None:
        return [f"id {sign} {int(start.id)}"]
    key = build.bind(listing.column, _key(listing.column, start.key))
    return [f"({listing.column}, id) {sign} ({key}, {int(start.id)})"]


def _key(column: str, key: int) -> Any:
    return Decimal(key) / SCALE if column == "total" else from_micros(key)


def cursor_beside(order: OrderRow, sort: Sort, descending: bool) -> Cursor:
    """The place of an order in a list."""
    value = getattr(order, COLUMN_OF[sort])
    key = None if value is None else int(value * SCALE) if sort is Sort.TOTAL else micros(value)
    group = 0
    if sort is Sort.DUE:
        group = int(value is None)
    if sort is Sort.STATUS:
        rank = [status.value for status in STATUSES].index(order.status)
        group = len(STATUSES) - 1 - rank if descending else rank
    return Cursor(group, key, order.id)


def few_ids(asked: Asked, column: str, most: int) -> TextClause:
    """At most `most` + 1 orders by the range of `column` and the facets alone: few enough are read and sorted."""
    build = Statement()
    driver = Asked(asked.facets, {column: asked.ranges[column]})
    return build.finish(f"select id from orders{where(build.conditions(driver))} limit {most + 1}")


def known_facets() -> TextClause:
    """Every facet that an order has, found by leaping through the index from one to the next."""
    return text(
        "with recursive f(x) as (select min(facet) from orders union all "
        "select (select min(facet) from orders where facet > f.x) from f where f.x is not null) "
        "select x from f where x is not null"
    )


def late_until(asked: Asked, now: datetime) -> Asked:
    """Only what was to be shipped before `now`."""
    lo, hi = asked.ranges.get("ship_by", (None, None))
    return asked.but(ranges={**asked.ranges, "ship_by": (lo, now if hi is None else min(hi, now))})

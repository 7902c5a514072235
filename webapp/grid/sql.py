"""The statements behind the grid, written out: a list is the merged heads of a few index ranges, one for each facet.

No page reads more than its own length from each facet, so a page costs the same at any depth and under any filter.
What no index holds beside the sorted column (a range of another column, words) is a *rest* that is checked row by row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Integer, String, TextClause, bindparam, text

from webapp.columns import SCALE
from webapp.database import is_sqlite
from webapp.domain.facets import STATUSES, unfold
from webapp.grid.wanted import Cursor, Sort, from_micros, micros
from webapp.models import LEAD, Id, OrderRow

TABLE = OrderRow.metadata.tables[OrderRow.__tablename__]
COLUMN_OF = {Sort.SOLD: "ordered_at", Sort.DUE: "ship_by", Sort.TOTAL: "total", Sort.STATUS: "ordered_at"}
MOST_STREAMS = 240
"""More facets than this are read as one list; a statement may hold 500 parts."""
MOST_CHECKED = 24
"""As before, where each order is to be checked and so a stream may be long."""
NUMBERS, ITEMS, BUYER = "find_numbers", "find_items", "find_buyer"
LETTERS = {NUMBERS: "n", ITEMS: "i", BUYER: "b"}
"""PostgreSQL's words begin with their field's letter."""
FIRST_OF_ALL = datetime(1, 1, 2, tzinfo=UTC)

Range = tuple[Any, Any]
Words = tuple[tuple[tuple[str, ...], str], ...]
"""Each `(fields, word)`: the word begins a word in one of these columns."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in the database's terms. `facets` are all that fit (None: every order); ranges are `[from, until)`."""

    facets: tuple[int, ...] | None = None
    ranges: dict[str, Range] = field(default_factory=dict)
    ids: tuple[int, ...] | None = None
    """Only these, where a search has found few."""
    words: Words = ()
    driver: str = ""
    """The column whose range, together with the facets, few orders fit: those are taken out first, then sorted."""
    within: Range = (None, None)
    """Between which values of the sorted column everything lies that has one."""

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
        """Everything that is asked but the range of the column `but`.

        With `but` given, the other ranges are checked and never searched by: left to itself, SQLite reads the whole
        range and sorts it.
        """
        found = []
        if asked.facets is not None:
            found.append(f"{'' if by_facet else '+'}facet in ({numbers(asked.facets)})")
        if asked.ids is not None:
            found.append(self.among(asked.ids))
        for column, ends in asked.ranges.items():
            if column != but:
                found += self.ends(_checked(column) if but else column, ends)
        return found + [words_condition(fields, word) for fields, word in asked.words]

    def among(self, ids: Sequence[int]) -> str:
        """The id is one of these: bound as one value, since a text of thousands of numbers is slow to look through."""
        name = f"v{len(self.binds)}"
        if is_sqlite():
            self.binds.append(bindparam(name, json.dumps(list(ids)), type_=String))
            return f"id in (select value from json_each(:{name}))"
        self.binds.append(bindparam(name, list(ids), type_=ARRAY(BigInteger)))
        return f"id = any(:{name})"

    def ends(self, column: str, ends: Range) -> list[str]:
        (lo, hi), name = ends, column.lstrip("+")
        found = [f"{column} >= {self.bind(name, lo)}"] if lo is not None else []
        return found + ([f"{column} < {self.bind(name, hi)}"] if hi is not None else [])


def _checked(column: str) -> str:
    """SQLite's way of saying that no index is to be searched by it."""
    return f"+{column}" if is_sqlite() else column


def numbers(values: Iterable[int]) -> str:
    """For an `in (…)`; no number at all is one that nothing equals."""
    return ",".join(str(int(value)) for value in values) or "null"


def words_condition(fields: Sequence[str], word: str) -> str:
    """A word begins in one of the fields: they hold words of letters and digits, each after one space."""
    if not word.isalnum():
        raise ValueError(f"{word!r} is not one word of letters and digits.")
    position = "instr" if is_sqlite() else "strpos"
    each = (f"{position}({name}, ' {word}') > 0" for name in fields)
    return f"({' or '.join(each)})"


_KNOWN = (
    "with recursive f(x) as (select min(facet) from orders union all "
    "select (select min(facet) from orders where facet > f.x) from f where f.x is not null) "
    "select x from f where x is not null"
)


def known_facets() -> TextClause:
    """Every facet that an order has, found by leaping through the index from one to the next."""
    return text(_KNOWN)


def known_and_found(words: Words, most: int) -> TextClause:
    """The known facets (`known`), and at most `most` + 1 ids of orders with all these words (`found`), from the
    database's index of words; each as one text with commas, since a row for each id takes ten times as long to read."""
    found, binds = _found(words)
    joined = "group_concat({})" if is_sqlite() else "string_agg(cast({} as text), ',')"
    known = f"select {joined.format('x')} from ({_KNOWN}) as facets"
    some = f"select {joined.format('id')} from ({found} limit {most + 1}) as few"
    return text(f"select ({known}) as known, ({some}) as found").bindparams(**binds)


def _found(words: Words) -> tuple[str, dict[str, str]]:
    if is_sqlite():
        match = " AND ".join(f'{{{" ".join(fields)}}} : "{word}" *' for fields, word in words)
        return "select rowid as id from orders_fts where orders_fts match :match", {"match": match}
    each = (" | ".join(f"{LETTERS[name]}{word}:*" for name in fields) for fields, word in words)
    query = " & ".join(f"({alternatives})" for alternatives in each)
    return "select id from orders where find_vector @@ cast(:query as tsquery)", {"query": query}


def with_numbers(numbers: Sequence[str], of_each: int) -> TextClause:
    """The ids of orders that have one of these numbers, each a whole word (`domain.words`): of each number at most so
    many, so that one that stands at many orders hides no other."""
    if is_sqlite():
        one = "select rowid as id from orders_fts where orders_fts match :match{} limit {}"
        each = (f"select * from ({one.format(at, of_each)})" for at in range(len(numbers)))
        matches = {f"match{at}": f'{NUMBERS} : "{number}"' for at, number in enumerate(numbers)}
        return text(" union all ".join(each)).bindparams(**matches)
    words = bindparam("words", [f"{LETTERS[NUMBERS]}{number}" for number in numbers], type_=ARRAY(String))
    # One by one: for hundreds of words at once and a limit PostgreSQL reads the whole table.
    one = f"select id from orders where find_vector @@ cast(word as tsquery) limit {of_each}"
    return text(f"select o.id from unnest(:words) as word cross join lateral ({one}) as o").bindparams(words)


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
    few = _few(build, asked)
    if few:
        asked = asked.but(ids=None, ranges={k: v for k, v in asked.ranges.items() if k != asked.driver})
    for part in _parts(asked, listing.sort, listing.descending, known):
        if not _is_behind(part, listing):
            parts += _streams(build, asked.but(facets=part.facets), listing, part, "few" if few else "orders")
    way = "desc" if listing.key_descends else "asc"
    groups = "desc" if listing.upwards else "asc"
    if not parts:
        parts = [f"select id, {listing.column} as k, 0 as g from orders where 1 = 0"]
    union = " union all ".join(f"select * from ({sql}) as s{n}" for n, sql in enumerate(parts))
    return f"{few}select id, k, g from ({union}) as every order by g {groups}, k {way}, id {way} limit {listing.size}"


def _few(build: Statement, asked: Asked) -> str:
    """The few orders that a list is made of, where there are but few: read once, whatever is asked of them then."""
    if not asked.driver and asked.ids is None:
        return ""
    driver = Asked(asked.facets if asked.driver else None, ids=asked.ids)
    if asked.driver:
        driver = driver.but(ranges={asked.driver: asked.ranges[asked.driver]})
    columns = ", ".join(("id", "facet", "ordered_at", "ship_by", "total", *(LETTERS if asked.words else ())))
    found = where(build.conditions(driver))
    return f"with few as materialized (select {columns} from orders{found}) "


def typed(statement: TextClause, column: str) -> Any:
    """The page's ids as a table to join with."""
    return statement.columns(id=Id, k=TABLE.c[column].type, g=Integer).subquery("page")


def _is_behind(part: _Part, listing: Listing) -> bool:
    """This stretch lies wholly before the place where reading begins."""
    if listing.start is None:
        return False
    return part.group > listing.start.group if listing.upwards else part.group < listing.start.group


def _streams(build: Statement, asked: Asked, listing: Listing, part: _Part, source: str) -> list[str]:
    """One stream for each facet, where they are few enough, else one for all of them."""
    has_rest = bool(asked.words) or any(column != listing.column for column in asked.ranges)
    most = MOST_CHECKED if has_rest else MOST_STREAMS
    facets = asked.facets
    if source == "orders" and facets is not None and len(facets) <= most:
        each = (asked.but(facets=(code,)) for code in facets)
        return [_stream(build, one, listing, part, source, by_facet=True) for one in each]
    return [_stream(build, asked, listing, part, source, by_facet=facets is None)]


def _stream(build: Statement, asked: Asked, listing: Listing, part: _Part, source: str, *, by_facet: bool) -> str:
    column, way = listing.column, "desc" if listing.key_descends else "asc"
    found = build.conditions(asked, but=column, by_facet=by_facet)
    if part.is_null:
        found.append("1 = 0" if column in asked.ranges else "ship_by is null")
    else:
        found += build.ends(column, _until_cursor(asked, listing, part))
    found += _beyond(build, listing, part)
    ordered = f"order by {column} {way}, id {way} limit {listing.size}"
    return f"select id, {column} as k, {part.group} as g from {source}{where(found)} {ordered}"


def _until_cursor(asked: Asked, listing: Listing, part: _Part) -> Range:
    """The ends that are still to be asked for: beside the cursor, an end behind it would only hide it from SQLite."""
    start, column = listing.start, listing.column
    lo, hi = both(asked.ranges.get(column, (None, None)), asked.within)
    if lo is None and column == "ship_by":
        lo = FIRST_OF_ALL
    if start is not None and start.group == part.group and start.key is not None:
        key = _key(column, start.key)
        if listing.key_descends and hi is not None and key < hi:
            hi = None
        if not listing.key_descends and lo is not None and key >= lo:
            lo = None
    return lo, hi


def both(one: Range, other: Range) -> Range:
    """What lies in both ranges."""
    los, his = ([end for end in ends if end is not None] for ends in zip(one, other, strict=True))
    return max(los, default=None), min(his, default=None)


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


def reach(asked: Asked, driver: str, most: int) -> TextClause:
    """How many orders fit the range of `driver` and the facets, `most` + 1 at most; and the shortest and the longest
    time, in seconds, that any order has from its sale to its ship-by date."""
    build, lead = Statement(), LEAD["sqlite" if is_sqlite() else "postgresql"]
    found = build.conditions(Asked(asked.facets, {driver: asked.ranges[driver]}))
    some = f"select 1 from orders{where(found)} limit {most + 1}"
    ends = ", ".join(f"(select {end}({lead}) from orders) as {name}" for end, name in (("min", "lo"), ("max", "hi")))
    return build.finish(f"select (select count(*) from ({some}) as fitting) as n, {ends}")


def stretch(ends: Range, column: str, shortest: timedelta, longest: timedelta) -> Range:
    """Between which values of this date everything lies whose other date lies between these ends."""
    early, late = (shortest, longest) if column == "ship_by" else (-longest, -shortest)
    lo, hi = ends
    return _moved(lo, early), _moved(hi, late)


def _moved(end: datetime | None, by: timedelta) -> datetime | None:
    """Open where it was, or where no calendar reaches: anybody may type the year 9999."""
    try:
        return None if end is None else end + by
    except OverflowError:
        return None


def all_orders() -> str:
    """How many orders there are, narrowed by nothing: SQLite counts the leaves of an index, which is quick; PostgreSQL
    would read them all, but remembers about how many there were."""
    if is_sqlite():
        return "select count(*) from orders"
    return "select cast(reltuples as bigint) from pg_class where oid = cast('orders' as regclass)"


def due_until(asked: Asked, end: datetime) -> Asked:
    """Only what is to be shipped before `end`."""
    lo, hi = asked.ranges.get("ship_by", (None, None))
    return asked.but(ranges={**asked.ranges, "ship_by": (lo, end if hi is None else min(hi, end))})

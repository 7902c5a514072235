"""The orders grid: what a merchant asks for, the one page that answers it, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Boolean, ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import defer, selectinload

from webapp.columns import Utc
from webapp.database import is_sqlite
from webapp.domain.order import OrderStatus
from webapp.models import AccountRow, Id, LineRow, OrderRow, db

PAGE_SIZE = 50
COUNTED_TO = 1_000
LOOKED_THROUGH = 2_000
"""Orders without a Magento order are counted by status among the newest so many only: no index holds both."""
MOST_NEWS = 99

_BY_SLUG = {status.slug: status for status in OrderStatus}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list: the sale date and id of the order that it lies beside."""

    ordered_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{version(self.ordered_at)}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The inverse of `str`; None for anything else."""
        micros, _, number = text.partition(".")
        if not (micros.isdecimal() and number.isdecimal()) or len(micros) > 17 or len(number) > 18:
            return None
        return cls(_EPOCH + int(micros) * _MICROSECOND, int(number))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the grid shall show, as it stands in the address."""

    status: OrderStatus | None = None
    account: str = ""
    magento: str = ""
    older: Cursor | None = None
    newer: Cursor | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Self:
        """Read leniently: what makes no sense is left out."""
        magento = args.get("magento", "")
        return cls(
            status=_BY_SLUG.get(args.get("status", "")),
            account=args.get("account", "")[:64],
            magento=magento if magento in {"yes", "no"} else "",
            older=Cursor.parse(args.get("older", "")),
            newer=Cursor.parse(args.get("newer", "")),
        )

    def to_args(self) -> dict[str, str]:
        """The shortest address arguments that say the same."""
        given = {
            "status": self.status.slug if self.status else "",
            "account": self.account,
            "magento": self.magento,
            "older": str(self.older) if self.older else "",
            "newer": str(self.newer) if self.newer and not self.older else "",
        }
        return {name: value for name, value in given.items() if value}

    def but(self, **changes: Any) -> Self:
        """The same with `changes`, from the newest end."""
        return replace(self, **{"older": None, "newer": None, **changes})

    @property
    def is_filtered(self) -> bool:
        return bool(self.status or self.account or self.magento)

    @property
    def is_at_top(self) -> bool:
        return not (self.older or self.newer)


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `or_more` where counting stopped there."""

    number: int
    or_more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.or_more else ''}"


@dataclass(frozen=True, slots=True)
class Grid:
    """One page of orders, newest first, and how many there are of each status under the other filters."""

    orders: tuple[OrderRow, ...]
    counts: Mapping[str, Count]
    total: Count
    newest_id: int
    older: Cursor | None
    newer: Cursor | None


@dataclass(frozen=True, slots=True)
class News:
    """What happened since a page was drawn: so many new orders that fit it, and rows on it that are other now."""

    new: int
    changed: tuple[OrderRow, ...]


def version(at: datetime) -> int:
    """A time as a whole number that is safe in an address."""
    return (at - _EPOCH) // _MICROSECOND


def moment_of(text: str) -> datetime | None:
    """The inverse of `version`, read leniently: None for anything else."""
    return _EPOCH + int(text) * _MICROSECOND if text.isdecimal() and len(text) <= 17 else None


def all_accounts() -> Sequence[AccountRow]:
    """Every account with its store, in the order of their names."""
    return db.session.execute(select(AccountRow).order_by(AccountRow.name)).scalars().all()


def grid(wanted: Wanted, accounts: Iterable[AccountRow]) -> Grid:
    """The page that `wanted` asks for. Four statements, whatever the number of orders."""
    conditions = _conditions(wanted, accounts)
    orders, more = _page(wanted, conditions)
    if wanted.newer and not wanted.older and not more:
        # Fewer newer ones than a page holds: that is the first page, and it shall be full.
        wanted = wanted.but()
        orders, more = _page(wanted, conditions)
    of_all_statuses = _conditions(wanted.but(status=None), accounts)
    count = _counts_by_looking if wanted.magento == "no" else _counts
    counts, newest_id = count(of_all_statuses)
    has_newer, has_older = (more, True) if wanted.newer else (bool(wanted.older), more)
    return Grid(
        orders=orders,
        counts=counts,
        total=counts[wanted.status.slug if wanted.status else "all"],
        newest_id=newest_id,
        older=_beside(orders[-1]) if orders and has_older else None,
        newer=_beside(orders[0]) if orders and has_newer else None,
    )


def news(wanted: Wanted, accounts: Iterable[AccountRow], top: int, seen: Mapping[int, int]) -> News:
    """New orders above `top` that fit, and those of `seen` (id to version) that have changed."""
    fresh = select(OrderRow.id).where(OrderRow.id > top, *_conditions(wanted, accounts)).limit(MOST_NEWS + 1)
    new = db.session.execute(select(func.count()).select_from(fresh.subquery())).scalar_one()
    versions = select(OrderRow.id, OrderRow.changed_at).where(OrderRow.id.in_(list(seen)))
    other = [row.id for row in db.session.execute(versions) if version(row.changed_at) != seen[row.id]]
    changed = db.session.execute(_light(select(OrderRow).where(OrderRow.id.in_(other)))).scalars() if other else ()
    return News(new, tuple(changed))


def one(account_key: str, po: str) -> tuple[OrderRow, AccountRow] | None:
    """A single order as the grid shows it, and its account."""
    wanted = select(OrderRow, AccountRow).join(AccountRow, AccountRow.id == OrderRow.account_id)
    wanted = wanted.where(AccountRow.key == account_key, OrderRow.po == po)
    found = db.session.execute(_light(wanted)).one_or_none()
    return (found[0], found[1]) if found else None


def _conditions(wanted: Wanted, accounts: Iterable[AccountRow]) -> list[ColumnElement[bool]]:
    accounts = list(accounts)
    conditions: list[ColumnElement[bool]] = []
    if wanted.account:
        ids = [row.id for row in accounts if row.key == wanted.account]
        conditions.append(OrderRow.account_id == (ids[0] if ids else 0))
    elif any(row.is_demo for row in accounts) and not all(row.is_demo for row in accounts):
        conditions.append(OrderRow.is_demo.is_(False))
    if wanted.status:
        conditions.append(OrderRow.status == wanted.status.value)
    if wanted.magento:
        conditions.append(_has_no_shop_order() if wanted.magento == "no" else OrderRow.magento_order_id.is_not(None))
    return conditions


def _has_no_shop_order() -> ColumnElement[bool]:
    """SQLite takes NULLs for rare, looks them all up by value and sorts them, unless it is told otherwise."""
    has_none = OrderRow.magento_order_id.is_(None)
    return func.likely(has_none, type_=Boolean) if is_sqlite() else has_none


def _page(wanted: Wanted, conditions: list[ColumnElement[bool]]) -> tuple[tuple[OrderRow, ...], bool]:
    """The page, and whether there is more beyond it in the direction of reading."""
    place = tuple_(OrderRow.ordered_at, OrderRow.id)
    statement = _light(select(OrderRow).where(*conditions)).limit(PAGE_SIZE + 1)
    upwards = wanted.newer is not None and wanted.older is None
    if upwards:
        statement = statement.where(place > _place(wanted.newer)).order_by(OrderRow.ordered_at, OrderRow.id)
    else:
        statement = statement.order_by(OrderRow.ordered_at.desc(), OrderRow.id.desc())
    if wanted.older:
        statement = statement.where(place < _place(wanted.older))
    found = db.session.execute(statement).scalars().all()
    page = tuple(found[:PAGE_SIZE])
    return (page[::-1] if upwards else page), len(found) > PAGE_SIZE


Counts = tuple[dict[str, Count], int]


def _counts(conditions: list[ColumnElement[bool]]) -> Counts:
    """How many of each status and in all, each exact as far as is shown, and the newest id; one statement."""
    columns = [_count(conditions).label("all")]
    for status in OrderStatus:
        columns.append(_count([*conditions, OrderRow.status == status.value]).label(status.slug))
    found = db.session.execute(select(*columns, _newest_id())).one()._mapping
    return {name: capped(number) for name, number in found.items() if name != "newest"}, found["newest"]


def _counts_by_looking(conditions: list[ColumnElement[bool]]) -> Counts:
    """The same where each status would have to be searched for: the newest few thousand are looked through once."""
    newest_first = (OrderRow.ordered_at.desc(), OrderRow.id.desc())
    looked = select(OrderRow.status).where(*conditions).order_by(*newest_first).limit(LOOKED_THROUGH + 1).subquery()
    columns = [func.count().label("all")]
    columns += [func.count().filter(looked.c.status == status.value).label(status.slug) for status in OrderStatus]
    found = db.session.execute(select(*columns, _newest_id()).select_from(looked)).one()._mapping
    was_cut = found["all"] > LOOKED_THROUGH
    return {name: capped(number, was_cut) for name, number in found.items() if name != "newest"}, found["newest"]


def capped(number: int, or_more: bool = False) -> Count:
    """A number as it is shown: exact to a thousand."""
    return Count(min(number, COUNTED_TO), or_more or number > COUNTED_TO)


def _count(conditions: list[ColumnElement[bool]]) -> Any:
    found = select(literal(1)).select_from(OrderRow).where(*conditions).limit(COUNTED_TO + 1)
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


def _newest_id() -> Any:
    return select(func.coalesce(func.max(OrderRow.id), 0)).scalar_subquery().label("newest")


def _light(statement: Any) -> Any:
    """Without what only the order page needs."""
    lines = selectinload(OrderRow.lines).load_only(
        LineRow.position,
        LineRow.sku,
        LineRow.title,
        LineRow.quantity,
        LineRow.quantities,
        LineRow.intent_to_cancel,
        LineRow.product_id,
    )
    return statement.options(lines, defer(OrderRow.address), defer(OrderRow.email), defer(OrderRow.made_up))


def _place(cursor: Cursor | None) -> Any:
    assert cursor is not None
    return tuple_(literal(cursor.ordered_at, Utc()), literal(cursor.id, Id))


def _beside(order: OrderRow) -> Cursor:
    return Cursor(order.ordered_at, order.id)

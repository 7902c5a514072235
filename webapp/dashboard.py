"""The numbers of the dashboard: each from a bounded look, so that a million orders take no longer than a thousand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, literal, select, text
from sqlalchemy.orm import lazyload

from webapp import clock
from webapp.domain.commands import CommandState
from webapp.domain.facets import ShippedBy, unfold
from webapp.domain.order import SELLER_FULFILLED, OrderStatus
from webapp.inbox import EventState
from webapp.models import IS_OPEN, IS_UNANSWERED, WAITS_FOR_SHOP, CommandRow, EventRow, LineRow, OrderRow, SyncRow, db
from webapp.queries import COUNTED_TO, Count, capped

DAYS = timedelta(days=30)
MOST_SOLD = 20_000
MOST_DUE = 1_000
NEWEST_EVENTS, MEASURED = 5_000, 500
_WAITS_FOR_MAGENTO = text(WAITS_FOR_SHOP)
DONE_WORDS = frozenset({"Shipped", "Delivered", "Refund"})
LAGS = (
    (timedelta(seconds=1), "within 1 s"),
    (timedelta(seconds=5), "1 to 5 s"),
    (timedelta(seconds=30), "5 to 30 s"),
    (timedelta(minutes=5), "30 s to 5 min"),
    (timedelta.max, "longer"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """So many `of` orders; `percent` to one decimal, None where there are none."""

    number: int
    of: int

    @property
    def percent(self) -> Decimal | None:
        return round(Decimal(100 * self.number) / self.of, 1) if self.of else None


@dataclass(frozen=True, slots=True)
class Lag:
    """How long webhooks took from their coming to the read that answered them."""

    bars: tuple[tuple[str, int], ...]
    middle: timedelta | None
    slowest: timedelta | None
    """Of twenty, nineteen were quicker."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What is in hand: events, orders that are due, those that wait for their shop, and commands that run, are due, and
    are due later."""

    events: Count
    orders: Count
    for_magento: Count
    running: Count
    commands: Count
    later: Count


def canceled(account_ids: Collection[int]) -> dict[int, Share]:
    """Of each account's orders that the seller ships, sold within 30 days: how many are canceled as a whole."""
    since = clock.now() - DAYS
    newest = select(OrderRow.facet).where(OrderRow.ordered_at >= since).order_by(OrderRow.ordered_at.desc())
    some = newest.limit(MOST_SOLD).subquery()
    all_, gone = Counter[int](), Counter[int]()
    for code, number in db.session.execute(select(some.c.facet, func.count()).group_by(some.c.facet)):
        facet = unfold(code)
        if facet.account_id in account_ids and facet.shipped_by is ShippedBy.SELLER:
            all_[facet.account_id] += number
            gone[facet.account_id] += number if facet.status is OrderStatus.CANCELED else 0
    return {account_id: Share(gone[account_id], all_[account_id]) for account_id in account_ids}


def shipped_late(account_ids: Collection[int]) -> dict[int, Share]:
    """Of each account's newest thousand orders whose ship-by date has passed within 30 days: how many were not shipped
    by it."""
    orders = {account_id: _due_lately(account_id).values() for account_id in account_ids}
    return {account_id: Share(sum(were_late), len(were_late)) for account_id, were_late in orders.items()}


def late_orders(account_id: int) -> Sequence[OrderRow]:
    """Those that `shipped_late` counts for this account, the latest due first."""
    ids = [order_id for order_id, was_late in _due_lately(account_id).items() if was_late]
    found = select(OrderRow).where(OrderRow.id.in_(ids)).options(lazyload("*"))
    return db.session.execute(found.order_by(OrderRow.ship_by.desc(), OrderRow.id.desc())).scalars().all()


def _due_lately(account_id: int) -> dict[int, bool]:
    """Whether each order was late. One account at a time: the list behind a number holds one account's orders."""
    now = clock.now()
    due = (
        select(OrderRow.id, OrderRow.ship_by)
        .where(OrderRow.ship_by < now, OrderRow.ship_by >= now - DAYS, OrderRow.ship_node == SELLER_FULFILLED)
        .where(OrderRow.status != OrderStatus.CANCELED, OrderRow.account_id == account_id)
        .order_by(OrderRow.ship_by.desc(), OrderRow.id.desc())
        .limit(MOST_DUE)
        .subquery()
    )
    lines = select(due.c.id, due.c.ship_by, LineRow.quantities).join(LineRow, LineRow.order_id == due.c.id)
    orders: dict[int, bool] = {}
    for row in db.session.execute(lines):
        orders[row.id] = orders.get(row.id, False) or _is_late(row.quantities, row.ship_by)
    return orders


def lag() -> Lag:
    """By the newest five hundred webhooks of Walmart that were answered."""
    took = sorted(length for _, length in _answered())
    bars = Counter(_lag_of(length) for length in took)
    return Lag(
        bars=tuple((words, bars[words]) for _, words in LAGS),
        middle=took[len(took) // 2] if took else None,
        slowest=took[min(len(took) * 19 // 20, len(took) - 1)] if took else None,
    )


def lag_events(words: str) -> list[tuple[EventRow, timedelta]]:
    """The webhooks that a bar of `lag` counts, each with what it took; the newest first."""
    took = {event_id: length for event_id, length in _answered() if _lag_of(length) == words}
    rows = db.session.execute(select(EventRow).where(EventRow.id.in_(list(took))).order_by(EventRow.id.desc()))
    return [(row, took[row.id]) for row in rows.scalars()]


def _answered() -> list[tuple[int, timedelta]]:
    newest = select(EventRow.id, EventRow.source, EventRow.state, EventRow.received_at, EventRow.handled_at)
    some = newest.order_by(EventRow.received_at.desc(), EventRow.id.desc()).limit(NEWEST_EVENTS).subquery()
    answered = select(some.c.id, some.c.received_at, some.c.handled_at).where(
        some.c.source == "walmart", some.c.state == EventState.HANDLED, some.c.handled_at.is_not(None)
    )
    found = db.session.execute(answered.limit(MEASURED))
    return [(row.id, max(row.handled_at - row.received_at, timedelta(0))) for row in found]


def _lag_of(length: timedelta) -> str:
    return next(words for most, words in LAGS if length <= most)


def to_read() -> Sequence[SyncRow]:
    """The orders that `depth` counts as to be read now, the longest due first; a thousand and one at most."""
    due = text("look_again_at is not null"), SyncRow.look_again_at <= clock.now()
    found = select(SyncRow).where(*due).order_by(SyncRow.look_again_at, SyncRow.id)
    return db.session.execute(found.limit(COUNTED_TO + 1)).scalars().all()


def for_magento() -> Sequence[SyncRow]:
    """The orders whose shop does not answer, or refuses, the longest known first; a thousand and one at most."""
    found = select(SyncRow).where(_WAITS_FOR_MAGENTO).order_by(SyncRow.id)
    return db.session.execute(found.limit(COUNTED_TO + 1)).scalars().all()


def number_for_magento() -> Count:
    """How many `for_magento` holds, counted to a thousand."""
    some = select(literal(1)).select_from(SyncRow).where(_WAITS_FOR_MAGENTO).limit(COUNTED_TO + 1).subquery()
    return capped(db.session.execute(select(func.count()).select_from(some)).scalar_one())


def depth() -> Depth:
    """Counted to a thousand; one statement."""
    now, open_ = clock.now(), select(literal(1)).select_from(CommandRow).where(text(IS_OPEN))
    parts: Sequence[Any] = (
        select(literal(1)).select_from(EventRow).where(text(IS_UNANSWERED)),
        select(literal(1)).select_from(SyncRow).where(text("look_again_at is not null"), SyncRow.look_again_at <= now),
        select(literal(1)).select_from(SyncRow).where(_WAITS_FOR_MAGENTO),
        open_.where(CommandRow.state == CommandState.RUNNING),
        open_.where(CommandRow.state == CommandState.QUEUED, CommandRow.next_attempt_at <= now),
        open_.where(CommandRow.state == CommandState.QUEUED, CommandRow.next_attempt_at > now),
    )
    counted = [
        select(func.count()).select_from(part.limit(COUNTED_TO + 1).subquery()).scalar_subquery() for part in parts
    ]
    return Depth(*(capped(number) for number in db.session.execute(select(*counted)).one()))


def _is_late(quantities: Sequence[dict[str, Any]], ship_by: datetime) -> bool:
    """Some unit that is not canceled went out after the date, or is still here."""
    for quantity in quantities:
        if quantity["status"] == "Cancelled" or not quantity.get("amount"):
            continue
        if quantity["status"] not in DONE_WORDS:
            return True
        shipped_at = (quantity.get("tracking") or {}).get("shipped_at")
        if shipped_at and datetime.fromisoformat(str(shipped_at)) > ship_by:
            return True
    return False

"""Where a poll begins to read: from its cursor with an overlap, from the oldest open order on, or the last days."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from webapp.accounts import Account
from webapp.domain.order import OrderStatus
from webapp.domain.poll_kinds import PollKind, Rule
from webapp.domain.scan import MARGIN, OLDEST, By, Window, whole_second
from webapp.models import OrderRow, SyncRow, db

OVERLAP = timedelta(minutes=10)
"""Walmart may list a change late, and clocks differ."""
FIRST_LOOK_BACK = timedelta(days=1)
FIRST_WISHES = timedelta(days=3)
LATER_WISHES = timedelta(days=1)
OPEN = (OrderStatus.CREATED.value, OrderStatus.UNSHIPPED.value, OrderStatus.PARTIALLY_SHIPPED.value)


def window_of(kind: PollKind, account: Account, cursor_at: datetime | None, now: datetime) -> Window:
    """The window up to the present, as far back as Walmart goes."""
    start = max(_start(kind, account, cursor_at, now), now - OLDEST + MARGIN)
    by = By.MODIFIED if kind.rule is Rule.CHANGED else By.CREATED
    return Window(kind.ship_node, by, whole_second(start))


def missed(cursor_at: datetime | None, now: datetime) -> str:
    """What to say when a poll comes so late that Walmart does not reach back to its cursor; empty when it does."""
    if cursor_at is None or cursor_at >= now - OLDEST:
        return ""
    return f"Walmart gives out orders of the last 180 days only: what changed from {cursor_at:%Y-%m-%d} on was missed."


def _start(kind: PollKind, account: Account, cursor_at: datetime | None, now: datetime) -> datetime:
    since = (cursor_at or now - FIRST_LOOK_BACK) - OVERLAP
    match kind.rule:
        case Rule.CHANGED:
            return since
        case Rule.OPEN:
            first = account.policy.import_since or since
            return min(since if cursor_at else min(first, since), _oldest_open(account.id, kind.ship_node) or since)
        case Rule.CANCELLATIONS:
            return min(now - LATER_WISHES, since) if cursor_at else now - FIRST_WISHES


def _oldest_open(account_id: int, ship_node: str) -> datetime | None:
    """When the oldest order was placed that still has something to wait for."""
    oldest = (
        select(func.min(OrderRow.ordered_at))
        .join(SyncRow, SyncRow.id == OrderRow.sync_id)
        .where(
            OrderRow.account_id == account_id,
            OrderRow.ship_node == ship_node,
            OrderRow.status.in_(OPEN),
            SyncRow.look_again_at.is_not(None),
        )
    )
    return db.session.execute(oldest).scalar_one_or_none()

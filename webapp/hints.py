"""What stands behind a hint on an order: a person's wish, or a list in which the order could not be read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock, turns
from webapp.database import is_sqlite
from webapp.inbox import EventState
from webapp.models import AttemptRow, EventRow, db
from webapp.queue import Bell
from webapp.shop_events import COMMITS_WITHIN
from webapp.turns import Wake
from webapp.unit_of_work import Work

MERCHANT, REIMPORT, POLL, SHOP = "merchant", "reimport", "poll", "magento"
LONGEST_ATTEMPT = timedelta(minutes=5)
LOOKS_ONCE_MORE = timedelta(seconds=20)
"""After a shop's event in which nothing new was found: a save that took long is committed by then."""
UNREADABLE = "unreadable"

_WAITING = and_(
    EventRow.account_id == bindparam("account"),
    EventRow.id <= bindparam("up_to"),
    EventRow.state == EventState.WAITING,
)
_WISHERS = (
    select(EventRow.source, EventRow.headers)
    .where(_WAITING, EventRow.po == bindparam("order"), EventRow.source.in_((MERCHANT, REIMPORT)))
    .order_by(EventRow.id)
)
_SHOP_SPOKE = (
    select(EventRow.po, EventRow.received_at)
    .where(_WAITING, EventRow.po.in_(bindparam("orders", expanding=True)), EventRow.source == SHOP)
    .order_by(EventRow.received_at)
)


@dataclass(frozen=True, slots=True)
class Look:
    """An order is to be looked at again; `is_too_early` says that this read does not answer the event yet."""

    at: datetime
    is_too_early: bool = False


def wishers(account_id: int, po: str, up_to: int) -> dict[str, str]:
    """Who asked for this order and waits for the answer, whatever its age: the author by source."""
    asked = db.session.execute(_WISHERS, {"account": account_id, "order": po, "up_to": up_to})
    return {row.source: str(row.headers.get("by", "")) for row in asked}


def shop_spoke(work: Work, account_id: int, turns_of: Mapping[str, int], up_to: int) -> dict[str, datetime]:
    """Of each order by PO, when the shop's newest event came that waits for an answer.

    What came while a command of ours was being carried out is its echo: the read after the command answers it.
    """
    waiting = work.execute(_SHOP_SPOKE, {"account": account_id, "orders": list(turns_of), "up_to": up_to})
    spoke = [(str(row.po), row.received_at) for row in waiting]
    ours = _acted(work, {turns_of[po] for po, _ in spoke}, spoke[0][1]) if spoke else []
    return {
        po: at for po, at in spoke if not any(one == turns_of[po] and begin <= at <= end for one, begin, end in ours)
    }


def _acted(work: Work, sync_ids: Collection[int], since: datetime) -> list[tuple[int, datetime, datetime]]:
    """When commands of these orders were carried out, as turn, begin and end."""
    tried = select(AttemptRow.sync_id, AttemptRow.started_at, AttemptRow.duration_ms).where(
        AttemptRow.sync_id.in_(sync_ids),
        AttemptRow.command_id.is_not(None),
        AttemptRow.started_at >= since - LONGEST_ATTEMPT,
    )
    found = work.execute(tried)
    return [(row.sync_id, row.started_at, row.started_at + timedelta(milliseconds=row.duration_ms)) for row in found]


def look_for_shop(spoke_at: datetime | None, read_at: datetime, *, found_news: bool) -> Look | None:
    """The further look that a shop's event asks for; None when this read was late enough, or found something new."""
    if spoke_at is None:
        return None
    if read_at < spoke_at + COMMITS_WITHIN:
        return Look(spoke_at + COMMITS_WITHIN, is_too_early=True)
    once_more = spoke_at + LOOKS_ONCE_MORE
    return Look(once_more) if not found_news and read_at < once_more else None


def record_unreadable(work: Work, account_id: int, po: str, why: str) -> bool:
    """Tell, once for each reason, of an order in a list that could not be read; it is then asked for alone.

    Returns whether it was news. Of an order without a number can only be told.
    """
    key = hashlib.sha256(f"{po}:{why}".encode()).hexdigest()[:32]
    told = {
        "source": POLL,
        "account_id": account_id,
        "delivery_key": f"{UNREADABLE}:{account_id}:{key}",
        "type": UNREADABLE,
        "po": po or None,
        "body": b"",
        "headers": {},
        "received_at": clock.now(),
        "state": EventState.FAILED,
        "reason": f"Walmart's list has this order in a form that could not be read: {why}.",
        "handled_at": clock.now(),
    }
    insert = sqlite.insert(EventRow) if is_sqlite() else postgresql.insert(EventRow)
    is_news = bool(work.changed(insert.values(**told).on_conflict_do_nothing(index_elements=["delivery_key"])))
    if is_news and po:
        turns.wake(work, [Wake(account_id, po, clock.now())])
        work.ring(Bell.INBOUND)
    return is_news

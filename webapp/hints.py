"""What stands behind a hint on an order: a person's wish, or a list in which the order could not be read."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock, turns
from webapp.database import is_sqlite
from webapp.inbox import EventState
from webapp.models import EventRow, db
from webapp.queue import Bell
from webapp.turns import Wake
from webapp.unit_of_work import Work

MERCHANT, REIMPORT, POLL = "merchant", "reimport", "poll"
UNREADABLE = "unreadable"


def wishers(account_id: int, po: str, up_to: int) -> dict[str, str]:
    """Who asked for this order and waits for the answer, whatever its age: the author by source."""
    asked = select(EventRow.source, EventRow.headers).where(
        EventRow.account_id == account_id,
        EventRow.po == po,
        EventRow.id <= up_to,
        EventRow.state == EventState.WAITING,
        EventRow.source.in_((MERCHANT, REIMPORT)),
    )
    return {row.source: str(row.headers.get("by", "")) for row in db.session.execute(asked.order_by(EventRow.id))}


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

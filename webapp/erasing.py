"""Buyers' data is kept as long as it is needed: erased some days after an order is finished, or before, on request.

What stays: quantities, amounts, taxes, numbers, the state and country that taxes depend on, people's notes, the log.
What goes: name, street, city, postal code, telephone, e-mail, also from the search index, from what webhooks brought,
from what was sent, and from what the log holds for operators alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select, text, update

from webapp import audit, clock, order_rows, settings
from webapp.database import is_sqlite
from webapp.inbox import EventState
from webapp.models import (
    AccountRow,
    AttemptRow,
    BulkJobRow,
    ChangeRow,
    CommandRow,
    EventRow,
    OrderRow,
    SavedListRow,
    db,
)
from webapp.outbox import Refusal
from webapp.unit_of_work import Work, unit_of_work

AT_ONCE = 50
"""Orders that one transaction erases: between two of them others get their turn."""
EVENTS_AT_ONCE = 500
MERGE_PAGES = 200
MOST_MERGES = 500
UNDONE = ("queued", "running", "parked")
STILL_OPEN = (
    "The order is still open, so its buyer’s data is needed. It can be erased once everything is shipped or canceled."
)
STILL_BUSY = "Something of this order is still under way or waits for you. Finish it or give it up first."
BY_RULE = "rule"


@dataclass(slots=True)
class Marks:
    """Up to where a process has swept: what lies before needs no second look."""

    bodies: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    events: datetime = datetime(1970, 1, 1, tzinfo=UTC)


def sweep(marks: Marks) -> None:
    """Whatever has had its time goes: buyers' data, bodies of webhooks, what belongs to no order, old searches."""
    now, limits = clock.now(), settings.current()
    found = _due(now - timedelta(days=limits.buyer_data_days))
    while found:
        with unit_of_work() as work:
            for row in work.session.execute(select(OrderRow).where(OrderRow.id.in_(found))).scalars():
                _erase(work, row)
        found = _due(now - timedelta(days=limits.buyer_data_days)) if len(found) == AT_ONCE else []
        _forget_words()
    marks.bodies = _forget_bodies(marks.bodies, now - timedelta(days=limits.webhook_body_days))
    marks.events = _forget_events(marks.events, now - timedelta(days=limits.log_days))
    with unit_of_work() as work:
        work.execute(delete(BulkJobRow).where(BulkJobRow.asked_at < now - timedelta(days=limits.log_days)))
        work.execute(delete(SavedListRow).where(SavedListRow.expires_at < now))


def why_not(row: OrderRow) -> str:
    """Why this order's buyer cannot be erased now; empty where it can."""
    if row.is_open:
        return STILL_OPEN
    undone = select(CommandRow.id).where(CommandRow.sync_id == row.sync_id, CommandRow.state.in_(UNDONE)).limit(1)
    return STILL_BUSY if db.session.execute(undone).first() else ""


def erase_one(order_id: int, by: str) -> str:
    """Erase one buyer on request; a second time is no harm. Raises Refusal with the reason."""
    with unit_of_work() as work:
        row = work.session.get(OrderRow, order_id, populate_existing=True)
        if row is None:
            raise Refusal("This order is not known any more; reload the page.")
        if row.buyer_erased_at is not None:
            return "The buyer’s data is erased already."
        reason = why_not(row)
        if reason:
            raise Refusal(reason)
        account = work.session.get_one(AccountRow, row.account_id)
        audit.record(work, audit.PRIVACY, by, f"Order {row.po} of {account.name}", after="erased on request")
        _erase(work, row, by)
    _forget_words()
    return "The buyer’s data is erased. Amounts and the log stay."


def _due(before: datetime) -> list[int]:
    """Orders that are finished since then, with nothing left to do on them."""
    busy = exists().where(CommandRow.sync_id == OrderRow.sync_id, CommandRow.state.in_(UNDONE))
    wanted = select(OrderRow.id).where(OrderRow.buyer_erased_at.is_(None), OrderRow.finished_at < before)
    wanted = wanted.where(OrderRow.is_open.is_(False), OrderRow.wants_magento.is_(False), ~busy)
    return list(db.session.execute(wanted.order_by(OrderRow.finished_at).limit(AT_ONCE)).scalars())


def _erase(work: Work, row: OrderRow, by: str = BY_RULE) -> None:
    order_rows.forget_buyer(row)
    row.buyer_erased_at = row.changed_at = clock.now()
    mine = EventRow.account_id == row.account_id, EventRow.po == row.po
    work.execute(update(EventRow).where(*mine, EventRow.body_erased_at.is_(None)).values(_no_body()))
    ended = CommandRow.sync_id == row.sync_id, CommandRow.state.not_in(UNDONE)
    work.execute(update(CommandRow).where(*ended).values(frozen=None))
    work.execute(update(ChangeRow).where(ChangeRow.sync_id == row.sync_id).values(private=None))
    for attempt in work.session.execute(select(AttemptRow).where(AttemptRow.sync_id == row.sync_id)).scalars():
        attempt.calls = [_without_texts(call) for call in attempt.calls]
    sentence = "The buyer’s data was erased" + (" on request." if by != BY_RULE else ": the order is long finished.")
    kind = "person" if by != BY_RULE else "remark"
    work.add(ChangeRow(sync_id=row.sync_id, at=clock.now(), kind=kind, by=by, sentence=sentence))


def _no_body() -> dict[str, Any]:
    return {"body": b"", "body_erased_at": clock.now()}


def _without_texts(call: dict[str, Any]) -> dict[str, Any]:
    """A call of the log without what was sent and answered."""
    return {**call, "request_excerpt": "", "response_excerpt": ""}


def _forget_bodies(since: datetime, until: datetime) -> datetime:
    """Take the bodies of what came in before `until` and was answered; returns up to where that is done."""
    answered = EventRow.state.not_in((EventState.RECEIVED, EventState.WAITING))
    old = EventRow.received_at >= since, EventRow.received_at < until, EventRow.body_erased_at.is_(None), answered
    while some := _ids(old):
        with unit_of_work() as work:
            work.execute(update(EventRow).where(EventRow.id.in_(some)).values(_no_body()))
    return until


def _forget_events(since: datetime, until: datetime) -> datetime:
    """Delete what came in before `until` and belongs to no order; what belongs to one stays as long as it does."""
    old = EventRow.received_at >= since, EventRow.received_at < until, EventRow.po.is_(None)
    while some := _ids(old):
        with unit_of_work() as work:
            work.execute(delete(EventRow).where(EventRow.id.in_(some)))
    return until


def _ids(conditions: Sequence[Any]) -> list[int]:
    wanted = select(EventRow.id).where(*conditions).order_by(EventRow.received_at).limit(EVENTS_AT_ONCE)
    return list(db.session.execute(wanted).scalars())


def _forget_words() -> None:
    """SQLite's index of words keeps what was taken out of it until its parts are merged: merge them, in short turns.

    PostgreSQL keeps the words in the row itself.
    """
    if not is_sqlite():
        return
    pages = -MERGE_PAGES
    for _ in range(MOST_MERGES):
        with unit_of_work() as work:
            before = work.execute(select(func.total_changes())).scalar_one()
            merge = text("insert into orders_fts(orders_fts, rank) values('merge', :pages)")
            work.execute(merge, {"pages": pages})
            if work.execute(select(func.total_changes())).scalar_one() - before < 2:
                return
        pages = MERGE_PAGES

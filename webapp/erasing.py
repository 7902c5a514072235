"""Buyers' data is kept as long as it is needed: erased some days after an order is finished, or before, on request.

What stays: quantities, amounts, taxes, numbers, the state and country that taxes depend on, people's notes, the log.
What goes: name, street, city, postal code, telephone, e-mail, also from the search index, from what webhooks brought,
from what was sent, and from what the log holds for operators alone. Files of orders with addresses go after a day, and
at once where a buyer in them is erased on request.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, text, update

from webapp import audit, clock, exports, order_rows, settings
from webapp.database import is_sqlite
from webapp.inbox import EventState
from webapp.models import (
    AccountRow,
    AlertRow,
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
UNANSWERED = (EventState.RECEIVED, EventState.WAITING)
STILL_OPEN = (
    "The order is still open, so its buyer’s data is needed. It can be erased once everything is shipped or canceled."
)
STILL_BUSY = "Something of this order is still under way or has failed. Finish it or give it up first."
BY_RULE = "rule"
A_TURN = 1.0
"""Seconds that one sweep takes, about: whoever calls it has more to do."""
PROOF = frozenset(
    {"entity_id", "made", "floors", "sent_at", "absent_at", "before", "widened", "adopted", "part", "parts", "moves"}
)
"""What of a command's sending tells nothing of the buyer, and proves which documents of the shop were made here."""


@dataclass(slots=True)
class Marks:
    """Up to where a process has swept: what lies before needs no second look. `has_words`: the index needs merging."""

    bodies: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    events: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    has_words: bool = True


def sweep(marks: Marks, seconds: float = A_TURN) -> bool:
    """Whatever has had its time goes: buyers' data, webhooks’ bodies, what belongs to no order, old searches and files.

    Stops after about so many seconds; true once nothing is left, else the next call goes on.
    """
    stops_at = time.monotonic() + seconds
    return all(time.monotonic() < stops_at for _ in _steps(marks))


def _steps(marks: Marks) -> Iterator[None]:
    """All that a sweep does, in short steps: it may end after each that did something, and begin anew."""
    now, limits = clock.now(), settings.current()
    yield from _erase_due(marks, now - timedelta(days=limits.buyer_data_days))
    yield from _forget_bodies(marks, now - timedelta(days=limits.webhook_body_days))
    yield from _forget_events(marks, now - timedelta(days=limits.log_days))
    with unit_of_work() as work:
        work.execute(delete(BulkJobRow).where(BulkJobRow.asked_at < now - timedelta(days=limits.log_days)))
        work.execute(delete(AlertRow).where(AlertRow.ended_at < now - timedelta(days=limits.log_days)))
        work.execute(delete(SavedListRow).where(SavedListRow.expires_at < now))
        exports.forget_old(work)


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
        exports.forget_buyer(work, row.id)
    for _ in _forget_words():
        pass
    return "The buyer’s data is erased. Amounts and the log stay."


def _erase_due(marks: Marks, before: datetime) -> Iterator[None]:
    found = _due(before)
    while found:
        marks.has_words = True
        with unit_of_work() as work:
            for row in work.session.execute(select(OrderRow).where(OrderRow.id.in_(found))).scalars():
                _erase(work, row)
        yield
        found = _due(before) if len(found) == AT_ONCE else []
    if marks.has_words:
        yield from _forget_words()
        marks.has_words = False


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
    _forget_sent(work, row)
    work.execute(update(ChangeRow).where(ChangeRow.sync_id == row.sync_id).values(private=None))
    for attempt in work.session.execute(select(AttemptRow).where(AttemptRow.sync_id == row.sync_id)).scalars():
        attempt.calls = [_without_texts(call) for call in attempt.calls]
    sentence = "The buyer’s data was erased" + (" on request." if by != BY_RULE else ": the order is long finished.")
    kind = "person" if by != BY_RULE else "remark"
    work.add(ChangeRow(sync_id=row.sync_id, at=clock.now(), kind=kind, by=by, sentence=sentence))


def _forget_sent(work: Work, row: OrderRow) -> None:
    """Of what ended commands sent, only the proof stays of what was made."""
    ended = CommandRow.sync_id == row.sync_id, CommandRow.state.not_in(UNDONE), CommandRow.frozen.is_not(None)
    for command in work.execute(select(CommandRow.id, CommandRow.frozen).where(*ended)).all():
        proof = {name: value for name, value in command.frozen.items() if name in PROOF}
        work.execute(update(CommandRow).where(CommandRow.id == command.id).values(frozen=proof or None))


def _no_body() -> dict[str, Any]:
    return {"body": b"", "body_erased_at": clock.now()}


def _without_texts(call: dict[str, Any]) -> dict[str, Any]:
    """A call of the log without what was sent and answered."""
    return {**call, "request_excerpt": "", "response_excerpt": ""}


def _forget_bodies(marks: Marks, until: datetime) -> Iterator[None]:
    """Take the bodies of what came in before `until` and was answered; the mark stays at the oldest that was not."""
    kept = EventRow.body_erased_at.is_(None)
    for some, reached in _pages(marks.bodies, until, kept, EventRow.state.not_in(UNANSWERED)):
        if some:
            with unit_of_work() as work:
                work.execute(update(EventRow).where(EventRow.id.in_(some)).values(_no_body()))
        passed = EventRow.received_at >= marks.bodies, EventRow.received_at < reached
        skipped = select(EventRow.received_at).where(*passed, kept, EventRow.state.in_(UNANSWERED))
        oldest = db.session.execute(skipped.order_by(EventRow.received_at).limit(1)).scalar_one_or_none()
        marks.bodies = oldest or reached
        if some:
            yield


def _forget_events(marks: Marks, until: datetime) -> Iterator[None]:
    """Delete what came in before `until` and belongs to no order; what belongs to one stays as long as it does."""
    for some, reached in _pages(marks.events, until, EventRow.po.is_(None)):
        if some:
            with unit_of_work() as work:
                work.execute(delete(EventRow).where(EventRow.id.in_(some)))
            yield
        marks.events = reached


def _pages(since: datetime, until: datetime, *conditions: ColumnElement[bool]) -> Iterator[tuple[list[int], datetime]]:
    """Events of that time, the oldest first, and up to where they reach. Each page is done before the next is read."""
    reached = since
    while reached < until:
        wanted = select(EventRow.id, EventRow.received_at).where(
            EventRow.received_at >= reached, EventRow.received_at < until, *conditions
        )
        rows = db.session.execute(wanted.order_by(EventRow.received_at).limit(EVENTS_AT_ONCE)).all()
        reached = rows[-1].received_at if len(rows) == EVENTS_AT_ONCE else until
        yield [row.id for row in rows], reached


def _forget_words() -> Iterator[None]:
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
        yield

"""An event once more, by a person's wish: a new attempt under the same event. It is a hint again, so nothing is done
twice; and what failed for good is set aside, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, select, text, update

from webapp import clock, inbox, shop_events
from webapp.event_log import Read
from webapp.inbox import EventState, Hint
from webapp.models import (
    CAME_TO_NOTHING,
    IS_UNANSWERED,
    AccountRow,
    ChangeRow,
    EventActRow,
    EventRow,
    SyncRow,
    db,
)
from webapp.outbox import NoReason, Refusal
from webapp.queries import Count
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

MOST = 10_000
"""So many events at once; of more, the newest."""
AT_ONCE = 200
"""Events that one transaction replays: between two of them others get their turn."""
LONGEST_REASON = 500
SAY_WHY = "Say why it is set aside; the reason stays with the event."
IN_HAND = "This event is in hand already: its order is about to be read."
PAST_REPLAY = "The body of this event was erased and no purchase order is known for it: there is nothing to replay."
ENDED = (EventState.HANDLED, EventState.IGNORED, EventState.FAILED, EventState.DISMISSED)
TELLS_NOTHING = and_(EventRow.body_erased_at.is_not(None), EventRow.po.is_(None))
"""Nothing is left of such an event that says what it is about."""
MAY_BEGIN = and_(EventRow.state.in_(ENDED), not_(TELLS_NOTHING))

# The tables, not the classes: many rows in one execution, without the ORM between.
_ACTS = EventActRow.metadata.tables[EventActRow.__tablename__]
_CHANGES = ChangeRow.metadata.tables[ChangeRow.__tablename__]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many can be replayed, set aside, are in hand already, or tell nothing any more; counted to `MOST`."""

    ended: Count
    failed: Count
    in_hand: Count
    erased: Count


def tally(wanted: Read) -> Tally:
    """Count what a question holds; one statement."""

    def counted(condition: Any) -> Any:
        mine = select(literal(1)).select_from(EventRow).where(*wanted.conditions, condition)
        return select(func.count()).select_from(mine.limit(MOST + 1).subquery()).scalar_subquery()

    ended, failed = counted(MAY_BEGIN), counted(text(f"{CAME_TO_NOTHING} and state = 'failed'"))
    in_hand, erased = counted(text(IS_UNANSWERED)), counted(and_(EventRow.state.in_(ENDED), TELLS_NOTHING))
    found = db.session.execute(select(ended, failed, in_hand, erased)).one()
    return Tally(*(Count(min(number, MOST), number > MOST) for number in found))


def replay(event_id: int, by: str, asked_at: datetime) -> None:
    """Once more, unless somebody did so since `asked_at`: a second click starts nothing. Raises Refusal."""
    mine = EventRow.id == event_id
    if _replay_some((mine,), by, asked_at) or _was_replayed(event_id, asked_at):
        return
    is_past = db.session.execute(select(EventRow.id).where(mine, TELLS_NOTHING)).first() is not None
    raise Refusal(PAST_REPLAY if is_past else IN_HAND)


def replay_all(wanted: Read, by: str, asked_at: datetime) -> int:
    """All of it that had come by `asked_at` and was not replayed since; returns how many."""
    done = 0
    while done < MOST:
        some = _replay_some((*wanted.conditions, EventRow.received_at <= asked_at), by, asked_at)
        done += some
        if some < AT_ONCE:
            break
    return done


def set_aside(wanted: Sequence[ColumnElement[bool]], reason: str, by: str) -> int:
    """Of these events the failed ones need nobody any more, for this reason. Raises NoReason where one is missing."""
    done = 0
    while done < MOST:
        some = _set_aside_some(wanted, reason.strip()[:LONGEST_REASON], by)
        done += some
        if some < AT_ONCE:
            break
    return done


def _replay_some(conditions: Sequence[ColumnElement[bool]], by: str, asked_at: datetime) -> int:
    since = exists().where(EventActRow.event_id == EventRow.id, EventActRow.at >= asked_at)
    wanted = select(EventRow).where(*conditions, MAY_BEGIN, ~since)
    newest = wanted.order_by(EventRow.received_at.desc()).limit(AT_ONCE)
    with unit_of_work() as work:
        events = list(work.execute(newest.with_for_update(of=EventRow)).scalars())
        if not events:
            return 0
        _note(work, events, "replay", by)
        sellers = _sellers(work, events)
        for event in events:
            _begin_again(event, sellers.get(event.account_id, ""))
        _tell_orders(work, events, by)
        work.ring(Bell.INBOUND)
        return len(events)


def _begin_again(event: EventRow, seller_id: str) -> None:
    """As if it had just come: what it is about is read out of its body anew, or known already where that was erased."""
    event.state, event.reason, event.handled_at = EventState.RECEIVED, "", None
    if event.body_erased_at is not None:
        return
    if event.source == "walmart":
        hint = inbox.read_hint(event.body)
        event.po, event.type = hint.po or event.po, hint.type or event.type
    elif event.source == "magento":
        spoken = shop_events.read(event.body, str(event.headers.get("content-type", "")))
        hint = Hint(unparseable=spoken.unparseable)
    else:
        hint = Hint()
    event.state, event.reason = inbox.first_state(hint, seller_id)
    if event.state != EventState.RECEIVED:
        event.handled_at = clock.now()


def _set_aside_some(conditions: Sequence[ColumnElement[bool]], reason: str, by: str) -> int:
    failed = select(EventRow).where(*conditions, EventRow.state == EventState.FAILED)
    with unit_of_work() as work:
        events = list(work.execute(failed.limit(AT_ONCE).with_for_update(of=EventRow)).scalars())
        if events and not reason:
            raise NoReason(SAY_WHY)
        if events:
            _note(work, events, "dismiss", by)
            mine = update(EventRow).where(EventRow.id.in_([event.id for event in events]))
            work.execute(mine.values(state=EventState.DISMISSED, reason=reason, handled_at=clock.now()))
        return len(events)


def _note(work: Work, events: Sequence[EventRow], kind: str, by: str) -> None:
    was = [
        {"event_id": one.id, "was_state": one.state, "was_reason": one.reason, "was_handled_at": one.handled_at}
        for one in events
    ]
    work.execute(_ACTS.insert(), [{**row, "kind": kind, "by": by, "at": clock.now()} for row in was])


def _tell_orders(work: Work, events: Sequence[EventRow], by: str) -> None:
    """A line in the log of each order that is known."""
    about = {(event.account_id, event.po): event for event in events if event.account_id and event.po}
    pos = {po for _, po in about}
    known = select(SyncRow.id, SyncRow.account_id, SyncRow.po).where(
        SyncRow.account_id.in_({account for account, _ in about}), SyncRow.po.in_(pos)
    )
    now = clock.now()
    told = [
        {
            "sync_id": row.id,
            "at": now,
            "kind": "person",
            "by": by,
            "sentence": f"Event #{about[row.account_id, row.po].id} replayed: both sides are read again.",
        }
        for row in work.execute(known)
        if (row.account_id, row.po) in about
    ]
    if told:
        work.execute(_CHANGES.insert(), told)


def _sellers(work: Work, events: Sequence[EventRow]) -> dict[int | None, str]:
    ids = {event.account_id for event in events if event.source == "walmart"}
    found = work.execute(select(AccountRow.id, AccountRow.seller_id).where(AccountRow.id.in_(ids)))
    return {row.id: row.seller_id for row in found}


def _was_replayed(event_id: int, asked_at: datetime) -> bool:
    since = exists().where(EventActRow.event_id == event_id, EventActRow.at >= asked_at)
    return bool(db.session.execute(select(since)).scalar_one())

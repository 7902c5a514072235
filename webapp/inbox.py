"""What comes in: a webhook is authenticated, stored, committed and only then answered; later it wakes its order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Case, ColumnElement, Select, and_, bindparam, case, func, or_, select, text, update
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from webapp import accounts, clock, intake, refusals, shop_events, turns, vault, webhook_kinds
from webapp.accounts import Sender
from webapp.connectors import signatures
from webapp.connectors.signatures import Request
from webapp.database import is_sqlite
from webapp.event_text import first_values, identifier, word
from webapp.intake import NotStored, SenderChanged
from webapp.models import IS_NEW, EventRow, SyncRow, db
from webapp.queue import Bell
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
LOOKS = 5
"""How often a webhook's sender is looked up anew because its secret was changed while the webhook was stored."""
OLDER = "Nothing new: it is older than what was read already."
NOTHING_NEW = "Nothing new was found."
TWINS_WITHIN = timedelta(minutes=2)

_KEPT_HEADERS = ("content-type", "user-agent", "x-request-id", "wm-qos.correlation-id", "x-adobe-commerce-request-id")


_ACCOUNT, _ORDER = EventRow.account_id == bindparam("account"), EventRow.po == bindparam("order")
ANY_NEW = select(EventRow.id).where(text(IS_NEW)).limit(1)
_NEWEST_OF = select(func.max(EventRow.id)).where(_ACCOUNT, _ORDER)
_TWIN = (
    select(EventRow.id)
    .where(_ACCOUNT, _ORDER, EventRow.id < bindparam("self"))
    .where(EventRow.happened_at.between(bindparam("earliest"), bindparam("latest")))
    .where(EventRow.type.in_(bindparam("names", expanding=True)))
    .order_by(EventRow.id)
    .limit(1)
)


class EventState(StrEnum):
    """An event's life. It ends handled, ignored or failed, each with a reason where one is needed; a person may replay
    it then, or set one that failed aside."""

    RECEIVED = "received"
    WAITING = "waiting"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"
    DISMISSED = "dismissed"


class Unauthorized(Exception):
    """The sender did not prove who it is; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What an event says of itself, read leniently; all of it may be missing or a lie."""

    delivery_id: str | None = None
    type: str = ""
    po: str | None = None
    seller_id: str = ""
    happened_at: datetime | None = None
    unparseable: bool = False


def receive_walmart(key: str, secret: str, headers: Mapping[str, str], body: bytes, target: str = "") -> None:
    """Store one Walmart webhook. Raises Unauthorized, or NotStored; a repeated delivery is accepted like the first.

    `target` is what was called: the method, a line feed, and path with query.
    """
    given = Request(secret, headers, body, clock.now(), target)
    _receive("walmart", key, given, _is_from_walmart)


def receive_magento(key: str, secret: str, headers: Mapping[str, str], body: bytes, target: str = "") -> None:
    """Store one Magento webhook. Raises Unauthorized, or NotStored where the sender proved itself all the same.

    Events without an id are never taken for duplicates.
    """
    given = Request(secret, headers, body, clock.now(), target)
    _receive("magento", key, given, _is_from_shop)


def note_unread(source: str, key: str, reason: str) -> None:
    """Count a webhook whose body is not read at all, with whoever has its address."""
    try:
        sender = next(accounts.senders(source, key), None)
    except SQLAlchemyError:
        db.session.rollback()
        return
    refusals.note(source, sender, reason)


def knows_shop(key: str) -> bool:
    """A store has this key in its webhooks' address."""
    return accounts.sender("magento", key) is not None


def issue_token(key: str, headers: Mapping[str, str]) -> str:
    """A bearer token for Walmart's webhooks, with which OAUTH subscriptions begin. Raises Unauthorized."""
    sender = accounts.sender("walmart", key)
    if sender is None or not signatures.verify_token_request(sender.auth, headers):
        refusals.note("walmart", sender, refusals.TOKEN if sender else refusals.UNKNOWN_ADDRESS)
        raise Unauthorized
    return vault.issue_ticket(key)


def record_wish(account_id: int, po: str, by: str) -> None:
    """A person asks for a fresh look at an order."""
    with unit_of_work() as work:
        work.add(
            EventRow(
                source="merchant",
                account_id=account_id,
                type="refresh",
                po=po,
                body=b"",
                headers={"by": by},
                received_at=clock.now(),
            )
        )
        work.ring(Bell.INBOUND)


def record_found(work: Work, account_id: int, po: str, poll: str, *, source: str = "poll") -> None:
    """A poll or a reimport found an order that is new or has changed, and could not read it on itself."""
    work.add(
        EventRow(
            source=source,
            account_id=account_id,
            type=poll,
            po=po,
            body=b"",
            headers={},
            received_at=clock.now(),
        )
    )
    work.ring(Bell.INBOUND)


def read_hint(body: bytes) -> Hint:
    """Find out what the event is about, wherever Walmart put it. Never raises."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return Hint(unparseable=True)
    if not isinstance(document, dict):
        return Hint(unparseable=True)
    source = document.get("source")
    source = source if isinstance(source, dict) else {}
    found = first_values(document)
    event_type = source.get("eventType") or document.get("event") or document.get("type")
    sub_type = found.get("subEventType")
    return Hint(
        delivery_id=identifier(source.get("eventId") or document.get("event_id")),
        type=" ".join(word(part) for part in (event_type, sub_type) if word(part)),
        po=identifier(found.get("purchaseOrderId")),
        seller_id=identifier(found.get("partnerId")) or "",
        happened_at=_time(source.get("eventTime")),
    )


def first_state(hint: Hint, seller_id: str) -> tuple[EventState, str]:
    """How an event begins that says this of itself to the account of this seller, and why where it ends at once."""
    if hint.unparseable:
        return EventState.FAILED, "The body is not JSON that can be read; it is kept as it came."
    if seller_id and hint.seller_id and hint.seller_id != seller_id:
        return EventState.IGNORED, f"It speaks of seller {hint.seller_id}, not of this account's."
    return EventState.RECEIVED, ""


def route(at_most: int = 500) -> int:
    """Turn new events into hints on their orders; returns how many were routed. No network.

    All in one transaction; where one of them makes that impossible, each in its own, and that one ends as failed.
    """
    try:
        return _route_new(at_most)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("a batch of events could not be routed; now one by one")
        return _route_each(at_most)


def newest_of(account_id: int, po: str) -> int:
    """The newest event of an order: everything up to it is answered by a read that begins now."""
    return db.session.execute(_NEWEST_OF, {"account": account_id, "order": po}).scalar_one() or 0


def newest() -> int:
    """The newest event of all: a page of a list that is asked for now answers every event up to it."""
    return db.session.execute(select(func.max(EventRow.id))).scalar_one() or 0


def settle(
    work: Work,
    account_id: int,
    pos: Collection[str],
    up_to: int,
    state: EventState,
    reason: str = "",
    *,
    too_early: Collection[str] = (),
    quiet: Collection[str] = (),
) -> None:
    """The orders were read, and so every hint that came before the read has done its work.

    Of those in `too_early` the shop's events stay: what they tell of may not have been committed at that time. In
    those in `quiet` the read found nothing new, which Walmart's events then say.
    """
    mine = and_(EventRow.account_id == account_id, EventRow.po.in_(pos), EventRow.id <= up_to)
    answered = or_(EventRow.source != "magento", EventRow.po.not_in(too_early))
    work.execute(
        update(EventRow)
        .where(mine, answered, EventRow.state == EventState.WAITING)
        .values(state=state, reason=_why_quiet(quiet, reason) if quiet else reason, handled_at=clock.now())
    )


def _why_quiet(quiet: Collection[str], reason: str) -> Case[str]:
    """A late or stale webhook is told from one that brought something; `read_at` is still that of the read before."""
    of_walmart = and_(EventRow.source == "walmart", EventRow.po.in_(quiet))
    its_turn = and_(SyncRow.account_id == EventRow.account_id, SyncRow.po == EventRow.po)
    was_read_since = select(SyncRow.id).where(its_turn, SyncRow.read_at > EventRow.happened_at).exists()
    return case((and_(of_walmart, was_read_since), OLDER), (of_walmart, NOTHING_NEW), else_=reason)


def _route_new(at_most: int, *only: ColumnElement[bool]) -> int:
    fresh = select(EventRow).where(text(IS_NEW), *only).order_by(EventRow.id).limit(at_most)
    with unit_of_work() as work:
        events = list(work.execute(_skip_locked(fresh)).scalars())
        turns.wake(work, [wake for event in events if (wake := _route_one(work, event))])
        webhook_kinds.note(work, events)
        if events:
            work.ring(Bell.INBOUND)
    return len(events)


def _route_each(at_most: int) -> int:
    fresh = select(EventRow.id).where(text(IS_NEW)).order_by(EventRow.id).limit(at_most)
    return sum(_route_alone(event_id) for event_id in db.session.execute(fresh).scalars().all())


def _route_alone(event_id: int) -> int:
    try:
        return _route_new(1, EventRow.id == event_id)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("event=%s could not be routed", event_id)
        why = f"An error in Orderbridge itself ({type(error).__name__}); the server's log has the details."
        mine = update(EventRow).where(EventRow.id == event_id, text(IS_NEW))
        with unit_of_work() as work:
            work.execute(mine.values(state=EventState.FAILED, reason=why, handled_at=clock.now()))
        return 1


def _route_one(work: Work, event: EventRow) -> Wake | None:
    if event.source == "magento" and event.body_erased_at is None:
        return _route_magento(work, event)
    if event.account_id is None or not event.po:
        known = "" if event.source != "walmart" or event.type in webhook_kinds.KNOWN else "Its kind is not known here. "
        event.state, event.reason = (
            EventState.IGNORED,
            f"{known}It names no purchase order: there is nothing to look at.",
        )
        event.handled_at = clock.now()
        return None
    event.twin_of = _twin(work, event)
    event.state = EventState.WAITING
    return Wake(event.account_id, event.po, clock.now())


def _twin(work: Work, event: EventRow) -> int | None:
    """The same news under another name: Walmart tells it as ORDER_UPDATES and, until they end, as an older event.

    Known by PO, sub-event and time. Both wake the same order, which is read once for both of them.
    """
    if event.happened_at is None or not event.type:
        return None
    news = event.type.rpartition(" ")[2]
    names = [name for name in (news, f"{webhook_kinds.ENVELOPE} {news}") if name != event.type]
    near = {"earliest": event.happened_at - TWINS_WITHIN, "latest": event.happened_at + TWINS_WITHIN}
    same = {"account": event.account_id, "order": event.po, "self": event.id}
    return work.execute(_TWIN, {**near, **same, "names": names}).scalar_one_or_none()


def _route_magento(work: Work, event: EventRow) -> Wake | None:
    found = shop_events.find(work, event)
    if isinstance(found, Wake):
        event.account_id, event.po, event.state = found.account_id, found.po, EventState.WAITING
        return found
    event.state = EventState.HANDLED if found.was_of_use else EventState.IGNORED
    event.reason, event.handled_at = found.reason, clock.now()
    return None


def _receive(source: str, key: str, given: Request, proves: Callable[[Sender, Request], bool]) -> None:
    for _ in range(LOOKS):
        changed, sender = False, None
        for sender in accounts.senders(source, key):
            if not proves(sender, given):
                continue
            try:
                _store(sender, given.headers, given.body)
            except SenderChanged:
                changed = True
                # What this request has read so far is from before the change.
                db.session.rollback()
            except (SQLAlchemyError, ValueError, TypeError) as trouble:
                raise NotStored("The sender is known, but its event could not be stored.") from trouble
            else:
                return
        if not changed:
            flaw = signatures.flaw(sender.auth, given) if sender else refusals.UNKNOWN_ADDRESS
            refusals.note(source, sender, flaw)
            raise Unauthorized
    raise NotStored("The sender's secret was changed again and again meanwhile.")


def _store(sender: Sender, headers: Mapping[str, str], body: bytes) -> None:
    values = _event_of(sender, headers, body)
    is_new = intake.store(sender, values)
    log.info("event source=%s type=%s po=%s stored=%s", sender.source, values["type"], values["po"], is_new)


def _is_from_walmart(sender: Sender, given: Request) -> bool:
    shown = signatures.bearers(sender.auth, given.headers)
    tickets = tuple(token for token in shown if vault.is_ticket(token, sender.key))
    return signatures.verify_walmart(sender.auth, given, tickets)


def _is_from_shop(sender: Sender, given: Request) -> bool:
    return signatures.verify_magento(sender.auth, given.path_secret, given.headers, given.body)


def _event_of(sender: Sender, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    hint = read_hint(body) if sender.source == "walmart" else _hint_of_shop(sender, headers, body)
    state, reason = first_state(hint, sender.seller_id)
    is_walmart = sender.source == "walmart"
    return {
        "source": sender.source,
        "account_id": sender.id if is_walmart else None,
        "store_id": None if is_walmart else sender.id,
        "delivery_key": f"{sender.source}:{sender.id}:{hint.delivery_id}" if hint.delivery_id else None,
        "type": hint.type,
        "happened_at": hint.happened_at,
        "po": hint.po,
        "headers": _kept(headers),
        "body": body,
        "received_at": clock.now(),
        "state": state.value,
        "reason": reason,
        "duplicates": 0,
    }


def _hint_of_shop(sender: Sender, headers: Mapping[str, str], body: bytes) -> Hint:
    """Only Adobe I/O Events numbers its events; whatever else a body calls an id may be the same many times."""
    spoken = shop_events.read(body, headers.get("content-type", ""))
    is_numbered = any(proof.mode == "adobe_io" for proof in sender.auth.accepted)
    return Hint(delivery_id=spoken.event_id if is_numbered else None, type=spoken.type, unparseable=spoken.unparseable)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name][:200] for name in _KEPT_HEADERS if name in headers}


def _time(value: Any) -> datetime | None:
    """An ISO time as Walmart writes it; anything else is no time."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None and 1970 < at.year < 3000 else None


def _skip_locked(statement: Select[EventRow]) -> Select[EventRow]:
    return statement if is_sqlite() else statement.with_for_update(skip_locked=True)

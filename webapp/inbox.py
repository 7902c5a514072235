"""What comes in: a webhook is authenticated, stored, committed and only then answered; later it wakes its order."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, select, text, update
from sqlalchemy.exc import InterfaceError, OperationalError

from webapp import accounts, clock, intake, turns, vault
from webapp.accounts import Sender
from webapp.connectors import signatures
from webapp.database import is_sqlite
from webapp.intake import NotStored, SenderChanged
from webapp.models import IS_NEW, AccountRow, EventRow, OrderRow, db
from webapp.queue import Bell
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
LOOKS = 5
"""How often a webhook's sender is looked up anew because its secret was changed while the webhook was stored."""
LARGEST_ENTITY_ID = 2**31 - 1
"""What fits the column; PostgreSQL would refuse to compare more, and with it every event of the same batch."""
MAGENTO_COMMITS_WITHIN = timedelta(seconds=3)
"""Magento's webhooks are often sent inside the saving transaction: a read at once would see the old state."""

ENVELOPE = "ORDER_UPDATES"
TWINS_WITHIN = timedelta(minutes=2)

_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}\Z")
_KEPT_HEADERS = ("content-type", "user-agent", "x-request-id", "wm-qos.correlation-id", "x-adobe-commerce-request-id")


class EventState(StrEnum):
    """An event's life. It ends handled, ignored or failed, each with a reason where one is needed."""

    RECEIVED = "received"
    WAITING = "waiting"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


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
    entity_id: int | None = None
    increment_id: str | None = None
    unparseable: bool = False


def receive_walmart(key: str, secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Store one Walmart webhook. Raises Unauthorized; a repeated delivery is accepted like the first."""
    _receive("walmart", key, lambda sender: _is_from_walmart(sender, secret, headers, body), headers, body)


def receive_magento(key: str, secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Store one Magento webhook. Raises Unauthorized. Events without an id are never taken for duplicates."""
    proves = partial(signatures.verify_magento, path_secret=secret, headers=headers, raw_body=body)
    _receive("magento", key, lambda sender: proves(sender.auth), headers, body)


def issue_token(key: str, headers: Mapping[str, str]) -> str:
    """A bearer token for Walmart's webhooks, with which OAUTH subscriptions begin. Raises Unauthorized."""
    sender = accounts.sender("walmart", key)
    if sender is None or not signatures.verify_token_request(sender.auth, headers):
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
    """Find out what the event is about, wherever Walmart or Magento put it. Never raises."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return Hint(unparseable=True)
    if not isinstance(document, dict):
        return Hint(unparseable=True)
    source = document.get("source")
    source = source if isinstance(source, dict) else {}
    found = _first_values(document)
    event_type = source.get("eventType") or document.get("event") or document.get("type")
    sub_type = found.get("subEventType")
    return Hint(
        delivery_id=_identifier(source.get("eventId") or document.get("event_id")),
        type=" ".join(_word(part) for part in (event_type, sub_type) if _word(part)),
        po=_identifier(found.get("purchaseOrderId")),
        seller_id=_identifier(found.get("partnerId")) or "",
        happened_at=_time(source.get("eventTime")),
        entity_id=_entity_id(document),
        increment_id=_identifier(document.get("increment_id")),
    )


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


def has_new() -> bool:
    """Some event was stored and not routed yet."""
    fresh = select(EventRow.id).where(text(IS_NEW)).limit(1)
    return db.session.execute(fresh).first() is not None


def newest_of(account_id: int, po: str) -> int:
    """The newest event of an order: everything up to it is answered by a read that begins now."""
    found = select(func.max(EventRow.id)).where(EventRow.account_id == account_id, EventRow.po == po)
    return db.session.execute(found).scalar_one() or 0


def newest() -> int:
    """The newest event of all: a page of a list that is asked for now answers every event up to it."""
    return db.session.execute(select(func.max(EventRow.id))).scalar_one() or 0


def settle(work: Work, account_id: int, pos: Collection[str], up_to: int, state: EventState, reason: str = "") -> None:
    """The orders were read, and so every hint that came before the read has done its work."""
    mine = and_(EventRow.account_id == account_id, EventRow.po.in_(pos), EventRow.id <= up_to)
    work.execute(
        update(EventRow)
        .where(mine, EventRow.state == EventState.WAITING)
        .values(state=state, reason=reason, handled_at=clock.now())
    )


def _route_new(at_most: int, *only: ColumnElement[bool]) -> int:
    fresh = select(EventRow).where(text(IS_NEW), *only).order_by(EventRow.id).limit(at_most)
    with unit_of_work() as work:
        events = list(work.execute(_skip_locked(fresh)).scalars())
        turns.wake(work, [wake for event in events if (wake := _route_one(work, event))])
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
    if event.source == "magento":
        return _route_magento(work, event)
    if event.account_id is None or not event.po:
        event.state, event.reason = EventState.IGNORED, "It names no purchase order, so there is nothing to look at."
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
    names = [name for name in (news, f"{ENVELOPE} {news}") if name != event.type]
    near = EventRow.happened_at.between(event.happened_at - TWINS_WITHIN, event.happened_at + TWINS_WITHIN)
    same = and_(EventRow.account_id == event.account_id, EventRow.po == event.po, EventRow.id < event.id)
    found = select(EventRow.id).where(same, near, EventRow.type.in_(names)).order_by(EventRow.id).limit(1)
    return work.execute(found).scalar_one_or_none()


def _route_magento(work: Work, event: EventRow) -> Wake | None:
    hint = read_hint(event.body)
    linked = select(OrderRow.account_id, OrderRow.po).join(AccountRow, AccountRow.id == OrderRow.account_id)
    linked = linked.where(AccountRow.store_id == event.store_id)
    if hint.entity_id is not None:
        linked = linked.where(OrderRow.magento_order_id == hint.entity_id)
    elif hint.increment_id:
        linked = linked.where(OrderRow.magento_increment_id == hint.increment_id)
    else:
        linked = linked.where(OrderRow.id.is_(None))
    found = work.execute(linked.limit(1)).one_or_none()
    if found is None:
        event.state, event.reason = (
            EventState.IGNORED,
            "No order from Walmart is linked to what it speaks of; an order that is just being created is read anyway.",
        )
        event.handled_at = clock.now()
        return None
    event.account_id, event.po = found.account_id, found.po
    event.state = EventState.WAITING
    return Wake(found.account_id, found.po, clock.now() + MAGENTO_COMMITS_WITHIN)


def _receive(source: str, key: str, proves: Callable[[Sender], bool], headers: Mapping[str, str], body: bytes) -> None:
    for _ in range(LOOKS):
        changed = False
        for sender in accounts.senders(source, key):
            if not proves(sender):
                continue
            try:
                _store(sender, headers, body)
            except SenderChanged:
                changed = True
                # What this request has read so far is from before the change.
                db.session.rollback()
            else:
                return
        if not changed:
            raise Unauthorized
    raise NotStored("The sender's secret was changed again and again meanwhile.")


def _store(sender: Sender, headers: Mapping[str, str], body: bytes) -> None:
    values = _event_of(sender, read_hint(body), headers, body)
    is_new = intake.store(sender, values)
    log.info("event source=%s type=%s po=%s stored=%s", sender.source, values["type"], values["po"], is_new)


def _is_from_walmart(sender: Sender, secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    shown = signatures.bearers(sender.auth, headers)
    tickets = tuple(token for token in shown if vault.is_ticket(token, sender.key))
    return signatures.verify_walmart(sender.auth, secret, headers, body, tickets)


def _event_of(sender: Sender, hint: Hint, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    state, reason = EventState.RECEIVED, ""
    if hint.unparseable:
        state, reason = EventState.FAILED, "The body is not JSON that can be read; it is kept as it came."
    elif sender.seller_id and hint.seller_id and hint.seller_id != sender.seller_id:
        state, reason = EventState.IGNORED, f"It speaks of seller {hint.seller_id}, not of this account's."
    is_walmart = sender.source == "walmart"
    return {
        "source": sender.source,
        "account_id": sender.id if is_walmart else None,
        "store_id": None if is_walmart else sender.id,
        "delivery_key": f"walmart:{sender.id}:{hint.delivery_id}" if is_walmart and hint.delivery_id else None,
        "type": hint.type,
        "happened_at": hint.happened_at,
        "po": hint.po if is_walmart else None,
        "headers": _kept(headers),
        "body": body,
        "received_at": clock.now(),
        "state": state.value,
        "reason": reason,
        "duplicates": 0,
    }


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name][:200] for name in _KEPT_HEADERS if name in headers}


def _first_values(document: Any) -> dict[str, Any]:
    """The first value of each scalar key anywhere in the document, outermost first."""
    found: dict[str, Any] = {}
    level: list[Any] = [document]
    while level:
        deeper: list[Any] = []
        for node in level:
            children = node.items() if isinstance(node, dict) else ((None, child) for child in node)
            for name, value in children:
                if isinstance(value, dict | list):
                    deeper.append(value)
                elif name is not None and value not in (None, ""):
                    found.setdefault(name, value)
        level = deeper
    return found


def _identifier(value: Any) -> str | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _ID.match(text) else None


def _time(value: Any) -> datetime | None:
    """An ISO time as Walmart writes it; anything else is no time."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None and 1970 < at.year < 3000 else None


def _word(value: Any) -> str:
    return re.sub(r"[^A-Za-z0-9_.\-]", "", value)[:64] if isinstance(value, str) else ""


def _entity_id(document: dict[str, Any]) -> int | None:
    """An event about a shipment or a credit memo names its order as `order_id`, one about an order as `entity_id`."""
    value = document.get("order_id") or document.get("entity_id")
    text = _identifier(value)
    number = int(text) if text and text.isdecimal() and len(text) < 16 else None
    return number if number is not None and number <= LARGEST_ENTITY_ID else None


def _skip_locked(statement: Select[EventRow]) -> Select[EventRow]:
    return statement if is_sqlite() else statement.with_for_update(skip_locked=True)

"""What a shop's webhook speaks of, read leniently, and whose turn that hints at. It is a hint, never an instruction.

The bodies are what merchants made: a module's Liquid templates (JSON that a quote in a name can break, or a form), the
fields chosen at Adobe Commerce, CloudEvents of Adobe I/O, or a script's own JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from sqlalchemy import Select, select, update

from webapp import clock
from webapp.domain.commands import CommandState, CreateMagentoOrder
from webapp.event_text import first_values, identifier, word
from webapp.models import AccountRow, CommandRow, EventRow, OrderRow, PollRow, SyncRow
from webapp.turns import Wake
from webapp.unit_of_work import Work

COMMITS_WITHIN = timedelta(seconds=3)
"""Magento's webhooks are often sent inside the saving transaction: a read at once would see the old state."""
LARGEST_ID = 2**31 - 1
"""What fits the column; PostgreSQL would refuse to compare more, and with it every event of the same batch."""

ORDER, COMMENT, PRODUCT = "order", "comment", "product"
OF_AN_ORDER = frozenset({"track", "shipment", "creditmemo", "invoice"})
"""What names its order as `order_id`, and itself as `entity_id`."""
_KINDS = (
    ("track", "track"),
    ("shipment", "shipment"),
    ("credit", "creditmemo"),
    ("invoice", "invoice"),
    ("comment", COMMENT),
    ("history", COMMENT),
    ("product", PRODUCT),
)
"""A word in the event's name, and what it is about; a shipment is saved as `sales_order_shipment`."""
_NAMED = re.compile(
    r"""["'](event|type|entity_id|order_id|parent_id|increment_id|order_increment_id|ext_order_id|sku)["']"""
    r"""\s*:\s*["']?([A-Za-z0-9_.\-]{1,64})"""
)
_LONGEST = 64 * 1024
_OUR_NUMBER = re.compile(r"([0-9]{6,24})(?:-[0-9]{1,2})?$", re.ASCII)
"""Walmart's purchase order in the number that an order gets here, whatever its prefix."""
_MAKING = (CommandState.QUEUED, CommandState.RUNNING)

NOT_OURS = "No order from Walmart is linked to what it speaks of: nothing is to be done."
OURS = "Our own change: this order was just being created here. Nothing is to be done."
REPLACED = "It speaks of a Magento order that was replaced here by another one. Nothing is to be done."
NOT_NAMED = "It does not name its order, so what is new in the store was asked for."
OF_PRODUCTS = "The products that orders wait for were asked for."


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an event of a shop says of itself; all of it may be missing or a lie."""

    kind: str = ORDER
    type: str = ""
    event_id: str | None = None
    order_id: int | None = None
    increment_id: str | None = None
    po: str | None = None
    unparseable: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The event wakes no order, for this reason; it may have been of use all the same."""

    reason: str
    was_of_use: bool = False


def read(body: bytes, content_type: str = "") -> Spoken:
    """Find out what the event is about, wherever its maker put it. Never raises."""
    document = _document(body, content_type)
    if document is None:
        return Spoken(unparseable=True)
    found = first_values(document)
    name = word(document.get("event") or document.get("type"))
    kind = _kind(name, document)
    is_order = kind == ORDER
    shown = [found.get("order_id")]
    if is_order:
        shown = [found.get("entity_id"), *shown]
    elif kind == COMMENT:
        shown.append(found.get("parent_id"))
    return Spoken(
        kind=kind,
        type=name or kind,
        event_id=identifier(document.get("event_id") or document.get("id")),
        order_id=next((number for value in shown if (number := _number(value)) is not None), None),
        increment_id=identifier(found.get("order_increment_id") or (found.get("increment_id") if is_order else None)),
        po=identifier(found.get("ext_order_id")),
    )


def find(work: Work, event: EventRow) -> Wake | Elsewhere:
    """The turn of the order that an event is about, or what else came of it."""
    spoken = read(event.body, str(event.headers.get("content-type", "")))
    if _names_order(spoken):
        found = work.execute(_linked(event, spoken).limit(1)).one_or_none()
        if found is None:
            return Elsewhere(_why_not_linked(work, event, spoken))
        return Wake(found.account_id, found.po, event.received_at + COMMITS_WITHIN)
    if spoken.kind == PRODUCT:
        _ask(work, event, "products")
        return Elsewhere(OF_PRODUCTS, was_of_use=True)
    if spoken.kind in OF_AN_ORDER:
        _ask(work, event, "shop_")
        return Elsewhere(NOT_NAMED, was_of_use=True)
    return Elsewhere(NOT_OURS)


def _document(body: bytes, content_type: str) -> Mapping[str, Any] | None:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return _pieces(body[:_LONGEST].decode("utf-8", "replace"), content_type)
    return document if isinstance(document, dict) else None


def _pieces(text: str, content_type: str) -> Mapping[str, Any] | None:
    """A form's fields, or what still can be read of a template that a name with a quote in it has broken."""
    is_form = "form-urlencoded" in content_type.lower()
    found: list[tuple[str, str]] = parse_qsl(text) if is_form else _NAMED.findall(text)
    # Of a name that stands there twice, the first counts.
    return dict(reversed(found)) or None


def _kind(name: str, document: Mapping[str, Any]) -> str:
    """By the event's name; where it has none, by the name of what it carries."""
    told = name.lower() or " ".join(str(key) for key in document).lower()
    return next((kind for part, kind in _KINDS if part in told), ORDER)


def _names_order(spoken: Spoken) -> bool:
    return spoken.order_id is not None or bool(spoken.increment_id or spoken.po)


def _linked(event: EventRow, spoken: Spoken) -> Select[int, str]:
    linked = select(OrderRow.account_id, OrderRow.po).join(AccountRow, AccountRow.id == OrderRow.account_id)
    linked = linked.where(AccountRow.store_id == event.store_id).order_by(OrderRow.id)
    if spoken.order_id is not None:
        return linked.where(OrderRow.magento_order_id == spoken.order_id)
    if spoken.increment_id:
        return linked.where(OrderRow.magento_increment_id == spoken.increment_id)
    return linked.where(OrderRow.po == spoken.po)


def _why_not_linked(work: Work, event: EventRow, spoken: Spoken) -> str:
    """Magento tells of an order that we create before it answers us, and goes on telling of one that was replaced."""
    numbered = _OUR_NUMBER.search(spoken.increment_id or "")
    po = spoken.po or (numbered[1] if numbered else "")
    if not po:
        return NOT_OURS
    in_store = AccountRow.store_id == event.store_id
    formers = select(OrderRow.magento_former).join(AccountRow).where(in_store, OrderRow.po == po)
    if any(_is(former, spoken) for some in work.execute(formers).scalars() for former in some or ()):
        return REPLACED
    making = (
        select(CommandRow.id)
        .join(SyncRow, SyncRow.id == CommandRow.sync_id)
        .join(AccountRow, AccountRow.id == SyncRow.account_id)
        .where(in_store, SyncRow.po == po)
        .where(CommandRow.kind == CreateMagentoOrder.__name__, CommandRow.state.in_(_MAKING))
    )
    return OURS if work.execute(making.limit(1)).first() is not None else NOT_OURS


def _is(former: Mapping[str, Any], spoken: Spoken) -> bool:
    return str(former["order_id"]) == str(spoken.order_id) or former["increment_id"] == spoken.increment_id


def _ask(work: Work, event: EventRow, kind: str) -> None:
    """Let the store's polls of this kind come as soon as what the event tells of is committed."""
    at = clock.now() + COMMITS_WITHIN
    mine = PollRow.store_id == event.store_id, PollRow.kind.startswith(kind, autoescape=True), PollRow.due_at > at
    work.execute(update(PollRow).where(*mine).values(due_at=at))


def _number(value: Any) -> int | None:
    text = identifier(value)
    number = int(text) if text and text.isdecimal() and len(text) < 16 else None
    return number if number is not None and number <= LARGEST_ID else None

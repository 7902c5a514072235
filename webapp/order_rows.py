"""Between the domain's order and its rows: what was read is stored whole and comes back equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.orm import selectinload

from webapp import plain
from webapp.domain import words
from webapp.domain.amounts import money
from webapp.domain.corrected import Corrected
from webapp.domain.order import (
    ACKNOWLEDGED,
    ZERO,
    Address,
    Charge,
    Line,
    LineRefund,
    Order,
    Quantity,
    counts_in_words,
    is_open,
)
from webapp.domain.plan import Choices
from webapp.domain.shop import Behind, Product, ShopOrder
from webapp.models import LineRow, OrderRow, SyncRow, db

_OF_TURNS = (
    select(OrderRow).where(OrderRow.sync_id.in_(bindparam("ids", expanding=True))).options(selectinload(OrderRow.lines))
)
_OF_TURNS_LOCKED = _OF_TURNS.with_for_update(of=OrderRow).execution_options(populate_existing=True)
_KNOWN = (
    select(OrderRow, SyncRow.read_at)
    .join(SyncRow, SyncRow.id == OrderRow.sync_id)
    .where(OrderRow.account_id == bindparam("account"), OrderRow.po.in_(bindparam("orders", expanding=True)))
    .options(selectinload(OrderRow.lines))
    .execution_options(populate_existing=True)
)


def find(sync_id: int) -> OrderRow | None:
    """The stored order of a turn, with its lines."""
    return db.session.execute(_OF_TURNS, {"ids": [sync_id]}).scalar_one_or_none()


def find_locked(sync_id: int) -> OrderRow | None:
    """The same, read anew and locked until the transaction ends, for what is changed from what it was."""
    return db.session.execute(_OF_TURNS_LOCKED, {"ids": [sync_id]}).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an order, as plain values. `read_at` is when the read behind it began."""

    order: Order
    magento_order_id: int | None
    magento_increment_id: str | None
    read_at: datetime | None
    links: Mapping[str, str] = field(default_factory=dict)
    """The shop's SKUs that a person linked on this order, by Walmart's."""
    creation_asked: int = 0
    shop: ShopOrder | None = None
    behind: tuple[Behind, ...] = ()
    choices: Choices = field(default_factory=Choices)
    correction: Corrected | None = None
    is_erased: bool = False
    """Its buyer's data was erased."""
    is_gone: bool = False
    """Its Magento order is known to be deleted."""


def find_all(sync_ids: Collection[int]) -> dict[int, OrderRow]:
    """The stored orders of these turns, with their lines."""
    return {row.sync_id: row for row in db.session.execute(_OF_TURNS, {"ids": list(sync_ids)}).scalars()}


def known(account_id: int, pos: Collection[str]) -> dict[str, Known]:
    """What is stored of these orders of an account, by PO; those never read are left out."""
    found = db.session.execute(_KNOWN, {"account": account_id, "orders": list(pos)})
    return {
        row.po: Known(
            order=to_order(row),
            magento_order_id=row.magento_order_id,
            magento_increment_id=row.magento_increment_id,
            read_at=read_at,
            links=links(row),
            creation_asked=row.creation_asked,
            shop=to_shop(row),
            behind=way_back(row),
            choices=choices(row),
            correction=correction(row),
            is_erased=row.buyer_erased_at is not None,
            is_gone=row.magento_is_gone,
        )
        for row, read_at in found.all()
    }


def links(row: OrderRow) -> dict[str, str]:
    """The shop's SKUs that a person linked on this order, by Walmart's. `row.lines` must be loaded."""
    return {line.sku: line.linked_sku for line in row.lines if line.linked_sku}


def is_same(stored: Order, order: Order) -> bool:
    """Nothing that is stored differs; the order is priced as first read."""
    return stored == replace(order, lines=tuple(replace(line, image_url="") for line in order.lines))


def to_order(row: OrderRow) -> Order:
    """The order as it was last stored. `row.lines` must be loaded."""
    return Order(
        po=row.po,
        customer_order_id=row.customer_order_id,
        ordered_at=row.ordered_at,
        lines=tuple(to_line(line) for line in row.lines),
        currency=row.currency,
        ship_by=row.ship_by,
        deliver_by=row.deliver_by,
        email=row.email,
        address=Address(**row.address),
        method_code=row.method_code,
        ship_node=row.ship_node,
        order_type=row.order_type,
        original_customer_order_id=row.original_customer_order_id,
    )


def to_line(row: LineRow) -> Line:
    """One line with its quantities per status and its charges."""
    return Line(
        number=row.number,
        sku=row.sku,
        title=row.title,
        quantity=row.quantity,
        quantities=plain.read(row.quantities, tuple[Quantity, ...]),
        charges=plain.read(row.charges, tuple[Charge, ...]),
        intent_to_cancel=row.intent_to_cancel,
        refunded=row.refunded,
        refunds=plain.read(row.refunds or [], tuple[LineRefund, ...]),
        return_order_id=row.return_order_id,
        seller_order_id=row.seller_order_id,
    )


def way_back(row: OrderRow) -> tuple[Behind, ...]:
    """Which Walmart units stand behind each line of the Magento order; empty where none is linked."""
    return plain.read(row.magento_items or [], tuple[Behind, ...])


def ordered_skus(row: OrderRow) -> dict[str, str]:
    """The shop's SKU of each line in the Magento order, by the line's number at Walmart; empty where none is linked."""
    return {unit.line: one.sku for one in way_back(row) for unit in one.units}


def to_shop(row: OrderRow) -> ShopOrder | None:
    """The Magento order as it was last stored, with its documents; None where none is linked or was read."""
    return plain.read(row.magento_seen, ShopOrder) if row.magento_seen else None


def choices(row: OrderRow) -> Choices:
    """What a person has decided for this order."""
    return plain.read(row.choices or {}, Choices)


def set_choices(row: OrderRow, chosen: Choices) -> None:
    """Keep what a person has decided; what that settles asks for nobody any more. Its lines must be loaded."""
    row.choices = _plain(asdict(chosen))
    row.wants_to_cancel = waits_for_answer(to_order(row), chosen)


def has_open(quantities: Iterable[Mapping[str, Any]]) -> bool:
    """Some unit of a stored line is neither shipped nor canceled."""
    counted: Counter[str] = Counter()
    for quantity in quantities:
        counted[quantity["status"]] += quantity["amount"]
    return is_open(counted)


def waits_for_answer(order: Order, chosen: Choices) -> bool:
    """The buyer asked to cancel an open unit, and nobody has decided to ship its line anyway."""
    return any(line.wants_to_cancel and line.number not in chosen.ship_anyway for line in order.lines)


def correction(row: OrderRow) -> Corrected | None:
    """What a person put in place of Walmart's address; None where nobody did."""
    return plain.read(row.corrected_address, Corrected) if row.corrected_address else None


def set_correction(row: OrderRow, corrected: Corrected) -> None:
    """Keep a corrected address."""
    row.corrected_address = _plain(corrected)
    _set_buyer_words(row)


def set_shop(row: OrderRow, shop: ShopOrder) -> None:
    """Keep the Magento order as it was read, if anything of it is new."""
    seen = _plain(shop)
    if row.magento_seen != seen:
        row.magento_seen = seen


def with_first_prices(order: Order, stored: Order | None) -> Order:
    """The order priced as first read: Walmart sets the charges of a cancelled line to zero.

    Its type stands too where an answer leaves it out, as the later pages of a list may.
    """
    if stored is None:
        return order
    before = {line.number: line for line in stored.lines}
    return replace(
        order,
        order_type=order.order_type or stored.order_type,
        original_customer_order_id=order.original_customer_order_id or stored.original_customer_order_id,
        lines=tuple(_first_priced(line, before.get(line.number)) for line in order.lines),
    )


def _first_priced(line: Line, before: Line | None) -> Line:
    was_zeroed = before is not None and line.total == ZERO and before.total != ZERO
    return replace(line, charges=before.charges) if before is not None and was_zeroed else line


def fill(row: OrderRow, order: Order) -> None:
    """Write what Walmart says into `row`; the Magento side and the plan's words are left alone."""
    row.customer_order_id = order.customer_order_id
    row.ordered_at = order.ordered_at
    row.ship_by = order.ship_by
    row.deliver_by = order.deliver_by
    row.buyer = order.address.name
    row.email = order.email
    row.address = asdict(order.address)
    row.method_code = order.method_code
    row.ship_node = order.ship_node
    row.order_type = order.order_type
    row.original_customer_order_id = order.original_customer_order_id
    row.currency = order.currency
    row.total = order.total
    row.refunded = order.refunded
    row.status = order.status.value
    row.counts = counts_in_words(order.counts())
    row.is_open = is_open(order.counts())
    row.to_ship = order.is_fulfilled_by_seller and order.counts()[ACKNOWLEDGED] > 0
    row.wants_to_cancel = waits_for_answer(order, choices(row))
    row.find_items = words.stored(text for line in order.lines for text in (line.sku, line.title))
    _set_buyer_words(row)
    _fill_lines(row, order)


def _set_buyer_words(row: OrderRow) -> None:
    """Let the order be found by the buyer's name as Walmart gave it and as a person corrected it."""
    kept = correction(row)
    row.find_buyer = words.stored([row.buyer, kept.address.name if kept else ""])


def forget_buyer(row: OrderRow) -> None:
    """Take out of the row whatever tells who the buyer is; `fill` puts none of it back."""
    kept = without_buyer(Address(**row.address))
    row.buyer, row.email, row.address, row.find_buyer = "", "", asdict(kept), ""
    row.corrected_address = None


def without_buyer(address: Address) -> Address:
    """What stays of an address: the state and country, on which taxes depend."""
    return Address(state=address.state, country=address.country)


def as_kept(order: Order, *, is_erased: bool) -> Order:
    """The order as it may be stored: without its buyer once that was erased."""
    return replace(order, address=without_buyer(order.address), email="") if is_erased else order


def set_numbers(row: OrderRow, order: Order) -> None:
    """Let the order be found by its numbers on both sides and by its parcels'."""
    parcels = [each for number in numbers_of_parcels(order) for each in (number, words.joined(number))]
    row.find_numbers = words.stored([order.po, order.customer_order_id, row.magento_increment_id or "", *parcels])


def numbers_of_parcels(order: Order) -> list[str]:
    """Under which numbers its units went, as Walmart has them, each once."""
    traces = [quantity.tracking for line in order.lines for quantity in line.quantities if quantity.tracking]
    return list(dict.fromkeys(trace.number for trace in traces))


def set_products(row: OrderRow, products: Mapping[str, Product]) -> None:
    """Remember which shop product each line is, and of which type, for the links in the pages."""
    for line in row.lines:
        found = products.get(line.sku)
        if found is not None:
            line.product_id, line.product_type = found.id, found.type


def _fill_lines(row: OrderRow, order: Order) -> None:
    stored = {line.number: line for line in row.lines}
    for position, line in enumerate(order.lines):
        kept = stored.get(line.number)
        if kept is None:
            kept = LineRow(number=line.number)
            row.lines.append(kept)
        for name, value in _line_values(line, position).items():
            # Assigning an equal JSON value would still write the row.
            if getattr(kept, name, None) != value:
                setattr(kept, name, value)


def _line_values(line: Line, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "quantities": _plain(line.quantities),
        "charges": _plain(line.charges),
        "intent_to_cancel": line.intent_to_cancel,
        "refunded": line.refunded,
        "refunds": _plain(line.refunds) or None,
        "return_order_id": line.return_order_id,
        "seller_order_id": line.seller_order_id,
    }


def _plain(value: Any) -> Any:
    """JSON values only: Decimals and times as text."""
    return msgspec.to_builtins(value)


WALMARTS_NEWS = frozenset({"import", "status", "refund", "cancel", "address", "date"})
"""The kinds of news that Walmart brings."""


def changes_between(before: Order | None, after: Order) -> list[tuple[str, str]]:
    """What a merchant would want to read about this change, as (kind, sentence)."""
    if before is None:
        return [("import", f"Order imported: {counts_in_words(after.counts()) or 'no units'}.")]
    found = []
    old, new = counts_in_words(before.counts()), counts_in_words(after.counts())
    if old != new:
        found.append(("status", f"At Walmart: {old} → {new}."))
    if before.status is not after.status:
        found.append(("status", f"Walmart status: {before.status} → {after.status}."))
    if after.refunded != before.refunded:
        found.append(("refund", f"Refunded at Walmart: {money(after.refunded, after.currency)} in all."))
    if after.wants_to_cancel and not before.wants_to_cancel:
        found.append(("cancel", "The buyer asked to cancel."))
    if before.address != after.address:
        found.append(("address", "Walmart changed the delivery address."))
    found += _date_changes(before.ship_by, after.ship_by)
    return found


def _date_changes(before: datetime | None, after: datetime | None) -> list[tuple[str, str]]:
    if before == after or after is None:
        return []
    return [("date", f"Walmart moved the ship-by date to {after:%Y-%m-%d %H:%M} UTC.")]

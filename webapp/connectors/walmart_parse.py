"""Walmart's order JSON into the domain's orders: open to new fields and statuses, strict about money and counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from webapp.connectors.loose import Object, Unreadable, amount, many, moment, needed, part, text, whole
from webapp.domain.order import SELLER_FULFILLED, ZERO, Address, Charge, Line, LineRefund, Order, Quantity, Tracking

NO_STATUS = "no status"
NOT_YET_AN_EMAIL = "nocxemail@walmartone.com"
NOT_ASKED = frozenset({"", "false", "no", "n", "0", "null", "none"})


@dataclass(frozen=True, slots=True)
class UnreadableOrder:
    """An order of a page that could not be read: its number, which may be empty, and what was wrong with it."""

    po: str
    why: str


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of orders. `next_cursor` goes back verbatim and is None on the last page; `total` counts all pages.

    `answered_at` is the time by Walmart's own clock.
    """

    orders: tuple[Order, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    unreadable: tuple[UnreadableOrder, ...] = ()
    answered_at: datetime | None = field(default=None, compare=False)


def parse_page(body: Any, currency: str) -> OrderPage:
    """The page in `{"list": {"meta", "elements"}}`; nulls and missing parts make an empty page."""
    root: Object = body if isinstance(body, dict) else {}
    if not isinstance(body, dict) or ("list" not in root and "elements" not in root and root):
        raise Unreadable("list is missing")
    listed = part(root, "list") if "list" in root else root
    orders: list[Order] = []
    bad: list[UnreadableOrder] = []
    for entry in many(listed, "elements", "order"):
        try:
            orders.append(parse_order(entry, currency))
        except Unreadable as error:
            bad.append(UnreadableOrder(text(entry, "purchaseOrderId"), str(error)))
    meta = part(listed, "meta")
    return OrderPage(tuple(orders), _cursor(text(meta, "nextCursor")), _total(meta), tuple(bad))


def parse_single(body: Any, currency: str) -> Order:
    """The order in `{"order": {...}}`, or bare. Raises Unreadable."""
    if not isinstance(body, dict):
        raise Unreadable("order is missing")
    return parse_order(part(body, "order") if "order" in body else body, currency)


def parse_order(entry: Object, currency: str) -> Order:
    """One order; `currency` stands where no charge names one. Raises Unreadable with the field's name."""
    ordered_at = moment(entry, "orderDate")
    if ordered_at is None:
        raise Unreadable("orderDate is missing or no date")
    lines = many(entry, "orderLines", "orderLine")
    if not lines:
        raise Unreadable("orderLines is empty")
    shipping = part(entry, "shippingInfo")
    return Order(
        po=needed(entry, "purchaseOrderId"),
        customer_order_id=text(entry, "customerOrderId"),
        ordered_at=ordered_at,
        lines=tuple(_line(line) for line in lines),
        currency=_currency(lines) or currency,
        ship_by=moment(shipping, "estimatedShipDate"),
        deliver_by=moment(shipping, "estimatedDeliveryDate"),
        email=_email(entry),
        address=_address(shipping),
        method_code=text(shipping, "methodCode"),
        ship_node=text(part(entry, "shipNode"), "type") or SELLER_FULFILLED,
        order_type=text(entry, "orderType"),
        original_customer_order_id=text(entry, "originalCustomerOrderID"),
    )


def _email(entry: Object) -> str:
    """The buyer's relay address; none where Walmart does not have it yet and shows the same one for everybody."""
    told = text(entry, "customerEmailId")
    return "" if told.lower() == NOT_YET_AN_EMAIL else told


def _cursor(cursor: str) -> str | None:
    if not cursor:
        return None
    return cursor if cursor.startswith("?") else f"?{cursor}"


def _total(meta: Object) -> int | None:
    try:
        return whole(meta, "totalCount")
    except Unreadable:
        return None


def _line(line: Object) -> Line:
    item = part(line, "item")
    statuses = many(line, "orderLineStatuses", "orderLineStatus")
    quantity = _quantity_of(line, statuses)
    return Line(
        number=needed(line, "lineNumber"),
        sku=needed(item, "sku"),
        title=text(item, "productName"),
        quantity=quantity,
        quantities=_quantities(statuses, quantity),
        charges=tuple(_charge(charge) for charge in many(line, "charges", "charge")),
        intent_to_cancel=_intent(line),
        refunded=_refunded(line),
        image_url=text(item, "imageUrl"),
        refunds=tuple(_refund(one) for one in many(line, "refund")),
        return_order_id=text(line, "returnOrderId"),
        seller_order_id=text(line, "sellerOrderId"),
    )


def _quantity_of(line: Object, statuses: Iterable[Object]) -> int:
    quantity = whole(part(line, "orderLineQuantity"), "amount")
    if quantity is None:
        quantity = sum(whole(part(status, "statusQuantity"), "amount") or 0 for status in statuses)
    if quantity <= 0:
        raise Unreadable("orderLineQuantity is missing or not positive")
    return quantity


def _quantities(statuses: tuple[Object, ...], quantity: int) -> tuple[Quantity, ...]:
    """Units per status. A line without any is kept as an unknown status, so that a person is asked."""
    if not statuses:
        return (Quantity(NO_STATUS, quantity),)
    return tuple(_quantity(status, quantity if len(statuses) == 1 else None) for status in statuses)


def _quantity(status: Object, instead: int | None) -> Quantity:
    units = whole(part(status, "statusQuantity"), "amount")
    units = instead if units is None else units
    if units is None or units < 0:
        raise Unreadable("statusQuantity is missing or negative")
    return Quantity(
        status=text(status, "status") or NO_STATUS,
        amount=units,
        tracking=_tracking(part(status, "trackingInfo")),
        cancellation_reason=text(status, "cancellationReason"),
    )


def _tracking(info: Object) -> Tracking | None:
    carrier = part(info, "carrierName")
    tracking = Tracking(
        carrier=text(carrier, "carrier") or text(carrier, "otherCarrier") or text(info, "carrierName"),
        number=text(info, "trackingNumber"),
        url=text(info, "trackingURL"),
        method_code=text(info, "methodCode"),
        shipped_at=moment(info, "shipDateTime"),
    )
    return None if tracking == Tracking() else tracking


def _charge(charge: Object) -> Charge:
    taxes = many(charge, "tax")
    return Charge(
        type=text(charge, "chargeType"),
        name=text(charge, "chargeName"),
        amount=_money(charge, "chargeAmount"),
        tax=sum((_money(tax, "taxAmount") for tax in taxes), ZERO),
        tax_name=", ".join(name for name in (text(tax, "taxName") for tax in taxes) if name),
    )


def _money(source: Object, key: str) -> Decimal:
    """An absent amount is nothing charged; one that cannot be read is an error, never zero."""
    return amount(part(source, key), "amount") or ZERO


def _currency(lines: Iterable[Object]) -> str:
    charges = [charge for line in lines for charge in many(line, "charges", "charge")]
    found = {text(part(charge, "chargeAmount"), "currency") for charge in charges} - {""}
    if len(found) > 1:
        raise Unreadable(f"its charges are in {' and '.join(sorted(found))}")
    return found.pop() if found else ""


def _refunded(line: Object) -> Decimal:
    """Refunded so far on the line, positive; Walmart writes refunds as negative charges."""
    charges = [
        part(entry, "charge")
        for refund in many(line, "refund")
        for entry in many(refund, "refundCharges", "refundCharge")
    ]
    taxes = [tax for charge in charges for tax in many(charge, "tax")]
    total = sum((_money(charge, "chargeAmount") for charge in charges), ZERO)
    return abs(total + sum((_money(tax, "taxAmount") for tax in taxes), ZERO))


def _refund(refund: Object) -> LineRefund:
    """One refund as Walmart shows it: a single object today, a list of them is taken too."""
    entries = many(refund, "refundCharges", "refundCharge")
    charges = [_charge(part(entry, "charge")) for entry in entries]
    return LineRefund(
        refund_id=text(refund, "refundId"),
        reason=next((word for word in (text(entry, "refundReason") for entry in entries) if word), ""),
        comments=text(refund, "refundComments"),
        charges=tuple(replace(charge, amount=-charge.amount, tax=-charge.tax) for charge in charges),
    )


def _intent(line: Object) -> str:
    """Walmart's word for the buyer's wish to cancel; its values are not published, so any word but a no counts."""
    value = line.get("intentToCancel")
    word = "true" if value is True else text(line, "intentToCancel")
    return "" if word.lower() in NOT_ASKED else word


def _address(shipping: Object) -> Address:
    address = part(shipping, "postalAddress")
    return Address(
        name=text(address, "name"),
        address1=text(address, "address1"),
        address2=text(address, "address2"),
        city=text(address, "city"),
        state=text(address, "state"),
        postal_code=text(address, "postalCode"),
        country=text(address, "country"),
        phone=text(shipping, "phone"),
        address_type=text(address, "addressType"),
    )

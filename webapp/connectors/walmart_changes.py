"""The bodies of the calls that ship, cancel and refund at Walmart, and what it tells of returns.

Fields and their order are those of Walmart's published samples and `us-orders` specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from webapp.connectors.loose import Object, amount, many, needed, part, text, whole
from webapp.domain.order import ZERO, Charge
from webapp.domain.outgoing import LineRefunded, UnitsCancelled, UnitsShipped

MOST_CANCELLED_LINES = 100
LONGEST_SELLER_ORDER_ID = 30


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One line of a return order. `line` is the purchase order's line number; `amount` is the line's total, or None."""

    po: str
    line: str
    quantity: int
    refunded_quantity: Decimal
    status: str
    refund_status: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReturnOrder:
    """A return that a buyer started on walmart.com, or that a full refund made."""

    return_order_id: str
    customer_order_id: str
    lines: tuple[ReturnLine, ...]


def shipment(units: Sequence[UnitsShipped]) -> dict[str, Any]:
    """The body of a ship confirmation. Corrections of tracking numbers go in a call of their own (PARTIAL_UPDATE)."""
    corrects = {bool(one.corrects) for one in units}
    if len(corrects) != 1:
        raise ValueError("Units that ship and numbers that are corrected do not go in one call.")
    body: dict[str, Any] = {"processMode": "PARTIAL_UPDATE"} if corrects == {True} else {}
    return {"orderShipment": body | {"orderLines": {"orderLine": [_shipped_line(*one) for one in _by_line(units)]}}}


def cancellation(units: Sequence[UnitsCancelled]) -> dict[str, Any]:
    """The body of a cancellation, of at most `MOST_CANCELLED_LINES` lines."""
    lines = [
        {
            "lineNumber": one.line,
            "orderLineStatuses": {
                "orderLineStatus": [
                    {
                        "status": "Cancelled",
                        "cancellationReason": one.reason,
                        "statusQuantity": _each(one.quantity),
                    }
                ]
            },
        }
        for one in units
    ]
    return {"orderCancellation": {"orderLines": {"orderLine": lines}}}


def refund(po: str, lines: Sequence[LineRefunded], currency: str) -> dict[str, Any]:
    """The body of a refund. Amounts go out negative. In one call all lines are full or all are partial."""
    if len({one.is_full for one in lines}) != 1:
        raise ValueError("Full and partial refunds do not go in one call.")
    return {
        "orderRefund": {
            "purchaseOrderId": po,
            "orderLines": {"orderLine": [_refunded_line(one, currency) for one in lines]},
        }
    }


def read_returns(body: Any) -> tuple[ReturnOrder, ...]:
    """The returns of one page."""
    root: Object = body if isinstance(body, dict) else {}
    return tuple(_return(entry) for entry in many(root, "returnOrders"))


def returns_cursor(body: Any) -> str:
    """The next page's query, verbatim; empty on the last page."""
    return text(part(body if isinstance(body, dict) else {}, "meta"), "nextCursor")


def _by_line(units: Iterable[UnitsShipped]) -> list[tuple[str, list[UnitsShipped]]]:
    lines: dict[str, list[UnitsShipped]] = {}
    for one in units:
        lines.setdefault(one.line, []).append(one)
    return list(lines.items())


def _shipped_line(line: str, units: list[UnitsShipped]) -> dict[str, Any]:
    return {
        "lineNumber": line,
        "intentToCancelOverride": any(one.override_intent for one in units),
        "sellerOrderId": units[0].seller_order_id[:LONGEST_SELLER_ORDER_ID],
        "orderLineStatuses": {"orderLineStatus": [_shipped(one) for one in units]},
    }


def _shipped(one: UnitsShipped) -> dict[str, Any]:
    tracking = one.tracking
    if tracking.shipped_at is None:
        raise ValueError("A shipment needs the time at which it left.")
    info: dict[str, Any] = {
        "shipDateTime": _milliseconds(tracking.shipped_at),
        "carrierName": {"otherCarrier" if one.other_carrier else "carrier": tracking.carrier},
        "methodCode": tracking.method_code,
        "trackingNumber": tracking.number,
    }
    if tracking.url:
        info["trackingURL"] = tracking.url
    status: dict[str, Any] = {
        "status": "Shipped",
        "statusQuantity": _each(one.quantity),
        "trackingInfo": info,
    }
    if one.corrects:
        status["currentTrackingInfo"] = {"trackingNumber": one.corrects}
    return status


def _refunded_line(one: LineRefunded, currency: str) -> dict[str, Any]:
    charges = [
        {"refundReason": one.reason, "charge": _refunded_charge(charge, currency)}
        for charge in one.charges
        if charge.amount or charge.tax
    ]
    refund: dict[str, Any] = {"refundComments": one.comment} if one.comment else {}
    return {
        "lineNumber": one.line,
        "isFullRefund": one.is_full,
        "refunds": {"refund": [refund | {"refundCharges": {"refundCharge": charges}}]},
    }


def _refunded_charge(charge: Charge, currency: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "chargeType": charge.type,
        "chargeName": charge.name,
        "chargeAmount": {"currency": currency, "amount": -charge.amount},
    }
    if charge.tax:
        taxed = {"currency": currency, "amount": -charge.tax}
        told["tax"] = {"taxName": charge.tax_name or f"{charge.name} Tax", "taxAmount": taxed}
    return told


def _each(quantity: int) -> dict[str, str]:
    return {"unitOfMeasurement": "EACH", "amount": str(quantity)}


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1000


def _return(entry: Object) -> ReturnOrder:
    lines = tuple(_return_line(line) for line in many(entry, "returnOrderLines"))
    return ReturnOrder(needed(entry, "returnOrderId"), text(entry, "customerOrderId"), lines)


def _return_line(line: Object) -> ReturnLine:
    totals = {text(one, "name"): part(one, "value") for one in many(line, "chargeTotals")}
    total = totals.get("lineTotal", {})
    return ReturnLine(
        po=text(line, "purchaseOrderId"),
        line=text(line, "purchaseOrderLineNumber"),
        quantity=whole(part(line, "quantity"), "measurementValue") or 0,
        refunded_quantity=amount(line, "refundedQty") or ZERO,
        status=text(line, "status"),
        refund_status=text(line, "currentRefundStatus"),
        amount=amount(total, "currencyAmount"),
    )

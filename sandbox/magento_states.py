"""What an order allows and which state it takes: pure rules over the order document.

Read in Magento's source and checked against what was observed on 2.4.7-p3.
"""

from decimal import Decimal
from typing import Any

from sandbox.magento_numbers import NOTHING, cents, decimal

Document = dict[str, Any]

STATUS_OF_STATE = {
    "new": "pending",
    "processing": "processing",
    "complete": "complete",
    "closed": "closed",
    "canceled": "canceled",
    "holded": "holded",
}


def qty_to_invoice(item: Document) -> Decimal:
    open_qty = decimal(item["qty_ordered"]) - decimal(item["qty_invoiced"]) - decimal(item["qty_canceled"])
    return max(open_qty, NOTHING)


def qty_to_ship(item: Document, *, refunded_still_ships: bool = True) -> Decimal:
    """What Magento offers as still to ship.

    With `refunded_still_ships` it is Magento's own sum, which sets refunds against shipments instead of
    adding them: a unit refunded before it shipped can be shipped after all (observed on 2.4.7-p3).
    """
    ordered = decimal(item["qty_ordered"]) - decimal(item["qty_canceled"])
    if refunded_still_ships:
        gone = max(decimal(item["qty_shipped"]), decimal(item["qty_refunded"]))
    else:
        gone = decimal(item["qty_shipped"]) + decimal(item.get("_refunded_unshipped"))
    return max(ordered - gone, NOTHING)


def qty_to_refund(item: Document) -> Decimal:
    return max(decimal(item["qty_invoiced"]) - decimal(item["qty_refunded"]), NOTHING)


def qty_to_cancel(item: Document) -> Decimal:
    return min(qty_to_invoice(item), qty_to_ship(item))


def qty_open(item: Document) -> Decimal:
    """The quantity that still waits in the house: neither gone, cancelled nor refunded before it went."""
    return qty_to_ship(item, refunded_still_ships=False)


def refunded_before_shipping(item: Document, qty: Decimal) -> Decimal:
    """How much of a refund of `qty` falls on units that never shipped; shipped ones count first."""
    shipped_left = max(decimal(item["qty_shipped"]) - decimal(item["qty_refunded"]), NOTHING)
    return qty - min(qty, shipped_left)


def is_held(order: Document) -> bool:
    return order.get("state") == "holded"


def is_canceled(order: Document) -> bool:
    return order.get("state") == "canceled"


def can_hold(order: Document) -> bool:
    return order.get("state") not in ("canceled", "complete", "closed", "holded", "payment_review")


def can_invoice(order: Document) -> bool:
    if order.get("state") in ("holded", "payment_review", "canceled", "complete", "closed"):
        return False
    return any(qty_to_invoice(item) for item in order["items"])


def can_ship(order: Document) -> bool:
    if order.get("state") in ("holded", "payment_review", "canceled") or order.get("is_virtual"):
        return False
    return any(
        qty_to_ship(item) and decimal(item["qty_refunded"]) != decimal(item["qty_ordered"]) for item in order["items"]
    )


def can_cancel(order: Document) -> bool:
    if order.get("state") in ("holded", "payment_review", "canceled", "complete", "closed"):
        return False
    return any(qty_to_invoice(item) for item in order["items"])


def can_refund(order: Document) -> bool:
    if order.get("state") in ("holded", "payment_review", "canceled", "closed"):
        return False
    if not decimal(order.get("grand_total")):
        return not can_invoice(order)
    left = cents(decimal(order.get("total_paid"))) - decimal(order.get("total_refunded"))
    fee = decimal(order.get("adjustment_negative"))
    return bool(left) and left != fee


def settle_state(order: Document, *, in_progress: bool) -> bool:
    """Move the order to the state its quantities call for; True when state or status changed.

    `in_progress` is set for an invoice or a shipment: only these take an order out of `new`.
    """
    before = (order.get("state"), order.get("status"))
    state = _resolved(order, order.get("state"), in_progress)
    if state != order.get("state"):
        set_state(order, state)
    if order.get("state") and not (is_canceled(order) or is_held(order) or can_invoice(order)):
        _close_or_complete(order)
    return before != (order.get("state"), order.get("status"))


def set_state(order: Document, state: str | None) -> None:
    """Give the order a state and the status that belongs to it by default."""
    order["state"] = state
    order["status"] = STATUS_OF_STATE.get(state or "", order.get("status"))


def _resolved(order: Document, state: str | None, in_progress: bool) -> str | None:
    if state in (None, "new") and in_progress:
        state = "processing"
    finished = not (is_canceled(order) or is_held(order) or can_invoice(order) or can_ship(order))
    if finished and (not decimal(order.get("grand_total")) or can_refund(order)):
        return "complete"
    if finished and decimal(order.get("total_refunded")):
        return "closed"
    return state


def _close_or_complete(order: Document) -> None:
    state = order["state"]
    if state in ("processing", "complete") and not can_refund(order) and not can_ship(order):
        set_state(order, "closed")
    elif state == "processing" and (not can_ship(order) or _shipped_and_refunded(order)):
        set_state(order, "complete")


def _shipped_and_refunded(order: Document) -> bool:
    shipped = sum((decimal(item["qty_shipped"]) for item in order["items"]), NOTHING)
    refunded = sum((decimal(item["qty_refunded"]) for item in order["items"]), NOTHING)
    ordered = sum((decimal(item["qty_ordered"]) for item in order["items"]), NOTHING)
    return shipped > 0 and ordered <= shipped + refunded

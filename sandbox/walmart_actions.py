"""What a person does to an order outside the API: in Seller Center, as the buyer, or as Walmart itself."""

from collections.abc import Callable
from typing import Any

from sandbox.walmart_lines import (
    OPEN,
    Change,
    acknowledge,
    ask_to_cancel,
    cancel_open,
    cancel_units,
    deliver,
    find_line,
    lines_of,
    ship,
    units,
)
from sandbox.walmart_orders import demo_tracking
from sandbox.walmart_refunds import refund
from sandbox.walmart_returns import full_refund
from sandbox.walmart_spec import BadOrder, quantity_of

Json = dict[str, Any]


def wanted_numbers(body: Json) -> set[str] | None:
    """The line numbers that an action is for, from `line` or `lines`; None means every line."""
    if body.get("line"):
        return {str(body["line"])}
    lines = body.get("lines")
    if not lines:
        return None
    named = lines if isinstance(lines, list) else str(lines).split(",")
    return {str(each["line"] if isinstance(each, dict) else each).strip() for each in named}


def ship_by_hand(change: Change, body: Json) -> None:
    """Ship open units: all, or those of `lines` (`[{"line", "quantity", "tracking", "carrier"}]`)."""
    told = []
    for each in _parts(change, body, OPEN):
        number = each["line"]["lineNumber"]
        tracking = demo_tracking(change.po, number)
        if each.get("tracking"):
            tracking["trackingNumber"] = str(each["tracking"])
        if each.get("carrier"):
            tracking["carrierName"] = {"carrier": str(each["carrier"])}
        entry = {
            "status": "Shipped",
            "statusQuantity": quantity_of(each["quantity"]),
            "trackingInfo": tracking,
        }
        told.append({"lineNumber": number, "orderLineStatuses": {"orderLineStatus": [entry]}})
    ship(change, {"orderShipment": {"orderLines": {"orderLine": told}}})


def cancel_by_hand(change: Change, body: Json) -> None:
    """Cancel open units, all or those of `lines`, for `reason`."""
    reason = str(body.get("reason") or "SELLER_CANCEL_OUT_OF_STOCK")
    for each in _parts(change, body, OPEN):
        cancel_units(change, each["line"], each["quantity"], reason)


def refund_by_hand(change: Change, body: Json) -> None:
    """Refund shipped lines: whole, or `amount`, `tax`, `shipping`, `shipping_tax` of one line."""
    numbers = [each["line"]["lineNumber"] for each in _parts(change, body, ("Shipped", "Delivered"))]
    reason = str(body.get("reason") or "CustomerChangedMind")
    if not any(name in body for name in ("amount", "shipping")):
        refund(change, full_refund(change, numbers, reason))
        return
    if len(numbers) != 1:
        raise BadOrder("name one line to refund a part of it")
    currency = change.record["charged"][numbers[0]][0]["chargeAmount"]["currency"]
    charges = [
        _part_refund(kind, body.get(amount), body.get(tax), currency, reason)
        for kind, amount, tax in (
            ("PRODUCT", "amount", "tax"),
            ("SHIPPING", "shipping", "shipping_tax"),
        )
        if body.get(amount)
    ]
    request = full_refund(change, numbers, reason)
    line = request["orderRefund"]["orderLines"]["orderLine"][0]
    line["isFullRefund"] = False
    line["refunds"]["refund"][0]["refundCharges"]["refundCharge"] = charges
    refund(change, request)


def _part_refund(kind: str, amount: Any, tax: Any, currency: str, reason: str) -> Json:
    charge: Json = {
        "chargeType": kind,
        "chargeName": "Item Price" if kind == "PRODUCT" else "Shipping",
        "chargeAmount": {"currency": currency, "amount": -abs(float(amount))},
    }
    if tax:
        money = {"currency": currency, "amount": -abs(float(tax))}
        charge["tax"] = {"taxName": f"{charge['chargeName']} Tax", "taxAmount": money}
    return {"refundReason": reason, "charge": charge}


def _parts(change: Change, body: Json, statuses: tuple[str, ...]) -> list[Json]:
    """The lines and quantities that the body names, or all that stand in one of the statuses."""
    numbers = wanted_numbers(body)
    if numbers is None:
        found = [line for line in lines_of(change.order) if units(line, *statuses)]
        parts = [{"line": line, "quantity": units(line, *statuses)} for line in found]
    else:
        named = body.get("lines") if isinstance(body.get("lines"), list) else []
        details = {str(each["line"]): each for each in named or [] if isinstance(each, dict)}
        parts = [_part(change, number, details.get(number, body), statuses) for number in sorted(numbers)]
    if not parts:
        raise BadOrder(f"no line of {change.po} is {' or '.join(statuses)}")
    return parts


def _part(change: Change, number: str, detail: Json, statuses: tuple[str, ...]) -> Json:
    line = find_line(change.order, number)
    if line is None or not units(line, *statuses):
        raise BadOrder(f"line {number} of {change.po} is not {' or '.join(statuses)}")
    wanted = str(detail.get("quantity") or units(line, *statuses))
    if not wanted.isdigit() or not 1 <= int(wanted) <= units(line, *statuses):
        raise BadOrder(f"line {number} of {change.po} has not {wanted} to act on")
    picked = {name: detail[name] for name in ("tracking", "carrier") if detail.get(name)}
    return {"line": line, "quantity": int(wanted), **picked}


Act = Callable[[Change, Json], None]
# Each action and the sub-event that Walmart announces for it; what the seller does is not announced.
ACTIONS: dict[str, tuple[Act, str | None]] = {
    "acknowledge": (lambda change, body: acknowledge(change), None),
    "ship": (ship_by_hand, None),
    "cancel": (cancel_by_hand, None),
    "refund": (refund_by_hand, None),
    "deliver": (lambda change, body: deliver(change, wanted_numbers(body)), None),
    "intent_to_cancel": (
        lambda change, body: ask_to_cancel(change, wanted_numbers(body)),
        "INTENT_TO_CANCEL",
    ),
    "auto_cancel": (
        lambda change, body: cancel_open(change, "Auto-cancelled due to expiry", "auto_cancel", wanted_numbers(body)),
        "PO_LINE_AUTOCANCELLED",
    ),
    "fraud_cancel": (
        lambda change, body: cancel_open(change, "FRAUD", "fraud_cancel", wanted_numbers(body)),
        "FRAUD_CANCEL",
    ),
}

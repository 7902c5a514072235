"""Refunds of shipped lines by Walmart's rules: negative, never above what was charged, widened when full."""

import secrets
from decimal import Decimal
from typing import Any

from sandbox import clock
from sandbox.walmart_errors import content_error
from sandbox.walmart_lines import Change, find_line, inner, require_sellers_own, units, wanted_lines
from sandbox.walmart_spec import cents, money

Json = dict[str, Any]
Amounts = dict[str, tuple[Decimal, Decimal]]
NOTHING = (Decimal(0), Decimal(0))
REASONS = frozenset(
    (
        "BillingError",
        "TaxExemptCustomer",
        "ItemNotAsAdvertised",
        "IncorrectItemReceived",
        "CancelledYetShipped",
        "ItemNotReceivedByCustomer",
        "IncorrectShippingPrice",
        "DamagedItem",
        "DefectiveItem",
        "CustomerChangedMind",
        "CustomerReceivedItemLate",
        "Missing Parts / Instructions",
        "Finance -> Goodwill",
        "Finance -> Rollback",
        "Buyer canceled",
        "Customer returned item",
        "General adjustment",
        "Merchandise not received",
        "Quality -> Missing Parts / Instructions",
        "Shipping & Delivery -> Damaged",
        "Shipping & Delivery -> Shipping Price Discrepancy",
        "Others",
    )
)


def refund(change: Change, body: Json) -> None:
    """Refund lines; a repeat within what is left makes a second refund, as it does at Walmart."""
    require_sellers_own(change, "refund")
    named = inner(body, "orderRefund").get("purchaseOrderId")
    if str(named) != change.po:
        raise content_error("purchaseOrderId differs from that of the path", "purchaseOrderId")
    wanted_all = wanted_lines(body, "orderRefund")
    if len({bool(wanted.get("isFullRefund")) for wanted in wanted_all}) > 1:
        raise content_error("All order lines should be either of full refund or of partial refund")
    for wanted in wanted_all:
        _refund_line(change, wanted)


def charged(change: Change, line: Json) -> Amounts:
    """What the buyer was charged for the line's shipped units: (amount, tax) by charge type."""
    total = int(line["orderLineQuantity"]["amount"])
    share = Decimal(units(line, "Shipped", "Delivered")) / total
    sums: Amounts = {}
    for charge in change.record["charged"][line["lineNumber"]]:
        amount, tax = sums.get(charge["chargeType"], NOTHING)
        sums[charge["chargeType"]] = (amount + _amount_of(charge), tax + _tax_of(charge))
    return {kind: (cents(amount * share), cents(tax * share)) for kind, (amount, tax) in sums.items()}


def refunded(change: Change, line: Json) -> Amounts:
    """What was refunded of the line so far, as positive (amount, tax) by charge type."""
    kept = change.record["refunds"].get(line["lineNumber"], {})
    return {kind: (Decimal(amount), Decimal(tax)) for kind, (amount, tax) in kept.items()}


def _refund_line(change: Change, wanted: Json) -> None:
    line = find_line(change.order, wanted.get("lineNumber"))
    if line is None or not units(line, "Shipped", "Delivered"):
        raise content_error(
            f"INVALID_REQUEST_CONTENT :: Failed when called refund API for {change.po}. "
            "Refund is allowed for shipped lines only"
        )
    asked = _asked(change, line, wanted)
    limits, before = charged(change, line), refunded(change, line)
    price = limits.get("PRODUCT", NOTHING)[0]
    whole_price = not before and price > 0 and asked["given"].get("PRODUCT", NOTHING)[0] == price
    full = bool(wanted.get("isFullRefund")) or whole_price
    given = {kind: _left(limits, before, kind) for kind in limits} if full else asked["given"]
    given = {kind: pair for kind, pair in given.items() if pair != NOTHING}
    if not given:
        raise content_error(f"Nothing is left to refund in line number {line['lineNumber']}", "amount")
    for kind, (amount, tax) in given.items():
        left = _left(limits, before, kind)
        if amount > left[0] or tax > left[1]:
            raise content_error(
                f"Refund amount is more than the charged amount in line number {line['lineNumber']}",
                "chargeAmount",
            )
    _book(change, line, given, asked, full)


def _asked(change: Change, line: Json, wanted: Json) -> Json:
    """The request's amounts by charge type as positive sums, with its reason, comment and names."""
    refunds = inner(wanted, "refunds").get("refund") or []
    given: Amounts = {}
    asked: Json = {"given": given, "reason": None, "comments": None, "names": {}}
    for each in refunds if isinstance(refunds, list) else [refunds]:
        asked["comments"] = each.get("refundComments") or asked["comments"]
        for item in inner(each, "refundCharges").get("refundCharge") or []:
            if item.get("refundReason") not in REASONS:
                raise content_error("Refund reason is not supported", "refundReason")
            charge = inner(item, "charge")
            kind = str(charge.get("chargeType"))
            amount, tax = given.get(kind, NOTHING)
            given[kind] = (amount + _negative(_amount_of(charge)), tax + _negative(_tax_of(charge)))
            asked["reason"] = item["refundReason"]
            asked["names"][kind] = charge.get("chargeName")
    if asked["reason"] is None:
        raise content_error(f"refundCharges is missing in line number {line['lineNumber']}", "refundCharges")
    return asked


def _book(change: Change, line: Json, given: Amounts, asked: Json, full: bool) -> None:
    number = line["lineNumber"]
    currency = change.record["charged"][number][0]["chargeAmount"]["currency"]
    before = refunded(change, line)
    sums = dict(before)
    items = []
    for kind, (amount, tax) in given.items():
        old = before.get(kind, NOTHING)
        sums[kind] = (old[0] + amount, old[1] + tax)
        name = asked["names"].get(kind) or ("Item Price" if kind == "PRODUCT" else kind.title())
        items.append(_refund_charge(kind, name, amount, tax, currency, asked["reason"]))
    change.record["refunds"][number] = {kind: [str(a), str(t)] for kind, (a, t) in sums.items()}
    shown = line.setdefault("refund", {"refundCharges": {"refundCharge": []}})
    shown["refundId"] = str(secrets.randbelow(10**12) + 10**12)
    if asked["comments"]:
        shown["refundComments"] = asked["comments"]
    shown["refundCharges"]["refundCharge"] += items
    if full:
        line["returnOrderId"] = f"1{secrets.randbelow(10**17):017d}"
    line["statusDate"] = clock.now_ms()
    widened = {kind: pair for kind, pair in given.items() if pair != asked["given"].get(kind, NOTHING)}
    change.note(
        "refund",
        line=number,
        charges={kind: [str(amount), str(tax)] for kind, (amount, tax) in given.items()},
        full=full,
        widened=bool(widened),
        reason=asked["reason"],
        refundId=shown["refundId"],
    )


def _refund_charge(kind: str, name: str, amount: Decimal, tax: Decimal, currency: str, reason: str) -> Json:
    charge: Json = {"chargeType": kind, "chargeName": name, "chargeAmount": money(-amount, currency)}
    if tax:
        charge["tax"] = {"taxName": f"{name} Tax", "taxAmount": money(-tax, currency)}
    return {"refundReason": reason, "charge": charge}


def _left(limits: Amounts, before: Amounts, kind: str) -> tuple[Decimal, Decimal]:
    limit, used = limits.get(kind, NOTHING), before.get(kind, NOTHING)
    return limit[0] - used[0], limit[1] - used[1]


def _negative(amount: Decimal) -> Decimal:
    """The size of an amount that must be negative, or zero, on the wire."""
    if amount > 0:
        raise content_error("Refund amounts must be negative", "chargeAmount")
    return -amount


def _amount_of(charge: Json) -> Decimal:
    return _number(inner(charge, "chargeAmount").get("amount"))


def _tax_of(charge: Json) -> Decimal:
    return _number(inner(inner(charge, "tax"), "taxAmount").get("amount", 0))


def _number(value: Any) -> Decimal:
    """An amount on the wire, where it must be a JSON number with at most two places."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise content_error("amount is not a number", "amount")
    number = Decimal(str(value))
    if number != cents(number):
        raise content_error("amount has more than two decimal places", "amount")
    return number

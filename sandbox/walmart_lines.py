"""Changes to a Walmart order, unit by unit: acknowledge, ship, cancel, deliver, and what refuses them.

An order is kept as a record `{"order": Walmart's JSON, "market", "modified", "charged": {line: charges},
"refunds": {line: {...}}, "shipped_at": {line: epoch ms}}`. Each change edits the record and notes its
effects; a Refused leaves the line it stumbled over as it was.
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox import clock
from sandbox.walmart_carriers import US_CARRIERS
from sandbox.walmart_errors import Refused, content_error
from sandbox.walmart_settings import Settings
from sandbox.walmart_spec import METHODS, quantity_of

Json = dict[str, Any]
OPEN = ("Created", "Acknowledged")
BUYER_ASKED = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
CANCEL_REASONS: dict[str, tuple[str, ...]] = {
    "us": (
        BUYER_ASKED,
        "SELLER_CANCEL_PRICING_ERROR",
        "SELLER_CANCEL_OUT_OF_STOCK",
        "SELLER_CANCEL_FRAUD_STOP_SHIPMENT",
        "SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE",
    ),
    "ca": ("CANCEL_BY_SELLER", BUYER_ASKED),
    "mx": ("MIRAKL_REFUND_45", "MIRAKL_REFUND_15", "SELLER_REJECTION"),
    "cl": ("ERROR_DE_PRECIO", "AGOTADO", "RECHAZAR"),
}
MAX_CANCEL_LINES = 100


@dataclass(slots=True)
class Change:
    """A change under way: the order's record, the rules in force, and the effects so far."""

    record: Json
    settings: Settings
    by: str = "api"
    effects: list[tuple[str, Json]] = field(default_factory=list)

    @property
    def order(self) -> Json:
        order: Json = self.record["order"]
        return order

    @property
    def po(self) -> str:
        return str(self.order["purchaseOrderId"])

    def note(self, effect: str, **detail: Any) -> None:
        self.effects.append((effect, {"by": self.by, **detail}))


def lines_of(order: Json) -> list[Json]:
    lines: list[Json] = order["orderLines"]["orderLine"]
    return lines


def find_line(order: Json, number: Any) -> Json | None:
    return next((line for line in lines_of(order) if line["lineNumber"] == str(number)), None)


def entries_of(line: Json) -> list[Json]:
    """The line's (status, quantity) pairs."""
    entries: list[Json] = line["orderLineStatuses"]["orderLineStatus"]
    return entries


def units(line: Json, *statuses: str) -> int:
    """How many units of the line are in one of the statuses."""
    return sum(int(e["statusQuantity"]["amount"]) for e in entries_of(line) if e["status"] in statuses)


def move(line: Json, count: int, source: tuple[str, ...], status: str, **extra: Any) -> None:
    """Move units to another status; the caller has made sure that there are enough."""
    left = count
    for wanted in reversed(source):
        for entry in [e for e in entries_of(line) if e["status"] == wanted]:
            taken = min(left, int(entry["statusQuantity"]["amount"]))
            entry["statusQuantity"] = quantity_of(int(entry["statusQuantity"]["amount"]) - taken)
            left -= taken
    kept = [e for e in entries_of(line) if e["statusQuantity"]["amount"] != "0"]
    same = next((e for e in kept if e["status"] == status and not extra and "trackingInfo" not in e), None)
    if same is not None:
        same["statusQuantity"] = quantity_of(int(same["statusQuantity"]["amount"]) + count)
    else:
        kept.append({"status": status, "statusQuantity": quantity_of(count), **extra})
    line["orderLineStatuses"]["orderLineStatus"] = kept
    line["statusDate"] = clock.now_ms()


def require_sellers_own(change: Change, call: str) -> None:
    """Orders that Walmart or another house fulfils are not the seller's to change."""
    node = change.order["shipNode"]["type"]
    if node != "SellerFulfilled" and change.by == "api":
        raise content_error(f"{call} is not allowed for {node} order {change.po}")


def acknowledge(change: Change) -> None:
    """Acknowledge every Created unit; a repeat is allowed, a unit in a higher status is not."""
    require_sellers_own(change, "acknowledge")
    lines = lines_of(change.order)
    higher = any(units(line, "Shipped", "Delivered", "Cancelled", "Refund") for line in lines)
    waiting = [line for line in lines if units(line, "Created")]
    if higher and (change.settings.strict_acknowledge or not waiting):
        raise content_error(
            f"INVALID_REQUEST_CONTENT :: Failed when called acknowledge API for '{change.po}'.  "
            "Some or all qty in higher status"
        )
    for line in waiting:
        move(line, units(line, "Created"), ("Created",), "Acknowledged")
    change.note("acknowledge" if waiting else "acknowledge_again", lines=[n["lineNumber"] for n in waiting])


def acknowledge_lines(change: Change, body: Json) -> None:
    """The Global call: acknowledge the named lines, all the quantity of each."""
    require_sellers_own(change, "acknowledgeLines")
    for wanted in wanted_lines(body, "orderAcknowledgement"):
        line = find_line(change.order, wanted.get("lineNumber"))
        if line is None or not units(line, *OPEN):
            raise content_error(
                f"INVALID_REQUEST_CONTENT :: Failed when called acknowledge API for '{change.po}'.  "
                "Some or all qty in higher status"
            )
        count = units(line, "Created")
        if count:
            move(line, count, ("Created",), "Acknowledged")
        change.note("acknowledge" if count else "acknowledge_again", lines=[line["lineNumber"]])


def ship(change: Change, body: Json) -> None:
    """Confirm shipped units, or change a tracking number with PARTIAL_UPDATE."""
    require_sellers_own(change, "shipping")
    mode = inner(body, "orderShipment").get("processMode")
    for wanted in wanted_lines(body, "orderShipment"):
        line = find_line(change.order, wanted.get("lineNumber"))
        if line is None:
            raise _overshipped(change)
        _check_shipping_line(change, line, wanted)
        for entry in wanted_entries(wanted, "Shipped"):
            tracking = _tracking(change, line, entry)
            if mode == "PARTIAL_UPDATE":
                _update_tracking(change, line, entry, tracking)
            else:
                _ship_units(change, line, wanted, entry, tracking)


def _check_shipping_line(change: Change, line: Json, wanted: Json) -> None:
    seller_order = wanted.get("sellerOrderId")
    number = line["lineNumber"]
    if change.by == "api" and not seller_order:
        raise content_error(f"sellerOrderId is missing in line number {number}", "sellerOrderId")
    if len(str(seller_order or "")) > 30:
        raise content_error(f"sellerOrderId is longer than 30 in line number {number}", "sellerOrderId")
    if change.by == "api" and line.get("intentToCancel") and wanted.get("intentToCancelOverride") is not True:
        raise content_error(
            f"Line {number} of PO {change.po} has an intent to cancel. Pass intentToCancelOverride as true to ship it",
            "intentToCancelOverride",
        )


def _ship_units(change: Change, line: Json, wanted: Json, entry: Json, tracking: Json) -> None:
    count = quantity(entry)
    # The order must be acknowledged before it is shipped; Walmart's own side knows no such bar.
    source = ("Acknowledged",) if change.by == "api" else OPEN
    if count > units(line, *source):
        raise _overshipped(change)
    extra: Json = {"trackingInfo": _told_tracking(change, tracking)}
    if entry.get("returnCenterAddress"):
        extra["returnCenterAddress"] = entry["returnCenterAddress"]
    move(line, count, source, "Shipped", **extra)
    if wanted.get("sellerOrderId"):
        line["sellerOrderId"] = str(wanted["sellerOrderId"])
    change.record["shipped_at"].setdefault(line["lineNumber"], clock.now_ms())
    change.note(
        "ship",
        line=line["lineNumber"],
        quantity=count,
        tracking=tracking,
        sellerOrderId=wanted.get("sellerOrderId"),
    )


def _update_tracking(change: Change, line: Json, entry: Json, tracking: Json) -> None:
    shipped = [e for e in entries_of(line) if e["status"] == "Shipped" and "trackingInfo" in e]
    named = inner(entry, "currentTrackingInfo").get("trackingNumber")
    found = [e for e in shipped if named in (None, e["trackingInfo"]["trackingNumber"])]
    if len(found) != 1:
        raise content_error(
            f"currentTrackingInfo does not name a shipment of line {line['lineNumber']} of PO {change.po}",
            "currentTrackingInfo",
        )
    age = clock.now_ms() - change.record["shipped_at"].get(line["lineNumber"], 0)
    if age > change.settings.tracking_update_hours * 3_600_000:
        raise content_error(
            f"Unable to process this request. The Line: {line['lineNumber']} of PO: {change.po} is in SHIPPED status"
        )
    before = found[0]["trackingInfo"]["trackingNumber"]
    found[0]["trackingInfo"] = _told_tracking(change, tracking)
    change.note("update_tracking", line=line["lineNumber"], before=before, tracking=tracking)


def _tracking(change: Change, line: Json, entry: Json) -> Json:
    """The entry's tracking as Walmart demands it; Refused names what is missing or wrong."""
    tracking = inner(entry, "trackingInfo")
    number = line["lineNumber"]
    if not tracking.get("trackingNumber"):
        raise content_error(f"Tracking number is missing in line number {number}", "trackingNumber")
    if tracking.get("methodCode") not in METHODS:
        raise content_error(f"Method code is not supported in line number {number}", "methodCode")
    if type(tracking.get("shipDateTime")) is not int:
        raise content_error(f"Ship date time is invalid in line number {number}", "shipDateTime")
    name = inner(tracking, "carrierName")
    carrier, other = name.get("carrier"), name.get("otherCarrier")
    if bool(carrier) == bool(other):
        raise content_error(f"Send carrier or otherCarrier in line number {number}", "carrierName")
    if carrier and change.record["market"] == "us" and carrier not in US_CARRIERS:
        raise content_error(f"Carrier is not supported in line number {number}", "carrier")
    if other and not tracking.get("trackingURL"):
        raise content_error(f"trackingURL is missing in line number {number}", "trackingURL")
    return tracking


def _told_tracking(change: Change, tracking: Json) -> Json:
    """What the order shows afterwards: Walmart puts its own tracking page in place of the given one."""
    number = tracking["trackingNumber"]
    return {
        "shipDateTime": tracking["shipDateTime"],
        "carrierName": {name: value for name, value in tracking["carrierName"].items() if value},
        "methodCode": tracking["methodCode"],
        "trackingNumber": number,
        "trackingURL": f"https://www.walmart.com/tracking?tracking_id={number}&order_id={change.po}",
    }


def _overshipped(change: Change) -> Refused:
    return content_error(
        f"INVALID_REQUEST_CONTENT :: Failed when called shipConfirm API for {change.po}. "
        "Qty OverShipped : Some or All Line(s)/Qty cannot be Shipped due to invalid Lines "
        "Or invalid Qty Or Qty more than allowed"
    )


def cancel(change: Change, body: Json) -> None:
    """Cancel open units; a line with every unit cancelled shows charges of zero from then on."""
    require_sellers_own(change, "cancel")
    wanted_all = wanted_lines(body, "orderCancellation")
    if len(wanted_all) > MAX_CANCEL_LINES:
        raise content_error(f"At most {MAX_CANCEL_LINES} lines can be cancelled in a request")
    for wanted in wanted_all:
        line = find_line(change.order, wanted.get("lineNumber"))
        for entry in wanted_entries(wanted, "Cancelled"):
            if line is None or quantity(entry) > units(line, *_cancellable(change)):
                raise content_error(
                    f"INVALID_REQUEST_CONTENT :: Failed when called cancel API for {change.po}. "
                    "Some or All Line(s)/Qty cannot be Cancelled due to invalid Lines "
                    "Or invalid Qty Or Qty more than allowed"
                )
            _check_reason(change, line, entry.get("cancellationReason"))
            cancel_units(change, line, quantity(entry), str(entry["cancellationReason"]))


def _cancellable(change: Change) -> tuple[str, ...]:
    return OPEN if change.settings.cancel_created or change.by != "api" else ("Acknowledged",)


def _check_reason(change: Change, line: Json, reason: Any) -> None:
    if change.by == "api" and reason not in CANCEL_REASONS[change.record["market"]]:
        raise content_error(
            f"Cancellation reason is not supported in line number {line['lineNumber']}",
            "cancellationReason",
        )
    if change.by == "api" and reason == BUYER_ASKED and not line.get("intentToCancel"):
        raise content_error(
            f"The customer has not asked to cancel line number {line['lineNumber']}", "cancellationReason"
        )


def cancel_units(change: Change, line: Json, count: int, reason: str, effect: str = "cancel") -> None:
    """Cancel so many open units for a reason, whoever asked."""
    move(line, count, OPEN, "Cancelled", cancellationReason=reason)
    if units(line, "Cancelled") == int(line["orderLineQuantity"]["amount"]):
        for charge in line["charges"]["charge"]:
            charge["chargeAmount"]["amount"] = 0
            if "tax" in charge:
                charge["tax"]["taxAmount"]["amount"] = 0
    change.note(effect, line=line["lineNumber"], quantity=count, reason=reason)


def cancel_open(change: Change, reason: str, effect: str, numbers: set[str] | None = None) -> None:
    """Walmart's own cancelling of whatever is still open, of some lines or of all."""
    open_lines = [n for n in lines_of(change.order) if units(n, *OPEN) and _among(n, numbers)]
    if not open_lines:
        raise content_error(f"PO {change.po} has nothing open")
    for line in open_lines:
        cancel_units(change, line, units(line, *OPEN), reason, effect)


def deliver(change: Change, numbers: set[str] | None = None) -> None:
    """Mark shipped units as delivered, keeping their tracking."""
    for line in lines_of(change.order):
        for entry in entries_of(line):
            if entry["status"] == "Shipped" and _among(line, numbers):
                entry["status"] = "Delivered"
                line["statusDate"] = clock.now_ms()
                change.note("deliver", line=line["lineNumber"], quantity=quantity(entry))


def ask_to_cancel(change: Change, numbers: set[str] | None = None) -> None:
    """The buyer asks to cancel; the lines that are still open carry the wish."""
    for line in lines_of(change.order):
        if units(line, *OPEN) and _among(line, numbers):
            line["intentToCancel"] = "true"
            change.note("intent_to_cancel", line=line["lineNumber"])


def _among(line: Json, numbers: set[str] | None) -> bool:
    return numbers is None or line["lineNumber"] in numbers


def wanted_lines(body: Json, root: str) -> list[Json]:
    """The lines of a request; a single object stands for a list of one, as XML converters make it."""
    lines = inner(inner(body, root), "orderLines").get("orderLine")
    return _list_of(lines, f"{root}.orderLines.orderLine")


def wanted_entries(wanted: Json, status: str) -> list[Json]:
    entries = _list_of(inner(wanted, "orderLineStatuses").get("orderLineStatus"), "orderLineStatus")
    if any(entry.get("status") != status for entry in entries):
        raise content_error(f"status must be {status}", "status")
    return entries


def inner(body: Json, name: str) -> Json:
    """The object under a name; an empty one where the client left it out or sent something else."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _list_of(value: Any, name: str) -> list[Json]:
    found = [value] if isinstance(value, dict) else value
    if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
        raise content_error(f"{name} is missing", name)
    return found


def quantity(entry: Json) -> int:
    """The units of a status entry; amounts are texts on the wire."""
    amount = inner(entry, "statusQuantity").get("amount")
    if not isinstance(amount, str) or not amount.isdigit() or int(amount) < 1:
        raise content_error("statusQuantity.amount is invalid", "statusQuantity")
    return int(amount)

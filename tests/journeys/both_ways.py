"""What the journeys of both directions do to a house: an order ready to ship, and looks at both ends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.house import House
from tests.working import look

MUG, TEA = "FH-MUG-350-BLU", "FH-TEA-MINT-50"
PRICING_ERROR = "SELLER_CANCEL_PRICING_ERROR"
UPS = {"track_number": "1Z999AA10123456784", "carrier_code": "ups", "title": "United Parcel Service"}


def number(po: str) -> str:
    return f"WM-{po}"


def ship(house: House, po: str, quantity: int = 1, sku: str = MUG, *tracks: dict[str, str]) -> None:
    """The merchant ships in Magento, and Orderbridge looks."""
    house.magento.ship(number(po), {sku: quantity}, list(tracks or (UPS,)))
    look(house, po)


def credit(house: House, po: str, quantity: int = 1, sku: str = MUG, **more: Any) -> None:
    """The merchant makes a credit memo in Magento, and Orderbridge looks."""
    house.magento.refund(number(po), {sku: quantity} if quantity else None, **more)
    look(house, po)


def at_walmart(house: House, po: str) -> dict[str, int]:
    """Units per status over all lines."""
    counts: dict[str, int] = {}
    for line in house.walmart.statuses(po).values():
        for status, amount in line.items():
            counts[status] = counts.get(status, 0) + amount
    return counts


def in_magento(house: House, po: str) -> dict[str, int]:
    """Units shipped, refunded and canceled over all lines."""
    items = house.magento.order(number(po))["items"]
    names = ("qty_shipped", "qty_refunded", "qty_canceled")
    return {name.removeprefix("qty_"): int(sum(Decimal(str(item.get(name, 0))) for item in items)) for name in names}


def refunded_at_walmart(house: House, po: str) -> Decimal:
    """What the buyer was paid back, by the ledger."""
    charges = [entry["detail"]["charges"] for entry in house.walmart.ledger.entries("refund", po)]
    return sum((Decimal(a) + Decimal(t) for one in charges for a, t in one.values()), Decimal(0))


def credited_in_magento(house: House, po: str) -> Decimal:
    """The sum of its credit memos."""
    return sum((Decimal(str(memo["grand_total"])) for memo in house.magento.creditmemos(number(po))), Decimal(0))


def log(house: House, po: str) -> str:
    return "\n".join(entry["sentence"] for entry in reversed(house.shown(po)["log"]))

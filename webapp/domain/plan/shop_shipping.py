"""What Walmart shows shipped is shipped in Magento: parcel by parcel, with its number, in explicit quantities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from webapp.domain.commands import ConfirmShipment, CreateShipment
from webapp.domain.order import SHIPPED_WORDS, Tracking
from webapp.domain.plan.case import Case
from webapp.domain.plan.seen import Plan, shipper, together
from webapp.domain.quantities import Standing
from webapp.domain.shop import ItemUnits, Units

OFF = "Not shipped in Magento: creating shipments is switched off for this account."


@dataclass(slots=True)
class _Parcel:
    """Units that Walmart shows under one number, and the lines of the shop's order that they are of."""

    tracking: Tracking | None
    items: Counter[int] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)


def ship(case: Case) -> Plan:
    """Make the shipments in Magento that Walmart has and Magento has not."""
    wanting = [
        one for one in case.standings if one.differences.ship and not case.in_doubt(ConfirmShipment, one.group.lines)
    ]
    if not wanting or case.shop is None:
        return Plan()
    why_not = _why_not(case, sum(standing.differences.ship for standing in wanting))
    if why_not is not None:
        return why_not
    parcels: dict[str, _Parcel] = {}
    for standing in wanting:
        open_items = [item.item_id for item in standing.shop for _ in range(item.open)]
        shown = _unmatched(case, standing)
        for item, (line, tracking) in zip(open_items, shown[-standing.differences.ship :], strict=False):
            parcel = parcels.setdefault(tracking.number if tracking else "", _Parcel(tracking))
            parcel.items[item] += 1
            parcel.lines[line] += 1
    return together(case.want(_command(parcel)) for parcel in parcels.values())


def _why_not(case: Case, units: int) -> Plan | None:
    order, shop = case.seen.order, case.shop
    if shop is None:
        return Plan()
    if shop.state in {"canceled", "closed"}:
        said = f"Walmart shows {units} more shipped than Magento order {shop.increment_id}, which is {shop.state}"
        return Plan(remarks=(f"{said}: no shipment can be made there.",))
    if not order.is_fulfilled_by_seller and not case.policy.wfs_source:
        return Plan(remarks=(f"{shipper(order)}, so no shipment is made in Magento.",))
    if order.is_fulfilled_by_seller and not case.policy.create_shipments:
        return Plan(waiting_for=(OFF,))
    if shop.state == "holded":
        return Plan(waiting_for=(f"Shipped at Walmart; Magento order {shop.increment_id} is on hold.",))
    return None


def _command(parcel: _Parcel) -> CreateShipment:
    items = tuple(ItemUnits(item, count) for item, count in sorted(parcel.items.items()))
    return CreateShipment(items, tuple(Units(line, count) for line, count in parcel.lines.items()), parcel.tracking)


def _unmatched(case: Case, standing: Standing) -> list[tuple[str, Tracking | None]]:
    """Units that Walmart shows shipped and that no shipment of the shop stands for, one entry a unit.

    Those with a number that the shop has, or that were sent from here, come first: they are the ones it has.
    """
    told, shop_numbers = _told(case), _shop_numbers(case)
    known: list[tuple[str, Tracking | None]] = []
    unknown: list[tuple[str, Tracking | None]] = []
    for line, tracking in _shown(case, standing):
        if told[line]:
            told[line] -= 1
            continue
        (known if tracking and tracking.number in shop_numbers else unknown).append((line, tracking))
    return known + unknown


def _shown(case: Case, standing: Standing) -> Iterator[tuple[str, Tracking | None]]:
    for units in standing.walmart:
        left = units.shipped
        for quantity in case.lines[units.line].quantities:
            if quantity.status in SHIPPED_WORDS:
                count = min(quantity.amount, left)
                left -= count
                yield from [(units.line, quantity.tracking)] * count


def _told(case: Case) -> Counter[str]:
    """Units of each line that both sides have because of a command of ours."""
    found: Counter[str] = Counter()
    for one, confirmed in case.of(ConfirmShipment):
        if confirmed.shipment and case.holds_good(one):
            found.update({unit.line: unit.quantity for unit in confirmed.units})
    for one, made in case.of(CreateShipment):
        if one.done_at is not None and case.holds_good(one):
            found.update({unit.line: unit.quantity for unit in made.units})
    return found


def _shop_numbers(case: Case) -> frozenset[str]:
    shipments = case.shop.shipments if case.shop else ()
    return frozenset(track.number for shipment in shipments for track in shipment.tracks)

"""A tracking number that was changed in Magento is changed at Walmart too, as long as Walmart takes another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from webapp.domain.commands import ConfirmShipment, CorrectTracking, CreateShipment
from webapp.domain.plan.case import Case
from webapp.domain.plan.seen import Plan, together
from webapp.domain.shop import ShopShipment, Units
from webapp.domain.tracks import numbered


@dataclass(frozen=True, slots=True)
class _Told:
    """Units that Walmart has as shipped under a number, because of a shipment of the shop or the other way round."""

    shipment: ShopShipment
    units: tuple[Units, ...]
    number: str
    at: datetime


def correct(case: Case) -> Plan:
    """Send the number that stands in the shipment now, where Walmart still has the one from before."""
    if case.shop is None or not case.seen.order.is_fulfilled_by_seller or not case.policy.send_shipments:
        return Plan()
    return together(_correct(case, told) for told in _told(case, case.shop.shipments))


def _correct(case: Case, told: _Told) -> Plan:
    tracks = numbered(told.shipment)
    before = _present(case, told)
    if any(track.number == before for track in tracks):
        return Plan()
    number = told.shipment.increment_id
    if not tracks:
        return Plan(remarks=(f"Tracking number {before} was taken from shipment {number}; Walmart keeps it.",))
    after = tracks[min(_place(told, case), len(tracks) - 1)].number
    shown = tuple(unit for unit in told.units if before in case.lines[unit.line].numbers)
    if not shown:
        return Plan()
    wanted = case.want(CorrectTracking(shown, told.shipment.entity_id, number, before, after))
    if case.now <= told.at + case.policy.correct_tracking_within or not wanted.commands:
        return wanted
    hours = case.policy.correct_tracking_within.total_seconds() / 3600
    return Plan(
        remarks=(
            f"Shipment {number} has tracking number {after} by now. Walmart takes corrections for {hours:g} hours only "
            f"and keeps {before}. Tell the buyer in Seller Center if it matters.",
        )
    )


def _told(case: Case, shipments: tuple[ShopShipment, ...]) -> Iterator[_Told]:
    known = {one.entity_id: one for one in shipments}
    for one, command in case.of(ConfirmShipment):
        shipment = known.get(command.shipment)
        if shipment is not None and one.done_at is not None and _are_known(case, command.units):
            yield _Told(shipment, command.units, command.number, one.done_at)
    for one, made in case.of(CreateShipment):
        shipment = known.get(int(one.frozen.get("entity_id") or 0))
        tracking = made.tracking
        if shipment is None or tracking is None or not tracking.number or not _are_known(case, made.units):
            continue
        if one.done_at is not None and shipment.tracks:
            yield _Told(shipment, made.units, tracking.number, tracking.shipped_at or one.done_at)


def _are_known(case: Case, units: tuple[Units, ...]) -> bool:
    return all(unit.line in case.lines for unit in units)


def _present(case: Case, told: _Told) -> str:
    """The number that Walmart has by now: the first one, or what it was corrected to since."""
    number = told.number
    for one, command in case.of(CorrectTracking):
        if command.shipment == told.shipment.entity_id and command.before == number and case.holds_good(one):
            number = command.number
    return number


def _place(told: _Told, case: Case) -> int:
    """Which of the shipment's numbers these units had: the first number told of, the second, and so on."""
    numbers = [command.number for _, command in case.of(ConfirmShipment) if command.shipment == told.shipment.entity_id]
    return numbers.index(told.number) if told.number in numbers else 0

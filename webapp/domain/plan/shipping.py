"""What Magento shipped goes to Walmart: which units of which shipment, under which number, and what it waits for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from webapp.domain.carriers import carrier_of
from webapp.domain.commands import ConfirmShipment, Issued
from webapp.domain.outgoing import lines_named
from webapp.domain.plan.asking import CHOOSE_CARRIER, NAMELESS, NO_CARRIER, SHIPPED_THOUGH_ASKED
from webapp.domain.plan.case import Case
from webapp.domain.plan.claims import claimed, open_lines
from webapp.domain.plan.seen import Plan, together
from webapp.domain.quantities import Standing
from webapp.domain.shop import ShopShipment, ShopTrack, Units
from webapp.domain.tracks import of_line, places, surplus

LOOK_FOR_DOCUMENTS = timedelta(seconds=5)
OFF = "Not sent to Walmart: sending shipments is switched off for this account."


@dataclass(frozen=True, slots=True)
class _Unit:
    """One unit of a shop's shipment: its place among the shipment's units."""

    shipment: ShopShipment
    place: int


def confirm(case: Case) -> Plan:
    """Tell Walmart of what Magento shipped and Walmart has open."""
    wanting = [standing for standing in case.standings if standing.differences.confirm]
    if not wanting or not case.seen.order.is_fulfilled_by_seller:
        return Plan()
    if not case.policy.send_shipments:
        return Plan(waiting_for=(OFF,))
    parts: list[Plan] = []
    parcels: dict[tuple[int, str], tuple[ShopShipment, ShopTrack, Counter[str]]] = {}
    for standing in wanting:
        units, plans = _to_confirm(case, standing)
        parts += plans
        for unit, line in units:
            track = of_line(unit.shipment, unit.place, line, case.seen.choices.deals)
            blocked = _why_not_sent(case, unit.shipment, track)
            if blocked is not None or track is None:
                parts.append(blocked or Plan())
                continue
            key = unit.shipment.entity_id, track.number
            parcels.setdefault(key, (unit.shipment, track, Counter()))[2][line] += 1
    return together((*parts, *(_send(case, *parcel) for parcel in parcels.values())))


def remark_surplus(case: Case) -> Plan:
    """Numbers that no unit can have are kept in the shop and said."""
    if case.shop is None or not case.seen.order.is_fulfilled_by_seller:
        return Plan()
    said = [
        f"Tracking number {track.number} of shipment {shipment.increment_id} stays in Magento alone: "
        "Walmart takes one number for each unit."
        for shipment in case.shop.shipments
        if shipment.items
        for track in surplus(shipment)
    ]
    return Plan(remarks=tuple(said))


def sent_under(case: Case) -> dict[int, list[tuple[Issued, ConfirmShipment]]]:
    """What was confirmed of each of the shop's shipments, or is being confirmed with an unknown outcome."""
    found: dict[int, list[tuple[Issued, ConfirmShipment]]] = {}
    for one, command in case.of(ConfirmShipment):
        if command.shipment and case.holds_good(one):
            found.setdefault(command.shipment, []).append((one, command))
    return found


def _send(case: Case, shipment: ShopShipment, track: ShopTrack, lines: Counter[str]) -> Plan:
    order = [line.number for line in case.seen.order.lines]
    units = tuple(Units(line, lines[line]) for line in sorted(lines, key=order.index))
    return case.want(ConfirmShipment(units, shipment.entity_id, shipment.increment_id, track.number))


def _to_confirm(case: Case, standing: Standing) -> tuple[list[tuple[_Unit, str]], list[Plan]]:
    """Units of shipments and the Walmart lines that they go to, as many as can go now; and why others cannot."""
    standing_claims = claimed(case, ConfirmShipment, standing)
    wanted = standing.differences.confirm - min(standing_claims.total(), standing.differences.confirm)
    units = _unsent(case, standing)[:wanted]
    plans = []
    if len(units) < wanted:
        sentence = "Waiting for Magento to show the details of a shipment."
        plans.append(Plan(waiting_for=(sentence,), look_again_at=case.now + LOOK_FOR_DOCUMENTS))
    lines, asked, created = _lines_to_ship(case, standing)
    left = len(units) - len(lines)
    if left > 0 and asked:
        plans.append(_asked_to_cancel(asked[:left]))
    if left > len(asked) and created:
        plans.append(Plan(waiting_for=("Shipped in Magento; told to Walmart once the order is acknowledged.",)))
    return list(zip(units, lines, strict=False)), plans


def _unsent(case: Case, standing: Standing) -> list[_Unit]:
    """Units of the shop's shipments that Walmart was not told of, oldest first.

    What Walmart shows shipped and was not told from here may be one of them: by its number where that agrees, else
    the oldest.
    """
    shipments = {one.entity_id: one for one in (case.shop.shipments if case.shop else ())}
    sent, free = sent_under(case), []
    ours = 0
    for item in standing.shop:
        for one in item.sent:
            shipment = shipments[one.shipment]
            if case.is_ours(shipment):
                ours += one.quantity
                continue
            free += _units(shipment, item.item_id, one.quantity - one.surplus)
    told = _drop_told(free, sent, standing)
    elsewhere = sum(line.shipped for line in standing.walmart) - told - ours
    return _drop_elsewhere(case, standing, sorted(free, key=_age), max(elsewhere, 0))


def _age(unit: _Unit) -> tuple[float, int, int]:
    return unit.shipment.created_at.timestamp(), unit.shipment.entity_id, unit.place


def _units(shipment: ShopShipment, item_id: int, quantity: int) -> list[_Unit]:
    mine = [place for place, item in enumerate(places(shipment)) if item == item_id]
    return [_Unit(shipment, place) for place in mine[:quantity]]


def _drop_told(free: list[_Unit], sent: dict[int, list[tuple[Issued, ConfirmShipment]]], standing: Standing) -> int:
    """Take out of `free` what Walmart was told of, from the front of each shipment; how many units that is."""
    told = 0
    for shipment, confirmed in sent.items():
        count = _in_group((unit for _, command in confirmed for unit in command.units), standing)
        told += count
        for unit in [one for one in free if one.shipment.entity_id == shipment][:count]:
            free.remove(unit)
    return told


def _in_group(units: Iterable[Units], standing: Standing) -> int:
    lines = set(standing.group.lines)
    return sum(unit.quantity for unit in units if unit.line in lines)


def _drop_elsewhere(case: Case, standing: Standing, free: list[_Unit], elsewhere: int) -> list[_Unit]:
    """Without those that Walmart seems to know from somewhere else."""
    lines = case.lines
    shown = {number for line in standing.group.lines if line in lines for number in lines[line].numbers}
    same = [one for one in free if any(track.number in shown for track in one.shipment.tracks)][:elsewhere]
    rest = [one for one in free if one not in same]
    return rest[elsewhere - len(same) :]


def _lines_to_ship(case: Case, standing: Standing) -> tuple[list[str], list[str], int]:
    """Lines with an acknowledged unit free to ship, one entry a unit; those whose buyer asked to cancel; how many
    units wait for their acknowledgement."""
    agreed = case.seen.choices.ship_anyway
    free: list[str] = []
    asked: list[str] = []
    created = 0
    for line, count, unacknowledged in open_lines(case, standing):
        ready = max(count - unacknowledged, 0)
        created += count - ready
        wants = case.lines[line].intent_to_cancel and line not in agreed
        (asked if wants else free).extend([line] * ready)
    return free, asked, created


def _asked_to_cancel(lines: Sequence[str]) -> Plan:
    names = lines_named(lines)
    it = "them" if names.startswith("lines") else "it"
    # By its beginning the database tells this problem from others.
    begin = f"{SHIPPED_THOUGH_ASKED}{names.removeprefix('line')}, but the buyer asked to cancel."
    sentence = f"{begin} Ship {it} anyway, or cancel {it}: both are on the order's page."
    return Plan(waiting_for=(f"Waiting for you: the buyer asked to cancel {names}.",), attention=sentence)


def _why_not_sent(case: Case, shipment: ShopShipment, track: ShopTrack | None) -> Plan | None:
    if track is None:
        return Plan(waiting_for=(f"Waiting for a tracking number on shipment {shipment.increment_id}.",))
    if carrier_of(track, case.policy, case.seen.market) is None:
        name = track.title or track.carrier_code or NAMELESS
        return Plan(
            waiting_for=(f"The carrier {name} of shipment {shipment.increment_id} needs to be mapped.",),
            attention=f"{NO_CARRIER} {name}{CHOOSE_CARRIER} which carrier it is, or "
            "enter its tracking address; the shipment then goes out by itself.",
        )
    return None

"""Parcels as an order's page shows them: what Walmart has, what is on its way to it, what only Magento has, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from webapp.domain.commands import CommandState, ConfirmShipment, CorrectTracking, CreateShipment, Issued
from webapp.domain.order import Order, Tracking
from webapp.domain.outgoing import contents
from webapp.domain.shop import Behind, ShopOrder, ShopShipment, Units
from webapp.domain.tracks import dealt, numbered
from webapp.views import showing, words

ELSEWHERE = "Confirmed elsewhere: in Seller Center, or by another program."


@dataclass(frozen=True, slots=True)
class Parcel:
    """Units that go out together. `state` is in words, `tone` and `icon` show it; `deals` names a shipment to deal."""

    carrier: str
    number: str
    url: str
    contents: str
    state: str
    tone: str
    icon: str
    at: datetime | None = None
    shipment: str = ""
    detail: str = ""
    deals: int = 0


@dataclass(frozen=True, slots=True)
class Dealt:
    """A line with units of a shipment that Walmart was not told of, and the number that they have."""

    line: str
    sku: str
    units: int
    number: str


def parcels(
    order: Order,
    shop: ShopOrder | None,
    behind: Sequence[Behind],
    issued: Sequence[Issued],
    waiting: Iterable[str],
    deals: Mapping[str, str],
    zone: str,
) -> list[Parcel]:
    """All of them: those that Walmart shows first, then those on their way, then those that wait in Magento."""
    found = [*_accepted(order, shop, issued, zone), *_on_the_way(order, shop, issued)]
    known = {parcel.number for parcel in found if parcel.number}
    waits = tuple(waiting)
    for shipment in shop.shipments if shop else ():
        left = undealt(order, shipment, behind, deals)
        parcel = _in_magento(order, shipment, behind, waits, can_deal=len(numbered(shipment)) > 1 and len(left) > 0)
        is_shown = bool({track.number for track in shipment.tracks} & known) or _is_told(shipment, issued)
        if parcel.deals or not is_shown:
            found.append(parcel)
    return found


def undealt(order: Order, shipment: ShopShipment, behind: Sequence[Behind], deals: Mapping[str, str]) -> list[Dealt]:
    """Lines whose open units this shipment holds, each with the number that it goes out with as things stand."""
    lines = {line.number: line for line in order.lines}
    found, place = [], 0
    for line, count in _lines_of(shipment, behind):
        open_units = min(lines[line].open, count) if line in lines else 0
        if open_units:
            track = dealt(shipment, place)
            number = deals.get(f"{shipment.entity_id}:{line}") or (track.number if track else "")
            found.append(Dealt(line, lines[line].sku, open_units, number))
        place += count
    return found


def _accepted(order: Order, shop: ShopOrder | None, issued: Sequence[Issued], zone: str) -> Iterator[Parcel]:
    packed: dict[tuple[str, str], tuple[Tracking, list[Units]]] = {}
    for line in order.lines:
        for quantity in line.quantities:
            trace = quantity.tracking
            if trace is not None and (trace.number or trace.carrier) and quantity.amount:
                key = (trace.carrier, trace.number)
                packed.setdefault(key, (trace, []))[1].append(Units(line.number, quantity.amount))
    for trace, units in packed.values():
        yield Parcel(
            carrier=trace.carrier or "Carrier not named",
            number=trace.number,
            url=link(trace.url),
            contents=contents(units, order.lines),
            state="Accepted by Walmart",
            tone="shipped",
            icon="shipped",
            at=trace.shipped_at,
            shipment=_shipment_of(trace.number, shop, issued),
            detail=_history(trace.number, issued, zone),
        )


def _on_the_way(order: Order, shop: ShopOrder | None, issued: Sequence[Issued]) -> Iterator[Parcel]:
    shown = {number for line in order.lines for number in line.numbers}
    for one in issued:
        command = one.command
        if not isinstance(command, ConfirmShipment) or command.number in shown:
            continue
        state = _state(one)
        if state is None:
            continue
        carrier, url = _carrier(command, shop)
        yield Parcel(
            carrier=carrier,
            number=command.number,
            url=link(url),
            contents=contents(command.units, order.lines),
            state=state[0],
            tone=state[1],
            icon=state[2],
            at=_sent_at(one),
            shipment=command.shipment_number,
            detail=one.reason,
        )


def _in_magento(
    order: Order, shipment: ShopShipment, behind: Sequence[Behind], waiting: Sequence[str], *, can_deal: bool
) -> Parcel:
    tracks = numbered(shipment)
    units = [Units(line, count) for line, count in _lines_of(shipment, behind)]
    why = " ".join(sentence for sentence in waiting if shipment.increment_id and shipment.increment_id in sentence)
    return Parcel(
        carrier=", ".join(dict.fromkeys(track.title or track.carrier_code for track in tracks)) or "In Magento",
        number=", ".join(track.number for track in tracks) or "no tracking number yet",
        url="",
        contents=contents(units, order.lines),
        state="Not told to Walmart yet",
        tone="unshipped",
        icon="clock",
        at=shipment.created_at,
        shipment=shipment.increment_id,
        detail=why,
        deals=shipment.entity_id if can_deal else 0,
    )


def _lines_of(shipment: ShopShipment, behind: Sequence[Behind]) -> list[tuple[str, int]]:
    """The Walmart lines behind a shipment's units, each with so many of them, in the shipment's order."""
    ways = {one.item_id: one.units for one in behind}
    found = []
    for item in shipment.items:
        left = item.quantity
        units = ways.get(item.item_id, ())
        spread = len(units) > 1
        for unit in units:
            count = unit.quantity if spread else min(unit.quantity, left)
            if count > 0:
                found.append((unit.line, count))
    return found


def _state(one: Issued) -> tuple[str, str, str] | None:
    """How a confirmation that Walmart does not show stands; None for one that is no matter any more."""
    match one.state:
        case CommandState.QUEUED | CommandState.RUNNING:
            return ("Sent; looking whether it arrived" if one.was_sent else "Being sent", "created", "clock")
        case CommandState.PARKED:
            return "Refused: see above", "bad", "alert"
        case CommandState.DONE:
            return "Taken by Walmart, not shown yet", "created", "clock"
        case CommandState.DISMISSED if one.given_up:
            return "Given up", "canceled", "minus"
        case _:
            return None


def _carrier(command: ConfirmShipment, shop: ShopOrder | None) -> tuple[str, str]:
    if command.parcel is not None:
        return command.parcel.carrier, command.parcel.url
    tracks = (track for shipment in (shop.shipments if shop else ()) for track in shipment.tracks)
    track = next((track for track in tracks if track.number == command.number), None)
    return (track.title or track.carrier_code if track else "Carrier not named"), ""


def _shipment_of(number: str, shop: ShopOrder | None, issued: Sequence[Issued]) -> str:
    """The Magento shipment that has this tracking number."""
    for shipment in shop.shipments if shop else ():
        if any(track.number == number for track in shipment.tracks):
            return shipment.increment_id
    told = [one.command for one in issued if isinstance(one.command, ConfirmShipment | CorrectTracking)]
    return next((command.shipment_number for command in told if command.number == number), "")


def _history(number: str, issued: Sequence[Issued], zone: str) -> str:
    """Who told Walmart, when, and what the number was before."""
    said: list[Markup] = []
    for one in issued:
        if one.done_at is None or getattr(one.command, "number", "") != number:
            continue
        at = words.moment(one.done_at, zone, focus=True)
        if isinstance(one.command, ConfirmShipment):
            by = f" by {one.by}" if one.by_person and one.by else ""
            said.append(Markup("Told from here{}, {}.").format(by, at))
        elif isinstance(one.command, CorrectTracking):
            said.append(Markup("Corrected from {}, {}.").format(one.command.before, at))
    return Markup(" ").join(dict.fromkeys(said)) or ELSEWHERE


def _is_told(shipment: ShopShipment, issued: Sequence[Issued]) -> bool:
    """It stands in another row, or it was made here because Walmart showed it."""
    for one in issued:
        match one.command:
            case ConfirmShipment(shipment=number) if number == shipment.entity_id and _state(one) is not None:
                return True
            case CreateShipment() if one.frozen.get("entity_id") == shipment.entity_id:
                return True
            case _:
                pass
    return False


def _sent_at(one: Issued) -> datetime | None:
    sent = one.frozen.get("sent_at") or []
    return datetime.fromisoformat(sent[-1]) if sent else one.done_at


def link(url: str) -> str:
    """The tracking address where a browser may follow it: https only, since it may come from anywhere."""
    safe = showing.safe_url(url)
    return safe if safe.startswith("https://") else ""

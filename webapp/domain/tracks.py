"""Tracking numbers dealt to units: in order, the last number taking the rest, unless a person deals them otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.domain.shop import ShopShipment, ShopTrack


def numbered(shipment: ShopShipment) -> tuple[ShopTrack, ...]:
    """The shipment's tracks that have a number, oldest first."""
    return tuple(sorted((track for track in shipment.tracks if track.number.strip()), key=lambda track: track.id))


def places(shipment: ShopShipment) -> tuple[int, ...]:
    """The units of a shipment in its own order, each named by its line of the shop's order."""
    return tuple(one.item_id for one in shipment.items for _ in range(one.quantity))


def dealt(shipment: ShopShipment, place: int) -> ShopTrack | None:
    """The track of the unit in this place; None as long as the shipment has no number."""
    tracks = numbered(shipment)
    return tracks[min(place, len(tracks) - 1)] if tracks else None


def of_line(shipment: ShopShipment, place: int, line: str, deals: Mapping[str, str]) -> ShopTrack | None:
    """The track of the unit that goes to a Walmart line: as a person dealt it, where he did, else by its place."""
    chosen = deals.get(f"{shipment.entity_id}:{line}")
    return next((track for track in numbered(shipment) if track.number == chosen), None) or dealt(shipment, place)


def surplus(shipment: ShopShipment) -> tuple[ShopTrack, ...]:
    """Tracks that no unit has: Walmart takes one number a unit, so these are kept in the shop alone."""
    return numbered(shipment)[len(places(shipment)) :]

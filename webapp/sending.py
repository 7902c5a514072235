"""What is told to Walmart: shipments, corrected tracking numbers, cancellations. Each is read first, and sent once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from webapp.connectors.http import ConnectorError
from webapp.domain.carriers import carrier_of, method_of
from webapp.domain.commands import CancelLines, ConfirmShipment, CorrectTracking, Side
from webapp.domain.order import Line, Order, Tracking
from webapp.domain.outgoing import UnitsCancelled, UnitsShipped, contents
from webapp.domain.reasons import BUYER_ASKED, in_words
from webapp.domain.shop import ShopShipment, ShopTrack, Units
from webapp.effects import Effect, effect_of
from webapp.issued import issued
from webapp.limits import MustWait
from webapp.outbox import Outcome, Refusal, Unneeded
from webapp.scene import Scene, read_again


def confirm(scene: Scene, command: ConfirmShipment) -> Outcome:
    """Tell Walmart that units have left. Raises ConnectorError, Refusal or Unneeded."""
    order, effect = read_again(scene), effect_of(scene)
    if effect.was_sent:
        if _has_reached(order, effect, "shipped") and not _is_anothers(scene, order, command):
            return Outcome(f"Walmart shows {contents(command.units, order.lines)} shipped.")
        effect.prove_absent(scene.account.policy.settle_after, Side.WALMART, "The shipment")
    tracking, other = _tracking(scene, order, command)
    _still_to_ship(scene, order, command)
    units = [_shipped(scene, order, unit, tracking, other_carrier=other) for unit in command.units]
    floors = {unit.line: _line(order, unit.line).shipped + unit.quantity for unit in command.units}
    _send_shipped(scene, effect, units, {"floors": floors})
    what = f" (shipment {command.shipment_number})" if command.shipment_number else ""
    told = contents(command.units, order.lines)
    return Outcome(f"Told Walmart that {told} left with {tracking.carrier} {tracking.number}{what}.")


def correct(scene: Scene, command: CorrectTracking) -> Outcome:
    """Give Walmart another number for units that have shipped. Raises ConnectorError, Refusal or Unneeded."""
    order, effect = read_again(scene), effect_of(scene)
    lines = [_line(order, unit.line) for unit in command.units]
    if all(command.number in line.numbers for line in lines):
        return Outcome(f"Walmart shows tracking number {command.number}.")
    if not all(command.before in line.numbers for line in lines):
        raise Unneeded(f"Walmart does not show tracking number {command.before} any more.")
    if effect.was_sent:
        effect.prove_absent(scene.account.policy.settle_after, Side.WALMART, "The corrected number")
    track = _track(scene, command.shipment, command.number)[1]
    tracking, other = _tracking_of(scene, order, track, _shipped_with(lines[0], command.before))
    units = [
        UnitsShipped(
            unit.line,
            unit.quantity,
            tracking,
            _seller_order_id(scene),
            other,
            agrees_to_ship(scene, _line(order, unit.line)),
            command.before,
        )
        for unit in command.units
    ]
    _send_shipped(scene, effect, units, {})
    return Outcome(f"Corrected at Walmart: tracking number {command.before} is {command.number} now.")


def cancel(scene: Scene, command: CancelLines) -> Outcome:
    """Cancel open units at Walmart. Raises ConnectorError, Refusal or Unneeded."""
    order, effect = read_again(scene), effect_of(scene)
    if effect.was_sent:
        if _has_reached(order, effect, "cancelled"):
            return Outcome(f"Walmart shows {contents(command.units, order.lines)} canceled.")
        effect.prove_absent(scene.account.policy.settle_after, Side.WALMART, "The cancellation")
    _still_open(order, command.units)
    if command.reason == BUYER_ASKED and not all(_line(order, unit.line).intent_to_cancel for unit in command.units):
        raise Unneeded("The buyer does not ask to cancel any more.")
    units = [UnitsCancelled(unit.line, unit.quantity, command.reason) for unit in command.units]
    floors = {unit.line: _line(order, unit.line).cancelled + unit.quantity for unit in command.units}
    try:
        effect.send({"floors": floors}, lambda: scene.both.walmart.cancel(order.po, units))
    except ConnectorError as error:
        _judge_refusal(scene, effect, error, command.units, "cancelled")
    said = f"Canceled at Walmart{_what_for(command.because)}: {contents(command.units, order.lines)}."
    return Outcome(f"{said} Reason given: {in_words(command.reason)}.")


def _what_for(because: str) -> str:
    """`for credit memo 000000001`, `by hand`, or a whole reason."""
    if not because:
        return ""
    if because.startswith("credit memo"):
        return f" for {because}"
    return f" {because}" if because == "by hand" else f", because {because}"


def agrees_to_ship(scene: Scene, line: Line) -> bool:
    """The buyer asked to cancel this line, and a person has decided to ship it anyway."""
    return bool(line.intent_to_cancel) and line.number in scene.choices.ship_anyway


def _send_shipped(scene: Scene, effect: Effect, units: Sequence[UnitsShipped], payload: Mapping[str, Any]) -> None:
    try:
        effect.send(dict(payload), lambda: scene.both.walmart.ship(scene.claim.po, units))
    except ConnectorError as error:
        _judge_refusal(scene, effect, error, [Units(one.line, one.quantity) for one in units], "shipped")


def _judge_refusal(scene: Scene, effect: Effect, error: ConnectorError, units: Iterable[Units], what: str) -> None:
    """Walmart said no: what it shows now decides whether it had been done, is pointless, or waits for a person."""
    if not error.permanent or isinstance(error, MustWait) or error.unauthorized:
        raise error
    order = read_again(scene)
    floors = effect.kept.get("floors") or {}
    if floors and _has_reached(order, effect, what):
        effect.note(adopted=True)
        return
    if floors:
        _still_open(order, units)
    raise Refusal(error.message) from error


def _has_reached(order: Order, effect: Effect, what: str) -> bool:
    """Walmart shows what was sent. `what` is shipped or cancelled."""
    floors: Mapping[str, int] = effect.kept.get("floors") or {}
    return all(getattr(_line(order, number), what) >= count for number, count in floors.items())


def _is_anothers(scene: Scene, order: Order, command: ConfirmShipment) -> bool:
    """What Walmart shows of a line is other shipments' that were told of from here: their numbers stand there alone."""
    told = [one.command for one in issued([scene.claim.sync_id])[scene.claim.sync_id] if one.was_sent]
    others = {_number(one) for one in told if isinstance(one, ConfirmShipment)} - {_number(command)}
    shown = [_line(order, unit.line).numbers for unit in command.units]
    return any(numbers and numbers <= others for numbers in shown)


def _number(command: ConfirmShipment) -> str:
    return (command.parcel.number if command.parcel else command.number).strip()


def _still_to_ship(scene: Scene, order: Order, command: ConfirmShipment) -> None:
    _still_open(order, command.units)
    for unit in command.units:
        line = _line(order, unit.line)
        if line.intent_to_cancel and line.number not in scene.choices.ship_anyway:
            raise Unneeded(f"The buyer asked to cancel line {line.number} meanwhile, so it waits for your decision.")
        if line.open - line.counts()["Created"] < unit.quantity:
            raise ConnectorError(f"Walmart shows line {line.number} as not acknowledged yet.", side=Side.WALMART)


def _still_open(order: Order, units: Iterable[Units]) -> None:
    """Raises Unneeded with what became of a line instead, where too few of its units are open."""
    for unit in units:
        line = _line(order, unit.line)
        if line.open < unit.quantity:
            became = "canceled" if line.cancelled and not line.shipped else "shipped"
            became = "shipped or canceled" if line.cancelled and line.shipped else became
            raise Unneeded(f"Line {line.number} is {became} at Walmart by now, so this came too late.")


def _tracking(scene: Scene, order: Order, command: ConfirmShipment) -> tuple[Tracking, bool]:
    """The parcel as it is told, and whether its carrier is none of Walmart's."""
    if command.parcel is not None:
        return command.parcel, command.other_carrier
    shipment, track = _track(scene, command.shipment, command.number)
    return _tracking_of(scene, order, track, Tracking(shipped_at=shipment.created_at))


def _tracking_of(scene: Scene, order: Order, track: ShopTrack, parcel: Tracking) -> tuple[Tracking, bool]:
    policy = scene.account.policy
    carrier = carrier_of(track, policy, scene.account.marketplace)
    if carrier is None:
        raise Unneeded(f"The carrier {track.title or track.carrier_code} has no mapping any more.")
    method = method_of(track, policy, order.method_code)
    tracking = Tracking(carrier.name, track.number.strip(), carrier.url, method, parcel.shipped_at)
    return tracking, not carrier.is_listed


def _shipped_with(line: Line, number: str) -> Tracking:
    """The parcel that Walmart shows under a number."""
    found = (one.tracking for one in line.quantities if one.tracking and one.tracking.number == number)
    return next(found, Tracking())


def _track(scene: Scene, shipment_id: int, number: str) -> tuple[ShopShipment, ShopTrack]:
    """The number as it stands in the shop right now. Raises ConnectorError where it is not to be seen."""
    shipments = scene.both.magento.documents.shipments_by_id([shipment_id])
    for shipment in shipments:
        for track in shipment.tracks:
            if track.number == number:
                return shipment, track
    if shipments:
        raise Unneeded(f"Tracking number {number} is gone from shipment {shipments[0].increment_id}.")
    raise ConnectorError("Magento does not show the shipment at the moment.", side=Side.MAGENTO)


def _shipped(scene: Scene, order: Order, unit: Units, tracking: Tracking, *, other_carrier: bool) -> UnitsShipped:
    agrees = agrees_to_ship(scene, _line(order, unit.line))
    return UnitsShipped(unit.line, unit.quantity, tracking, _seller_order_id(scene), other_carrier, agrees)


def _seller_order_id(scene: Scene) -> str:
    """The number that stands on the buyer's return label: Magento's, and Walmart's own where there is none."""
    return (scene.increment_id or scene.claim.po)[:30]


def _line(order: Order, number: str) -> Line:
    found = next((line for line in order.lines if line.number == number), None)
    if found is None:
        raise ConnectorError(f"Walmart does not show line {number} at the moment.", side=Side.WALMART)
    return found

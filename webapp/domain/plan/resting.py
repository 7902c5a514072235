"""What is left to say: why an order that nothing is done for stands as it does."""

from __future__ import annotations

from webapp.domain.command_words import DOING
from webapp.domain.commands import CancelLines, ConfirmShipment
from webapp.domain.order import OrderStatus, is_open
from webapp.domain.plan.case import Case
from webapp.domain.plan.seen import LOOK_SOON, WAS_DELETED, Plan, Seen, shipper, under_way

FOR_SHIPMENT = "Waiting for a shipment in Magento."


def rest(case: Case) -> Plan:
    """The sentence for an order that is linked, or cannot be read, or has an unknown status."""
    seen, now = case.seen, case.now
    if seen.order.unknown_statuses:
        words = ", ".join(seen.order.unknown_statuses)
        return Plan(
            waiting_for=(f"Walmart shows a status that Orderbridge does not know: {words}.",),
            attention=f"Unknown Walmart status {words}. Look at the order in Seller Center.",
        )
    if seen.shop_is_gone:
        return _deleted(seen)
    if seen.is_linked and seen.shop_trouble:
        return Plan(waiting_for=(seen.shop_trouble,), look_again_at=now + LOOK_SOON)
    if is_open(seen.order.counts()) and not seen.order.is_fulfilled_by_seller and seen.is_linked:
        return Plan(waiting_for=(f"{shipper(seen.order)}.",))
    return _by_hand(case) if _waits_for_shipment(case) else Plan()


def _by_hand(case: Case) -> Plan:
    """What a person asked for is being told to Walmart; the shop's shipment is waited for where units are left."""
    order, told, units = case.seen.order, dict[str, None](), 0
    for one in case.issued:
        if isinstance(one.command, (CancelLines, ConfirmShipment)) and (one.is_under_way or one in case.unseen):
            told[under_way(DOING[one.kind], (one,))] = None
            units += sum(unit.quantity for unit in one.command.units)
    is_left = sum(line.open for line in order.lines) > units
    return Plan(waiting_for=(*told, *([FOR_SHIPMENT] if is_left or not told else [])))


def _deleted(seen: Seen) -> Plan:
    """A person must know while something is left to do; of a finished order it is only remarked."""
    said = f"Magento order {seen.linked_increment_id} {WAS_DELETED}"
    if not is_open(seen.order.counts()):
        return Plan(remarks=(said,))
    return Plan(attention=f"{said} Create the order again, or ship and cancel it here by hand.")


def _waits_for_shipment(case: Case) -> bool:
    """Units are open on both sides, acknowledged, and nothing else is to be done about them."""
    order = case.seen.order
    ready = order.status in {OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED}
    if not ready or not is_open(order.counts()) or not case.seen.is_linked:
        return False
    return not case.standings or any(standing.differences.waiting for standing in case.standings)

"""What is left to say: why an order that nothing is done for stands as it does."""

from __future__ import annotations

from datetime import datetime

from webapp.domain.order import OrderStatus, is_open
from webapp.domain.plan.seen import LOOK_SOON, Plan, Seen, shipper


def rest(seen: Seen, now: datetime) -> Plan:
    if seen.order.unknown_statuses:
        words = ", ".join(seen.order.unknown_statuses)
        return Plan(
            waiting_for=(f"Walmart shows a status that Orderbridge does not know: {words}.",),
            attention=f"Unknown Walmart status {words}. Look at the order in Seller Center.",
        )
    if seen.shop_is_gone:
        return Plan(attention="The Magento order was deleted. Nothing is written to it any more.")
    if seen.is_linked and seen.shop_trouble:
        return Plan(waiting_for=(seen.shop_trouble,), look_again_at=now + LOOK_SOON)
    if seen.shop and seen.shop.is_canceled and is_open(seen.order.counts()) and seen.order.is_fulfilled_by_seller:
        return Plan(
            waiting_for=(f"Magento order {seen.shop.increment_id} is canceled, and units are open at Walmart.",),
            attention=f"Magento order {seen.shop.increment_id} is canceled. Cancel the open units at Walmart too, or "
            "create the Magento order again.",
        )
    ready = seen.order.status in {OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED}
    if ready and is_open(seen.order.counts()) and seen.order.is_fulfilled_by_seller and seen.is_linked:
        return Plan(waiting_for=("Waiting for a shipment in Magento.",))
    if is_open(seen.order.counts()) and not seen.order.is_fulfilled_by_seller and seen.is_linked:
        return Plan(waiting_for=(f"{shipper(seen.order)}.",))
    return Plan()

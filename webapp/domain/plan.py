"""What is left to do for an order: one pure function from what was seen to commands and waiting sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webapp.domain.commands import (
    DOING,
    AcknowledgeOrder,
    Command,
    CommandState,
    CreateInvoice,
    CreateMagentoOrder,
    Issued,
    SetMagentoStatus,
    cause_of,
    issued_of,
)
from webapp.domain.order import CREATED, Order, OrderStatus, is_open
from webapp.domain.policy import ACKNOWLEDGE_WITHIN, AcknowledgeWhen, Policy
from webapp.domain.shop import CLOSED_STATES, Product, ShopOrder

LOOK_SOON = timedelta(minutes=2)
INVOICED_WHEN = frozenset({OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED})
"""Not before it is acknowledged; also when it went straight to Shipped."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Both sides as just read. `shop` is None when no Magento order is linked or it could not be read."""

    order: Order
    shop: ShopOrder | None = None
    linked_increment_id: str | None = None
    shop_is_gone: bool = False
    shop_trouble: str | None = None
    products: Mapping[str, Product] = field(default_factory=dict)
    store_currency: str | None = None

    @property
    def is_linked(self) -> bool:
        return self.linked_increment_id is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """Commands to issue now, why the rest waits, what a person must do, and when to look again."""

    commands: tuple[Command, ...] = ()
    waiting_for: tuple[str, ...] = ()
    attention: str | None = None
    missing_skus: tuple[str, ...] = ()
    look_again_at: datetime | None = None


def plan(seen: Seen, policy: Policy, issued: Iterable[Issued], now: datetime) -> Plan:
    """What is left to do for this order, judged from what was seen on both sides alone."""
    commands = tuple(issued)
    parts = (
        _acknowledge(seen, policy, commands, now),
        _create(seen, policy, commands, now),
        _invoice(seen, policy, commands, now),
        _status(seen, policy, commands),
        _rest(seen, now),
    )
    looks = [part.look_again_at for part in parts if part.look_again_at]
    if not _is_finished(seen):
        looks.append(now + policy.read_daily)
    attentions = [part.attention for part in parts if part.attention] + _parked(commands)
    return Plan(
        commands=tuple(command for part in parts for command in part.commands),
        waiting_for=tuple(sentence for part in parts for sentence in part.waiting_for),
        attention=attentions[0] if attentions else None,
        missing_skus=tuple(sku for part in parts for sku in part.missing_skus),
        look_again_at=min(looks) if looks else None,
    )


def acknowledge_due(order: Order) -> datetime | None:
    """Until when Walmart wants the acknowledgement; None when nothing is left to acknowledge."""
    return order.ordered_at + ACKNOWLEDGE_WITHIN if needs_acknowledgement(order) else None


def needs_acknowledgement(order: Order) -> bool:
    """Decided by quantities: any unit still Created, on an order that the seller fulfils."""
    return order.is_fulfilled_by_seller and order.counts()[CREATED] > 0


def shipper(order: Order) -> str:
    """Who ships an order that the seller does not, as the beginning of a sentence."""
    names = {
        "WFSFulfilled": "Walmart ships this order itself (WFS)",
        "3PLFulfilled": "Another warehouse ships this order (3PL)",
    }
    return names.get(order.ship_node, f"This order is shipped by {order.ship_node}")


def wants_magento_order(seen: Seen, policy: Policy) -> bool:
    """The settings ask for a Magento order and none is linked; products and money are judged later."""
    return not seen.is_linked and _why_not_created(seen.order, policy) is None


def _why_not_created(order: Order, policy: Policy) -> str | None:
    if order.status is OrderStatus.CANCELED:
        return "Canceled at Walmart before a Magento order was made, so none is made."
    if not order.is_fulfilled_by_seller:
        if not policy.create_wfs_orders:
            return f"{shipper(order)}; Magento orders for those are switched off."
        return None
    if not policy.create_orders:
        return "Creating Magento orders is switched off for this account."
    if policy.import_since and order.ordered_at < policy.import_since:
        return f"Ordered before {policy.import_since:%Y-%m-%d}, the date from which Magento orders are created."
    return None


def _acknowledge(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan:
    order = seen.order
    if not needs_acknowledgement(order):
        return Plan()
    before = issued_of(AcknowledgeOrder, issued)
    if any(one.is_under_way for one in before):
        return Plan((AcknowledgeOrder(len(before)),), (_under_way(DOING["AcknowledgeOrder"], before),))
    if any(one.state is CommandState.PARKED for one in before):
        return Plan(waiting_for=("The acknowledgement was refused and waits for you.",))
    if any(one.given_up for one in before):
        return Plan(waiting_for=("Not acknowledged: it was given up by hand.",))
    in_flight = _in_flight(before, policy, now)
    if in_flight:
        return Plan(waiting_for=("Waiting for Walmart to show the acknowledgement.",), look_again_at=in_flight)
    guard_at = order.ordered_at + ACKNOWLEDGE_WITHIN - policy.acknowledge_guard_before
    if _may_acknowledge(seen, policy) or (policy.acknowledge_guard and now >= guard_at):
        return Plan(commands=(AcknowledgeOrder(len(before) + 1),), waiting_for=("Acknowledging at Walmart.",))
    return Plan(
        waiting_for=(_why_not_acknowledged(seen, policy),),
        look_again_at=guard_at if policy.acknowledge_guard else None,
    )


def _acknowledge_when(policy: Policy) -> AcknowledgeWhen:
    if policy.acknowledge is AcknowledgeWhen.AFTER_MAGENTO_ORDER and not policy.create_orders:
        return AcknowledgeWhen.BY_HAND
    return policy.acknowledge


def _may_acknowledge(seen: Seen, policy: Policy) -> bool:
    when = _acknowledge_when(policy)
    return when is AcknowledgeWhen.ON_IMPORT or (when is AcknowledgeWhen.AFTER_MAGENTO_ORDER and seen.is_linked)


def _why_not_acknowledged(seen: Seen, policy: Policy) -> str:
    if _acknowledge_when(policy) is AcknowledgeWhen.BY_HAND:
        return "Waiting for you to acknowledge: this account acknowledges by hand."
    return "Acknowledged as soon as the Magento order exists."


def _in_flight(before: tuple[Issued, ...], policy: Policy, now: datetime) -> datetime | None:
    """Until when a command that is done, but not visible on the other side yet, counts as on its way."""
    done = [one.done_at for one in before if one.state is CommandState.DONE and one.done_at]
    if not done:
        return None
    believed_until = max(done) + policy.settle_after
    return min(believed_until, now + timedelta(seconds=5)) if now < believed_until else None


def _under_way(doing: str, before: tuple[Issued, ...]) -> str:
    """What is going on; where it waits for its turn, until when; after a failed try also why it takes longer."""
    waits = next((one.waits for one in before if one.is_under_way and one.waits), "")
    if waits:
        return f"{doing}: {waits}"
    trouble = next((one.reason for one in before if one.is_under_way and one.reason), "")
    return f"{doing}; it is tried again. {trouble}" if trouble else f"{doing}."


def _create(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan:
    if seen.is_linked:
        return Plan()
    before = issued_of(CreateMagentoOrder, issued)
    why_not = _why_not_created(seen.order, policy)
    # What may have reached Magento is followed up even when it is not wanted any more; what a person wants is done.
    if why_not and not any(one.is_under_way and (one.was_sent or one.by_person) for one in before):
        return Plan(waiting_for=(why_not,) if is_open(seen.order.counts()) else ())
    if any(one.is_under_way for one in before):
        return Plan((CreateMagentoOrder(len(before)),), (_under_way(DOING["CreateMagentoOrder"], before),))
    if any(one.state is CommandState.PARKED for one in before):
        return Plan(waiting_for=("Magento refused the order; see what to do above.",))
    if any(one.given_up for one in before):
        return Plan(waiting_for=("No Magento order: creating it was given up by hand.",))
    if seen.shop_trouble:
        return Plan(waiting_for=(seen.shop_trouble,), look_again_at=now + LOOK_SOON)
    blocked = _blocked_by_products(seen) or _blocked_by_currency(seen)
    if blocked:
        return blocked
    return Plan(commands=(CreateMagentoOrder(len(before) + 1),), waiting_for=("Creating the Magento order.",))


def _blocked_by_products(seen: Seen) -> Plan | None:
    skus = {line.sku for line in seen.order.lines if line.uncancelled > 0}
    missing = tuple(sorted(skus - seen.products.keys()))
    if missing:
        names = ", ".join(missing)
        return Plan(
            waiting_for=(f"Waiting for a product with the SKU {names} in Magento.",),
            attention=f"No product {names} in Magento. Create it there, or change its SKU to this one: "
            "the order goes on by itself.",
            missing_skus=missing,
        )
    refused = tuple(sorted(sku for sku in skus if not seen.products[sku].can_be_ordered))
    if refused:
        kind = seen.products[refused[0]].type
        return Plan(
            waiting_for=(f"{', '.join(refused)} is a {kind} product in Magento and cannot be ordered by itself.",),
            attention=f"{', '.join(refused)} is a {kind} product. Give the SKU to the simple product that is sold.",
            missing_skus=refused,
        )
    return None


def _blocked_by_currency(seen: Seen) -> Plan | None:
    if not seen.store_currency or seen.order.currency == seen.store_currency:
        return None
    sentence = (
        f"The order is in {seen.order.currency}, the store's base currency is {seen.store_currency}; "
        "Orderbridge never converts money. Tie this account to a store in that currency."
    )
    return Plan(waiting_for=("The store has another currency.",), attention=sentence)


def _invoice(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan:
    before = issued_of(CreateInvoice, issued)
    if seen.is_linked and seen.shop_trouble and any(one.is_under_way for one in before):
        # Not seeing the shop proves nothing: what is on its way is not called off for that.
        return Plan(commands=(CreateInvoice(len(before)),))
    shop = seen.shop
    if not policy.invoice or shop is None or shop.is_invoiced or seen.order.status not in INVOICED_WHEN:
        return Plan()
    if shop.state in {"canceled", "closed", "holded"}:
        return Plan(waiting_for=(f"Not invoiced: the Magento order is {shop.status or shop.state}.",))
    if any(one.is_under_way for one in before):
        return Plan((CreateInvoice(len(before)),), (_under_way(DOING["CreateInvoice"], before),))
    if any(one.state is CommandState.PARKED for one in before):
        return Plan(waiting_for=("Magento refused the invoice; see what to do above.",))
    if any(one.given_up for one in before):
        return Plan(waiting_for=("Not invoiced: it was given up by hand.",))
    in_flight = _in_flight(before, policy, now)
    if in_flight:
        return Plan(waiting_for=("Waiting for Magento to show the invoice.",), look_again_at=in_flight)
    return Plan(commands=(CreateInvoice(len(before) + 1),), waiting_for=("Invoicing the Magento order.",))


def _status(seen: Seen, policy: Policy, issued: tuple[Issued, ...]) -> Plan:
    """The status of the merchant's choice, once for each that the order reaches; what a person sets later stays."""
    before = issued_of(SetMagentoStatus, issued)
    if seen.is_linked and seen.shop_trouble:
        return Plan(commands=tuple(_status_of(one.cause) for one in before if one.is_under_way))
    shop, status = seen.shop, policy.statuses[seen.order.status]
    if shop is None or not status or status == shop.status or shop.state in CLOSED_STATES:
        return Plan()
    if policy.invoice and not shop.is_invoiced and seen.order.status in INVOICED_WHEN:
        return Plan()
    command = SetMagentoStatus(status, f"{seen.linked_increment_id}:{seen.order.status.slug}")
    if any(one.cause == cause_of(command) and not one.is_under_way for one in before):
        return Plan()
    return Plan((command,), (f"Setting the Magento order to {status}.",))


def _status_of(cause: str) -> SetMagentoStatus:
    reached, _, status = cause.rpartition(":")
    return SetMagentoStatus(status, reached)


def _rest(seen: Seen, now: datetime) -> Plan:
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


def _is_finished(seen: Seen) -> bool:
    return not is_open(seen.order.counts())


def _parked(issued: tuple[Issued, ...]) -> list[str]:
    return [one.reason for one in issued if one.state is CommandState.PARKED and one.reason]

"""The invoice: Walmart has taken the payment, so all of the Magento order is invoiced once it is acknowledged."""

from __future__ import annotations

from datetime import datetime

from webapp.domain.command_words import DOING
from webapp.domain.commands import CommandState, CreateInvoice, Issued, issued_of
from webapp.domain.order import OrderStatus
from webapp.domain.plan.seen import Plan, Seen, in_flight, under_way
from webapp.domain.policy import Policy

INVOICED_WHEN = frozenset({OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED})
"""Not before it is acknowledged; also when it went straight to Shipped."""


def invoice(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan:
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
        return Plan((CreateInvoice(len(before)),), (under_way(DOING["CreateInvoice"], before),))
    if any(one.state is CommandState.PARKED for one in before):
        return Plan(waiting_for=("Magento refused the invoice; try it again or give it up.",))
    if any(one.given_up for one in before):
        return Plan(waiting_for=("Not invoiced: it was given up by hand.",))
    settles = in_flight(before, policy, now)
    if settles:
        return Plan(waiting_for=("Waiting for Magento to show the invoice.",), look_again_at=settles)
    return Plan(commands=(CreateInvoice(len(before) + 1),), waiting_for=("Invoicing the Magento order.",))

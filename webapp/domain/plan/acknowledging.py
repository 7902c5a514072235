"""The acknowledgement: when it goes out, what it waits for, and the guard of its deadline."""

from __future__ import annotations

from datetime import datetime

from webapp.domain.command_words import DOING
from webapp.domain.commands import AcknowledgeOrder, CommandState, Issued, issued_of
from webapp.domain.order import CREATED, Order
from webapp.domain.plan.seen import Plan, Seen, in_flight, under_way
from webapp.domain.policy import ACKNOWLEDGE_WITHIN, AcknowledgeWhen, Policy

ACKNOWLEDGING = f"{DOING['AcknowledgeOrder']}."
BY_HAND = "Waiting for you to acknowledge: this account acknowledges by hand."
AFTER_MAGENTO = "Acknowledged as soon as the Magento order exists."
REFUSED = "The acknowledgement was refused; try it again or give it up."
GIVEN_UP = "Not acknowledged: it was given up by hand."
OVER_ONCE_ASKED = frozenset({BY_HAND, AFTER_MAGENTO, REFUSED, GIVEN_UP})
"""What holds no more from the moment at which a person asks for the acknowledgement."""


def acknowledge_due(order: Order) -> datetime | None:
    """Until when Walmart wants the acknowledgement; None when nothing is left to acknowledge."""
    return order.ordered_at + ACKNOWLEDGE_WITHIN if needs_acknowledgement(order) else None


def needs_acknowledgement(order: Order) -> bool:
    """Decided by quantities: any unit still Created, on an order that the seller fulfils."""
    return order.is_fulfilled_by_seller and order.counts()[CREATED] > 0


def acknowledge(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan:
    order = seen.order
    if not needs_acknowledgement(order):
        return Plan(over=frozenset({AcknowledgeOrder.__name__}))
    before = issued_of(AcknowledgeOrder, issued)
    if any(one.is_under_way for one in before):
        return Plan((AcknowledgeOrder(len(before)),), (under_way(DOING["AcknowledgeOrder"], before),))
    if any(one.state is CommandState.PARKED for one in before):
        return Plan(waiting_for=(REFUSED,))
    if any(one.given_up for one in before):
        return Plan(waiting_for=(GIVEN_UP,))
    settles = in_flight(before, policy, now)
    if settles:
        return Plan(waiting_for=("Waiting for Walmart to show the acknowledgement.",), look_again_at=settles)
    guard_at = order.ordered_at + ACKNOWLEDGE_WITHIN - policy.acknowledge_guard_before
    if _may_acknowledge(seen, policy) or (policy.acknowledge_guard and now >= guard_at):
        return Plan(commands=(AcknowledgeOrder(len(before) + 1),), waiting_for=(ACKNOWLEDGING,))
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
        return BY_HAND
    return AFTER_MAGENTO

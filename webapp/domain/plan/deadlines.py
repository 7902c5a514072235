"""Deadlines after the acknowledgement: the ship-by date, and the day on which Walmart cancels by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.domain.order import Order, is_open
from webapp.domain.plan.asking import LATE
from webapp.domain.plan.seen import Plan, Seen
from webapp.domain.policy import Policy

AT_RISK_BEFORE = timedelta(hours=24)
WARN_BEFORE = timedelta(hours=48)
"""So long before Walmart cancels by itself the merchant is told."""


def ship_due(order: Order) -> datetime | None:
    """Until when what is open has to ship; None when nothing is, or when the seller does not ship it."""
    waits = order.is_fulfilled_by_seller and is_open(order.counts())
    return order.ship_by if waits else None


def cancels_at(order: Order, policy: Policy, market: str) -> datetime | None:
    """When Walmart cancels what is still open."""
    due = ship_due(order)
    return due + policy.cancels_after(market) if due else None


def watch(seen: Seen, policy: Policy, now: datetime) -> Plan:
    """Say in time that an order is at risk, is late, or is about to be cancelled by Walmart."""
    due, ends = ship_due(seen.order), cancels_at(seen.order, policy, seen.market)
    if due is None or ends is None:
        return Plan()
    moments = [at for at in (due - AT_RISK_BEFORE, due, ends - WARN_BEFORE, ends) if at > now]
    look = min(moments) if moments else None
    if now >= ends - WARN_BEFORE:
        sentence = f"{LATE} on {ends:%Y-%m-%d %H:%M} UTC. Ship it, or cancel it yourself."
        return Plan(waiting_for=(_late(due),), attention=sentence, look_again_at=look)
    if now >= due:
        return Plan(waiting_for=(_late(due),), look_again_at=look)
    if now >= due - AT_RISK_BEFORE:
        return Plan(waiting_for=(f"To be shipped by {due:%Y-%m-%d %H:%M} UTC.",), look_again_at=look)
    return Plan(look_again_at=look)


def _late(due: datetime) -> str:
    return f"Late: it was to ship by {due:%Y-%m-%d %H:%M} UTC."

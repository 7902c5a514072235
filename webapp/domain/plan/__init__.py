"""What is left to do for an order: one pure function from what was seen to commands and waiting sentences.

Each concern has a module of its own, which answers with a Plan; `plan` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from webapp.domain.commands import CommandState, Issued
from webapp.domain.order import is_open
from webapp.domain.plan.acknowledging import acknowledge, acknowledge_due, needs_acknowledgement
from webapp.domain.plan.creating import create, wants_magento_order
from webapp.domain.plan.invoicing import invoice
from webapp.domain.plan.magento_status import follow
from webapp.domain.plan.resting import rest
from webapp.domain.plan.seen import Plan, Seen, shipper
from webapp.domain.policy import Policy

__all__ = ["Plan", "Seen", "acknowledge_due", "needs_acknowledgement", "plan", "shipper", "wants_magento_order"]


def plan(seen: Seen, policy: Policy, issued: Iterable[Issued], now: datetime) -> Plan:
    """What is left to do for this order, judged from what was seen on both sides alone."""
    commands = tuple(issued)
    parts = (
        acknowledge(seen, policy, commands, now),
        create(seen, policy, commands, now),
        invoice(seen, policy, commands, now),
        follow(seen, policy, commands),
        rest(seen, now),
    )
    looks = [part.look_again_at for part in parts if part.look_again_at]
    if is_open(seen.order.counts()):
        looks.append(now + policy.read_daily)
    over = frozenset().union(*(part.over for part in parts))
    attentions = [part.attention for part in parts if part.attention] + _parked(commands, over)
    return Plan(
        commands=tuple(command for part in parts for command in part.commands),
        waiting_for=tuple(sentence for part in parts for sentence in part.waiting_for),
        attention=attentions[0] if attentions else None,
        missing_skus=tuple(sku for part in parts for sku in part.missing_skus),
        look_again_at=min(looks) if looks else None,
        over=over,
    )


def _parked(issued: tuple[Issued, ...], over: frozenset[str]) -> list[str]:
    return [one.reason for one in issued if one.state is CommandState.PARKED and one.reason and one.kind not in over]

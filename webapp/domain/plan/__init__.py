"""What is left to do for an order: one pure function from what was seen to commands and waiting sentences.

Each concern has a module of its own, which answers with a Plan; `plan` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from webapp.domain.commands import BOTH_WAYS, Issued, refused_of
from webapp.domain.order import is_open
from webapp.domain.plan.acknowledging import acknowledge, acknowledge_due, needs_acknowledgement
from webapp.domain.plan.addressing import readdress
from webapp.domain.plan.cancelling import accept, cancel
from webapp.domain.plan.case import Case, build, follow_up
from webapp.domain.plan.clashing import clash
from webapp.domain.plan.correcting import correct
from webapp.domain.plan.creating import create, is_to_be_created, wants_magento_order
from webapp.domain.plan.crediting import credit
from webapp.domain.plan.deadlines import cancels_at, ship_due, watch
from webapp.domain.plan.giving_up import give_up, is_giving_up
from webapp.domain.plan.holding import hold
from webapp.domain.plan.invoicing import invoice
from webapp.domain.plan.magento_status import follow
from webapp.domain.plan.mailing import mail
from webapp.domain.plan.noting import note
from webapp.domain.plan.refunding import refund
from webapp.domain.plan.reserving import reserve
from webapp.domain.plan.resting import rest
from webapp.domain.plan.seen import Choices, Plan, Seen, together
from webapp.domain.plan.shipping import confirm, remark_surplus
from webapp.domain.plan.shop_shipping import ship
from webapp.domain.policy import Policy

__all__ = [
    "Choices",
    "Plan",
    "Seen",
    "acknowledge_due",
    "cancels_at",
    "is_to_be_created",
    "needs_acknowledgement",
    "plan",
    "ship_due",
    "wants_magento_order",
]


def plan(seen: Seen, policy: Policy, issued: Iterable[Issued], now: datetime) -> Plan:
    """What is left to do for this order, judged from what was seen on both sides alone."""
    commands = tuple(issued)
    case = build(seen, policy, commands, now)
    creation = create(seen, policy, commands, now)
    found = together(
        (
            acknowledge(seen, policy, commands, now),
            reserve(seen, policy, commands, now, creation, waits=is_to_be_created(seen, policy, commands)),
            creation,
            Plan() if is_giving_up(case) else invoice(seen, policy, commands, now),
            follow(seen, policy, commands),
            readdress(seen, commands),
            note(commands),
            mail(seen, commands),
            _across(case),
            rest(case),
            watch(seen, policy, now),
        ),
        seen.choices.settled,
    )
    looks = [at for at in (found.look_again_at, case.settles_at) if at]
    if is_open(seen.order.counts()):
        looks.append(now + policy.read_daily)
    attention = found.attention or next(iter(_refused(commands, found)), None)
    return replace(found, attention=attention, look_again_at=min(looks) if looks else None)


def _across(case: Case) -> Plan:
    """What one side has and the other lacks, both ways."""
    refunds = refund(case)
    found = together(
        (
            clash(case),
            confirm(case),
            correct(case),
            remark_surplus(case),
            cancel(case),
            accept(case),
            refunds,
            ship(case),
            give_up(case),
            credit(case, memos_are_settled=not refunds.commands and not refunds.waiting_for),
            hold(case),
        ),
        case.seen.choices.settled,
    )
    return together((found, follow_up(case, found.commands)))


def _refused(issued: tuple[Issued, ...], found: Plan) -> list[str]:
    """Why commands are parked that are still wanted."""
    parked = [one for one in refused_of(issued) if one.kind not in found.over]
    return [one.reason for one in parked if not isinstance(one.command, BOTH_WAYS) or one.command in found.held]

"""The Magento order's status, by the merchant's own mapping."""

from __future__ import annotations

from webapp.domain.command_keys import cause_of
from webapp.domain.commands import Issued, SetMagentoStatus, issued_of
from webapp.domain.plan.invoicing import INVOICED_WHEN
from webapp.domain.plan.seen import Plan, Seen
from webapp.domain.policy import Policy
from webapp.domain.shop import CLOSED_STATES


def follow(seen: Seen, policy: Policy, issued: tuple[Issued, ...]) -> Plan:
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

"""The shop's order e-mail to the buyer: once for each Magento order that was made here while the switch was on."""

from __future__ import annotations

from webapp.domain.command_keys import cause_of
from webapp.domain.command_words import DOING
from webapp.domain.commands import CommandState, CreateMagentoOrder, Issued, SendOrderMail, issued_of
from webapp.domain.plan.seen import Plan, Seen, under_way

KIND = "SendOrderMail"
WANTED = "mail"
"""In what was frozen of a creation: the buyer is to be written to once the order is there."""

DONE_WITH = frozenset({"canceled", "closed", "complete"})
"""Magento's states of an order that nobody is to be told of as of a new one."""


def mail(seen: Seen, issued: tuple[Issued, ...]) -> Plan:
    """Ask for the mail where the creation of the linked order asked for it; afterwards it is never asked for again."""
    before = issued_of(SendOrderMail, issued)
    if seen.is_linked and seen.shop_trouble:
        # Not seeing the shop proves nothing: what is on its way is not called off for that.
        return Plan(tuple(one.command for one in before if one.is_under_way and one.command is not None))
    if seen.shop is None or not _is_wanted(seen, issued):
        return Plan(over=frozenset({KIND}))
    command = SendOrderMail(seen.shop.entity_id)
    mine = tuple(one for one in before if one.cause == cause_of(command))
    if any(not one.is_under_way for one in mine):
        return Plan()
    return Plan((command,), (under_way(DOING[KIND], mine),))


def _is_wanted(seen: Seen, issued: tuple[Issued, ...]) -> bool:
    """The order was made here, not adopted from another connector, and is not done with."""
    made = [one for one in issued_of(CreateMagentoOrder, issued) if one.state is CommandState.DONE]
    if not made or seen.shop is None or seen.shop.state in DONE_WITH:
        return False
    frozen = made[-1].frozen
    return bool(frozen.get(WANTED)) and frozen.get("increment_id") == seen.linked_increment_id

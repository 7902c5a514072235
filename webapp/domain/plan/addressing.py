"""The delivery address in the Magento order, where a person corrected it after the order was made."""

from __future__ import annotations

from webapp.domain.command_keys import cause_of
from webapp.domain.command_words import DOING
from webapp.domain.commands import Issued, UpdateMagentoAddress, issued_of
from webapp.domain.plan.seen import Plan, Seen, under_way

KIND = "UpdateMagentoAddress"


def readdress(seen: Seen, issued: tuple[Issued, ...]) -> Plan:
    """The corrected address, once for each correction that a person wants there."""
    before = issued_of(UpdateMagentoAddress, issued)
    if seen.is_linked and seen.shop_trouble:
        # Not seeing the shop proves nothing: what is on its way is not called off for that.
        going = tuple(one.command for one in before if one.is_under_way and one.command is not None)
        return Plan(going)
    if seen.shop is None or not seen.address_asked:
        return Plan(over=frozenset({KIND}))
    command = UpdateMagentoAddress(seen.address_asked, seen.shop.entity_id)
    mine = tuple(one for one in before if one.cause == cause_of(command))
    if any(not one.is_under_way for one in mine):
        return Plan()
    return Plan((command,), (under_way(DOING[KIND], mine),))

"""The Magento order: whether one is wanted, and what it waits for."""

from __future__ import annotations

from datetime import datetime

from webapp.domain.command_words import DOING
from webapp.domain.commands import CommandState, CreateMagentoOrder, Issued, issued_of
from webapp.domain.hold_rules import HELD, why_held
from webapp.domain.order import Order, OrderStatus, is_open
from webapp.domain.plan.products import blocked_by_products, is_making_product, waits_for_product
from webapp.domain.plan.seen import LOOK_SOON, WAS_DELETED, Plan, Seen, shipper, under_way
from webapp.domain.policy import Policy

CREATING = f"{DOING['CreateMagentoOrder']}."
GIVEN_UP = "No Magento order: creating it was given up by hand."
SWITCHED_OFF = "Creating Magento orders is switched off for this account."
NOT_FOR_THOSE = "Magento orders for those are switched off."
SINCE = "the date from which Magento orders are created."
ANOTHER_CURRENCY = "The store has another currency."


def is_over_once_asked(sentence: str) -> bool:
    """Whether a sentence of an order holds no more from the moment at which a person asks for the Magento order."""
    ends = (GIVEN_UP, SWITCHED_OFF, NOT_FOR_THOSE, SINCE)
    return sentence.startswith(HELD) or sentence.endswith(ends) or WAS_DELETED in sentence


def is_blocked(sentence: str) -> bool:
    """Whether a sentence of `waiting_for` says that no Magento order can be made, also where a person asks for it."""
    return sentence == ANOTHER_CURRENCY or waits_for_product(sentence) or is_making_product(sentence)


def wants_magento_order(seen: Seen, policy: Policy) -> bool:
    """The settings or a person ask for a Magento order and none is linked; products and money are judged later."""
    return not seen.is_linked and _why_not_created(seen.order, policy, is_asked=seen.creation_asked > 0) is None


def is_to_be_created(seen: Seen, policy: Policy, issued: tuple[Issued, ...]) -> bool:
    """A Magento order is still to be made: the settings or a person ask for it, and nobody gave it up since."""
    before = issued_of(CreateMagentoOrder, issued)
    if seen.is_linked:
        return False
    if any(one.is_under_way for one in before):
        return True
    if any(one.given_up for one in before) and not _is_asked_for(seen, before):
        return False
    return wants_magento_order(seen, policy)


def create(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan:
    if seen.is_linked:
        return Plan()
    before = issued_of(CreateMagentoOrder, issued)
    is_asked = _is_asked_for(seen, before)
    why_not = _why_not_created(seen.order, policy, is_asked=is_asked)
    # What may have reached Magento is followed up even when it is not wanted any more.
    if why_not and not any(one.is_under_way and one.was_sent for one in before):
        return Plan(waiting_for=(why_not,) if is_open(seen.order.counts()) else ())
    if any(one.is_under_way for one in before):
        return Plan((CreateMagentoOrder(len(before)),), (under_way(DOING["CreateMagentoOrder"], before),))
    if any(one.state is CommandState.PARKED for one in before):
        return Plan(waiting_for=("Magento refused the order; try it again or give it up.",))
    if any(one.given_up for one in before) and not is_asked:
        return Plan(waiting_for=(GIVEN_UP,))
    held = "" if is_asked else why_held(seen.order, policy, seen.corrected)
    if held:
        return _held_back(held)
    if seen.shop_trouble:
        return Plan(waiting_for=(seen.shop_trouble,), look_again_at=now + LOOK_SOON)
    blocked = _blocked_by_currency(seen) or blocked_by_products(seen, policy, issued, now)
    if blocked:
        return blocked
    return Plan(commands=(CreateMagentoOrder(len(before) + 1),), waiting_for=(CREATING,))


def _held_back(reason: str) -> Plan:
    """Until a person releases it, by asking for the Magento order."""
    return Plan(
        waiting_for=(f"{HELD}: {reason}.",),
        attention=f"{HELD}: {reason}. Look at it, then release it with Create order, or cancel it.",
    )


def _is_asked_for(seen: Seen, before: tuple[Issued, ...]) -> bool:
    """A person asked for the Magento order, and nobody gave it up since."""
    since = [one for one in before if int(one.cause) >= seen.creation_asked]
    return seen.creation_asked > 0 and not any(one.given_up for one in since)


def _why_not_created(order: Order, policy: Policy, *, is_asked: bool) -> str | None:
    if order.status is OrderStatus.CANCELED:
        return "Canceled at Walmart before a Magento order was made, so none is made."
    if is_asked:
        return None
    if not order.is_fulfilled_by_seller:
        if not policy.create_wfs_orders:
            return f"{shipper(order)}; {NOT_FOR_THOSE}"
        return None
    if not policy.create_orders:
        return SWITCHED_OFF
    if policy.import_since and order.ordered_at < policy.import_since:
        return f"Ordered before {policy.import_since:%Y-%m-%d}, {SINCE}"
    return None


def _blocked_by_currency(seen: Seen) -> Plan | None:
    if not seen.store_currency or seen.order.currency == seen.store_currency:
        return None
    sentence = (
        f"The order is in {seen.order.currency}, the store's base currency is {seen.store_currency}; "
        "Orderbridge never converts money. Tie this account to a store in that currency."
    )
    return Plan(waiting_for=(ANOTHER_CURRENCY,), attention=sentence)

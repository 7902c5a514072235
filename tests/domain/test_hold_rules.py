"""Which orders wait for a look, why, and that a person's word releases them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.domain.factories import HOME, NOW, a_line, an_order, seen
from webapp.domain.commands import CreateMagentoOrder
from webapp.domain.hold_rules import why_held
from webapp.domain.order import Address, Order
from webapp.domain.plan import plan
from webapp.domain.policy import Policy

ADDRESSES = Policy(hold_addresses=True)
TEN = Policy(hold_above=Decimal(10))


def at(**changes: str) -> Order:
    return an_order(address=replace(HOME, **changes))


@pytest.mark.parametrize(
    ("order", "policy", "why"),
    [
        (an_order(), Policy(), ""),
        (an_order(), TEN, ""),
        (an_order(), Policy(hold_above=Decimal("9.99")), "its total $10.00 is above $9.99"),
        (an_order(ship_node="WFSFulfilled"), Policy(hold_above=Decimal(1)), ""),
        (an_order(a_line(sku="Ring")), Policy(hold_skus="mug, RING ,"), "it has Ring"),
        (an_order(a_line(1, ("Cancelled", 1), sku="Ring"), a_line(2)), Policy(hold_skus="ring"), ""),
        (at(), ADDRESSES, ""),
        (at(address1="PO Box 12"), Policy(), ""),
        (at(address1="P.O. Box 12"), ADDRESSES, "its address is a post-office box"),
        (at(address1="12 Boxwood Post Road"), ADDRESSES, ""),
        (at(postal_code="8370"), ADDRESSES, "its postal code is none of its country"),
        (at(postal_code="83702-1234"), ADDRESSES, ""),
        (at(postal_code="k1a 0b1", country="CA"), ADDRESSES, ""),
        (at(postal_code="83702", country="CAN"), ADDRESSES, "its postal code is none of its country"),
        (at(postal_code="8320000", country="CHL"), ADDRESSES, ""),
        (
            an_order(address=Address()),
            replace(ADDRESSES, hold_above=Decimal(5)),
            "its total $10.00 is above $5.00; its address has no name and no street and no city and no postal code",
        ),
    ],
)
def test_what_a_rule_is_about_says_why(order: Order, policy: Policy, why: str) -> None:
    assert why_held(order, policy) == why


def test_a_held_order_needs_action_until_somebody_releases_it() -> None:
    policy = Policy(hold_above=Decimal(5))
    held = plan(seen(), policy, [], NOW)
    assert not any(isinstance(one, CreateMagentoOrder) for one in held.commands)
    assert "Held by a rule of yours: its total $10.00 is above $5.00." in held.waiting_for
    assert held.attention is not None
    assert held.attention.endswith("release it with Create order, or cancel it.")
    released = plan(seen(creation_asked=1), policy, [], NOW)
    assert CreateMagentoOrder(1) in released.commands
    assert CreateMagentoOrder(1) in plan(seen(), TEN, [], NOW).commands


def test_a_doubtful_address_is_held_until_it_is_corrected() -> None:
    doubtful = at(postal_code="ABCDE")
    held = plan(seen(doubtful), ADDRESSES, [], NOW)
    assert "Held by a rule of yours: its postal code is none of its country." in held.waiting_for
    assert CreateMagentoOrder(1) in plan(seen(doubtful, corrected=HOME), ADDRESSES, [], NOW).commands
    still = plan(seen(corrected=replace(HOME, address1="PO Box 12")), ADDRESSES, [], NOW)
    assert "Held by a rule of yours: its address is a post-office box." in still.waiting_for

"""Workers killed before and after every call and every commit of a command: the ledgers show each effect once."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.driving import drain_in
from tests.dying import finish, reaper
from tests.house import House
from tests.journeys.shopping import reserved, shop_order, use
from webapp import inbox
from webapp.models import db

MUG = "FH-MUG-350-BLU"
STEPS = ("CreateMagentoOrder", "AcknowledgeOrder", "CreateInvoice")


@pytest.mark.parametrize(("mode", "orders", "steps"), [("direct", 16, STEPS), ("cart", 36, STEPS[:1])])
def test_an_order_is_made_taken_and_invoiced_once(house: House, mode: str, orders: int, steps: tuple[str, ...]) -> None:
    use(house, mode)
    with reaper(house) as reap:
        pos = heard_of(house, orders)
        reap.kill("in", pos)
        drain_in(house)
        for kind in steps:
            assert all(house.commands(po)[-1].kind == kind for po in pos)
            assert reap.kill("out", pos) > 5
            finish(house, pos)
            drain_in(house)
    house.drain()
    assert effects(house, "order_create", numbers(house, pos)) == [1] * orders
    assert effects(house, "acknowledge", pos) == [1] * orders
    assert [len(house.magento.invoices(number)) for number in numbers(house, pos)] == [1] * orders
    assert all(shop_order(house, po)["total_paid"] == shop_order(house, po)["grand_total"] for po in pos)
    assert all(len(shop_order(house, po)["status_histories"]) == 1 for po in pos)
    assert reserved(house, MUG) == (-orders - 1 if mode == "cart" else 0)


def heard_of(house: House, orders: int) -> list[str]:
    """Orders that nobody has looked at yet; Walmart's token is there from another."""
    house.place(lines=[{"sku": MUG, "quantity": 1}])
    house.drain()
    pos = [house.place(lines=[{"sku": MUG, "quantity": 1}]) for _ in range(orders)]
    with house.app.app_context():
        inbox.route()
        db.session.remove()
    return pos


def numbers(house: House, pos: list[str]) -> list[str]:
    return [str(house.shown(po)["magento_increment_id"]) for po in pos]


def effects(house: House, effect: str, keys: list[str]) -> list[int]:
    """How often it was done, by order."""
    seen = Counter(house.effects(effect))
    return [seen[key] for key in keys]

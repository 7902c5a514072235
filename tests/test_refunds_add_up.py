"""Money through Magento's own arithmetic: an order of every kind of charge, refunded in every way, to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

import pytest

from sandbox.magento import open_shop
from sandbox.magento_invoices import invoice
from sandbox.magento_orders import create
from sandbox.magento_refunds import refund
from sandbox.magento_shop import Shop
from tests.domain.factories import a_charge, a_line, a_product, an_order
from webapp.domain.magento_entity import Target, build

LINES = (
    a_line(1, ("Created", 3), sku="FREE", charges=(a_charge("10.00"), a_charge("-1.00"))),
    a_line(2, ("Created", 1), sku="MUG", charges=(a_charge("14.50", "1.29"), a_charge("5.99", "0.53", "SHIPPING"))),
    a_line(3, ("Created", 1), sku="MUG", charges=(a_charge("14.50", "1.29"), a_charge("0.75", kind="FEE"))),
    a_line(4, ("Created", 1), sku="MUG", charges=(a_charge("14.50", "1.28"),)),
)
"""Three without tax and with a discount; three at 8.875 %, each one a line, as Walmart has them; shipping; a fee."""
ORDER = an_order(*LINES)
WAYS = list(product(range(4), range(4)))
"""So many units of each of the shop's two lines in the first credit memo; the second takes the rest."""


@cache
def invoiced() -> tuple[Shop, dict[str, Any]]:
    shop = open_shop(None, products=False)
    products = {line.sku: a_product(line.sku) for line in LINES}
    return shop, build(ORDER, products, Target(store_id=1, currency="USD", increment_id="WM-1")).body


def placed(number: str) -> tuple[Shop, int, dict[str, int]]:
    """The order in the shop, invoiced: its id, and the ids of its lines by SKU."""
    shop, body = invoiced()
    made = create(shop, {**body, "increment_id": number})
    order_id = int(made["entity_id"])
    invoice(shop, order_id, {"capture": True, "notify": False})
    return shop, order_id, {item["sku"]: int(item["item_id"]) for item in made["items"]}


def give_back(shop: Shop, order_id: int, units: Mapping[int, int], shipping: str = "0") -> Decimal:
    """One credit memo with explicit figures, as Orderbridge makes them; its total."""
    items = [{"order_item_id": item, "qty": count} for item, count in units.items()]
    arguments = {"shipping_amount": float(shipping), "adjustment_positive": 0, "adjustment_negative": 0}
    memo = refund(shop, order_id, {"items": items, "notify": False, "arguments": arguments})
    return money(shop.creditmemos.need(memo), "grand_total")


def money(document: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(str(document[name]))


def test_the_invoice_is_walmarts_total_to_the_cent() -> None:
    shop, order_id, items = placed("WM-ALL")
    order = shop.orders.need(order_id)
    assert set(items) == {"FREE", "MUG"}
    assert money(order, "grand_total") == money(order, "total_paid") == ORDER.total == Decimal("63.63")


@pytest.mark.parametrize(("free", "mugs"), WAYS)
def test_every_partial_refund_adds_up(free: int, mugs: int) -> None:
    """Whatever part comes first, and unit by unit too: the memos together are what was paid, nothing is left over."""
    shop, order_id, items = placed(f"WM-{free}-{mugs}")
    parts = [{items["FREE"]: free, items["MUG"]: mugs}, {items["FREE"]: 3 - free, items["MUG"]: 3 - mugs}]
    memos = [give_back(shop, order_id, part) for part in parts if any(part.values())]
    memos.append(give_back(shop, order_id, {items["MUG"]: 0}, "6.74"))
    assert sum(memos) == ORDER.total
    assert money(shop.orders.need(order_id), "total_refunded") == ORDER.total
    shop, order_id, items = placed(f"WM-{free}-{mugs}-EACH")
    one_by_one = [items["FREE"]] * free + [items["MUG"]] * mugs
    first = sum((give_back(shop, order_id, {item: 1}) for item in one_by_one), Decimal(0))
    assert abs(first - (memos[0] if one_by_one else 0)) <= Decimal("0.02")
    rest = [items["FREE"]] * (3 - free) + [items["MUG"]] * (3 - mugs)
    later = sum((give_back(shop, order_id, {item: 1}) for item in rest), Decimal(0))
    assert first + later + give_back(shop, order_id, {items["FREE"]: 0}, "6.74") == ORDER.total
    assert shop.orders.need(order_id)["state"] == "closed"

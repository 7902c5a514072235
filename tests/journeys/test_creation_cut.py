"""Exactly one Magento order, whatever call is cut or refused for a moment, in both modes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.house import House
from tests.journeys.shopping import decimal, reserved, row_of, shop_order, use, walmart_total
from tests.working import work_off
from webapp import clock

MUG, TEA = "FH-MUG-350-BLU", "FH-TEA-MINT-50"
LINES = [{"sku": MUG, "quantity": 2, "price": 11.90, "tax": 1.06}, {"sku": TEA, "quantity": 1, "price": 4.5, "tax": 0}]

DIRECT = [
    ("GET", r"/V1/products\?"),
    ("GET", "directory/countries"),
    ("GET", r"/V1/orders\?"),
    ("POST", r"/V1/orders$"),
    ("POST", "/invoice"),
]
CART = [
    ("GET", r"/V1/products\?"),
    ("GET", "directory/countries"),
    ("GET", r"/V1/orders\?"),
    ("POST", r"/carts/$"),
    ("POST", r"/carts/\d+/items"),
    ("POST", "shipping-information"),
    ("PUT", r"/carts/\d+/order"),
    ("POST", r"/V1/orders$"),
    ("GET", r"/V1/orders/\d+"),
    ("POST", "/invoice"),
]
CALLS = [("direct", *call) for call in DIRECT] + [("cart", *call) for call in CART]
FAULTS = ["cut_before", "cut_after", "status"]


@pytest.mark.parametrize(
    ("mode", "method", "path", "fault"),
    [(*call, fault) for call in CALLS for fault in (["status"] if call[1] == "GET" else FAULTS)],
)
def test_a_call_that_fails_leaves_one_order(house: House, mode: str, method: str, path: str, fault: str) -> None:
    use(house, mode)
    house.magento.fault(fault, method=method, path=path, times=1)
    po = house.place(lines=LINES)
    go_on(house, po)
    house.pass_time(minutes=5)
    assert_one(house, po, mode)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("mode", "method", "path"), [("cart", "POST", r"/carts/\d+/items"), ("cart", "PUT", "/order")])
def test_a_call_that_fails_again_and_again_leaves_one_order(
    house: House, mode: str, method: str, path: str, fault: str
) -> None:
    use(house, mode)
    house.magento.fault(fault, method=method, path=path, times=3)
    po = house.place(lines=LINES)
    for _ in range(5):
        go_on(house, po)
    house.pass_time(minutes=5)
    assert_one(house, po, mode)


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_searches_that_lag_behind_lead_to_no_second_order(house: House, mode: str) -> None:
    use(house, mode)
    house.magento.fault("cut_after", method="POST" if mode == "direct" else "PUT", path="/(orders|order)$", times=1)
    house.magento.fault("stale_reads", method="GET", path="/V1/orders$", seconds=60)
    po = house.place(lines=LINES)
    go_on(house, po)
    assert house.shown(po)["magento_increment_id"] is None
    house.magento.clear_faults()
    house.pass_time(hours=1)
    go_on(house, po)
    assert_one(house, po, mode)


def go_on(house: House, po: str) -> None:
    """Long enough that what was in doubt has settled and was tried again."""
    for seconds in (0, 15, 60, 180, 300):
        clock.move(timedelta(seconds=seconds))
        work_off(house, po)


def assert_one(house: House, po: str, mode: str) -> None:
    """One order with one invoice and Walmart's total; its stock is held in cart mode, and not in direct mode."""
    order = shop_order(house, po)
    assert len(house.effects("order_create")) == 1
    assert len(house.magento.invoices(order["increment_id"])) == 1
    assert decimal(order["grand_total"]) == walmart_total(house, po) == Decimal("30.42")
    assert decimal(order["total_paid"]) == Decimal("30.42")
    assert (order["increment_id"] == f"WM-{po}") is (mode == "direct")
    assert order["ext_order_id"] == po
    assert len(order["status_histories"]) == 1
    assert [reserved(house, MUG), reserved(house, TEA)] == ([-2, -1] if mode == "cart" else [0, 0])
    assert house.shown(po)["attention"] is None
    assert row_of(house, po).magento_items

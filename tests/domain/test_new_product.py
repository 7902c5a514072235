"""The product that is made for a SKU: its number cut to what Magento holds, its price a unit's, its stock enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.domain.factories import a_charge, a_line, an_order
from webapp.domain.new_product import LONGEST_NAME, NewProduct, new_product, shop_sku
from webapp.domain.order import Order


@pytest.mark.parametrize(("length", "is_same"), [(1, True), (64, True), (65, False), (200, False)])
def test_a_sku_is_cut_to_what_magento_holds(length: int, is_same: bool) -> None:
    made = shop_sku("S" * length)
    assert len(made) <= 64
    assert (made == "S" * length) is is_same


def test_two_long_skus_that_begin_alike_stay_two() -> None:
    assert shop_sku("S" * 80 + "A") != shop_sku("S" * 80 + "B")


def made(order: Order, sold: int = 0) -> NewProduct:
    found = new_product(order, "MUG", sold)
    assert found is not None
    return found


def test_the_price_is_that_of_one_unit_before_any_discount() -> None:
    charges = (a_charge("25.00", "2.22"), a_charge("-5.00"), a_charge("4.12", kind="SHIPPING"))
    assert str(made(an_order(a_line(1, ("Created", 2), charges=charges))).price) == "12.50"


def test_stock_is_enough_for_all_who_wait() -> None:
    order = an_order(a_line(1, ("Created", 2), ("Cancelled", 1)), a_line(2))
    assert made(order).quantity == 3
    assert made(order, sold=7).quantity == 7


def test_a_line_without_a_title_is_named_by_its_sku_and_a_long_title_is_cut() -> None:
    nameless = replace(a_line(1), title=" ")
    assert made(an_order(nameless)).name == "MUG"
    long = new_product(an_order(a_line(1, sku="M" * 300)), "M" * 300, 0)
    assert long is not None
    assert len(long.name) == LONGEST_NAME


def test_nothing_is_made_of_what_is_canceled_or_not_there() -> None:
    assert new_product(an_order(a_line(1, ("Cancelled", 1))), "MUG", 0) is None
    assert new_product(an_order(), "TEA", 0) is None

"""From a Magento order's lines back to the Walmart units that were merged into them."""

from __future__ import annotations

from decimal import Decimal

from webapp.domain.shop import Behind, ShopItem, Units
from webapp.domain.way_back import Sent, find


def item(number: int, sku: str, quantity: int, price: str = "10") -> ShopItem:
    return ShopItem(number, sku, Decimal(quantity), price=Decimal(price))


def sent(sku: str, price: str, *units: tuple[str, int]) -> Sent:
    return Sent(sku, Decimal(price), tuple(Units(*one) for one in units))


def units(found: tuple[Behind, ...]) -> list[list[tuple[str, int]]]:
    return [[(one.line, one.quantity) for one in each.units] for each in found]


def test_each_line_that_was_sent_is_found_by_sku_quantity_and_price() -> None:
    lines = [sent("MUG", "10", ("1", 1), ("2", 1)), sent("MUG", "9", ("3", 2)), sent("TEA", "4", ("4", 5))]
    items = [item(11, "MUG", 2, "9.0000"), item(12, "mug", 2), item(13, "TEA", 5, "4")]
    assert units(find(items, lines)) == [[("3", 2)], [("1", 1), ("2", 1)], [("4", 5)]]


def test_a_price_that_the_shop_shows_otherwise_does_not_matter_where_the_quantity_agrees() -> None:
    assert units(find([item(1, "MUG", 2, "10.9")], [sent("MUG", "10", ("1", 2))])) == [[("1", 2)]]


def test_lines_that_another_connector_cut_otherwise_get_the_units_dealt_in_order() -> None:
    lines = [sent("MUG", "10", ("1", 1), ("2", 1), ("3", 1))]
    assert units(find([item(1, "MUG", 2), item(2, "MUG", 1)], lines)) == [[("1", 1), ("2", 1)], [("3", 1)]]
    lines = [sent("MUG", "10", ("1", 3)), sent("MUG", "9", ("2", 1))]
    assert units(find([item(1, "MUG", 4)], lines)) == [[("1", 3), ("2", 1)]]


def test_a_line_of_the_shop_alone_has_nothing_behind_it() -> None:
    assert units(find([item(1, "GIFT", 1), item(2, "MUG", 1)], [sent("MUG", "10", ("1", 1))])) == [[], [("1", 1)]]

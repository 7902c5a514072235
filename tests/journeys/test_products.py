"""Products: which one a SKU is, links that people make and the store remembers, and products that are created."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driving import command_of, drain_in, drain_out, sentences, side_by_side
from tests.house import House
from tests.journeys.shopping import die_at, reserved, row_of, shop_order, store_of, use
from tests.mother import Mother
from webapp import product_links
from webapp.domain.new_product import shop_sku
from webapp.domain.policy import MissingProduct
from webapp.domain.shop import Product
from webapp.outbox import Refusal
from webapp.product_links import Found
from webapp.unit_of_work import unit_of_work

MUG, KETTLE = "FH-MUG-350-BLU", "FH-KETTLE-17"
UNKNOWN = "FH-MUG-350-RED-OLD"
BY = "maren@shop.example"


def link(house: House, po: str, product: str, sku: str = UNKNOWN, *, remember: bool = False) -> str:
    with house.app.app_context():
        return product_links.link(row_of(house, po).id, sku, product, BY, remember=remember)


def unlink(house: House, po: str, sku: str = UNKNOWN) -> str:
    with house.app.app_context():
        return product_links.unlink(row_of(house, po).id, sku, BY)


def search(house: House, text: str) -> Found:
    with house.app.app_context():
        return product_links.search(store_of(house).id, text)


def ordered(house: House, po: str) -> list[str]:
    """The SKUs of the Magento order."""
    return [item["sku"] for item in shop_order(house, po)["items"]]


# Which product a SKU is


def test_the_link_on_the_order_goes_before_the_remembered_one_and_that_before_the_sku(house: House) -> None:
    house.set_policy(create_orders=False)
    by_sku, by_memory, by_link = (house.place(lines=[{"sku": MUG}]) for _ in range(3))
    house.drain()
    house.set_policy(create_orders=True)
    house.wish(by_sku)
    house.drain()
    link(house, by_memory, KETTLE, MUG, remember=True)
    house.drain()
    link(house, by_link, "FH-CANDLE-FIG", MUG)
    house.drain()
    later = house.place(lines=[{"sku": MUG}])
    house.drain()
    orders = (by_sku, by_memory, by_link, later)
    assert [ordered(house, po) for po in orders] == [[MUG], [KETTLE], ["FH-CANDLE-FIG"], [KETTLE]]
    unlink(house, later, MUG)
    last = house.place(lines=[{"sku": MUG}])
    house.drain()
    assert ordered(house, last) == [MUG]


def test_a_remembered_product_lets_every_order_of_the_store_go_on_that_waits_for_it(house: House) -> None:
    pos = [house.place(lines=[{"sku": UNKNOWN, "quantity": 2}]) for _ in range(3)]
    house.drain()
    assert all("Link a product, or create one with this SKU" in str(house.shown(po)["attention"]) for po in pos)
    assert "2 other orders" in link(house, pos[0], MUG, remember=True)
    house.drain()
    assert [ordered(house, po) for po in pos] == [[MUG]] * 3
    for po in pos:
        assert house.shown(po)["attention"] is None
        assert f"Linked {UNKNOWN} to the Magento product {MUG}" in sentences(house, po)
        assert BY in [entry["by"] for entry in house.shown(po)["log"]]
    assert f"on order {pos[0]}" in sentences(house, pos[1])


def test_a_link_for_one_order_leaves_the_others_waiting(house: House) -> None:
    pos = [house.place(lines=[{"sku": UNKNOWN}]) for _ in range(2)]
    house.drain()
    link(house, pos[0], MUG)
    house.drain()
    assert ordered(house, pos[0]) == [MUG]
    assert house.shown(pos[1])["magento_increment_id"] is None


def test_two_skus_of_one_product_become_one_line_and_the_way_back_knows_both(house: House) -> None:
    po = house.place(lines=[{"sku": UNKNOWN, "price": 10, "tax": 0}, {"sku": MUG, "price": 10, "tax": 0}])
    house.drain()
    link(house, po, MUG)
    house.drain()
    assert [(item["sku"], item["qty_ordered"]) for item in shop_order(house, po)["items"]] == [(MUG, 2)]
    assert [[unit["line"] for unit in one["units"]] for one in row_of(house, po).magento_items or []] == [["1", "2"]]


def test_an_order_goes_on_by_itself_when_its_product_appears(house: House) -> None:
    own, linked = house.place(lines=[{"sku": UNKNOWN}]), house.place(lines=[{"sku": MUG}])
    house.set_policy(create_orders=False)
    house.drain()
    house.set_policy(create_orders=True)
    house.magento.add_product("CUP-1")
    link(house, linked, "CUP-1", MUG)
    house.magento.remove_product("CUP-1")
    house.wish(own)
    house.drain()
    for po, sku in ((own, UNKNOWN), (linked, "CUP-1")):
        assert f"Waiting for a product with the SKU {sku}" in " ".join(house.shown(po)["waiting_for"])
        house.magento.add_product(sku)
    house.pass_time(minutes=3)
    assert [ordered(house, po) for po in (own, linked)] == [[UNKNOWN], ["CUP-1"]]


def test_a_configurable_parent_is_refused_and_its_variant_taken(house: House) -> None:
    house.magento.add_product("CUP-RED", name="Cup, red")
    house.magento.add_product("CUP", name="Cup", children=["CUP-RED"])
    po = house.place(lines=[{"sku": "CUP"}])
    house.drain()
    assert "configurable" in str(house.shown(po)["attention"])
    with pytest.raises(Refusal, match="one of its variants"):
        link(house, po, "CUP", "CUP")
    link(house, po, "CUP-RED", "CUP")
    house.drain()
    assert ordered(house, po) == ["CUP-RED"]


def test_what_cannot_be_linked_is_said(house: House) -> None:
    po = house.place(lines=[{"sku": UNKNOWN}])
    house.drain()
    with pytest.raises(Refusal, match="no product with the SKU NOTHING"):
        link(house, po, "NOTHING")
    with pytest.raises(Refusal, match="no line with the SKU OTHER"):
        link(house, po, MUG, "OTHER")
    with pytest.raises(Refusal, match="not linked"):
        unlink(house, po)
    house.magento.settings(maintenance=True)
    with pytest.raises(Refusal, match="maintenance"):
        link(house, po, MUG)


def test_an_order_that_has_its_magento_order_can_only_be_remembered_from(house: House) -> None:
    po = house.place(lines=[{"sku": MUG}])
    house.drain()
    with pytest.raises(Refusal, match="has its lines already"):
        link(house, po, KETTLE, MUG)
    assert "stays as it is" in link(house, po, KETTLE, MUG, remember=True)
    house.drain()
    assert ordered(house, po) == [MUG]
    later = house.place(lines=[{"sku": MUG}])
    house.drain()
    assert ordered(house, later) == [KETTLE]


# The search


def test_the_catalog_is_searched_by_sku_and_by_words_of_the_name_what_fits_best_first(house: House) -> None:
    house.magento.add_product("MUG", name="A box")
    house.magento.add_product("MUGS", name="All mugs", children=["MUG"])
    found = search(house, "mug").products
    assert found[0].sku == "MUG"
    assert {MUG, "FH-MUG-350-SND", "MUGS"} <= {one.sku for one in found}
    assert found[-1].sku == "MUGS"
    assert [one.sku for one in search(house, "mug  harbor").products] == [MUG]
    assert [one.sku for one in search(house, "kettle-17").products] == [KETTLE]
    assert search(house, "100%_no such thing").products == search(house, "m").products == ()


def test_a_search_asks_once_and_says_what_is_wrong_with_magento(house: House) -> None:
    house.magento.ledger.forget_calls()
    search(house, "fernhollow")
    calls = house.magento.ledger.calls()
    assert len(calls) == 1
    assert "pageSize%5D=12" in calls[0]["query"] or "pageSize]=12" in calls[0]["query"]
    house.magento.settings(maintenance=True)
    assert "maintenance" in search(house, "mug").trouble


# Created products


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_a_missing_product_is_created_and_the_order_after_it(house: House, mode: str) -> None:
    use(house, mode)
    house.set_policy(missing_product=MissingProduct.CREATE, product_tax_class=5)
    po = house.place(lines=[{"sku": UNKNOWN, "quantity": 3, "price": 12.5, "tax": 1.11}])
    house.drain()
    product = product_of(house, UNKNOWN)
    assert (product["type_id"], product["price"], product["status"], product["visibility"]) == ("simple", 12.5, 1, 1)
    assert product["name"].startswith("Fernhollow Stoneware Mug")
    assert product["tax_class"] == "5"
    assert product["website_ids"] == [1]
    assert ordered(house, po) == [UNKNOWN]
    assert house.effects("product_save") == [UNKNOWN]
    assert f"Created the product {UNKNOWN}" in sentences(house, po)
    assert house.magento.salable(UNKNOWN) == (3 if mode == "direct" else 0)
    assert reserved(house, UNKNOWN) == (0 if mode == "direct" else -3)


def test_a_sku_that_magento_cannot_hold_is_cut_with_a_hash_and_remembered(house: House) -> None:
    house.set_policy(missing_product=MissingProduct.CREATE)
    long_ones = [f"{'LONG-' * 14}{end}" for end in ("A", "B")]
    pos = [house.place(lines=[{"sku": sku}]) for sku in long_ones]
    house.drain()
    made = [shop_sku(sku) for sku in long_ones]
    assert [len(sku) for sku in made] == [64, 64]
    assert [ordered(house, po) for po in pos] == [[sku] for sku in made]
    again = house.place(lines=[{"sku": long_ones[0]}])
    house.drain()
    assert ordered(house, again) == [made[0]]
    assert sorted(house.effects("product_save")) == sorted(made)


def test_a_product_is_made_once_although_many_orders_want_it_at_the_same_moment(house: House) -> None:
    house.set_policy(missing_product=MissingProduct.CREATE)
    house.magento.fault("delay", method="POST", path="/V1/products$", seconds=0.3)
    pos = [house.place(lines=[{"sku": UNKNOWN, "quantity": 2}]) for _ in range(6)]
    house.drain()
    for _ in range(3):
        house.pass_time(seconds=6)
    assert house.effects("product_save") == [UNKNOWN]
    assert [ordered(house, po) for po in pos] == [[UNKNOWN]] * 6
    assert stock_of(house, UNKNOWN) == 12


def test_a_product_that_appears_meanwhile_is_taken_and_not_changed(house: House) -> None:
    house.set_policy(missing_product=MissingProduct.CREATE)
    po = house.place(lines=[{"sku": UNKNOWN}])
    drain_in(house)
    house.magento.add_product(UNKNOWN, name="The merchant's own", price=99)
    house.drain()
    assert ordered(house, po) == [UNKNOWN]
    assert product_of(house, UNKNOWN)["name"] == "The merchant's own"
    assert f"Found the product {UNKNOWN}" in sentences(house, po)


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "status"])
def test_a_product_is_made_once_through_any_cut(house: House, fault: str) -> None:
    house.set_policy(missing_product=MissingProduct.CREATE)
    house.magento.fault(fault, method="POST", path="/V1/products$", times=1)
    pos = [house.place(lines=[{"sku": UNKNOWN}]) for _ in range(2)]
    house.drain()
    for _ in range(4):
        house.pass_time(minutes=2)
    assert house.effects("product_save") == [UNKNOWN]
    assert [ordered(house, po) for po in pos] == [[UNKNOWN]] * 2


def test_a_worker_that_is_killed_after_making_a_product_leaves_one(house: House, mother: Mother) -> None:
    house.set_policy(missing_product=MissingProduct.CREATE)
    po = house.place(lines=[{"sku": UNKNOWN}])
    drain_in(house)
    die_at(house, mother, "POST", r"/V1/products$")
    for _ in range(4):
        house.pass_time(minutes=2)
    assert house.effects("product_save") == [UNKNOWN]
    assert ordered(house, po) == [UNKNOWN]


def test_a_shop_with_its_own_sources_gets_the_stock_where_it_sells_from(house: House) -> None:
    use(house, "cart")
    house.magento.settings(multi_source=True)
    house.set_policy(missing_product=MissingProduct.CREATE)
    po = house.place(lines=[{"sku": UNKNOWN}])
    house.drain()
    assert ordered(house, po) == [UNKNOWN]


def test_what_magento_refuses_waits_for_the_merchant_and_goes_on_once_the_product_is_there(house: House) -> None:
    house.set_policy(missing_product=MissingProduct.CREATE)
    refusal = {"message": "The “%1” attribute set is gone.", "parameters": ["Default"]}
    house.magento.fault("status", method="POST", path="/V1/products$", status=400, body=refusal)
    po = house.place(lines=[{"sku": UNKNOWN}])
    house.drain()
    assert "attribute set is gone" in str(house.shown(po)["attention"])
    assert command_of(house, po, "CreateProduct").state == "parked"
    link(house, po, MUG)
    drain_in(house)
    drain_out(house)
    house.drain()
    assert ordered(house, po) == [MUG]


def product_of(house: House, sku: str) -> dict[str, Any]:
    return next(one for one in house.magento.shop.products.all() if one["sku"] == sku)


def stock_of(house: House, sku: str) -> float:
    return sum(float(one["quantity"]) for one in house.magento.shop.source_items.all() if one["sku"] == sku)


def test_people_who_link_at_the_same_moment_do_no_harm(house: House) -> None:
    po = house.place(lines=[{"sku": UNKNOWN}])
    house.drain()
    order_id = row_of(house, po).id
    side_by_side(house, lambda _: product_links.link(order_id, UNKNOWN, MUG, BY, remember=True), threads=4)
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]


def test_an_order_of_which_another_line_lacks_the_same_product_still_waits_for_it(house: House) -> None:
    with house.app.app_context(), unit_of_work() as work:
        product_links.keep(work, store_of(house).id, UNKNOWN, Product(1, "OLD-1", "Old"), BY)
    po = house.place(lines=[{"sku": UNKNOWN, "quantity": 1}, {"sku": "OLD-1", "quantity": 1}])
    house.drain()
    before = house.shown(po)["attention"]
    link(house, po, MUG)
    assert house.shown(po)["attention"] == before != ""
    link(house, po, MUG, "OLD-1")
    assert house.shown(po)["attention"] == ""

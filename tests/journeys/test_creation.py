"""What a Magento order is made of: Walmart's money to the cent, a true address, a way back, and whom it belongs to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.driving import sentences
from tests.house import House
from tests.journeys.shopping import behind, decimal, reserved, shop_order, store_of, use, walmart_total
from webapp.domain.policy import AcknowledgeWhen, CustomerMode, TaxSource, UnknownRegion
from webapp.domain.shop import Units
from webapp.neighbours import call_magento

MUG, TEA = "FH-MUG-350-BLU", "FH-TEA-MINT-50"
GROCERIES_AND_GOODS = [
    {"sku": TEA, "quantity": 1, "price": 4.50, "tax": 0, "shipping": 5.99, "shipping_tax": 0.53, "discount": 0.45},
    {"sku": MUG, "quantity": 3, "price": 13.33, "tax_rate": 8.875, "discount": 1.00, "fee": 0.75},
]


@pytest.mark.parametrize("mode", ["direct", "cart"])
@pytest.mark.parametrize("split", [True, False])
def test_totals_are_walmarts_to_the_cent_and_refunds_of_the_lines_add_up_to_them(
    house: House, mode: str, split: bool
) -> None:
    use(house, mode)
    po = house.place(lines=[line | {"split": split} for line in GROCERIES_AND_GOODS])
    house.drain()
    order = shop_order(house, po)
    total = walmart_total(house, po)
    assert decimal(order["grand_total"]) == total == decimal(order["total_paid"])
    assert decimal(order["discount_amount"]) == Decimal("-1.45")
    assert decimal(order["shipping_amount"]) == Decimal("6.74")
    by_sku = {item["sku"]: item for item in order["items"]}
    assert decimal(by_sku[TEA]["tax_amount"]) == 0
    assert decimal(by_sku[MUG]["tax_amount"]) == Decimal("3.54")
    refunded = [house.magento.refund(order["increment_id"], {MUG: 1}) for _ in range(3)]
    refunded += [house.magento.refund(order["increment_id"], {TEA: 1}, shipping_amount="6.74")]
    memos = house.magento.creditmemos(order["increment_id"])
    assert len(memos) == len(refunded) == 4
    assert sum(decimal(memo["grand_total"]) for memo in memos) == total


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_a_replacement_that_costs_nothing_is_created_invoiced_and_shippable(house: House, mode: str) -> None:
    use(house, mode)
    po = house.place(lines=[{"sku": MUG, "price": 0, "tax": 0}], order_type="REPLACEMENT")
    house.drain()
    order = shop_order(house, po)
    assert decimal(order["grand_total"]) == 0
    assert len(house.magento.invoices(order["increment_id"])) == 1
    assert house.magento.ship(order["increment_id"])


def test_lines_of_one_unit_are_merged_and_the_way_back_is_kept(house: House) -> None:
    po = house.place(lines=[{"sku": MUG, "quantity": 3}, {"sku": TEA, "quantity": 4, "split": False}])
    house.drain()
    items = {item["item_id"]: item["sku"] for item in shop_order(house, po)["items"]}
    assert [(items[one.item_id], one.units) for one in behind(house, po)] == [
        (MUG, (Units("1", 1), Units("2", 1), Units("3", 1))),
        (TEA, (Units("4", 4),)),
    ]


def test_units_of_one_product_at_two_prices_stay_two_lines_directly_and_become_one_in_a_cart(house: House) -> None:
    lines = [{"sku": MUG, "quantity": 2, "price": 10.01, "tax": 0}, {"sku": MUG, "price": 9.00, "tax": 0}]
    direct = house.place(lines=lines)
    house.drain()
    assert [one.units for one in behind(house, direct)] == [(Units("1", 1), Units("2", 1)), (Units("3", 1),)]
    use(house, "cart")
    cart = house.place(lines=lines)
    house.drain()
    assert [one.units for one in behind(house, cart)] == [(Units("1", 1), Units("2", 1), Units("3", 1))]
    for po in (direct, cart):
        assert decimal(shop_order(house, po)["grand_total"]) == Decimal("29.02")


def test_in_cart_mode_promises_come_to_nothing_when_all_has_shipped_or_been_canceled(house: House) -> None:
    use(house, "cart")
    shipped, canceled = house.place(lines=[{"sku": MUG, "quantity": 2}]), house.place(lines=[{"sku": MUG}])
    house.drain()
    assert reserved(house, MUG) == -3
    house.magento.ship(shop_order(house, shipped)["increment_id"])
    number = shop_order(house, canceled)["increment_id"]
    house.magento.refund(number, {MUG: 1}, return_to_stock=True)
    assert reserved(house, MUG) == 0


def test_what_a_cart_does_not_take_is_said_in_words_and_works_after_a_retry(house: House) -> None:
    use(house, "cart")
    house.magento.add_product("SCARCE-1", quantity=0)
    po = house.place(lines=[{"sku": "SCARCE-1"}, {"sku": MUG}])
    house.drain()
    attention = str(house.shown(po)["attention"])
    assert "“SCARCE-1” cannot be put into a Magento cart" in attention
    assert "not available" in attention
    assert house.effects("order_create") == []
    assert reserved(house, MUG) == 0


def test_a_shipping_method_that_is_off_is_named(house: House) -> None:
    use(house, "cart")
    house.set_policy(shipping_method="ups_GND")
    po = house.place()
    house.drain()
    assert "shipping method ups_GND" in str(house.shown(po)["attention"])


# Addresses


@pytest.mark.parametrize(
    ("address", "region", "region_id"),
    [
        ({"state": "QC", "country": "CAN"}, "Quebec", 76),
        ({"state": "Québec", "country": "CAN"}, "Quebec", 76),
        ({"state": "PR", "country": "USA"}, "Puerto Rico", 52),
        ({"state": "puerto  rico", "country": "USA"}, "Puerto Rico", 52),
        ({"state": "AE", "country": "USA", "city": "APO"}, "Armed Forces Europe", 9),
        ({"state": "Nowhere", "country": "USA"}, "Nowhere", None),
        ({"state": "PR", "country": "PRI"}, "PR", None),
    ],
)
@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_the_region_is_the_right_one_or_none(
    house: House, mode: str, address: dict[str, str], region: str, region_id: int | None
) -> None:
    use(house, mode)
    po = house.place(address=address)
    house.drain()
    order = shop_order(house, po)
    for one in (order["billing_address"], assignment(order)["address"]):
        assert one["region"] == region
        assert one.get("region_id") == region_id
    assert len(house.magento.ledger.calls("GET", "directory/countries")) == 1


def test_an_unknown_region_is_refused_where_the_merchant_wants_it_so(house: House) -> None:
    house.set_policy(unknown_region=UnknownRegion.REFUSE)
    po = house.place(address={"state": "Nowhere", "country": "USA"})
    house.drain()
    assert "“Nowhere”" in str(house.shown(po)["attention"])
    assert house.effects("order_create") == []


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_what_magento_demands_and_walmart_does_not_give_is_made_up_and_marked(house: House, mode: str) -> None:
    use(house, mode)
    po = house.place(phone="", address={"name": "Prudence"})
    house.drain()
    order = shop_order(house, po)
    assert order["billing_address"]["telephone"] == "0000"
    assert order["billing_address"]["lastname"] == "Prudence"
    for told in (order["status_histories"][0]["comment"], sentences(house, po)):
        assert "Walmart gave no telephone: “0000” was filled in because Magento demands a value." in told


def test_the_comment_names_both_numbers_and_the_ship_by_date_as_the_merchant_wants(house: House) -> None:
    with_date = house.place()
    house.drain()
    house.set_policy(ship_by_comment=False)
    without = house.place()
    house.drain()
    said = [shop_order(house, po)["status_histories"][0]["comment"] for po in (with_date, without)]
    assert with_date in said[0]
    assert house.shown(with_date)["customer_order_id"] in said[0]
    assert ["Ship by" in one for one in said] == [True, False]


# The shop's own tax rates, in a cart


def test_with_magentos_rates_the_total_stays_walmarts(house: House) -> None:
    use(house, "cart")
    house.set_policy(tax_source=TaxSource.MAGENTO)
    po = house.place(lines=GROCERIES_AND_GOODS)
    house.drain()
    order = shop_order(house, po)
    assert decimal(order["grand_total"]) == walmart_total(house, po)
    assert decimal(order["tax_amount"]) == 0


# Customers


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_a_new_customer_is_made_once_for_each_address_and_existing_ones_are_left_alone(house: House, mode: str) -> None:
    use(house, mode)
    house.set_policy(customer=CustomerMode.NEW, customer_group=3)
    house.magento.fault("cut_after", method="POST", path="/V1/customers$", times=1)
    pos = [house.place(email="one@relay.example"), house.place(email="two@relay.example")]
    house.drain()
    house.pass_time(minutes=1)
    again = house.place(email="ONE@relay.example")
    house.drain()
    assert sorted(house.effects("customer_create")) == ["one@relay.example", "two@relay.example"]
    orders = [shop_order(house, po) for po in (*pos, again)]
    assert orders[0]["customer_id"] == orders[2]["customer_id"] != orders[1]["customer_id"]
    assert {(order["customer_is_guest"], order["customer_group_id"]) for order in orders} == {(0, 3)}
    assert all(customer["addresses"] == [] for customer in house.magento.shop.customers.all())


def test_a_predefined_customer_gets_every_order_and_a_missing_one_is_named(house: House) -> None:
    house.set_policy(customer=CustomerMode.PREDEFINED, customer_id=7)
    po = house.place()
    house.drain()
    assert "no customer 7" in str(house.shown(po)["attention"])
    house.set_policy(customer=CustomerMode.NEW)
    first = house.place(email="walmart@shop.example")
    house.drain()
    customer = shop_order(house, first)["customer_id"]
    house.set_policy(customer=CustomerMode.PREDEFINED, customer_id=customer)
    second = house.place()
    house.drain()
    order = shop_order(house, second)
    assert (order["customer_id"], order["customer_email"]) == (customer, "walmart@shop.example")


# Orders of another connector


@pytest.mark.parametrize("mode", ["direct", "cart"])
@pytest.mark.parametrize("where", ["number", "number with a prefix", "notes"])
def test_an_order_that_another_connector_made_is_linked_with_its_way_back(house: House, mode: str, where: str) -> None:
    use(house, mode)
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False)
    po = house.place(lines=[{"sku": MUG, "quantity": 2, "price": 10, "tax": 0.80}], email="buyer@relay.example")
    house.drain()
    number = {"number": po, "number with a prefix": f"M2E{po}(1)"}.get(where, "000004711")
    make_by_hand(house, number, po if where == "notes" else "", "buyer@relay.example")
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=True)
    house.wish(po)
    house.drain()
    assert house.shown(po)["magento_increment_id"] == number
    assert house.effects("order_create") == [number]
    assert [one.units for one in behind(house, po)] == [(Units("1", 1), Units("2", 1))]


def make_by_hand(house: House, number: str, noted: str, email: str) -> None:
    """An order as another connector writes it: no external id, the PO in the number or among the payment's notes."""
    line = {"sku": MUG, "product_type": "simple", "qty_ordered": 2, "price": 10, "row_total": 20, "tax_amount": 1.6}
    with house.app.app_context():
        call_magento(store_of(house), lambda _: None).create_order(
            {
                "store_id": 1,
                "increment_id": number,
                "state": "new",
                "status": "pending",
                "customer_email": email,
                "items": [line],
                "grand_total": 21.6,
                "base_grand_total": 21.6,
                "payment": {"method": "checkmo", "additional_information": ["walmart", noted]},
            }
        )


def assignment(order: dict[str, Any]) -> dict[str, Any]:
    shipping: dict[str, Any] = order["extension_attributes"]["shipping_assignments"][0]["shipping"]
    return shipping


# An hour without the shop


def test_while_the_shop_is_in_maintenance_walmarts_side_goes_on_and_then_all_is_caught_up(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    house.magento.settings(maintenance=True)
    pos = [house.place() for _ in range(3)]
    house.drain()
    assert sorted(house.effects("acknowledge")) == sorted(pos)
    for _ in range(6):
        house.pass_time(minutes=10)
    assert house.effects("order_create") == []
    assert all("maintenance" in " ".join(house.shown(po)["waiting_for"]) for po in pos)
    house.magento.settings(maintenance=False)
    for _ in range(3):
        house.pass_time(minutes=20)
    assert sorted(house.effects("order_create")) == sorted(f"WM-{po}" for po in pos)
    assert all(len(house.magento.invoices(f"WM-{po}")) == 1 for po in pos)

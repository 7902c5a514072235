"""The Magento order built from a Walmart order: complete, with sums that agree with Walmart's to the cent."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.factories import HOME, a_charge, a_line, a_product, an_order
from webapp.domain.magento_entity import CannotBuild, Entity, Target, build
from webapp.domain.order import Address, Charge, Line, Order

TARGET = Target(store_id=3, currency="USD", increment_id="WM-108000000001")
CENT = Decimal("0.01")


def built(order: Order, target: Target = TARGET) -> Entity:
    return build(order, {line.sku: a_product(line.sku) for line in order.lines}, target)


def body_of(*lines: Line, **more: Any) -> dict[str, Any]:
    return built(an_order(*lines, **more)).body


def money(body: dict[str, Any], name: str) -> Decimal:
    """What Magento reads from the JSON; each amount goes out in the base currency as well, equal."""
    assert body[name] == body[f"base_{name}"]
    return Decimal(json.dumps(body[name]))


# Sums


def test_three_units_without_tax() -> None:
    body = body_of(a_line(1, ("Created", 3), charges=(a_charge("37.50"),)))
    item = body["items"][0]
    assert item["qty_ordered"] == body["total_qty_ordered"] == 3
    assert money(item, "price") == Decimal("12.5")
    assert money(item, "row_total") == money(body, "subtotal") == money(body, "grand_total") == Decimal("37.5")
    assert item["tax_percent"] == money(body, "tax_amount") == 0


def test_three_units_with_new_yorks_tax() -> None:
    body = body_of(a_line(1, ("Created", 3), charges=(a_charge("43.50", "3.86"),)))
    item = body["items"][0]
    assert money(item, "price") == Decimal("14.5")
    assert money(item, "tax_amount") == Decimal("3.86")
    assert money(item, "row_total_incl_tax") == Decimal("47.36")
    assert item["tax_percent"] == pytest.approx(8.875, abs=0.01)
    assert money(body, "grand_total") == Decimal("47.36")


def test_lines_of_one_unit_become_one_line_of_the_shop_where_sku_and_price_agree() -> None:
    lines = [a_line(n, charges=(a_charge("14.50", tax),)) for n, tax in ((1, "1.29"), (2, "1.29"), (3, "1.28"))]
    cheaper = a_line(4, charges=(a_charge("13.00", "1.15"),))
    other = a_line(5, sku="TEA", charges=(a_charge("14.50"),))
    body = body_of(*lines, cheaper, other)
    rows = [(i["sku"], i["qty_ordered"], money(i, "row_total"), money(i, "tax_amount")) for i in body["items"]]
    assert rows == [
        ("MUG", 3, Decimal("43.5"), Decimal("3.86")),
        ("MUG", 1, Decimal("13"), Decimal("1.15")),
        ("TEA", 1, Decimal("14.5"), Decimal("0")),
    ]
    assert money(body, "grand_total") == Decimal("76.01")


def test_shipping_with_its_tax_and_a_fee_stand_in_shipping() -> None:
    charges = (a_charge("10.00", "0.80"), a_charge("4.12", "0.33", "SHIPPING"), a_charge("0.50", kind="FEE"))
    body = body_of(a_line(1, charges=charges))
    assert money(body, "shipping_amount") == Decimal("4.62")
    assert money(body, "shipping_tax_amount") == Decimal("0.33")
    assert money(body, "shipping_incl_tax") == Decimal("4.95")
    assert money(body, "tax_amount") == Decimal("1.13")
    assert money(body, "grand_total") == Decimal("15.75")


def test_a_discount_is_positive_on_the_line_and_negative_on_the_order() -> None:
    body = body_of(a_line(1, ("Created", 2), charges=(a_charge("20.00", "1.44"), a_charge("-2.00"))))
    assert money(body["items"][0], "discount_amount") == Decimal("2")
    assert money(body, "discount_amount") == Decimal("-2")
    assert money(body, "subtotal") == Decimal("20")
    assert money(body, "grand_total") == Decimal("19.44")
    assert body["items"][0]["tax_percent"] == 8


def test_cancelled_units_are_left_out_with_their_share_of_the_charges() -> None:
    charges = (a_charge("30.00", "2.40"), a_charge("3.00", "0.24", "SHIPPING"))
    body = body_of(
        a_line(1, ("Created", 2), ("Cancelled", 1), charges=charges),
        a_line(2, ("Cancelled", 1), sku="TEA", charges=(a_charge("9.00"),)),
    )
    assert [(item["sku"], item["qty_ordered"]) for item in body["items"]] == [("MUG", 2)]
    assert money(body, "subtotal") == Decimal("20")
    assert money(body, "shipping_incl_tax") == Decimal("2.16")
    assert money(body, "grand_total") == Decimal("23.76")


def test_a_replacement_that_costs_nothing_is_created_like_any_other() -> None:
    body = body_of(a_line(1, charges=(a_charge("0.00"),)), order_type="REPLACEMENT")
    assert money(body, "grand_total") == 0
    assert body["items"][0]["tax_percent"] == 0


def test_a_line_without_any_charge_costs_nothing() -> None:
    assert money(body_of(a_line(1, charges=())), "grand_total") == 0


@pytest.mark.parametrize("total", ["0.01", "9999999.99", "0.10", "1234567.89", "33.33"])
def test_an_amount_survives_the_way_through_json_exactly(total: str) -> None:
    assert money(body_of(a_line(1, charges=(a_charge(total),))), "grand_total") == Decimal(total)


cents = st.decimals("0", "5000", places=2)
charges_of_a_line = st.builds(
    lambda price, tax, off, shipping, shipping_tax, fee: (
        a_charge(str(price), str(tax)),
        Charge("PRODUCT", "Discount", -min(off, price)),
        Charge("SHIPPING", "Shipping", shipping, shipping_tax),
        Charge("FEE", "Fee", fee),
    ),
    *[cents] * 6,
)
lines_of_an_order = st.lists(
    st.tuples(st.sampled_from(["MUG", "TEA"]), st.integers(1, 7), st.booleans(), charges_of_a_line),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=120)
@given(wanted=lines_of_an_order)
def test_magentos_grand_total_is_walmarts_to_the_cent(
    wanted: list[tuple[str, int, bool, tuple[Charge, ...]]],
) -> None:
    lines = [
        a_line(number, ("Cancelled" if cancelled else "Created", quantity), sku=sku, charges=charges)
        for number, (sku, quantity, cancelled, charges) in enumerate(wanted, 1)
    ]
    kept = [line for line in lines if line.uncancelled]
    if not kept:
        with pytest.raises(CannotBuild, match="Every unit"):
            built(an_order(*lines))
        return
    entity = built(an_order(*lines))
    assert money(entity.body, "grand_total") == entity.grand_total == sum(line.total for line in kept)
    assert_adds_up(entity.body)


@settings(deadline=None, max_examples=80)
@given(charges=charges_of_a_line, quantity=st.integers(2, 9), cancelled=st.integers(1, 8))
def test_a_partly_cancelled_line_adds_up_and_is_its_share_give_or_take_a_rounding(
    charges: tuple[Charge, ...], quantity: int, cancelled: int
) -> None:
    cancelled = min(cancelled, quantity - 1)
    line = a_line(1, ("Created", quantity - cancelled), ("Cancelled", cancelled), charges=charges)
    entity = built(an_order(line))
    assert_adds_up(entity.body)
    assert abs(entity.grand_total - line.total * (quantity - cancelled) / quantity) <= 7 * CENT / 2


def assert_adds_up(body: dict[str, Any]) -> None:
    """The three sums that Magento never checks (and its invoice and refund are then made of)."""
    items = body["items"]
    assert money(body, "subtotal") == sum(money(item, "row_total") for item in items)
    assert money(body, "tax_amount") == sum(money(i, "tax_amount") for i in items) + money(body, "shipping_tax_amount")
    assert money(body, "discount_amount") == -sum(money(item, "discount_amount") for item in items)
    parts = ("subtotal", "discount_amount", "shipping_amount", "tax_amount")
    assert money(body, "grand_total") == sum(money(body, part) for part in parts) == money(body, "total_due")
    assert body["payment"]["amount_ordered"] == body["grand_total"]


# What stands in it (what Magento demands: test_complete_payload.py)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("store_id", 3),
        ("increment_id", "WM-108000000001"),
        ("ext_order_id", "108000000001"),
        ("state", "new"),
        ("status", "pending"),
        ("is_virtual", 0),
        ("email_sent", 0),
        ("customer_is_guest", 1),
        ("customer_group_id", 0),
        ("customer_email", "buyer@relay.example"),
        ("customer_firstname", "Maren"),
        ("customer_lastname", "Oldfield"),
        ("base_currency_code", "USD"),
        ("order_currency_code", "USD"),
        ("global_currency_code", "USD"),
        ("store_currency_code", "USD"),
        ("base_to_global_rate", 1),
        ("base_to_order_rate", 1),
        ("total_qty_ordered", 1),
    ],
)
def test_the_heading_is_complete(name: str, value: object) -> None:
    assert body_of(a_line())[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sku", "MUG"),
        ("name", "A MUG of the shop"),
        ("product_id", 7),
        ("product_type", "simple"),
        ("store_id", 3),
        ("qty_ordered", 1),
    ],
)
def test_each_item_names_its_product_and_type_without_which_magento_cannot_ship_it(name: str, value: object) -> None:
    assert body_of(a_line())["items"][0][name] == value


def test_payment_both_addresses_and_the_comment_are_there() -> None:
    body = body_of(a_line())
    shipping = body["extension_attributes"]["shipping_assignments"][0]["shipping"]
    assert body["payment"]["method"] == "checkmo"
    assert "Walmart purchase order 108000000001" in body["payment"]["additional_information"]
    assert body["billing_address"]["address_type"] == "billing"
    assert shipping["address"]["address_type"] == "shipping"
    assert shipping["method"]
    assert body["shipping_description"].startswith("Walmart")
    comment = body["status_histories"][0]
    assert "200000000001" in comment["comment"]
    assert comment["is_customer_notified"] == comment["is_visible_on_front"] == 0


# Names and addresses

NEEDED = ("firstname", "lastname", "street", "city", "postcode", "country_id", "telephone")


@pytest.mark.parametrize(
    "address",
    [
        HOME,
        Address(country="US"),
        Address("Prudence", "", "", "", "", "", "USA", ""),
        Address("  ", " ", " ", " ", " ", " ", "USA", " "),
    ],
)
def test_no_field_that_magento_demands_is_ever_empty(address: Address) -> None:
    body = body_of(a_line(), address=address)["billing_address"]
    assert all(body[name] and str(body[name]).strip() and body[name] != [""] for name in NEEDED)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Maren Oldfield", "Maren", "Oldfield"),
        ("Prudence", "Prudence", "Prudence"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị", "Ánh"),
        ("d'Arcy  Le Fèvre", "d'Arcy Le", "Fèvre"),
        ("", "Walmart customer", "Walmart customer"),
    ],
)
def test_the_name_is_split_for_a_shop_that_wants_two(name: str, first: str, last: str) -> None:
    body = body_of(a_line(), address=replace(HOME, name=name))["billing_address"]
    assert (body["firstname"], body["lastname"]) == (first, last)


def test_what_was_made_up_is_said_in_the_orders_comment() -> None:
    entity = built(an_order(a_line(), address=replace(HOME, name="Prudence", phone="")))
    assert len(entity.made_up) == 2
    assert (
        "Walmart gave no last name: “Prudence” was filled in because Magento demands a value. "
        "Walmart gave no telephone: “0000” was filled in because Magento demands a value."
    ) in entity.body["status_histories"][0]["comment"]
    assert entity.body["billing_address"]["telephone"] == "0000"
    assert built(an_order()).made_up == ()


def test_a_po_box_and_a_second_address_line_stay_as_they_are() -> None:
    body = body_of(a_line(), address=replace(HOME, address1="PO Box 2291", address2="c/o Pinewood"))
    assert body["billing_address"]["street"] == ["PO Box 2291", "c/o Pinewood"]


@pytest.mark.parametrize(
    ("given", "sent"), [("USA", "US"), ("PRI", "PR"), ("CAN", "CA"), ("us", "US"), ("PR", "PR"), ("mex", "MX")]
)
def test_the_country_is_written_as_magento_wants_it(given: str, sent: str) -> None:
    assert body_of(a_line(), address=replace(HOME, country=given))["billing_address"]["country_id"] == sent


def test_puerto_rico_as_a_state_of_the_usa_stays_an_address_that_magento_takes() -> None:
    island = Address("Marisol Peña Ávila", "Calle Luna 214", "Urb. El Faro", "San Juan", "PR", "00901-1432", "USA", "1")
    body = body_of(a_line(), address=island)["billing_address"]
    assert (body["region"], body["region_code"], body["postcode"]) == ("PR", "PR", "00901-1432")


@pytest.mark.parametrize("country", ["ATLANTIS", "", "XYZ"])
def test_a_country_that_magento_does_not_know_is_refused_in_words(country: str) -> None:
    with pytest.raises(CannotBuild, match="Magento does not know"):
        built(an_order(address=replace(HOME, country=country)))


# Numbers that Magento would cut without a word


@pytest.mark.parametrize(("length", "fits"), [(50, True), (51, False)])
def test_an_order_number_that_would_be_cut_is_refused(length: int, fits: bool) -> None:
    target = replace(TARGET, increment_id="W" * length)
    if fits:
        assert built(an_order(), target).body["increment_id"] == "W" * length
    else:
        with pytest.raises(CannotBuild, match="shorter prefix"):
            built(an_order(), target)


def test_a_po_number_that_would_be_cut_is_refused() -> None:
    with pytest.raises(CannotBuild, match="32 characters"):
        built(replace(an_order(), po="1" * 33))
    assert built(replace(an_order(), po="1" * 32)).body["ext_order_id"] == "1" * 32

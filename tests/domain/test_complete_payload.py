"""What Magento stores without a word and then breaks on: one table, for orders that are created directly or by a cart.

Each row is something that, left out, spoils the admin's page, an invoice, a shipment or a refund, or is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tests.domain.factories import HOME, a_charge, a_line, a_product, an_order
from webapp.domain.magento_entity import LONGEST_EXT_ORDER_ID, LONGEST_INCREMENT_ID, Target, build, patch
from webapp.domain.order import Address

MODES = ("direct", "cart")
FULL = (
    a_charge("43.50", "3.86"),
    a_charge("-2.00"),
    a_charge("4.12", "0.33", "SHIPPING"),
    a_charge("0.50", kind="FEE"),
)
ORDERS = {
    "plain": an_order(),
    "every kind of charge": an_order(a_line(1, ("Created", 3), charges=FULL), a_line(2, sku="TEA")),
    "without charges": an_order(a_line(1, charges=())),
    "a replacement": an_order(a_line(1, charges=(a_charge("0.00"),)), order_type="REPLACEMENT"),
    "partly cancelled": an_order(a_line(1, ("Created", 1), ("Cancelled", 2), charges=FULL)),
    "one unit a line": an_order(*(a_line(n, charges=(a_charge("14.50", f"1.2{n}"),)) for n in (1, 2, 3))),
    "no telephone": an_order(address=replace(HOME, phone="")),
    "a name of one word": an_order(address=replace(HOME, name="Prudence")),
    "hardly an address": an_order(address=Address(country="USA"), email=""),
    "blanks alone": an_order(address=Address("  ", " ", " ", " ", " ", " ", "USA", " "), email=" "),
    "Québec": an_order(
        address=Address("Ève Roy", "1 rue B", "", "Laval", "Québec", "H7A 0A1", "CAN", "514"), currency="CAD"
    ),
    "Puerto Rico": an_order(address=Address("Ana Sol", "Calle 2", "", "San Juan", "PR", "00901", "USA", "787")),
    "Puerto Rico as a country": an_order(
        address=Address("Ana Sol", "Calle 2", "", "San Juan", "", "00901", "PRI", "787")
    ),
    "APO": an_order(address=Address("Lt. Roe", "PSC 3 Box 1", "", "APO", "AP", "96349", "USA", "1")),
}
ADDRESS = ("firstname", "lastname", "street", "city", "postcode", "country_id", "telephone")
TOTALS = (
    *("subtotal", "subtotal_incl_tax", "discount_amount", "shipping_amount", "shipping_tax_amount"),
    *("shipping_incl_tax", "tax_amount", "grand_total", "total_due"),
)
PRICES = (
    *("price", "original_price", "price_incl_tax", "row_total", "row_total_incl_tax"),
    *("tax_amount", "discount_amount"),
)


@cache
def sent(name: str, mode: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole order, and the one body that sets its money: the create itself, or the patch of what a cart became."""
    order, is_cart = ORDERS[name], mode == "cart"
    number = "" if is_cart else f"WM-{order.po}"
    target = Target(store_id=3, currency=order.currency, increment_id=number, is_cart=is_cart)
    body = build(order, {line.sku: a_product(line.sku) for line in order.lines}, target).body
    return (body, patch(body, placed(body))) if is_cart else (body, body)


def placed(body: Mapping[str, Any]) -> dict[str, Any]:
    """What Magento shows of the cart that has just become an order."""
    items = [
        {"item_id": at, "sku": item["sku"], "qty_ordered": item["qty_ordered"]} for at, item in enumerate(body["items"])
    ]
    return {"entity_id": 9, "payment": {"entity_id": 4}, "items": items}


def both(body: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    """Each amount is a number and goes out in the base currency as well, equal."""
    return all(isinstance(body[name], int | float) and body[name] == body[f"base_{name}"] for name in names)


def shipping(body: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["extension_attributes"]["shipping_assignments"][0]["shipping"]
    return found


def is_whole(address: Mapping[str, Any]) -> bool:
    return all(str(address[name]).strip() and address[name] not in ([], [""]) for name in ADDRESS)


def amount(body: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(str(body[name]))


def adds_up(body: Mapping[str, Any]) -> bool:
    items = body["items"]
    return (
        amount(body, "subtotal") == sum(amount(item, "row_total") for item in items)
        and amount(body, "tax_amount")
        == sum(amount(i, "tax_amount") for i in items) + amount(body, "shipping_tax_amount")
        and amount(body, "discount_amount") == -sum(amount(item, "discount_amount") for item in items)
        and amount(body, "grand_total")
        == sum(amount(body, name) for name in ("subtotal", "discount_amount", "shipping_amount", "tax_amount"))
        and min(amount(item, name) for item in items for name in PRICES) >= 0
    )


# What would break, and the proof that it is there: in the whole order, then in the body that sets the money.
Row = Callable[[dict[str, Any], dict[str, Any]], bool]
TABLE: dict[str, Row] = {
    "payment: refused without": lambda whole, money: bool(whole["payment"]["method"]),
    "payment amounts, in both currencies": lambda whole, money: both(money["payment"], ("amount_ordered",)),
    "billing address: the admin's page answers 500": lambda whole, money: is_whole(whole["billing_address"]),
    "shipping address: the admin's page answers 500": lambda whole, money: is_whole(shipping(whole)["address"]),
    "shipping method": lambda whole, money: "_" in shipping(whole)["method"],
    "address types": lambda whole, money: (
        (whole["billing_address"]["address_type"], shipping(whole)["address"]["address_type"])
        == ("billing", "shipping")
    ),
    "shipping description": lambda whole, money: bool(money["shipping_description"]),
    "store view: wrong scope, and a number is not unique": lambda whole, money: whole["store_id"] == 3,
    "state and status: NULL until the first invoice": lambda whole, money: (
        (whole["state"], whole["status"]) == ("new", "pending")
    ),
    "totals in the base currency: refunds impossible": lambda whole, money: both(money, TOTALS),
    "tax of the order: invoice without tax": lambda whole, money: both(money, ("tax_amount",)),
    "product type: shipping and refund answer 500": lambda whole, money: all(
        item["product_type"] == "simple" for item in money["items"]
    ),
    "product id: no link in the admin": lambda whole, money: all(item["product_id"] == 7 for item in money["items"]),
    "row totals: invoice and refund too low": lambda whole, money: all(
        both(item, ("row_total",)) for item in money["items"]
    ),
    "prices with and without tax: shown as 0": lambda whole, money: all(both(item, PRICES) for item in money["items"]),
    "names and SKUs": lambda whole, money: all(item["name"] and item["sku"] for item in money["items"]),
    "quantities": lambda whole, money: (
        bool(money["items"]) and whole["total_qty_ordered"] == sum(item["qty_ordered"] for item in whole["items"]) > 0
    ),
    "currencies and rates": lambda whole, money: (
        all(whole[f"{name}_currency_code"] in {"USD", "CAD"} for name in ("base", "order", "global", "store"))
        and (whole["base_to_global_rate"], whole["base_to_order_rate"]) == (1, 1)
    ),
    "the customer's name: blank in the admin's list": lambda whole, money: bool(
        money["customer_firstname"] and money["customer_lastname"]
    ),
    "a guest is a guest": lambda whole, money: (money["customer_is_guest"], money["customer_group_id"]) == (1, 0),
    "numbers that are not cut": lambda whole, money: (
        len(whole.get("increment_id", "")) <= LONGEST_INCREMENT_ID
        and 0 < len(money["ext_order_id"]) <= LONGEST_EXT_ORDER_ID
    ),
    "sums that nobody else checks": lambda whole, money: adds_up(whole) and adds_up(money),
    "no mail to the buyer": lambda whole, money: (whole["email_sent"], whole["customer_note_notify"]) == (0, 0),
    "a comment for the merchant alone": lambda whole, money: all(
        (one["is_customer_notified"], one["is_visible_on_front"], bool(one["comment"])) == (0, 0, True)
        for one in money["status_histories"]
    ),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", TABLE)
def test_nothing_that_breaks_the_admin_shipping_or_refunds_is_ever_sent(row: str, mode: str) -> None:
    assert [name for name in ORDERS if not TABLE[row](*sent(name, mode))] == []


@pytest.mark.parametrize("name", ORDERS)
def test_a_patch_never_moves_what_magento_gave_and_names_each_line_and_the_payment_by_its_id(name: str) -> None:
    whole, money = sent(name, "cart")
    assert "increment_id" not in whole
    assert not {"increment_id", "state", "status", "store_id", "billing_address", "extension_attributes"} & set(money)
    assert (money["entity_id"], money["payment"]["entity_id"]) == (9, 4)
    assert [item["item_id"] for item in money["items"]] == list(range(len(money["items"])))


@pytest.mark.parametrize(
    ("mode", "order", "email", "is_made_up"),
    [
        ("direct", "plain", "buyer@relay.example", False),
        ("cart", "plain", "buyer@relay.example", False),
        ("direct", "hardly an address", "", False),
        ("cart", "hardly an address", "walmart-108000000001@example.com", True),
        ("cart", "blanks alone", "walmart-108000000001@example.com", True),
    ],
)
def test_an_email_is_made_up_only_for_a_cart_and_then_said(mode: str, order: str, email: str, is_made_up: bool) -> None:
    whole, _ = sent(order, mode)
    assert whole["billing_address"]["email"] == whole["customer_email"] == email
    assert ("no e-mail" in whole["status_histories"][0]["comment"]) is is_made_up


@pytest.mark.parametrize(
    ("name", "region", "said"),
    [
        ("Québec", "Québec", ()),
        ("Puerto Rico", "PR", ()),
        ("Puerto Rico as a country", None, ()),
        ("APO", "AP", ()),
        ("no telephone", "ID", ("Walmart gave no telephone: “0000” was filled in",)),
        ("a name of one word", "ID", ("Walmart gave no last name: “Prudence” was filled in",)),
    ],
)
def test_odd_addresses_are_sent_as_they_are_and_what_had_to_be_made_up_is_said(
    name: str, region: str | None, said: tuple[str, ...]
) -> None:
    whole, _ = sent(name, "direct")
    assert whole["billing_address"].get("region") == region
    comment = whole["status_histories"][0]["comment"]
    assert all(words in comment for words in said)
    assert ("filled in" in comment) is bool(said)

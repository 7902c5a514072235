"""Creating, changing and reading orders at the stand-in shop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.magento import MagentoSandbox
from tests.sandbox.magento_client import Client, address, criteria, entity, line


def test_a_created_order_keeps_exactly_what_was_sent(client: Client) -> None:
    made = client.create(increment_id="WM-200012345678901", ext_order_id="200012345678901")
    read = client.order(made["entity_id"])
    for document in (made, read):
        assert document["increment_id"] == "WM-200012345678901"
        assert document["ext_order_id"] == "200012345678901"
        assert (document["grand_total"], document["total_due"], document["tax_amount"]) == (28.7, 28.7, 4.58)
        assert (document["state"], document["status"], document["subtotal"]) == ("new", "pending", 20)
        assert document["payment"]["method"] == "checkmo"
        shipping = document["extension_attributes"]["shipping_assignments"][0]["shipping"]
        assert shipping["address"]["lastname"] == "Oldfield"
        assert shipping["method"] == "flatrate_flatrate"
    assert "qty_shipped" not in made["items"][0]
    assert read["items"][0]["qty_shipped"] == 0
    assert read["extension_attributes"]["payment_additional_info"] == [{"key": "0", "value": "Paid on the marketplace"}]


def test_without_a_number_the_store_gives_its_next_one(client: Client) -> None:
    assert client.create()["increment_id"] == "000000001"
    assert client.create(store_id=2)["increment_id"] == "2000000001"
    assert client.create()["increment_id"] == "000000002"


def test_a_number_is_unique_within_its_store_only(client: Client) -> None:
    client.create(increment_id="WM-1")
    assert client.refused("orders", {"entity": entity(increment_id="WM-1")}) == (
        400,
        {"message": "Unique constraint violation found"},
    )
    assert client.refused("orders", {"entity": entity(increment_id="wm-1")})[0] == 400
    client.create(increment_id="WM-1", store_id=2)
    for _ in range(2):
        client.create(increment_id="WM-1", store_id=None)


def test_of_twelve_equal_creates_at_once_one_goes_through(shop: MagentoSandbox, client: Client) -> None:
    def create(_: int) -> int:
        return client.call("POST", "orders", {"entity": entity(increment_id="WM-12")}).status_code

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(create, range(12)))
    assert sorted(codes) == [200] + [400] * 11
    assert len(shop.orders()) == 1
    assert [entry["key"] for entry in shop.ledger.entries("order_create")] == ["WM-12"]


def test_long_numbers_are_cut_in_silence_and_then_collide(client: Client) -> None:
    number, external = "N" * 60, "E" * 40
    made = client.create(increment_id=number, ext_order_id=external)
    assert (made["increment_id"], made["ext_order_id"]) == (number, external)
    read = client.order(made["entity_id"])
    assert (read["increment_id"], read["ext_order_id"]) == ("N" * 50, "E" * 32)
    assert client.refused("orders", {"entity": entity(increment_id="N" * 51)})[0] == 400


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"payment": None}, 400, "Please provide payment for the order."),
        ({"store_id": 77}, 404, "The store that was requested wasn't found. Verify the store and try again."),
        ({"billing_address": address(lastname="")}, 400, "We can't save the address:\n%1"),
        ({"nonsense_field": 1}, 400, '"%fieldName" is not supported. Correct the field name and try again.'),
        ({"grand_total": "much"}, 400, 'Error occurred during "%fieldName" processing. %details'),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    shop: MagentoSandbox, client: Client, changes: dict[str, Any], status: int, message: str
) -> None:
    code, body = client.refused("orders", {"entity": entity(**changes)})
    assert (code, body["message"]) == (status, message)
    assert shop.orders() == []


def test_a_refusal_names_its_parts_in_parameters(client: Client) -> None:
    sent = entity(billing_address=address(lastname="", telephone=None))
    lines = '"Last name" is required. Enter and try again.\n"Phone Number" is required. Enter and try again.'
    assert client.refused("orders", {"entity": sent})[1]["parameters"] == [lines]
    assert client.refused("orders", {"entity": {"made_up": 1}})[1]["parameters"] == {"fieldName": "MadeUp"}


def test_what_a_real_shop_takes_without_a_word(client: Client) -> None:
    odd = client.create(
        lines=[line("NO-SUCH-SKU")],
        payment={"method": "walmart_pay"},
        grand_total=99.99,
        status="invented_status",
        extension_attributes={},
        billing_address=None,
    )
    assert odd["status"] == "invented_status"
    assert client.create(lines=[])["total_item_count"] == 0
    assert client.create(ext_order_id="A")["ext_order_id"] == client.create(ext_order_id="A")["ext_order_id"]


def test_a_create_reserves_nothing_and_mails_nobody(shop: MagentoSandbox, client: Client) -> None:
    before = shop.salable("FH-MUG-350-BLU")
    client.create()
    assert shop.salable("FH-MUG-350-BLU") == before
    assert shop.ledger.entries("email") == []


def test_an_update_changes_just_the_sent_columns(client: Client) -> None:
    made = client.create(increment_id="WM-7")
    answer = client.post(
        "orders", {"entity": {"entity_id": made["entity_id"], "ext_order_id": "B", "status": "packed"}}
    )
    assert (answer["ext_order_id"], answer["grand_total"], answer["customer_email"]) == ("B", None, None)
    read = client.order(made["entity_id"])
    assert (read["ext_order_id"], read["status"], read["grand_total"]) == ("B", "packed", 28.7)
    item_id = made["items"][0]["item_id"]
    client.post("orders", {"entity": {"entity_id": made["entity_id"], "items": [{"item_id": item_id, "price": 9}]}})
    assert client.order(made["entity_id"])["items"][0]["price"] == 9


def test_put_orders_create_and_the_address_of_an_order(client: Client) -> None:
    answer = client.call("PUT", "orders/create", {"entity": entity(increment_id="WM-8")})
    made = answer.json()
    shipping = made["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]
    changed = client.call("PUT", f"orders/{made['entity_id']}", {"entity": shipping | {"city": "Nampa"}})
    assert (answer.status_code, changed.status_code, changed.json()["city"]) == (200, 200, "Nampa")
    read = client.order(made["entity_id"])
    assert read["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]["city"] == "Nampa"


def test_hold_comment_and_status(client: Client) -> None:
    number = client.create()["entity_id"]
    assert client.post(f"orders/{number}/hold") is True
    assert client.refused(f"orders/{number}/hold") == (400, {"message": "A hold action is not available."})
    assert client.get(f"orders/{number}/statuses") == "holded"
    assert client.post(f"orders/{number}/unhold") is True
    assert client.refused(f"orders/{number}/unhold") == (400, {"message": "You cannot remove the hold."})
    before = client.order(number)["updated_at"]
    assert client.post(f"orders/{number}/comments", {"statusHistory": {"comment": "Gift wrap"}}) is True
    after = client.order(number)
    assert (after["status"], after["updated_at"]) == ("pending", before)
    assert [one["comment"] for one in client.get(f"orders/{number}/comments")["items"]] == ["Imported", "Gift wrap"]


def test_an_unknown_order_is_a_404_everywhere_and_none_can_be_deleted(client: Client) -> None:
    gone = {"message": "The entity that was requested doesn't exist. Verify the entity and try again."}
    assert client.refused("orders/99", method="GET") == (404, gone)
    for path in ("orders/99/cancel", "orders/99/hold", "order/99/ship", "order/99/invoice", "order/99/refund"):
        assert client.refused(path, {}) == (404, gone)
    assert client.refused("orders/99", method="DELETE") == (404, {"message": "Request does not match any route."})


def test_orders_outlive_the_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("magento")
    with MagentoSandbox(folder) as shop:
        client = Client(shop.url, shop.token)
        token = shop.token
        client.create(increment_id="WM-9")
        client.close()
    with MagentoSandbox(folder) as shop:
        client = Client(shop.url, shop.token)
        assert shop.token == token
        assert client.get(f"orders?{criteria(('increment_id', 'eq', 'WM-9'))}")["total_count"] == 1
        assert client.refused("orders", {"entity": entity(increment_id="WM-9")})[0] == 400
        assert client.create()["entity_id"] == 2
        client.close()


def test_a_row_total_is_told_less_its_discount_but_kept_as_sent(shop: MagentoSandbox, client: Client) -> None:
    made = client.create(lines=[line() | {"discount_amount": 1, "base_discount_amount": 1}], discount_amount=-1)
    for document in (made, client.order(made["entity_id"])):
        assert (document["items"][0]["row_total"], document["items"][0]["row_total_incl_tax"]) == (19, 22.8)
    shop.invoice("1")
    assert shop.invoices("1")[0]["subtotal"] == 20

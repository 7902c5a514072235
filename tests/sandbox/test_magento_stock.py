"""Stock at the stand-in shop: every line of the observed table, the repair, several sources, and carts."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.magento import MagentoSandbox, stand_in
from sandbox.server import Server
from tests.sandbox.magento_client import MUG, TEA, Client, address, criteria, line


def _shelf(client: Client, sku: str = MUG, source: str = "default") -> float:
    query = criteria(("sku", "eq", sku), ("source_code", "eq", source))
    return float(client.get(f"inventory/source-items?{query}")["items"][0]["quantity"])


def _stock(client: Client) -> tuple[float, float]:
    """What the shelf and the salable quantity have moved from 1000."""
    return _shelf(client) - 1000, client.get(f"inventory/get-product-salable-quantity/{MUG}/1") - 1000


def _direct(client: Client) -> int:
    return int(client.create()["entity_id"])


def _by_cart(client: Client) -> int:
    cart = client.post("carts/")
    client.post(f"carts/{cart}/items", {"cartItem": {"quote_id": cart, "sku": MUG, "qty": 2}})
    client.post(f"carts/{cart}/shipping-information", _information())
    answer = client.call("PUT", f"carts/{cart}/order", {"paymentMethod": {"method": "checkmo"}})
    return int(answer.json())


def _information(carrier: str = "flatrate", method: str = "flatrate") -> dict[str, Any]:
    both = {"shipping_address": address(), "billing_address": address()}
    return {"addressInformation": {**both, "shipping_carrier_code": carrier, "shipping_method_code": method}}


def _returned(client: Client, number: int) -> dict[str, Any]:
    items = [item["item_id"] for item in client.order(number)["items"]]
    return {"arguments": {"extension_attributes": {"return_to_stock_items": items}}}


@pytest.mark.parametrize(
    ("steps", "direct", "cart"),
    [
        ((), (0, 0), (0, -2)),
        (("ship",), (-2, 0), (-2, -2)),
        (("cancel",), (0, 2), (0, 0)),
        (("invoice", "refund"), (-2, 0), (-2, -2)),
        (("invoice", "refund returned"), (0, 2), (0, 0)),
        (("invoice", "ship", "refund"), (-2, 0), (-2, -2)),
        (("invoice", "ship", "refund returned"), (0, 2), (0, 0)),
    ],
)
def test_the_table_of_events(
    client: Client, steps: tuple[str, ...], direct: tuple[float, float], cart: tuple[float, float]
) -> None:
    """The shelf and the salable quantity after each course of an order of two."""
    for make, expected in ((_direct, direct), (_by_cart, cart)):
        client.post("inventory/source-items", {"sourceItems": [_source_item(1000)]})
        start = _stock(client)[1]
        number = make(client)
        for step in steps:
            if step == "cancel":
                client.post(f"orders/{number}/cancel")
            else:
                body = _returned(client, number) if step.endswith("returned") else {}
                client.post(f"order/{number}/{step.split()[0]}", body)
        shelf, salable = _stock(client)
        assert (shelf, salable - start) == expected


def _source_item(quantity: float, sku: str = MUG, source: str = "default") -> dict[str, Any]:
    return {"sku": sku, "source_code": source, "quantity": quantity, "status": 1}


def test_the_repair_makes_direct_orders_sum_to_zero(shop: MagentoSandbox, client: Client) -> None:
    number = _direct(client)
    assert shop.repair() == [{"order": "000000001", "sku": MUG, "quantity": -2}]
    assert (shop.salable(MUG), shop.repair()) == (998, [])
    client.post(f"order/{number}/invoice", {})
    client.post(f"order/{number}/ship", {})
    assert (_shelf(client), shop.salable(MUG), shop.repair()) == (998, 998, [])
    late = _direct(client)
    client.post(f"orders/{late}/cancel")
    assert shop.salable(MUG) == 1000
    shop.repair()
    assert shop.salable(MUG) == 998
    credited = _direct(client)
    client.post(f"order/{credited}/invoice", {})
    client.post(f"order/{credited}/refund", _returned(client, credited))
    assert (_shelf(client), shop.salable(MUG)) == (998, 1000)
    shop.repair()
    assert (_shelf(client), shop.salable(MUG)) == (998, 998)


def test_a_shop_whose_host_runs_the_cron_line_needs_no_repair_by_hand() -> None:
    stands = stand_in(None, repairs_every=0.01)
    server = Server(stands.app).start()
    stands.start(server.url)
    try:
        client = Client(server.url, stands.banner["token"])
        client.create()
        ends_at = time.monotonic() + 10
        while _stock(client) != (0, -2):
            assert time.monotonic() < ends_at
            time.sleep(0.01)
        client.close()
    finally:
        server.close()
        stands.close()


def test_writing_source_items(client: Client) -> None:
    path = "inventory/source-items"
    assert client.post(path, {"sourceItems": [_source_item(-1), _source_item(1, "NOPE")]}) == []
    assert _shelf(client) == -1
    assert client.refused(path, {"sourceItems": []}) == (400, {"message": "Input data is empty"})
    unknown = {"sourceItems": [_source_item(1, source="nope")]}
    assert client.refused(path, unknown) == (400, {"message": "Could not save Source Item"})
    bare = {name: value for name, value in _source_item(1).items() if name != "status"}
    code, body = client.refused(path, {"sourceItems": [bare]})
    assert (code, body["message"]) == (400, 'Validation Failed: "status" should be numeric.')


def test_an_unknown_sku_breaks_php(client: Client) -> None:
    answer = client.call("GET", "inventory/get-product-salable-quantity/NOPE/1")
    assert answer.status_code == 500
    assert answer.text == "An error has happened during application run. See exception log for details.\n"


def test_with_several_sources_goods_leave_the_wrong_one_unless_told(shop: MagentoSandbox, client: Client) -> None:
    shop.settings(multi_source=True)
    stock = client.get("inventory/stock-resolver/website/base")
    assert (stock["stock_id"], stock["extension_attributes"]["sales_channels"]) == (
        2,
        [{"type": "website", "code": "base"}],
    )
    client.post("inventory/source-items", {"sourceItems": [_source_item(1, source="east")]})
    asked = {"inventoryRequest": {"stockId": 2, "items": [{"sku": MUG, "qty": 2}]}, "algorithmCode": "priority"}
    chosen = client.post("inventory/source-selection-algorithm-result", asked)
    assert chosen["shippable"] is True
    assert [(one["source_code"], one["qty_to_deduct"]) for one in chosen["source_selection_items"]] == [
        ("east", 1),
        ("west", 1),
    ]
    number = _direct(client)
    [item] = [one["item_id"] for one in client.order(number)["items"]]
    one = {"items": [{"order_item_id": item, "qty": 1}]}
    client.post(f"order/{number}/ship", one)
    client.post(f"order/{number}/ship", one | {"arguments": {"extension_attributes": {"source_code": "west"}}})
    assert (_shelf(client), _shelf(client, source="east"), _shelf(client, source="west")) == (999, 1, 999)


def test_a_cart_becomes_an_order_at_the_shops_own_prices(shop: MagentoSandbox, client: Client) -> None:
    cart = client.post("carts/")
    sent = {"quote_id": cart, "sku": MUG, "qty": 1, "price": 2.34}
    item = client.post(f"carts/{cart}/items", {"cartItem": sent})
    assert (item["price"], item["quote_id"]) == (14.5, cart)
    assert client.refused(f"carts/{cart}/items", {"cartItem": sent | {"custom_price": 1}})[0] == 400
    totals = client.post(f"carts/{cart}/shipping-information", _information())["totals"]
    assert (totals["grand_total"], totals["shipping_amount"]) == (19.5, 5)
    placed = client.call("PUT", f"carts/{cart}/order", {"paymentMethod": {"method": "checkmo"}}).json()
    order = client.order(placed)
    assert (order["quote_id"], order["customer_is_guest"], order["grand_total"]) == (int(cart), 1, 19.5)
    again = client.refused(f"carts/{cart}/order", {"paymentMethod": {"method": "checkmo"}}, "PUT")
    gone = {"fieldName": "cartId", "fieldValue": int(cart)}
    assert again == (404, {"message": "No such entity with %fieldName = %fieldValue", "parameters": gone})
    found = client.get(f"orders?{criteria(('quote_id', 'eq', cart), fields='items[entity_id]')}")
    assert found == {"items": [{"entity_id": placed}]}
    assert [entry["detail"] for entry in shop.ledger.entries("email")] == [{"about": "order"}]


def test_a_placed_cart_can_be_patched_to_exact_totals(shop: MagentoSandbox, client: Client) -> None:
    number = _by_cart(client)
    order = client.order(number)
    patch = {"entity_id": number, "ext_order_id": "P1", "grand_total": 28.7, "base_grand_total": 28.7}
    patch |= {"shipping_amount": 4.12, "base_shipping_amount": 4.12, "tax_amount": 4.58, "base_tax_amount": 4.58}
    patch |= {"shipping_tax_amount": 0.78, "base_shipping_tax_amount": 0.78}
    items = [line() | {"item_id": order["items"][0]["item_id"]}]
    payment = {"entity_id": order["payment"]["entity_id"], "method": "checkmo", "amount_ordered": 28.7}
    client.post("orders", {"entity": patch | {"items": items, "payment": payment}})
    client.post(f"order/{number}/invoice", {})
    client.post(f"order/{number}/ship", {})
    read = client.order(number)
    assert (read["state"], read["total_paid"], read["ext_order_id"]) == ("complete", 28.7, "P1")
    assert shop.repair() == []


def test_what_a_cart_refuses(shop: MagentoSandbox, client: Client) -> None:
    shop.add_product("EMPTY", quantity=0)
    masked = client.post("guest-carts")
    path = f"guest-carts/{masked}"
    gone = "The product that was requested doesn't exist. Verify the product and try again."
    assert client.refused(f"{path}/items", {"cartItem": {"sku": "NOPE", "qty": 1}}) == (404, {"message": gone})
    out = {"message": "Product that you are trying to add is not available."}
    assert client.refused(f"{path}/items", {"cartItem": {"sku": "EMPTY", "qty": 5}}) == (400, out)
    empty = "The shipping method can't be set for an empty cart. Add an item to cart and try again."
    assert client.refused(f"{path}/shipping-information", _information()) == (400, {"message": empty})
    client.post(f"{path}/items", {"cartItem": {"sku": TEA, "qty": 1}})
    assert client.refused(f"{path}/shipping-information", _information("walmart", "x")) == (
        404,
        {"message": "Carrier with such method not found: %1, %2", "parameters": ["walmart", "x"]},
    )

"""The control page of the stand-in shop, its admin pages, and its faults."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox import magento
from sandbox.magento import MagentoSandbox
from tests.sandbox.magento_client import MUG, TEA, Client, entity, line


def _post(shop: MagentoSandbox, path: str, body: Any = None) -> Any:
    answer = requests.post(f"{shop.url}/_control/{path}", json=body or {}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _get(shop: MagentoSandbox, path: str) -> Any:
    answer = requests.get(f"{shop.url}/_control/{path}", timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_person_ships_tracks_and_refunds_by_number_or_id(shop: MagentoSandbox, client: Client) -> None:
    client.create(increment_id="WM-1", ext_order_id="2001", lines=[line(MUG, 2), line(TEA, 1)])
    _post(shop, "orders/WM-1/invoice")
    shipment = _post(shop, "orders/1/ship", {"items": {MUG: 1}, "tracks": [{"track_number": "1Z", "carrier": "ups"}]})
    assert shipment["tracks"][0]["title"] == "UPS"
    track = _post(shop, "orders/2001/track", {"track_number": "9400", "carrier_code": "usps"})
    assert track["title"] == "USPS"
    _post(shop, "orders/WM-1/track", {"replaces": "9400", "track_number": "9401"})
    memo = _post(shop, "orders/WM-1/creditmemo", {"items": {TEA: 1}, "shipping_amount": 1, "return_to_stock": True})
    assert [one["sku"] for one in memo["items"]] == [TEA]
    assert _post(shop, "orders/WM-1/comment", {"comment": "By hand"}) is True
    assert _post(shop, "orders/WM-1/hold") is True
    assert _post(shop, "orders/WM-1/unhold") is True
    assert _post(shop, "orders/WM-1/cancel") is False
    seen = _get(shop, "orders/WM-1")
    assert [one["track_number"] for one in seen["shipments"][0]["tracks"]] == ["1Z", "9401"]
    assert (len(seen["invoices"]), len(seen["creditmemos"])) == (1, 1)
    assert [entry["key"] for entry in _get(shop, "ledger?effect=order_create")] == ["WM-1"]
    assert _post(shop, "orders/WM-1/delete") is True
    assert _get(shop, "orders") == []


def test_a_form_of_the_page_goes_back_to_it(shop: MagentoSandbox, client: Client) -> None:
    client.create(increment_id="WM-1")
    fields = {"sku": MUG, "qty": "1", "track_number": "1Z", "carrier_code": "ups"}
    answer = requests.post(
        f"{shop.url}/_control/orders/1/ship",
        data=fields,
        headers={"Accept": "text/html"},
        timeout=10,
    )
    assert answer.history[0].status_code == 303
    assert "WM-1" in answer.text
    assert shop.order("WM-1")["items"][0]["qty_shipped"] == 1


def test_wrong_control_calls_are_told(shop: MagentoSandbox) -> None:
    for path, body in (("settings", {"nope": 1}), ("hooks", {"kind": "x"}), ("products", {}), ("orders/1/fly", {})):
        answer = requests.post(f"{shop.url}/_control/{path}", json=body, timeout=10)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert requests.post(f"{shop.url}/_control/orders/1/ship", json={}, timeout=10).status_code == 404


def test_settings_products_and_state(shop: MagentoSandbox, client: Client) -> None:
    assert _post(shop, "settings", {"bearer_enabled": False, "rights": ["Magento_Sales::create"]})["rights"]
    assert client.call("GET", "store/storeViews").status_code == 401
    _post(shop, "settings", {"bearer_enabled": True, "rights": None})
    _post(shop, "products", {"sku": "NEW-1", "name": "New", "price": "4.00", "quantity": 3})
    assert client.get("products/NEW-1")["price"] == 4
    assert _post(shop, "products/remove", {"sku": "NEW-1"}) is True
    client.create()
    assert _get(shop, "reservations")["inconsistencies"] == [{"order": "000000001", "sku": MUG, "quantity": -2}]
    assert len(_post(shop, "cron/repair-reservations")) == 1
    state = _get(shop, "state")
    assert (state["counts"]["orders"], state["credentials"]["token"]) == (1, shop.token)


def test_hooks_can_be_listed_and_removed(shop: MagentoSandbox, client: Client) -> None:
    hook = _post(shop, "hooks", {"event": "order", "url": "http://127.0.0.1:9/", "body": "{}"})
    client.create()
    assert [one["status"] for one in _get(shop, "deliveries?event=order")] == [0]
    assert _post(shop, "deliveries/1/replay") == {"status": 0, "text": "Cannot connect to server"}
    requests.delete(f"{shop.url}/_control/hooks/{hook['id']}", timeout=10)
    assert _get(shop, "hooks") == []


def test_deep_links_show_the_order_and_the_product(shop: MagentoSandbox, client: Client) -> None:
    client.create(increment_id="WM-1")
    shop.ship("WM-1", {MUG: 1}, [{"track_number": "1Z777"}])
    page = requests.get(f"{shop.url}/admin/sales/order/view/order_id/1/", timeout=10)
    assert page.status_code == 200
    for text in ("Magento stand-in", "Order WM-1", "Maren Oldfield", "1Z777", "USD 28.70"):
        assert text in page.text
    product = requests.get(f"{shop.url}/admin/catalog/product/edit/id/1/", timeout=10)
    assert MUG in product.text
    unknown = requests.get(f"{shop.url}/admin/sales/order/view/order_id/99/", timeout=10)
    assert unknown.url.endswith("/admin/sales/order/")
    assert "WM-1" in unknown.text
    bare = client.create(billing_address=None)["entity_id"]
    assert requests.get(f"{shop.url}/admin/sales/order/view/order_id/{bare}/", timeout=10).status_code == 500
    assert "Magento stand-in" in requests.get(shop.url, timeout=10).text


def test_a_cut_after_acting_leaves_the_order_behind(shop: MagentoSandbox, client: Client) -> None:
    shop.fault("cut_after", method="POST", path="/orders", times=1)
    with pytest.raises(requests.ConnectionError):
        client.call("POST", "orders", {"entity": entity(increment_id="WM-1")})
    assert len(shop.ledger.entries("order_create", "WM-1")) == 1
    shop.fault("cut_before", method="POST", path="/orders", times=1)
    with pytest.raises(requests.ConnectionError):
        client.call("POST", "orders", {"entity": entity(increment_id="WM-2")})
    assert shop.ledger.entries("order_create", "WM-2") == []
    assert [call["status"] for call in shop.ledger.calls("POST")] == [0, 0]


def test_the_banner_names_the_token_and_the_products() -> None:
    stand_in = magento.stand_in(None)
    assert stand_in.kind == "magento"
    assert set(stand_in.banner) == {"token", "skus"}
    assert MUG in stand_in.banner["skus"]
    stand_in.close()

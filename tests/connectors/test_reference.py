"""The published samples and the recorded shop: every answer is understood as it stands."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.scripted import Scripted, answer
from tests.connectors.test_walmart import Tokens
from tests.sandbox.test_walmart_reference import Spec
from webapp.connectors.http import Caller, ConnectorError
from webapp.connectors.magento import MagentoClient, MagentoStore
from webapp.connectors.signatures import WebhookAuth
from webapp.connectors.walmart import WalmartAccount, WalmartClient
from webapp.connectors.walmart_webhooks import EventType
from webapp.domain.order import OrderStatus

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif("REFERENCE_DIR" not in os.environ, reason="REFERENCE_DIR is not set"),
]


def walmart_sample(folder: Path, name: str) -> Any:
    return json.loads((folder / "walmart-samples" / f"{name}.json").read_text())["body"]


def recording(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "magento-recordings" / f"{name}.json").read_text())
    return found


def walmart(server: Scripted) -> WalmartClient:
    return WalmartClient(Caller(), WalmartAccount(server.url, "id", "secret"), Tokens())


def magento(server: Scripted) -> MagentoClient:
    return MagentoClient(Caller(), MagentoStore(server.url, "token"))


@pytest.mark.parametrize("name", ["us-orders-list", "us-orders-released"])
def test_the_published_lists(reference_dir: Path, name: str) -> None:
    body = walmart_sample(reference_dir, name)
    with Scripted([answer(200, json.dumps(body))]) as server:
        page = walmart(server).list_orders()
    assert page.unreadable == ()
    assert len(page.orders) == len(body["list"]["elements"]["order"])
    assert (page.next_cursor or "") == (body["list"]["meta"].get("nextCursor") or "")
    assert all(order.unknown_statuses == () for order in page.orders)


@pytest.mark.parametrize(
    ("name", "status", "refunded"),
    [
        ("us-order-single-order", None, "0"),
        ("us-order-single-attributes", OrderStatus.CREATED, "1596"),
        ("us-acknowledge-response", OrderStatus.UNSHIPPED, "0"),
        ("us-ship-response", OrderStatus.SHIPPED, "0"),
        ("us-cancel-response", OrderStatus.CANCELED, "0"),
        ("us-refund-response", OrderStatus.SHIPPED, "21.99"),
    ],
)
def test_the_published_orders(reference_dir: Path, name: str, status: OrderStatus | None, refunded: str) -> None:
    body = walmart_sample(reference_dir, name)
    po = body["order"]["purchaseOrderId"]
    with Scripted([answer(200, json.dumps(body))]) as server:
        order = walmart(server).get_order(po)
    assert order is not None
    assert (order.po, order.refunded) == (po, Decimal(refunded))
    assert len(order.lines) == len(body["order"]["orderLines"]["orderLine"])
    assert status is None or order.status is status


def test_the_collected_errors(reference_dir: Path) -> None:
    for path in sorted((reference_dir / "walmart-samples").glob("error-*.json")):
        sample = json.loads(path.read_text())["body"]
        text = sample["body_text"] if "body_text" in sample else json.dumps(sample["body"])
        step = answer(sample["http_status"], text)
        with Scripted([step]) as server, pytest.raises(ConnectorError) as caught:
            walmart(server).acknowledge("1")
        assert caught.value.code, path.name
        assert "without a word" not in caught.value.message, path.name
        is_outage = path.name == "error-400-invalid-request-outage.json"
        assert caught.value.permanent is (sample["http_status"] in (400, 401, 404) and not is_outage), path.name


def test_the_published_subscriptions_and_events(reference_dir: Path) -> None:
    for sample in walmart_sample(reference_dir, "webhook-subscriptions-list-responses").values():
        with Scripted([answer(200, json.dumps(sample["value"]))]) as server:
            found = walmart(server).subscriptions()
        assert len(found) == len(sample["value"]["events"])
        assert all(one.id and one.event_type for one in found)
    body = walmart_sample(reference_dir, "webhook-eventtypes-2026")
    with Scripted([answer(200, json.dumps(body))]) as server:
        assert len(walmart(server).event_types()) == len(body["events"])


@pytest.mark.parametrize("mode", ["none", "basic", "hmac", "oauth", "header"])
def test_what_is_asked_of_walmart_about_webhooks_fits_the_schema(reference_dir: Path, mode: str) -> None:
    spec = Spec(reference_dir / "walmart-openapi" / "us-notifications.ae.json")
    auth = WebhookAuth(mode, "X-Proof", "bridge", ("key",), "https://b.example/token" if mode == "oauth" else "")
    url = "https://b.example/w"
    with Scripted([answer(200, '{"message": "ok", "events": []}')] * 3) as server:
        walmart(server).subscribe("ORDER_UPDATES", url, auth)
        walmart(server).change_subscription("1", url, auth)
        walmart(server).send_test(EventType("ORDER_UPDATES", "ORDER", "V1"), url, auth)
        sent = [json.loads(request.body) for request in server.requests]
    calls = [
        ("/v3/webhooks/subscriptions", "post"),
        ("/v3/webhooks/subscriptions/{subscriptionId}", "patch"),
        ("/v3/webhooks/test", "post"),
    ]
    for body, (path, method) in zip(sent, calls, strict=True):
        schema = spec.root["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
        told = schema["properties"].get("events", {}).get("items", schema)
        # The schema knows one header; the page lets any be sent along.
        told["properties"]["headers"] = {"type": "object"}
        assert list(spec.faults(body, schema)) == []


@pytest.mark.parametrize(
    "name", ["order-get", "order-create-full", "order-create-with-discount", "order-create-minimal-accepted"]
)
def test_the_recorded_orders(reference_dir: Path, name: str) -> None:
    body = recording(reference_dir, name)["response"]["body"]
    with Scripted([answer(200, json.dumps(body))]) as server:
        order = magento(server).get_order(body["entity_id"])
    assert order is not None
    assert (order.entity_id, order.increment_id) == (body["entity_id"], body["increment_id"])
    assert order.grand_total == Decimal(str(body.get("grand_total") or 0))


def test_the_recorded_searches(reference_dir: Path) -> None:
    for name in ("orders-search-by-increment-id", "orders-search-by-ext-order-id-in"):
        body = recording(reference_dir, name)["response"]["body"]
        with Scripted([answer(200, json.dumps(body))]) as server:
            found = magento(server).find_orders(ext_order_ids=["any"])
        assert {order.entity_id for order in found} == {entry["entity_id"] for entry in body["items"]}
    body = recording(reference_dir, "products-search-fields")["response"]["body"]
    with Scripted([answer(200, json.dumps(body))]) as server:
        assert magento(server).find_products(["A/B 1"])["A/B 1"].id == 9
    body = recording(reference_dir, "store-views")["response"]["body"]
    with Scripted([answer(200, json.dumps(body))]) as server:
        assert [view.code for view in magento(server).store_views()] == ["default", "eu_de"]


def test_the_recorded_errors(reference_dir: Path) -> None:
    for path in sorted((reference_dir / "magento-recordings").glob("error-*.json")):
        response = json.loads(path.read_text())["response"]
        body, status = response["body"], response["status"]
        is_page = isinstance(body, str)
        headers = {"Content_Type": "text/html" if status == 503 else "application/json"}
        step = answer(status, body if is_page else json.dumps(body), **headers)
        with Scripted([step]) as server, pytest.raises(ConnectorError) as caught:
            magento(server).create_order({})
        error = caught.value
        assert "%" not in error.message, path.name
        assert "without a word" not in error.message, path.name
        assert error.permanent is (status < 500), path.name
        assert (error.code == "duplicate_number") is ("duplicate" in path.name), path.name
        assert error.unauthorized is (status == 401), path.name

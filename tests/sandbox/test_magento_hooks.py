"""Webhooks of the stand-in shop: what fires for what, when it is sent, and how it is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.magento import MagentoSandbox
from sandbox.magento_liquid import render
from sandbox.server import Server
from tests.sandbox.magento_client import MUG, Client, entity, line

IDS = '{"event":"%s","entity_id":"{{ item.entity_id }}","order_id":"{{ item.order_id }}"}'
ORDER = (
    '{"event":"order","entity_id":"{{ item.entity_id }}","increment_id":"{{ item.increment_id }}",'
    '"state":"{{ item.state }}","new":"{{ item.mp_new }}"}'
)
EVENTS = ("order", "new_order_comment", "new_invoice", "new_shipment", "new_creditmemo")


@dataclass
class Receiver:
    """A server that keeps what it is sent and answers as it is told."""

    url: str = ""
    status: str = "200 OK"
    answer: bytes = b'{"op":"success"}'
    on_call: Callable[[], None] = lambda: None
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        challenge = parse_qs(environ["QUERY_STRING"]).get("challenge")
        start_response(self.status, [("Content-Type", "application/json")])
        if challenge:
            return [challenge[0].encode()]
        headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
        self.received.append((headers, environ["wsgi.input"].read()))
        self.on_call()
        return [self.answer]

    def events(self) -> list[str]:
        names = [json.loads(body)["event"] for _, body in self.received]
        self.received.clear()
        return names


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    server = Server(receiver).start()
    receiver.url = f"{server.url}/hook"
    yield receiver
    server.close()


def test_what_fires_for_what(shop: MagentoSandbox, client: Client, receiver: Receiver) -> None:
    for event in EVENTS:
        shop.add_hook(kind="mageplaza", event=event, url=receiver.url, body=IDS % event)
    number = client.create(lines=[line(MUG, 3)])["entity_id"]
    assert receiver.events() == ["order", "new_order_comment"]
    [item] = [one["item_id"] for one in client.order(number)["items"]]
    client.post(f"order/{number}/invoice", {})
    assert receiver.events() == ["new_invoice", "order"]
    client.post(f"order/{number}/ship", {"items": [{"order_item_id": item, "qty": 1}]})
    assert receiver.events() == ["new_shipment"]
    shop.track(str(number), "LATER")
    assert receiver.events() == []
    client.post(f"order/{number}/refund", {"items": [{"order_item_id": item, "qty": 1}]})
    assert receiver.events() == ["order", "new_order_comment", "new_creditmemo"]
    client.post(f"order/{number}/ship", {})
    client.post(f"orders/{number}/comments", {"statusHistory": {"comment": "x"}})
    assert receiver.events() == ["new_shipment", "order", "new_order_comment"]
    other = client.create(status_histories=[])["entity_id"]
    client.post(f"orders/{other}/hold")
    client.post(f"orders/{other}/unhold")
    client.post(f"orders/{other}/cancel")
    assert receiver.events() == ["order"] * 4


def test_a_receiver_that_reads_back_at_once_sees_the_old_state(
    shop: MagentoSandbox, client: Client, receiver: Receiver
) -> None:
    seen: list[Any] = []
    shop.add_hook(event="order", url=receiver.url, body=ORDER)
    reader = Client(shop.url, shop.token)
    receiver.on_call = lambda: seen.append(reader.call("GET", "orders/1?fields=state").json())
    client.create()
    client.post("order/1/invoice", {})
    reader.close()
    assert seen[0]["message"].startswith("The entity that was requested doesn't exist")
    assert seen[1] == {"state": "new"}
    assert client.order(1)["state"] == "processing"


def test_a_module_hook_carries_its_headers_and_nothing_else(
    shop: MagentoSandbox, client: Client, receiver: Receiver
) -> None:
    shop.add_hook(event="order", url=receiver.url, body=ORDER, headers={"X-Api-Key": "k"}, username="u", password="p")
    client.create(increment_id="WM-1")
    [(headers, body)] = receiver.received
    assert (headers["x-api-key"], headers["authorization"]) == ("k", "Basic dTpw")
    assert "user-agent" not in headers
    assert json.loads(body) == {"event": "order", "entity_id": "1", "increment_id": "WM-1", "state": "new", "new": "1"}


def test_statuses_and_store_views_choose_what_is_sent(shop: MagentoSandbox, client: Client, receiver: Receiver) -> None:
    shop.add_hook(event="order", url=receiver.url, body=ORDER, statuses=["processing"], stores=[1])
    client.create()
    client.create(store_id=2, status="processing", state="processing")
    assert receiver.events() == []
    client.post("order/1/invoice", {})
    assert receiver.events() == ["order"]


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9/nobody"])
def test_a_module_hook_that_fails_is_logged_and_never_sent_again(
    shop: MagentoSandbox, client: Client, receiver: Receiver, url: str
) -> None:
    receiver.status = "500 Broken"
    shop.add_hook(event="order", url=url or receiver.url, body=ORDER)
    client.create()
    [delivery] = shop.deliveries()
    assert delivery["status"] == (0 if url else 500)
    assert len(shop.orders()) == 1


def test_a_slow_receiver_keeps_the_caller_waiting(shop: MagentoSandbox, client: Client, receiver: Receiver) -> None:
    receiver.on_call = lambda: time.sleep(0.3)
    shop.add_hook(event="order", url=receiver.url, body=ORDER)
    started = time.perf_counter()
    client.create()
    assert time.perf_counter() - started >= 0.3


def test_adobe_commerce_signs_the_base64_of_the_body(shop: MagentoSandbox, client: Client, receiver: Receiver) -> None:
    shop.add_hook(kind="adobe_commerce", event="order", url=receiver.url)
    client.create(increment_id="WM-1")
    [(headers, body)] = receiver.received
    pem = requests.get(f"{shop.url}/_control/adobe-key.pem", timeout=10).content
    key = serialization.load_pem_public_key(pem)
    assert isinstance(key, rsa.RSAPublicKey)
    signature = base64.b64decode(headers["x-adobe-commerce-webhook-signature"])
    key.verify(signature, base64.b64encode(body), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(body)["order"]["increment_id"] == "WM-1"
    assert "x-adobe-commerce-request-id" in headers


@pytest.mark.parametrize(
    ("status", "answer", "required", "code"),
    [
        ("200 OK", b'{"op":"success"}', True, 200),
        ("200 OK", b'[{"op":"success"}]', True, 200),
        ("200 OK", b'{"op":"exception","message":"No"}', True, 400),
        ("200 OK", b"", True, 400),
        ("500 Broken", b"", True, 400),
        ("500 Broken", b"", False, 200),
    ],
)
def test_a_required_adobe_hook_can_stop_the_save(
    shop: MagentoSandbox, client: Client, receiver: Receiver, status: str, answer: bytes, required: bool, code: int
) -> None:
    receiver.status, receiver.answer = status, answer
    shop.add_hook(kind="adobe_commerce", event="order", url=receiver.url, required=required)
    assert client.call("POST", "orders", {"entity": entity(increment_id="WM-1")}).status_code == code
    assert len(shop.orders()) == (1 if code == 200 else 0)
    assert len(shop.ledger.entries("order_create")) == (1 if code == 200 else 0)


def test_an_adobe_hook_runs_out_of_time(shop: MagentoSandbox, client: Client, receiver: Receiver) -> None:
    receiver.on_call = lambda: time.sleep(1)
    shop.add_hook(kind="adobe_commerce", event="order", url=receiver.url, timeout_ms=100)
    assert client.call("POST", "orders", {"entity": entity()}).status_code == 400


def test_a_plain_signed_hook(shop: MagentoSandbox, client: Client, receiver: Receiver) -> None:
    shop.add_hook(kind="hmac", event="*", url=receiver.url, secret="s", header="X-Signature")
    client.create(status_histories=[])
    [(headers, body)] = receiver.received
    assert headers["x-signature"] == hmac.new(b"s", body, hashlib.sha256).hexdigest()
    assert json.loads(body)["event"] == "order"


def test_an_adobe_io_event_comes_after_the_save(shop: MagentoSandbox, client: Client, receiver: Receiver) -> None:
    hook = shop.add_hook(kind="adobe_io", event="new_track", url=receiver.url, client_id="c1", delay=0)
    assert hook["challenged"] is True
    client.create()
    shop.ship("1", tracks=[{"track_number": "1Z"}])
    for _ in range(100):
        if shop.deliveries():
            break
        time.sleep(0.02)
    [(headers, body)] = receiver.received
    envelope = json.loads(body)
    assert envelope["type"] == "com.adobe.commerce.observer.sales_order_shipment_track_save_commit_after"
    assert (envelope["recipient_client_id"], envelope["data"]["value"]["order_id"]) == ("c1", 1)
    assert "x-adobe-digital-signature-1" in headers


def test_templates_loop_escape_and_break_json_on_quotes() -> None:
    item = {"id": 7, "items": [{"sku": "A"}, {"sku": 'B"'}], "address": {"city": "Boise"}}
    template = "{{ item.id }} {{ item.address.city }} {% for i in item.items %}{{ i.sku }}"
    template += "{% unless forloop.last %},{% endunless %}{% endfor %} {{ item.missing }}!"
    assert render(template, item) == '7 Boise A,B" !'
    assert render("{{ item.t | escape }}", {"t": "<é>"}) == "&lt;é&gt;"

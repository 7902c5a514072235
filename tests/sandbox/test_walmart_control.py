"""The Walmart stand-in's `/_control`, its stream of orders, and the stand-ins as a program."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests

from sandbox.catalog import MISSING_PRODUCTS
from sandbox.people import PEOPLE
from sandbox.walmart import WalmartSandbox
from sandbox.walmart_spec import make_order
from sandbox.walmart_stream import believable
from tests.sandbox.walmart_client import wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def walmart() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as sandbox:
        yield sandbox


def post(walmart: WalmartSandbox, path: str, body: Any = None) -> requests.Response:
    return requests.post(f"{walmart.url}/_control/{path}", json=body, timeout=5)


def get(walmart: WalmartSandbox, path: str) -> Any:
    return requests.get(f"{walmart.url}/_control/{path}", timeout=5).json()


def test_an_order_is_placed_as_described(walmart: WalmartSandbox) -> None:
    body = {"lines": [{"sku": "FH-TEA-CHAI-100", "quantity": 2, "price": "17.35"}], "person": 4, "po": "123"}
    answer = post(walmart, "orders", body)
    assert (answer.status_code, answer.json()["po"]) == (201, "123")
    order = get(walmart, "orders/123")["order"]
    assert order["shippingInfo"]["phone"] == ""
    assert order["shippingInfo"]["postalAddress"]["state"] == "AE"
    assert [line["item"]["sku"] for line in order["orderLines"]["orderLine"]] == ["FH-TEA-CHAI-100"] * 2
    assert post(walmart, "orders", {"po": "123"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"status": "Packed"},
        {"lines": "x"},
        {"lines": [{"quantity": 0}]},
        {"lines": [{"price": "dear"}]},
        {"person": 99},
        {"address": {"zip": "1"}},
        {"order_date": "yesterday"},
        {"market": "de"},
        {"count": "many"},
    ],
)
def test_a_senseless_order_is_a_400_with_a_sentence(walmart: WalmartSandbox, body: dict[str, Any]) -> None:
    answer = post(walmart, "orders", body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert get(walmart, "orders") == []


def test_random_orders_repeat_with_a_seed(walmart: WalmartSandbox) -> None:
    pos = post(walmart, "orders", {"random": True, "count": 3}).json()["pos"]
    assert len(get(walmart, "orders")) == len(set(pos)) == 3
    one = post(walmart, "orders", {"random": True, "seed": 5}).json()["po"]
    assert post(walmart, "orders", {"random": True, "seed": 5}).status_code == 400
    assert one in {card["po"] for card in get(walmart, "orders")}


def test_a_person_acts_on_orders(walmart: WalmartSandbox) -> None:
    po = walmart.place_order(lines=[{"quantity": 3, "split": False, "price": "10", "tax": "0"}])
    lines = [{"line": "1", "quantity": 2, "tracking": "T-1", "carrier": "USPS"}]
    assert post(walmart, f"orders/{po}/ship", {"lines": lines}).status_code == 200
    assert walmart.statuses(po) == {"1": {"Created": 1, "Shipped": 2}}
    assert post(walmart, f"orders/{po}/refund", {"line": "1", "amount": "4.50"}).status_code == 200
    assert post(walmart, f"orders/{po}/cancel").status_code == 200
    assert post(walmart, f"orders/{po}/deliver").status_code == 200
    assert walmart.statuses(po) == {"1": {"Cancelled": 1, "Delivered": 2}}
    assert post(walmart, f"orders/{po}/cancel").status_code == 400
    assert post(walmart, f"orders/{po}/dance").status_code == 400
    assert post(walmart, "orders/999/ship").status_code == 404
    assert [entry["effect"] for entry in get(walmart, "ledger")] == ["place", "ship", "refund", "cancel", "deliver"]
    assert {entry["detail"]["by"] for entry in walmart.ledger.entries()} == {"control"}


def test_the_page_shows_orders_and_its_buttons_work(walmart: WalmartSandbox) -> None:
    po = walmart.place_order(address={"name": "<b>Bold</b>"}, lines=[{"sku": "<i>1</i>"}])
    page = requests.get(f"{walmart.url}/", timeout=5).text
    assert po in page
    assert "<i>1</i>" not in page
    html = {"Accept": "text/html"}
    answer = requests.post(f"{walmart.url}/_control/orders/{po}/ship", data={}, headers=html, timeout=5)
    assert "Shipped" in answer.text
    form = {"random": "true", "count": "1", "sku": ""}
    requests.post(f"{walmart.url}/_control/orders", data=form, headers=html, timeout=5)
    assert len(get(walmart, "orders")) == 2


def test_settings_are_checked_and_kept(tmp_path: Path) -> None:
    with WalmartSandbox(tmp_path) as walmart:
        assert post(walmart, "settings", {"limit_scale": "0.5", "drop": 1}).json()["limit_scale"] == 0.5
        assert post(walmart, "settings", {"speed": 1}).status_code == 400
        assert post(walmart, "settings", {"drop": "often"}).status_code == 400
    with WalmartSandbox(tmp_path) as walmart:
        assert get(walmart, "settings")["limit_scale"] == 0.5


def test_the_state_is_told(walmart: WalmartSandbox) -> None:
    walmart.place_order()
    state = get(walmart, "state")
    assert (state["orders"], state["effects"], state["stream"]["every"]) == (1, {"place": 1}, 0)


def test_tokens_can_be_expired(walmart: WalmartSandbox) -> None:
    walmart.seller.tokens.issue(f"Basic {basic(walmart)}")
    assert post(walmart, "tokens/expire").status_code == 200
    assert walmart.seller.documents.all("token") == {}


def basic(walmart: WalmartSandbox) -> str:
    request = requests.Request("GET", walmart.url, auth=(walmart.client_id, walmart.client_secret)).prepare()
    return str(request.headers["Authorization"]).removeprefix("Basic ")


def test_the_stream_flows_to_its_limit_and_stops(walmart: WalmartSandbox) -> None:
    assert post(walmart, "stream", {"every": 0.01, "limit": 5}).status_code == 200
    wait_for(lambda: get(walmart, "stream")["placed"] == 5)
    assert len(get(walmart, "orders")) == 5
    post(walmart, "stream", {"every": 0.01, "limit": 7})
    wait_for(lambda: get(walmart, "stream")["placed"] == 7)
    assert post(walmart, "stream", {"every": 0}).json()["every"] == 0


def test_a_stream_goes_on_after_a_restart(tmp_path: Path) -> None:
    with WalmartSandbox(tmp_path) as walmart:
        walmart.stream(30, 200)
        wait_for(lambda: walmart.seller.stream.state()["placed"] == 1)
    with WalmartSandbox(tmp_path) as walmart:
        state = walmart.seller.stream.state()
        assert (state["every"], state["placed"]) == (30, 1)
        # The second order of a new stream comes after a second, not after thirty.
        assert state["next_at"] - time.time() <= 1
        assert walmart.stream(10, 200)["placed"] >= 1


def test_stream_orders_are_of_many_kinds() -> None:
    rng = Random(7)
    orders = [make_order(believable(rng), rng) for _ in range(600)]
    lines = [line for order in orders for line in order["orderLines"]["orderLine"]]
    nodes = Counter(order["shipNode"]["type"] for order in orders)
    assert nodes["SellerFulfilled"] > 500
    assert nodes["WFSFulfilled"] > 10
    assert {line["orderLineQuantity"]["amount"] for line in lines} >= {"1", "2", "3"}
    missing = {product.sku for product in MISSING_PRODUCTS}
    assert 5 < sum(line["item"]["sku"] in missing for line in lines) < 100
    kinds = {(c["chargeType"], c["chargeName"]) for line in lines for c in line["charges"]["charge"]}
    assert kinds >= {("SHIPPING", "Shipping"), ("PRODUCT", "SubscriptionDiscount"), ("PRODUCT", "ItemPrice")}
    names = {order["shippingInfo"]["postalAddress"]["name"] for order in orders}
    assert len(names) == len(PEOPLE)
    assert len({order["purchaseOrderId"] for order in orders}) == 600


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | environment)


def banner(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return told


def test_the_program_tells_its_addresses_and_ends_on_sigterm(tmp_path: Path) -> None:
    process = start("both", "--port", "0", "--data", str(tmp_path))
    with process:
        walmart, magento = banner(process), banner(process)
        assert set(walmart) == {"kind", "url", "client_id", "client_secret"}
        assert set(magento) == {"kind", "url", "token", "skus"}
        placed = requests.post(f"{walmart['url']}/_control/orders", json={}, timeout=5).json()["po"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    process = start("walmart", "--data", str(tmp_path))
    with process:
        again = banner(process)
        assert again["client_secret"] == walmart["client_secret"]
        kept = requests.get(f"{again['url']}/_control/orders", timeout=5).json()
        assert [card["po"] for card in kept] == [placed]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_a_supervised_program_ends_with_its_parent() -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'sandbox', 'walmart'])\n"
        "print(child.pid, flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"ORDERBRIDGE_SUPERVISED": "1"},
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        url = json.loads(parent.stdout.readline())["url"]
        assert requests.get(f"{url}/_control/state", timeout=5).status_code == 200
        parent.kill()
        parent.wait()
        wait_for(lambda: not is_alive(child))


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"

"""Webhooks of the Walmart stand-in: subscriptions, bodies, proofs of origin, retries and disorder."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.walmart import WalmartSandbox
from tests.sandbox.walmart_client import Caller, Receiver, error_of, wait_for


@pytest.fixture
def walmart() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as sandbox:
        sandbox.settings(limit_scale=100)
        yield sandbox


@pytest.fixture
def caller(walmart: WalmartSandbox) -> Iterator[Caller]:
    made = Caller(walmart)
    yield made
    made.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def event(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {
        "eventType": "PO_CREATED",
        "eventVersion": "V1",
        "resourceName": "ORDER",
        "eventUrl": receiver.url,
        "status": "ACTIVE",
        **more,
    }


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.got]


def test_subscriptions_come_and_go(caller: Caller, receiver: Receiver) -> None:
    path = "/v3/webhooks/subscriptions"
    auth = {"authMethod": "BASIC_AUTH", "userName": "u", "password": "p", "authHeaderName": "Authorization"}
    made = caller.call("POST", path, json={"events": [event(receiver, authDetails=auth)]}).json()["events"][0]
    assert set(made) == {"eventType", "subscriptionId", "partnerId", "eventVersion", "resourceName", "status"}
    number = made["subscriptionId"]
    assert caller.get(f"{path}?eventType=PO_CREATED").json()["events"][0]["authDetails"] == auth
    assert caller.get(f"{path}?eventType=ORDER_UPDATES").json()["events"] == []
    changed = caller.call("PATCH", f"{path}/{number}", json={"status": "INACTIVE"}).json()
    assert (changed["status"], changed["eventUrl"]) == ("INACTIVE", receiver.url)
    gone = caller.call("DELETE", f"{path}/{number}").json()
    assert gone == {"subscriptionId": number, "message": "Successfully deleted subscription"}
    assert caller.call("DELETE", f"{path}/{number}").status_code == 404
    assert caller.get(path).json()["events"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"eventType": "PO_MADE"}, "eventType"),
        ({"resourceName": "ITEM"}, "eventType"),
        ({"eventVersion": "V2"}, "eventVersion"),
        ({"eventUrl": "ftp://x"}, "eventUrl"),
        ({"status": "ON"}, "status"),
        ({"authDetails": {"authMethod": "MAGIC"}}, "authMethod"),
        ({"authDetails": {"authMethod": "HMAC", "authHeaderName": "X"}}, "clientSecret"),
    ],
)
def test_senseless_subscriptions_are_refused(
    caller: Caller, receiver: Receiver, changes: dict[str, Any], field: str
) -> None:
    answer = caller.call("POST", "/v3/webhooks/subscriptions", json={"events": [event(receiver, **changes)]})
    assert answer.status_code == 400
    assert error_of(answer)["field"] == field


def test_other_markets_cannot_subscribe(caller: Caller, receiver: Receiver) -> None:
    headers = {"WM_MARKET": "mx", "WM_GLOBAL_VERSION": "3.1"}
    body = {"events": [event(receiver)]}
    assert caller.call("POST", "/v3/webhooks/subscriptions", json=body, headers=headers).status_code == 520
    assert caller.get("/v3/webhooks/eventTypes", headers=headers).status_code == 200


def test_a_second_subscription_may_be_refused(walmart: WalmartSandbox, caller: Caller, receiver: Receiver) -> None:
    walmart.subscribe("PO_CREATED", receiver.url)
    body = {"events": [event(receiver)]}
    assert caller.call("POST", "/v3/webhooks/subscriptions", json=body).status_code == 200
    walmart.settings(duplicate_subscriptions="refuse")
    assert caller.call("POST", "/v3/webhooks/subscriptions", json=body).status_code == 400


def test_the_test_call_needs_a_2xx(caller: Caller, receiver: Receiver) -> None:
    receiver.answers = [204, 302]
    body = {name: value for name, value in event(receiver).items() if name != "status"}
    told = caller.call("POST", "/v3/webhooks/test", json=body).json()
    assert told == {"message": "Eventurl successfully validated"}
    assert caller.call("POST", "/v3/webhooks/test", json=body).status_code == 400
    assert [body["source"]["eventType"] for body in bodies(receiver)] == ["PO_CREATED"] * 2


def test_an_order_is_announced_in_both_shapes(walmart: WalmartSandbox, receiver: Receiver) -> None:
    walmart.subscribe("PO_CREATED", receiver.url)
    walmart.subscribe("ORDER_UPDATES", receiver.url, headers={"X-Shop": "1"})
    po = walmart.place_order(lines=[{"sku": "FH-MUG-350-BLU", "quantity": 2}])
    wait_for(lambda: len(receiver.got) == 2)
    told = {body["source"]["eventType"]: body for body in bodies(receiver)}
    old, new = told["PO_CREATED"]["payload"], told["ORDER_UPDATES"]["payload"]
    assert (old["purchaseOrderId"], old["partnerId"]) == (po, walmart.partner_id)
    assert old["orderLines"][1]["quantity"] == {"unitOfMeasure": "EACH", "measurementValue": "1"}
    assert old["shipNodeType"] == "SellerFulfilled"
    assert "postalAddress" not in json.dumps(old)
    assert new["meta"]["subEventType"] == new["subEventType"] == "PO_CREATED"
    assert new["order"]["purchaseOrderId"] == po
    ids = {body["source"]["eventId"] for body in told.values()}
    assert len(ids) == 2
    assert {headers.get("X-Shop") for headers, _ in receiver.got} == {None, "1"}


def test_each_happening_has_its_event(walmart: WalmartSandbox, receiver: Receiver) -> None:
    for name in ("ORDER_UPDATES", "PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL", "RETURN_CREATED"):
        walmart.subscribe(name, receiver.url)
    po = walmart.place_order(lines=[{"quantity": 3}], webhook=False)
    walmart.act(po, "ship", line="3")
    walmart.act(po, "intent_to_cancel", line="1")
    walmart.act(po, "auto_cancel", line="1")
    walmart.act(po, "fraud_cancel")
    walmart.act(po, "return")
    wait_for(lambda: len(receiver.got) == 6)
    told = [(body["source"]["eventType"], body["payload"]) for body in bodies(receiver)]
    subs = sorted(payload["subEventType"] for name, payload in told if name == "ORDER_UPDATES")
    assert subs == ["FRAUD_CANCEL", "INTENT_TO_CANCEL", "PO_LINE_AUTOCANCELLED"]
    older = dict(entry for entry in told if entry[0] != "ORDER_UPDATES")
    cancelled = older["PO_LINE_AUTOCANCELLED"]["orderLines"]
    assert [(line["lineNumber"], line["status"]) for line in cancelled] == [("1", "Cancelled")]
    assert cancelled[0]["cancellationReason"] == "Auto-cancelled due to expiry"
    assert older["RETURN_CREATED"]["returnOrders"][0]["purchaseOrderId"] == po
    assert walmart.statuses(po) == {"1": {"Cancelled": 1}, "2": {"Cancelled": 1}, "3": {"Shipped": 1}}


@pytest.mark.parametrize(("word", "value"), [(True, "Basic dTpw"), (False, "dTpw")])
def test_basic_auth(walmart: WalmartSandbox, receiver: Receiver, word: bool, value: str) -> None:
    walmart.settings(basic_word=word)
    auth = {"authMethod": "BASIC_AUTH", "userName": "u", "password": "p", "authHeaderName": "X-Proof"}
    walmart.subscribe("PO_CREATED", receiver.url, auth)
    walmart.place_order()
    headers, _ = wait_for(lambda: receiver.got)[0]
    assert headers["X-Proof"] == value


@pytest.mark.parametrize("encoding", ["hex", "HEX", "base64"])
def test_hmac_signs_the_raw_body(walmart: WalmartSandbox, receiver: Receiver, encoding: str) -> None:
    walmart.settings(hmac_encoding=encoding)
    auth = {"authMethod": "HMAC", "clientSecret": "s3", "authHeaderName": "X-Signature"}
    walmart.subscribe("PO_CREATED", receiver.url, auth)
    walmart.place_order(person=6)
    headers, body = wait_for(lambda: receiver.got)[0]
    digest = hmac.new(b"s3", body, hashlib.sha256).digest()
    encoded = {"hex": digest.hex(), "HEX": digest.hex().upper(), "base64": base64.b64encode(digest).decode()}
    assert headers["X-Signature"] == encoded[encoding]


def test_oauth_asks_once_and_again_after_a_401(walmart: WalmartSandbox, receiver: Receiver) -> None:
    walmart.settings(retry_scale=0.0001)
    auth = {
        "authMethod": "OAUTH",
        "authUrl": receiver.token_url,
        "clientId": "me",
        "clientSecret": "s3",
        "authHeaderName": "Authorization",
    }
    walmart.subscribe("PO_CREATED", receiver.url, auth)
    walmart.place_order()
    wait_for(lambda: len(walmart.deliveries("delivered")) == 1)
    headers, body = receiver.token_calls[0]
    assert (headers["Authorization"], body) == (base64.b64encode(b"me:s3").decode(), b"grant_type=client_credentials")
    assert receiver.got[0][0]["Authorization"] == "Bearer given-token"
    receiver.answers = [401]
    walmart.place_order()
    wait_for(lambda: len(walmart.deliveries("delivered")) == 2)
    assert (len(receiver.token_calls), len(receiver.got)) == (2, 3)


def test_a_refused_delivery_is_tried_four_times_in_all(walmart: WalmartSandbox, receiver: Receiver) -> None:
    walmart.settings(retry_scale=0.0001)
    receiver.answers = [500, 302, 404, 503, 500, 200]
    walmart.subscribe("PO_CREATED", receiver.url)
    walmart.place_order()
    lost = wait_for(lambda: walmart.deliveries("lost"))[0]
    assert [attempt["status"] for attempt in lost["attempts"]] == [500, 302, 404, 503]
    assert len({body["source"]["eventId"] for body in bodies(receiver)}) == 1
    walmart.place_order()
    wait_for(lambda: len(walmart.deliveries("delivered")) == 1)
    assert len(receiver.got) == 6


def test_retries_wait_minutes(walmart: WalmartSandbox, receiver: Receiver) -> None:
    receiver.answers = [500]
    walmart.subscribe("PO_CREATED", receiver.url)
    walmart.place_order()
    waiting = wait_for(lambda: [d for d in walmart.deliveries("waiting") if d["attempts"]])[0]
    assert 290 < waiting["next_at"] - time.time() <= 300
    assert walmart.seller.sender.send_again(waiting["n"])
    wait_for(lambda: walmart.deliveries("delivered"))


def test_waiting_deliveries_outlive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    with WalmartSandbox(tmp_path) as first:
        first.settings(deliveries_on=False)
        first.subscribe("PO_CREATED", receiver.url)
        po = first.place_order()
        secret = first.client_secret
    assert receiver.got == []
    with WalmartSandbox(tmp_path) as second:
        assert second.client_secret == secret
        assert second.statuses(po) == {"1": {"Created": 1}}
        second.settings(deliveries_on=True)
        wait_for(lambda: len(receiver.got) == 1)
        second.place_order()
        wait_for(lambda: len(receiver.got) == 2)
        assert [entry["effect"] for entry in second.ledger.entries()] == ["place", "place"]


def test_deliveries_can_be_dropped_doubled_and_shuffled(walmart: WalmartSandbox, receiver: Receiver) -> None:
    walmart.subscribe("PO_CREATED", receiver.url)
    walmart.settings(drop=1)
    dropped = walmart.place_order()
    walmart.settings(drop=0, duplicate=1)
    doubled = walmart.place_order()
    wait_for(lambda: len(receiver.got) == 2)
    assert [body["payload"]["purchaseOrderId"] for body in bodies(receiver)] == [doubled] * 2
    assert len({body["source"]["eventId"] for body in bodies(receiver)}) == 1
    assert [delivery["po"] for delivery in walmart.deliveries("dropped")] == [dropped]
    walmart.settings(duplicate=0, shuffle=0.2)
    placed = [walmart.place_order() for _ in range(12)]
    wait_for(lambda: len(receiver.got) == 14)
    came = [body["payload"]["purchaseOrderId"] for body in bodies(receiver)[2:]]
    assert sorted(came) == sorted(placed)
    assert came != placed


def test_an_inactive_or_deleted_subscription_gets_nothing(walmart: WalmartSandbox, receiver: Receiver) -> None:
    number = walmart.subscribe("PO_CREATED", receiver.url)
    walmart.seller.subscriptions.update(number, {"status": "INACTIVE"})
    walmart.place_order()
    assert walmart.deliveries() == []
    walmart.seller.subscriptions.update(number, {"status": "ACTIVE"})
    walmart.settings(deliveries_on=False)
    walmart.place_order()
    walmart.seller.subscriptions.delete(number)
    walmart.settings(deliveries_on=True)
    wait_for(lambda: walmart.deliveries("lost"))
    assert receiver.got == []

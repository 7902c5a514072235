"""The Walmart stand-in's answers against Walmart's published OpenAPI files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.walmart import WalmartSandbox
from sandbox.walmart_carriers import US_CARRIERS
from sandbox.walmart_events import EVENT_TYPES
from tests.sandbox.walmart_client import Caller, Receiver, cancelled, refunded, shipped, wait_for

Json = dict[str, Any]
pytestmark = pytest.mark.reference
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


class Spec:
    """One published OpenAPI file; checks the parts of JSON Schema that it uses."""

    def __init__(self, path: Path) -> None:
        self.root: Json = json.loads(path.read_text())

    def named(self, name: str) -> Json:
        return {"$ref": f"#/components/schemas/{name}"}

    def answer(self, path: str, method: str) -> Json:
        content: Json = self.root["paths"][path][method]["responses"]["200"]["content"]
        schema: Json = content["application/json"]["schema"]
        return schema

    def faults(self, value: Any, schema: Json, at: str = "$") -> Iterator[str]:
        """Each place where the value is not what the schema says."""
        while "$ref" in schema:
            found: Any = self.root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        allowed = TYPES.get(schema.get("type", ""), (object,))
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed + (object,)):
            yield f"{at}: {value!r} is no {schema.get('type')}"
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{at}: {value!r} is none of {schema['enum']}"
        elif isinstance(value, list):
            for place, each in enumerate(value):
                yield from self.faults(each, schema.get("items", {}), f"{at}[{place}]")
        elif isinstance(value, dict):
            known = schema.get("properties", {})
            yield from (f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value)
            if known:
                yield from (f"{at}: {name} is not in the schema" for name in value if name not in known)
            for name in known.keys() & value.keys():
                yield from self.faults(value[name], known[name], f"{at}.{name}")


@pytest.fixture
def orders_spec(reference_dir: Path) -> Spec:
    return Spec(reference_dir / "walmart-openapi" / "us-orders.patched.json")


@pytest.fixture
def caller() -> Iterator[Caller]:
    with WalmartSandbox() as walmart:
        made = Caller(walmart)
        yield made
        made.close()


def check(spec: Spec, value: Any, schema: Json) -> None:
    assert list(spec.faults(value, schema)) == []


def test_orders_in_every_state_fit_the_schema(orders_spec: Spec, caller: Caller) -> None:
    walmart = caller.walmart
    for _ in range(60):
        po = walmart.place_order(random=True, ship_node="SellerFulfilled")
        check(orders_spec, caller.get(f"/v3/orders/{po}").json(), orders_spec.named("GetOrderResponse"))
    po = walmart.place_order(lines=[{"quantity": 3, "shipping": "4"}], status="Created")
    answers = [
        caller.acknowledge(po),
        caller.ship(po, shipped("1")),
        caller.cancel(po, cancelled("2")),
        caller.refund(po, refunded("1", full=True, product=0)),
    ]
    walmart.act(po, "intent_to_cancel")
    walmart.act(po, "deliver")
    answers.append(caller.get(f"/v3/orders/{po}?productInfo=true&replacementInfo=true"))
    for answer in answers:
        assert answer.status_code == 200
        check(orders_spec, answer.json(), orders_spec.named("GetOrderResponse"))


def test_lists_fit_the_schema(orders_spec: Spec, caller: Caller) -> None:
    for _ in range(3):
        caller.walmart.place_order(random=True, ship_node="SellerFulfilled")
    # The list's schema writes orderDate as a date-time text, the published examples as epoch milliseconds.
    orders_spec.root["components"]["schemas"]["Order"]["properties"]["orderDate"] = {"type": "integer"}
    for path in ("/v3/orders", "/v3/orders/released"):
        listed = caller.get(f"{path}?limit=2").json()
        check(orders_spec, listed, orders_spec.answer(path, "get"))


def test_what_we_send_to_ourselves_is_what_the_schema_asks_for(orders_spec: Spec) -> None:
    ship = {"orderShipment": {"orderLines": {"orderLine": [shipped()]}}}
    check(orders_spec, ship, orders_spec.named("OrderShipment"))
    refund = {"orderRefund": {"purchaseOrderId": "1", "orderLines": {"orderLine": [refunded(product=-1, tax=-1)]}}}
    check(orders_spec, refund, orders_spec.named("OrderRefund_json"))


def test_token_answers_fit_the_schema(reference_dir: Path, caller: Caller) -> None:
    spec = Spec(reference_dir / "walmart-openapi" / "us-auth.ae.json")
    check(spec, caller.get("/v3/token/detail").json(), spec.answer("/v3/token/detail", "get"))


def test_webhook_bodies_have_the_published_keys(reference_dir: Path, caller: Caller) -> None:
    samples = reference_dir / "walmart-samples"
    with Receiver() as receiver:
        for name in ("PO_CREATED", "PO_LINE_AUTOCANCELLED"):
            caller.walmart.subscribe(name, receiver.url)
        po = caller.walmart.place_order()
        caller.walmart.act(po, "auto_cancel")
        wait_for(lambda: len(receiver.got) == 2)
        for _, body in receiver.got:
            told = json.loads(body)
            name = told["source"]["eventType"]
            published = json.loads((samples / f"webhook-{name}.json").read_text())["body"]
            assert keys(told) == keys(published)


def keys(value: Any) -> Any:
    """The names in a body, all the way down, whatever the values."""
    if isinstance(value, dict):
        return {name: keys(each) for name, each in value.items()}
    return keys(value[0]) if isinstance(value, list) else None


@pytest.fixture
def notifications_spec(reference_dir: Path) -> Spec:
    """The schema, with what Walmart's own examples and pages say otherwise of the same calls.

    Examples and pages name the lists `events`, list subscriptions without another list around each, let a change answer
    one flat object, send headers of any name, and give event types a description.
    """
    spec = Spec(reference_dir / "walmart-openapi" / "us-notifications.ae.json")
    for path, method in ((SUBSCRIPTIONS, "post"), (ONE, "patch")):
        spec.answer(path, method)["properties"]["event"]["items"]["properties"]["headers"] = {"type": "object"}
    one = spec.answer(SUBSCRIPTIONS, "post")["properties"].pop("event")
    spec.answer(SUBSCRIPTIONS, "post")["properties"]["events"] = one
    spec.answer(SUBSCRIPTIONS, "get")["properties"]["events"] = one
    spec.answer(ONE, "patch").update(one["items"])
    types = spec.answer("/v3/webhooks/eventTypes", "get")["properties"].pop("eventTypes")
    types["items"]["properties"]["description"] = {"type": "string"}
    spec.answer("/v3/webhooks/eventTypes", "get")["properties"]["events"] = types
    return spec


SUBSCRIPTIONS, ONE = "/v3/webhooks/subscriptions", "/v3/webhooks/subscriptions/{subscriptionId}"
BASIC = {"authMethod": "BASIC_AUTH", "userName": "abc", "password": "test", "authHeaderName": "Authorization"}
PROOFS: dict[str, Json] = {
    "none": {},
    "header": {"headers": {"content-type": "application/json", "X-Key": "key"}},
    "basic": {"authDetails": BASIC},
    "hmac": {"authDetails": {"authMethod": "HMAC", "clientSecret": "key", "authHeaderName": "X-Sign"}},
    "oauth": {
        "authDetails": {
            "authMethod": "OAUTH",
            "authUrl": "https://b.example/token",
            "clientId": "me",
            "clientSecret": "key",
            "authHeaderName": "Authorization",
        }
    },
}


@pytest.mark.parametrize("proof", PROOFS)
def test_subscriptions_fit_the_schema(notifications_spec: Spec, caller: Caller, proof: str) -> None:
    def fits(answer: Any, path: str, method: str) -> Json:
        assert answer.status_code == 200
        told: Json = answer.json()
        check(notifications_spec, told, notifications_spec.answer(path, method))
        return told

    event = {"eventType": "ORDER_UPDATES", "eventVersion": "V1", "resourceName": "ORDER"}
    with Receiver() as receiver:
        event |= {"eventUrl": receiver.url}
        if proof != "oauth":
            fits(caller.call("POST", "/v3/webhooks/test", json=event | PROOFS[proof]), "/v3/webhooks/test", "post")
        body = {"events": [event | {"status": "ACTIVE"} | PROOFS[proof]]}
        made = fits(caller.call("POST", SUBSCRIPTIONS, json=body), SUBSCRIPTIONS, "post")["events"]
    path = f"{SUBSCRIPTIONS}/{made[0]['subscriptionId']}"
    listed = fits(caller.get(f"{SUBSCRIPTIONS}?eventType=ORDER_UPDATES"), SUBSCRIPTIONS, "get")["events"]
    assert [one["subscriptionId"] for one in listed] == [made[0]["subscriptionId"]]
    changed = fits(caller.call("PATCH", path, json={"status": "INACTIVE"}), ONE, "patch")
    assert changed["status"] == "INACTIVE"
    assert fits(caller.call("DELETE", path), ONE, "delete")["subscriptionId"] == made[0]["subscriptionId"]


def test_event_types_fit_the_schema(notifications_spec: Spec, caller: Caller) -> None:
    path = "/v3/webhooks/eventTypes"
    found = caller.get(path).json()
    check(notifications_spec, found, notifications_spec.answer(path, "get"))
    assert "ORDER_UPDATES" in {each["eventType"] for each in found["events"]}


@pytest.mark.parametrize(
    ("method", "path", "sample"),
    [
        ("post", SUBSCRIPTIONS, "webhook-subscription-create-response"),
        ("patch", ONE, "webhook-subscription-update-response"),
        ("delete", ONE, "webhook-subscription-delete-response"),
        ("post", "/v3/webhooks/test", "webhook-test-response"),
    ],
)
def test_answers_about_subscriptions_have_the_published_keys(
    reference_dir: Path, caller: Caller, method: str, path: str, sample: str
) -> None:
    published = json.loads((reference_dir / "walmart-samples" / f"{sample}.json").read_text())["body"]
    with Receiver() as receiver:
        event = {"eventType": "PO_CREATED", "eventVersion": "V1", "resourceName": "ORDER", "eventUrl": receiver.url}
        whole = event | PROOFS["basic"] | {"headers": {"content-type": "application/json"}}
        made = caller.call("POST", SUBSCRIPTIONS, json={"events": [whole | {"status": "ACTIVE"}]}).json()["events"][0]
        body = {SUBSCRIPTIONS: {"events": [whole | {"status": "ACTIVE"}]}, ONE: {"status": "ACTIVE"}}.get(path, whole)
        told = caller.call(method.upper(), path.format_map(made), json=body if method != "delete" else None).json()
    assert keys(told) == keys(published)


def test_error_bodies_have_the_published_shape(reference_dir: Path, caller: Caller) -> None:
    def published(name: str) -> Json:
        body: Json = json.loads((reference_dir / "walmart-samples" / name).read_text())["body"]["body"]
        return body

    po = caller.walmart.place_order(status="Shipped")
    assert caller.get("/v3/orders?sku=none").json() == published("error-404-no-orders.json")
    answer = caller.get("/v3/orders?createdStartDate=2026-11-01T00:00:00.000Z")
    assert answer.json() == published("error-400-invalid-date.json")
    over = published("error-400-ship-overshipped.json")
    told = caller.ship(po, shipped()).json()
    assert json.dumps(told).replace(po, "2801556051627") == json.dumps(over)
    del caller.session.headers["WM_SEC.ACCESS_TOKEN"]
    assert caller.get("/v3/orders").json() == published("error-401-unauthorized-gateway.json")


def test_lists_of_names_are_the_published_ones(reference_dir: Path) -> None:
    carriers = json.loads((reference_dir / "walmart-openapi" / "carriers-us.enum.json").read_text())
    assert set(carriers["carriers"]) == US_CARRIERS
    types = json.loads((reference_dir / "walmart-samples" / "webhook-eventtypes-2026.json").read_text())
    published = {(each["resourceName"], each["eventType"]) for each in types["body"]["events"]}
    assert {(resource, name) for resource, name, _ in EVENT_TYPES} <= published


FILES = ("us-orders.patched.json", "us-returns.ae.json", "us-notifications.ae.json", "us-auth.ae.json")
GLOBAL = [("POST", "/v3/orders/{po}/acknowledgeLines")]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOT_BUILT = {"/v3/feeds"}


def test_every_published_call_is_there(reference_dir: Path, caller: Caller) -> None:
    """Whatever it answers to an empty body, it is the call's own answer and not that of an unknown address."""
    published = [
        (method.upper(), path)
        for file in FILES
        for path, calls in Spec(reference_dir / "walmart-openapi" / file).root["paths"].items()
        for method in calls
        if method in {"get", "post", "patch", "put", "delete"} and path not in NOT_BUILT
    ]
    assert len(published) == 17
    for method, path in published + GLOBAL:
        given: dict[str, Json] = {"data" if path == "/v3/token" else "json": {}} if method != "GET" else {}
        answer = caller.call(
            method, re.sub(r"\{[^}]+\}", "1", path), headers=FORM if "data" in given else None, **given
        )
        assert answer.status_code < 500, (method, path, answer.text)
        assert answer.status_code != 405, (method, path)
        assert "URI_NOT_FOUND" not in answer.text, (method, path)
    assert "URI_NOT_FOUND" in caller.get("/v3/orders/1/nothing").text


def test_returns_fit_the_schema(reference_dir: Path, caller: Caller) -> None:
    spec = Spec(reference_dir / "walmart-openapi" / "us-returns.ae.json")
    po = caller.walmart.place_order(status="Shipped")
    caller.walmart.act(po, "return")
    found = caller.get("/v3/returns").json()
    # What stands there on the last page is not documented: nothing, null and "" are read alike.
    found["meta"].setdefault("nextCursor", "")
    check(spec, found, spec.answer("/v3/returns", "get"))

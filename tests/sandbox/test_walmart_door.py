"""Walmart's front door at the stand-in: tokens, required headers, limits and error envelopes."""

import time
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
import requests

from sandbox.walmart import WalmartSandbox
from tests.sandbox.walmart_client import HEADERS, Caller


@pytest.fixture
def walmart() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def caller(walmart: WalmartSandbox) -> Iterator[Caller]:
    made = Caller(walmart)
    yield made
    made.close()


def ask_token(walmart: WalmartSandbox, secret: str | None = None, **headers: str) -> requests.Response:
    return requests.post(
        f"{walmart.url}/v3/token",
        data={"grant_type": "client_credentials"},
        auth=(walmart.client_id, secret or walmart.client_secret),
        headers=HEADERS | headers,
        timeout=5,
    )


def test_a_token_is_json_only_when_json_is_accepted(walmart: WalmartSandbox) -> None:
    told = ask_token(walmart).json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    xml = ask_token(walmart, Accept="*/*")
    assert xml.headers["Content-Type"] == "application/xml"
    assert ElementTree.fromstring(xml.text).findtext("accessToken")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_credentials_are_refused_in_the_gateways_envelope(walmart: WalmartSandbox, status: int) -> None:
    walmart.settings(bad_credentials_status=status)
    answer = ask_token(walmart, "wrong")
    assert answer.status_code == status
    assert answer.json()["error"][0]["code"].endswith(".GMP_GATEWAY_API")


def test_token_detail_tells_scopes_and_times_as_texts(caller: Caller) -> None:
    told = caller.get("/v3/token/detail").json()
    assert told["is_valid"] is True
    assert told["scopes"]["orders"] == "full_access"
    assert int(told["expire_at"]) - int(told["issued_at"]) == 900_000


def test_authorization_bearer_is_not_enough(walmart: WalmartSandbox, caller: Caller) -> None:
    headers = HEADERS | {"Authorization": f"Bearer {caller.token()}"}
    answer = requests.get(f"{walmart.url}/v3/orders", headers=headers, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["error"][0]["code"] == "UNAUTHORIZED.GMP_GATEWAY_API"


@pytest.mark.parametrize("name", ["WM_SVC.NAME", "WM_QOS.CORRELATION_ID"])
def test_a_missing_header_is_named(caller: Caller, name: str) -> None:
    del caller.session.headers[name]
    answer = caller.get("/v3/orders")
    assert answer.status_code == 400
    assert answer.json()["error"][0]["field"] == name


def test_the_global_headers_come_together(caller: Caller) -> None:
    assert caller.get("/v3/orders", headers={"WM_MARKET": "us"}).status_code == 400
    both = {"WM_MARKET": "us", "WM_GLOBAL_VERSION": "3.1"}
    assert caller.get("/v3/orders", headers=both).status_code == 404


def test_an_expired_token_is_refused(walmart: WalmartSandbox, caller: Caller) -> None:
    walmart.settings(token_ttl=0)
    caller.session.headers["WM_SEC.ACCESS_TOKEN"] = caller.token()
    assert caller.get("/v3/orders").status_code == 401
    walmart.settings(expired_token_status=400)
    answer = caller.get("/v3/orders")
    assert answer.status_code == 400
    assert answer.json()["error"][0]["code"] == "INVALID_TOKEN.GMP_GATEWAY_API"


def test_every_answer_tells_the_tokens_left(walmart: WalmartSandbox, caller: Caller) -> None:
    walmart.settings(limits={"orders": 3})
    left = [int(caller.get("/v3/orders").headers["x-current-token-count"]) for _ in range(2)]
    assert left == [2, 1]
    next_at = int(caller.get("/v3/orders").headers["X-Next-Replenishment-Time"])
    assert 0 < next_at / 1000 - time.time() <= 20


def test_an_empty_bucket_is_a_429_for_this_endpoint_only(walmart: WalmartSandbox, caller: Caller) -> None:
    walmart.settings(limits={"acknowledge": 2})
    pos = [walmart.place_order() for _ in range(3)]
    answers = [caller.acknowledge(po) for po in pos]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"][0]["code"] == "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"
    assert answers[2].headers["x-current-token-count"] == "0"
    wait = int(answers[2].headers["X-Next-Replenishment-Time"]) / 1000 - time.time()
    assert 20 < wait <= 30
    assert "Retry-After" not in answers[2].headers
    assert caller.get(f"/v3/orders/{pos[0]}").status_code == 200
    assert len(walmart.ledger.entries("acknowledge")) == 2


def test_limits_scale(walmart: WalmartSandbox, caller: Caller) -> None:
    walmart.settings(limit_scale=0.0002)
    assert [caller.get("/v3/orders").status_code for _ in range(2)] == [404, 429]


def test_unknown_paths_and_methods(caller: Caller) -> None:
    assert caller.get("/v3/nothing").json()["error"][0]["code"] == "URI_NOT_FOUND.GMP_GATEWAY_API"
    assert caller.call("PUT", "/v3/orders").status_code == 405


def test_faults_strike_before_the_door(walmart: WalmartSandbox) -> None:
    walmart.fault("status", path="/v3/token", status=503, times=1)
    assert ask_token(walmart).status_code == 503
    assert ask_token(walmart).status_code == 200
    walmart.fault("throttle", path="/v3/token", per_minute=1)
    throttled = [ask_token(walmart) for _ in range(2)][1]
    assert throttled.status_code == 429
    assert "X-Next-Replenishment-Time" in throttled.headers

"""Who may call the stand-in shop, and the many ways of being refused."""

from __future__ import annotations

import base64
import json
import time

import pytest
import requests

from sandbox.magento import MagentoSandbox
from tests.sandbox.magento_client import Client, criteria, signed

VIEWS = "store/storeViews"
NOT_AUTHORIZED = "The consumer isn't authorized to access %resources."


def _get(shop: MagentoSandbox, path: str, authorization: str = "") -> requests.Response:
    headers = {"Authorization": authorization} if authorization else {}
    return requests.get(f"{shop.url}/rest/V1/{path}", headers=headers, timeout=10)


def test_a_signed_call_is_let_in(shop: MagentoSandbox) -> None:
    shop.settings(bearer_enabled=False)
    assert _get(shop, VIEWS, signed(shop, VIEWS)).status_code == 200
    path = f"orders?{criteria(('created_at', 'gteq', '2026-01-01 00:00:00'), fields='total_count')}"
    assert _get(shop, path, signed(shop, path)).json() == {"total_count": 0}
    order = signed(shop, "orders", method="POST")
    answer = requests.post(
        f"{shop.url}/rest/V1/orders", json={"entity": {}}, headers={"Authorization": order}, timeout=10
    )
    assert answer.json()["message"] == "Please provide payment for the order."


@pytest.mark.parametrize(
    ("wrong", "status", "message"),
    [
        ({"oauth_signature": "nonsense"}, 401, "The signature is invalid. Verify and try again."),
        ({"oauth_token": "0" * 32}, 401, "Specified token does not exist"),
        ({"oauth_consumer_key": "0" * 32}, 401, "A consumer having the specified key does not exist"),
        ({"oauth_signature_method": "HMAC-SHA1"}, 400, "Signature method %1 is not supported"),
        ({"oauth_timestamp": "99999999999"}, 401, "An error occurred validating the nonce"),
    ],
)
def test_a_wrong_signature_is_told_what_is_wrong(
    shop: MagentoSandbox, wrong: dict[str, str], status: int, message: str
) -> None:
    answer = _get(shop, VIEWS, signed(shop, VIEWS, **wrong))
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_an_old_time_is_fine_but_a_nonce_is_good_once(shop: MagentoSandbox) -> None:
    header = signed(shop, VIEWS, oauth_timestamp=str(int(time.time()) - 400_000))
    assert _get(shop, VIEWS, header).status_code == 200
    again = _get(shop, VIEWS, header)
    assert again.status_code == 401
    assert again.json() == {
        "message": "The nonce is already being used by the consumer with ID %1",
        "parameters": ["1"],
    }


def test_parameters_are_sorted_by_number_and_a_plus_is_no_space(shop: MagentoSandbox) -> None:
    groups = "&".join(
        f"searchCriteria%5Bfilter_groups%5D%5B{at}%5D%5Bfilters%5D%5B0%5D%5B{name}%5D={value}"
        for at in (2, 10)
        for name, value in (("field", "status"), ("value", "pending"))
    )
    path = f"orders?{groups}&fields=total_count"
    assert _get(shop, path, signed(shop, path)).status_code == 200
    assert _get(shop, path, signed(shop, path, order=str)).status_code == 401
    dated = criteria(("updated_at", "gteq", "2026-01-01 00:00:00")).replace("%20", "+")
    assert _get(shop, f"orders?{dated}", signed(shop, f"orders?{dated}")).status_code == 401


def test_all_refusals_of_a_bearer_look_alike(shop: MagentoSandbox) -> None:
    refused = {"message": NOT_AUTHORIZED, "parameters": {"resources": "Magento_Backend::store"}}
    answers = [_get(shop, VIEWS), _get(shop, VIEWS, "Bearer nonsense")]
    shop.settings(bearer_enabled=False)
    answers.append(_get(shop, VIEWS, f"Bearer {shop.token}"))
    shop.settings(bearer_enabled=True, rights=("Magento_Sales::create",))
    answers.append(_get(shop, VIEWS, f"Bearer {shop.token}"))
    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, refused)] * 4


def test_an_admin_signs_in_for_an_hour(shop: MagentoSandbox) -> None:
    known = shop.credentials
    url = f"{shop.url}/rest/V1/integration/admin/token"
    sent = {"username": known.admin_user, "password": known.admin_password}
    token = requests.post(url, json=sent, timeout=10).json()
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (payload["utypid"], payload["exp"] - payload["iat"]) == (2, 3600)
    shop.settings(bearer_enabled=False)
    assert _get(shop, VIEWS, f"Bearer {token}").status_code == 200
    assert _get(shop, VIEWS, f"Bearer {token[:-3]}abc").status_code == 401
    assert requests.post(url, json=sent | {"password": "wrong"}, timeout=10).status_code == 401


def test_store_codes_routes_and_bodies(shop: MagentoSandbox, client: Client) -> None:
    for base in ("/rest/V1", "/rest/all/V1", "/rest/default/V1", "/rest/walmart/V1"):
        assert client.session.get(f"{shop.url}{base}/orders?searchCriteria=", timeout=10).status_code == 200
    unknown = client.session.get(f"{shop.url}/rest/nostore/V1/orders?searchCriteria=", timeout=10)
    assert (unknown.status_code, unknown.json()) == (400, {"message": "Specified request cannot be processed."})
    assert client.refused("nope", method="GET") == (404, {"message": "Request does not match any route."})
    url = f"{client.base}/V1/orders"
    broken = client.session.post(url, data="{bad", headers={"Content-Type": "application/json"}, timeout=10)
    assert (broken.status_code, broken.json()) == (400, {"message": "Decoding error."})
    assert client.session.post(url, data="a=b", headers={"Content-Type": "text/plain"}, timeout=10).status_code == 400


def test_maintenance_is_a_page_and_no_json(shop: MagentoSandbox, client: Client) -> None:
    shop.settings(maintenance=True)
    answer = client.call("GET", VIEWS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html; charset=UTF-8")
    assert "Retry-After" not in answer.headers
    shop.settings(maintenance=False)
    assert client.call("GET", VIEWS).status_code == 200


def test_what_the_shop_says_of_itself(shop: MagentoSandbox, client: Client) -> None:
    assert requests.get(f"{shop.url}/magento_version", timeout=10).text == "Magento/2.4 (Community)"
    assert [view["code"] for view in client.get(VIEWS)] == ["default", "admin", "walmart", "outlet"]
    assert client.get("store/storeConfigs")[0]["base_currency_code"] == "USD"
    assert {site["code"] for site in client.get("store/websites")} == {"admin", "base", "outlet"}
    assert "Magento_Sales" in client.get("modules")
    shop.settings(base_currency="CAD")
    assert client.get("directory/currency")["base_currency_code"] == "CAD"

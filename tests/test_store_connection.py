"""The test of a Magento store: each failure over real HTTP has its own cause, sentence and next step, and no secret."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.magento import MagentoSandbox
from tests.connectors.scripted import Scripted, answer
from webapp import clock
from webapp.connectors.magento import MagentoStore
from webapp.connectors.magento_admin import AdminUser
from webapp.connectors.magento_oauth import OAuthKeys
from webapp.store_rights import RIGHTS, Need
from webapp.store_test import Cause, Verdict, try_store

SECRETS = ("hush-hush-hush", "not-the-password")
PAGE = "<!doctype html><html><head><title>Apache2 Default Page</title></head><body>It works</body></html>"


def by_token(shop: MagentoSandbox) -> MagentoStore:
    return MagentoStore(shop.url, shop.token, "")


def by_keys(shop: MagentoSandbox, **wrong: str) -> MagentoStore:
    own = shop.credentials
    keys = OAuthKeys(own.consumer_key, own.consumer_secret, own.token, own.token_secret)
    return MagentoStore(shop.url, store_view="", oauth=replace(keys, **wrong))


def as_admin(shop: MagentoSandbox, password: str = "") -> MagentoStore:
    own = shop.credentials
    return MagentoStore(shop.url, store_view="", admin=AdminUser(own.admin_user, password or own.admin_password))


def said(verdict: Verdict) -> str:
    return f"{verdict.sentence} {verdict.next_step}"


@pytest.mark.parametrize("way_in", [by_token, by_keys, as_admin])
@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_all_well_reads_what_the_shop_is_and_changes_nothing(
    magento: MagentoSandbox, way_in: Callable[[MagentoSandbox], MagentoStore], mode: str
) -> None:
    verdict = try_store(way_in(magento), mode)
    assert (verdict.cause, verdict.ok, verdict.is_usable) == (Cause.WELL, True, True), said(verdict)
    assert "Magento/2.4 (Community)" in verdict.sentence
    assert "store view default (USD, America/Chicago)" in verdict.sentence
    assert verdict.found is not None
    assert [(view.code, view.website) for view in verdict.found.views] == [
        ("default", "Main Website"),
        ("walmart", "Main Website"),
        ("outlet", "Outlet"),
    ]
    assert [source.code for source in verdict.found.sources] == ["default", "east", "west"]
    assert dict(verdict.found.groups)["1"] == "General"
    assert all(one.is_given for one in verdict.rights)
    assert magento.ledger.entries() == []
    assert magento.orders() == []


NEEDED = [right for right in RIGHTS if right.need is Need.ALWAYS]


@pytest.mark.parametrize("lacking", NEEDED, ids=lambda right: right.name)
def test_each_right_that_is_missing_is_named_with_its_use_and_its_box(magento: MagentoSandbox, lacking: object) -> None:
    magento.settings(rights=tuple(right.name for right in RIGHTS if right is not lacking))
    verdict = try_store(by_token(magento), "direct")
    [missed] = [one.right for one in verdict.rights if not one.is_given]
    assert (verdict.cause, missed) == (Cause.MISSING_RIGHT, lacking)
    assert f"{missed.name} ({missed.use})" in verdict.sentence
    assert missed.where in verdict.next_step
    assert "System > Integrations" in verdict.next_step
    assert magento.ledger.entries() == []


def test_rights_that_only_some_need_are_told_and_do_not_fail(magento: MagentoSandbox) -> None:
    magento.settings(rights=tuple(right.name for right in NEEDED))
    assert try_store(by_keys(magento), "direct").ok
    in_carts = try_store(as_admin(magento), "cart")
    assert in_carts.ok, "an admin's role is not narrowed by the integration's rights"
    in_carts = try_store(by_keys(magento), "cart")
    assert (in_carts.cause, in_carts.is_usable) == (Cause.MISSING_RIGHT, True)
    assert "Magento_Cart::manage (orders by cart)" in in_carts.sentence


def test_bearer_switched_off_names_the_setting_and_what_looks_like_no_token_is_told(magento: MagentoSandbox) -> None:
    magento.settings(bearer_enabled=False)
    verdict = try_store(by_token(magento), "direct")
    assert verdict.cause is Cause.TOKEN_OR_SETTING
    assert "Allow OAuth Access Tokens to be used as standalone Bearer tokens" in verdict.next_step
    assert not verdict.is_usable
    magento.settings(bearer_enabled=True)
    short = try_store(replace(by_token(magento), token=SECRETS[0]), "direct")
    assert (short.cause, "not look like one" in short.sentence) == (Cause.WRONG_TOKEN, True)


def test_an_admin_users_token_is_known_for_what_it_is_once_it_expired(magento: MagentoSandbox) -> None:
    ended = int(clock.now().timestamp()) - 600
    part = base64.urlsafe_b64encode(json.dumps({"uid": 1, "utypid": 2, "iat": ended - 3600, "exp": ended}).encode())
    verdict = try_store(replace(by_token(magento), token=f"e30.{part.decode().rstrip('=')}.c2ln"), "direct")
    assert (verdict.cause, "it expired on" in verdict.sentence) == (Cause.EXPIRED, True)
    assert "integration, which does not expire" in verdict.next_step


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"consumer_key": SECRETS[0]}, "consumer key that is wrong"),
        ({"token": SECRETS[0]}, "access token that is wrong"),
        ({"consumer_secret": SECRETS[0]}, "one of the two secrets"),
        ({"token_secret": SECRETS[0]}, "one of the two secrets"),
    ],
)
def test_of_the_four_keys_the_wrong_one_is_told(magento: MagentoSandbox, wrong: dict[str, str], words: str) -> None:
    verdict = try_store(by_keys(magento, **wrong), "direct")
    assert (verdict.cause, words in verdict.next_step) == (Cause.WRONG_KEYS, True), said(verdict)
    assert SECRETS[0] not in said(verdict)


def test_an_integration_without_any_right(magento: MagentoSandbox) -> None:
    magento.settings(rights=("Magento_Backend::all_of_nothing",))
    verdict = try_store(by_keys(magento), "direct")
    assert (verdict.cause, "none of the rights" in verdict.sentence) == (Cause.MISSING_RIGHT, True)


def test_a_wrong_password_and_a_second_factor(magento: MagentoSandbox) -> None:
    verdict = try_store(as_admin(magento, SECRETS[1]), "direct")
    assert (verdict.cause, "lock the user" in verdict.next_step) == (Cause.WRONG_PASSWORD, True)
    assert SECRETS[1] not in said(verdict)
    body = '{"message":"Please use the 2fa provider-specific endpoints to obtain a token."}'
    magento.fault("status", method="POST", path="/rest/V1/integration", status=400, body=body)
    verdict = try_store(as_admin(magento), "direct")
    assert (verdict.cause, "integration" in verdict.next_step) == (Cause.TWO_FACTOR, True)


def test_a_signature_from_the_future_is_told_by_how_much(
    magento: MagentoSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = '{"message":"An error occurred validating the nonce"}'
    magento.fault("status", path="/rest/V1/orders", status=401, body=body)
    clock.move(timedelta(minutes=30))
    verdict = try_store(by_keys(magento), "direct")
    assert verdict.cause is Cause.CLOCK_OFF
    assert "30 minutes ahead of the shop's" in verdict.sentence
    assert "NTP" in verdict.next_step


def test_a_store_view_that_is_not_there_and_those_that_are(magento: MagentoSandbox) -> None:
    verdict = try_store(replace(by_token(magento), store_view="nowhere"), "direct")
    assert (verdict.cause, verdict.is_usable) == (Cause.NO_STORE_VIEW, False)
    assert "default, walmart, outlet" in verdict.next_step
    assert verdict.found is not None


def test_maintenance(magento: MagentoSandbox) -> None:
    magento.settings(maintenance=True)
    verdict = try_store(by_token(magento), "direct")
    assert (verdict.cause, "maintenance:status" in verdict.next_step) == (Cause.MAINTENANCE, True)


@pytest.mark.parametrize(
    ("status", "body", "cause", "words"),
    [
        (404, PAGE, Cause.NOT_MAGENTO, "base address"),
        (200, PAGE, Cause.NOT_MAGENTO, "REST API is not there"),
        (401, PAGE, Cause.LOCKED, "password of the web server"),
        (403, PAGE, Cause.LOCKED, "firewall"),
        (500, "An error has happened during application run.", Cause.SHOP_BROKEN, "exception.log"),
        (502, PAGE, Cause.SHOP_BROKEN, "(502"),
    ],
)
def test_what_is_not_magentos_answer(status: int, body: str, cause: Cause, words: str) -> None:
    with Scripted([answer(status, body, Content_Type="text/html")]) as server:
        verdict = try_store(MagentoStore(server.url, "t" * 32, ""), "direct")
    assert (verdict.cause, words in said(verdict)) == (cause, True), said(verdict)


def test_a_redirect_says_where_to(magento: MagentoSandbox) -> None:
    magento.fault("status", path="/rest", status=301, headers={"Location": "https://www.shop.example/"})
    verdict = try_store(by_token(magento), "direct")
    assert (verdict.cause, "www.shop.example" in verdict.sentence) == (Cause.REDIRECT, True)


def test_a_server_that_speaks_no_tls(magento: MagentoSandbox) -> None:
    verdict = try_store(replace(by_token(magento), url=magento.url.replace("http:", "https:")), "direct")
    assert (verdict.cause, "certificate" in verdict.next_step) == (Cause.TLS, True), said(verdict)


def test_hosts_that_are_not_there_or_refuse_or_are_private(magento: MagentoSandbox) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    causes = {
        "https://magento.invalid": Cause.WRONG_HOST,
        f"http://127.0.0.1:{port}": Cause.NO_NETWORK,
        "http://[bad": Cause.WRONG_HOST,
    }
    for url, cause in causes.items():
        assert try_store(replace(by_token(magento), url=url), "direct").cause is cause, url
    for url in (magento.url, "https://[::1]", "https://169.254.169.254"):
        private = try_store(replace(by_token(magento), url=url, public_only=True), "direct")
        assert (private.cause, "public" in private.sentence) == (Cause.WRONG_HOST, True), url

"""The test of a Walmart connection: each cause over real HTTP, told apart, with what to do, and never a secret."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from webapp import clock
from webapp.connection_test import Cause, Verdict, try_connection
from webapp.connectors.walmart import WalmartAccount

PAGE = "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body>Hello</body></html>"


@pytest.fixture
def account(walmart: WalmartSandbox) -> WalmartAccount:
    return WalmartAccount(walmart.url, walmart.client_id, walmart.client_secret)


def detail(scope: str) -> str:
    return json.dumps({"scopes": {"orders": scope}, "issued_at": "0", "is_valid": True})


def said(verdict: Verdict) -> str:
    return f"{verdict.sentence} {verdict.next_step}"


def test_all_well_names_what_was_read(account: WalmartAccount) -> None:
    verdict = try_connection(account)
    assert verdict.ok
    assert verdict.cause is Cause.WELL
    for part in ("market US", "orders full", "returns full"):
        assert part in verdict.sentence
    assert re.search(r"clocks [0-5] s apart", verdict.sentence)


@pytest.mark.parametrize("market", ["ca", "mx", "cl"])
def test_all_well_in_the_other_markets(account: WalmartAccount, market: str) -> None:
    verdict = try_connection(replace(account, market=market))
    assert verdict.ok
    assert f"market {market.upper()}" in verdict.sentence


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_wrong_secret(walmart: WalmartSandbox, account: WalmartAccount, status: int) -> None:
    walmart.settings(bad_credentials_status=status)
    verdict = try_connection(replace(account, client_secret="not-the-secret-at-all"))
    assert verdict.cause is Cause.WRONG_SECRET
    assert "client secret" in verdict.sentence
    assert "not-the-secret-at-all" not in said(verdict)


def test_a_token_that_walmart_calls_expired(walmart: WalmartSandbox, account: WalmartAccount) -> None:
    body = json.dumps({"scopes": {"orders": "full_access"}, "issued_at": "0", "is_valid": False})
    walmart.fault("status", method="GET", path="/v3/token/detail", status=200, body=body)
    verdict = try_connection(account)
    assert (verdict.cause, "expired" in verdict.sentence) == (Cause.EXPIRED, True)


@pytest.mark.parametrize(("scope", "words"), [("view_only", "only read"), ("no_access", "not see")])
def test_a_missing_scope_is_read_from_the_tokens_detail(
    walmart: WalmartSandbox, account: WalmartAccount, scope: str, words: str
) -> None:
    walmart.fault("status", method="GET", path="/v3/token/detail", status=200, body=detail(scope))
    verdict = try_connection(account)
    assert verdict.cause is Cause.MISSING_SCOPE
    assert words in verdict.sentence
    assert scope in verdict.sentence


def test_orders_that_are_refused_mean_a_missing_scope(walmart: WalmartSandbox, account: WalmartAccount) -> None:
    body = '{"error":[{"code":"UNAUTHORIZED.GMP_GATEWAY_API","description":"Unauthorized"}]}'
    walmart.fault("status", method="GET", path="/v3/token/detail", status=404, body="{}")
    walmart.fault("status", method="GET", path="/v3/orders", status=403, body=body)
    verdict = try_connection(account)
    assert verdict.cause is Cause.MISSING_SCOPE
    assert "Unauthorized" in verdict.sentence


def test_a_market_that_tells_nothing_of_tokens_is_judged_by_its_orders(
    walmart: WalmartSandbox, account: WalmartAccount
) -> None:
    walmart.fault("status", method="GET", path="/v3/token/detail", status=404, body="{}")
    assert try_connection(account).ok


def test_another_server_is_a_wrong_host(magento: MagentoSandbox, account: WalmartAccount) -> None:
    verdict = try_connection(replace(account, api_url=magento.url))
    assert verdict.cause is Cause.WRONG_HOST
    assert "marketplace.walmartapis.com" in verdict.next_step


@pytest.mark.parametrize("status", [200, 401, 403, 404, 500])
def test_a_web_page_is_a_wrong_host(walmart: WalmartSandbox, account: WalmartAccount, status: int) -> None:
    walmart.fault("status", path="/v3/token", status=status, body=PAGE, content_type="text/html")
    assert try_connection(account).cause is Cause.WRONG_HOST


def test_a_redirect_is_a_wrong_host(walmart: WalmartSandbox, account: WalmartAccount) -> None:
    walmart.fault("status", path="/v3/token", status=302, headers={"Location": "https://login.example/"})
    verdict = try_connection(account)
    assert verdict.cause is Cause.WRONG_HOST
    assert "login.example" in verdict.sentence


def test_a_host_that_does_not_exist_is_a_wrong_host(account: WalmartAccount) -> None:
    assert try_connection(replace(account, api_url="https://walmart.invalid")).cause is Cause.WRONG_HOST


def test_a_refused_connection_is_no_network(account: WalmartAccount) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    verdict = try_connection(replace(account, api_url=f"http://127.0.0.1:{port}"))
    assert verdict.cause is Cause.NO_NETWORK
    assert "refused the connection" in verdict.sentence
    assert "firewall" in verdict.next_step


def test_a_cut_connection_is_no_network(walmart: WalmartSandbox, account: WalmartAccount) -> None:
    walmart.fault("cut_before", path="/v3/token")
    assert try_connection(account).cause is Cause.NO_NETWORK


@pytest.mark.parametrize(("minutes", "words"), [(10, "10 minutes ahead of"), (-10, "10 minutes behind")])
def test_a_clock_that_is_off_is_said_by_how_much(account: WalmartAccount, minutes: int, words: str) -> None:
    clock.move(timedelta(minutes=minutes))
    verdict = try_connection(account)
    assert verdict.cause is Cause.CLOCK_OFF
    assert words in verdict.sentence
    assert "NTP" in verdict.next_step


def test_a_minute_is_no_trouble(account: WalmartAccount) -> None:
    clock.move(timedelta(seconds=60))
    assert try_connection(account).ok


def test_walmarts_own_outage_is_not_the_merchants_fault(walmart: WalmartSandbox, account: WalmartAccount) -> None:
    walmart.fault("status", path="/v3/token", status=503, body='{"error":[{"code":"X","description":"down"}]}')
    verdict = try_connection(account)
    assert verdict.cause is Cause.WALMART_AWAY
    assert "Nothing is wrong on your side" in verdict.next_step


def test_a_private_address_from_a_page_is_refused_before_it_is_reached(
    walmart: WalmartSandbox, account: WalmartAccount
) -> None:
    for url in (walmart.url, walmart.url.replace("http:", "https:"), "https://[::1]:443", "https://169.254.169.254"):
        verdict = try_connection(replace(account, api_url=url, public_only=True))
        assert verdict.cause is Cause.WRONG_HOST
        assert "public" in verdict.sentence


@pytest.mark.parametrize("url", ["", "x", "http://", "https://[bad", "http://a b/", "http://%zz/"])
def test_garbage_for_an_address_never_raises(account: WalmartAccount, url: str) -> None:
    assert not try_connection(replace(account, api_url=url)).ok

"""Webhooks that are refused: each flaw has its answer, is counted under its name, and is said with what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, func, select

from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.house import House, build, order_event
from tests.views.conftest import signed_in
from webapp import clock, refusals, vault
from webapp.connectors.signatures import WebhookAuth
from webapp.connectors.walmart_signature import signature
from webapp.models import AccountRow, EventRow, RefusedWebhookRow, UserRow, db
from webapp.unit_of_work import unit_of_work

MIB = 1024 * 1024
HMAC = WebhookAuth("hmac", "X-Signature", secrets=("k",))
Lock = Callable[[WebhookAuth], str]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, valkey: str) -> Iterator[House]:
    """One application for all of them."""
    folder = tmp_path_factory.mktemp("refusals")
    with (
        WalmartSandbox() as walmart,
        MagentoSandbox() as magento,
        build(folder, f"sqlite:///{folder / 'test.db'}", valkey, walmart, magento) as built,
    ):
        yield built


@pytest.fixture(autouse=True)
def fresh(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was refused yet, and whatever is will be stored at once."""
    monkeypatch.setattr(refusals, "EVERY", 0.0)
    with door.app.app_context(), unit_of_work() as work:
        work.execute(delete(RefusedWebhookRow))
        work.execute(delete(EventRow))


@pytest.fixture
def lock(door: House) -> Lock:
    """Give the account another way to prove a sender; gives the path to post to."""

    def change(auth: WebhookAuth) -> str:
        with door.app.app_context(), unit_of_work() as work:
            row = work.session.get_one(AccountRow, door.account_id)
            row.webhook_auth = vault.seal(msgspec.to_builtins(auth))
        return f"/webhooks/walmart/{door.account_key}"

    return change


def counted(house: House) -> dict[str, int]:
    with house.app.app_context():
        return {row.reason: row.count for row in db.session.execute(select(RefusedWebhookRow)).scalars()}


def stored(house: House) -> int:
    with house.app.app_context():
        return db.session.execute(select(func.count()).select_from(EventRow)).scalar_one()


def send(house: House, path: str, headers: dict[str, str]) -> int:
    """Post an event; what the server itself tells of a request is given as it names it."""
    told = {name: value for name, value in headers.items() if name.isupper() and "." not in name}
    shown = {name: value for name, value in headers.items() if name not in told}
    client = house.app.test_client()
    return client.post(path, json=order_event("1"), headers=shown, environ_overrides=told).status_code


@pytest.mark.parametrize(
    ("auth", "more", "headers", "reason"),
    [
        (WebhookAuth("none", secrets=("k",)), "", {}, "missing"),
        (WebhookAuth("none", secrets=("k",)), "/guess", {}, "wrong"),
        (WebhookAuth("header", "X-Key", secrets=("k",)), "", {}, "missing"),
        (WebhookAuth("header", "X-Key", secrets=("k",)), "", {"X-Key": "guess"}, "wrong"),
        (WebhookAuth("header", "X-Key", secrets=("k",)), "", {"X-Key": "k" * 9000}, "malformed"),
        (WebhookAuth("basic", "X-Key", "us", ("k",)), "", {"X-Key": "Basic !"}, "wrong"),
        (HMAC, "", {"X-Signature": "00" * 32}, "wrong"),
        (HMAC, "", {"WM_SEC.SIGNATURE": "AAAA", "WM_SEC.TIMESTAMP": "1"}, "wrong"),
        (WebhookAuth("oauth", "X-Key", "us", ("k",)), "", {"X-Key": "Bearer stale"}, "wrong"),
        (WebhookAuth("oauth", "X-Key", "us", ("k",)), "/token", {"X-Key": "Basic stale"}, "token"),
        (WebhookAuth("none", secrets=("k",)), "/k", {"Content-Encoding": "gzip"}, "coded"),
        (WebhookAuth("none", secrets=("k",)), "/k", {"CONTENT_LENGTH": str(MIB + 1)}, "too_large"),
        (WebhookAuth("none", secrets=("k",)), "/k", {"CONTENT_LENGTH": "100000"}, "cut_short"),
    ],
)
def test_each_flaw_is_counted_under_its_name_and_nothing_is_stored(
    door: House, lock: Lock, auth: WebhookAuth, more: str, headers: dict[str, str], reason: str
) -> None:
    path = lock(auth)
    status = {"coded": 415, "too_large": 413, "cut_short": 400}.get(reason, 401)
    assert [send(door, path + more, headers) for _ in range(2)] == [status, status]
    assert counted(door) == {reason: 2}
    assert stored(door) == 0
    assert refusals.in_words(reason, auth) != refusals.in_words(refusals.UNKNOWN_ADDRESS, auth)
    assert reason in refusals.NAMES


def test_an_address_that_nobody_has_is_counted_as_one_whatever_is_guessed(door: House) -> None:
    for guess in ("a", "b", "c"):
        assert door.post(order_event("1"), f"/webhooks/walmart/{guess}/k") == 401
    assert counted(door) == {"unknown_address": 3}


def test_a_flood_is_stored_together_and_none_of_it_is_forgotten(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "EVERY", 0.3)
    time.sleep(0.3)
    for _ in range(50):
        assert door.post(order_event("1"), "/webhooks/walmart/nobody") == 401
    assert 1 <= counted(door)["unknown_address"] < 50
    deadline = time.monotonic() + 10
    while counted(door)["unknown_address"] < 50 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert counted(door) == {"unknown_address": 50}


# The one scheme with a time in it


def timed(path: str, body: bytes, timestamp: str, secret: str = "k", target: str = "") -> dict[str, str]:
    shown = signature(secret, target or f"POST\n{path}", timestamp, body)
    return {"WM_SEC.TIMESTAMP": timestamp, "WM_SEC.SIGNATURE": shown}


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("-298", 200),
        ("298", 200),
        ("-302", 401),
        ("302", 401),
        ("{now}000", 401),
        ("{now}.5", 401),
        ("nan", 401),
        ("inf", 401),
        ("1e9", 401),
        ("253402300800", 401),
        ("", 401),
        ("+{now}", 401),
    ],
)
def test_a_time_that_is_signed_must_be_near_ours_and_a_whole_number(
    door: House, lock: Lock, written: str, status: int
) -> None:
    path, now = lock(HMAC), int(clock.now().timestamp())
    timestamp = str(now + int(written)) if written.lstrip("-").isdecimal() and len(written) < 5 else written
    body = json.dumps(order_event("1", event_id=f"at-{written}")).encode()
    headers = timed(path, body, timestamp.replace("{now}", str(now)))
    assert door.post(body, path, **headers) == status
    assert stored(door) == (status == 200)
    if status == 401 and written.lstrip("-").isdecimal():
        assert counted(door) == {"clock": 1}


def test_a_captured_request_is_a_duplicate_then_too_old_and_signed_anew_has_no_second_effect(
    door: House, lock: Lock
) -> None:
    path = lock(HMAC)
    body = json.dumps(order_event("1", event_id="captured")).encode()
    headers = timed(path, body, str(int(clock.now().timestamp())))
    assert door.post(body, path, **headers) == 200
    clock.move(timedelta(seconds=10))
    assert door.post(body, path, **headers) == 200
    clock.move(timedelta(minutes=10))
    assert door.post(body, path, **headers) == 401
    clock.move(timedelta(days=8))
    assert door.post(body, path, **timed(path, body, str(int(clock.now().timestamp())))) == 200
    with door.app.app_context():
        assert [(row.duplicates, row.state) for row in db.session.execute(select(EventRow)).scalars()] == [
            (2, "received")
        ]


@pytest.mark.parametrize(
    ("posted", "signed", "status"),
    [
        ("?a=1&b=2", "?a=1&b=2", 200),
        ("?b=2&a=1", "?a=1&b=2", 401),
        ("", "?a=1", 401),
        ("", "/x", 401),
    ],
)
def test_what_was_called_is_signed_too(door: House, lock: Lock, posted: str, signed: str, status: int) -> None:
    path, body = lock(HMAC), json.dumps(order_event("1", event_id=posted + signed)).encode()
    headers = timed(path, body, str(int(clock.now().timestamp())), target=f"POST\n{path}{signed}")
    assert door.post(body, path + posted, **headers) == status
    indented = json.dumps(json.loads(body), indent=1).encode()
    assert door.post(indented, path + posted, **headers) == 401


# What is said


def test_the_account_page_and_the_metrics_tell_of_refused_and_unknown_ones(door: House, lock: Lock) -> None:
    path = lock(WebhookAuth("oauth", "X-Key", "our-client", ("k",)))
    assert door.post(order_event("1"), path) == 401
    assert door.post(order_event("1"), path, **{"X-Key": "Bearer stale"}) == 401
    path = lock(WebhookAuth("none", secrets=("k",)))
    strange = {"source": {"eventType": "MOON_LANDED", "eventId": "m1"}, "payload": {}}
    for document in (strange, strange, order_event("77", event_id="known")):
        assert door.post(document, f"{path}/k") == 200
    door.drain()
    lock(WebhookAuth("oauth", "X-Key", "our-client", ("k",)))
    client = an_admin(door)
    page = client.get(f"/settings/accounts/{door.account_key}").text
    for words in ("MOON_LANDED", "no proof", "wrong proof", "The header X-Key was missing", f"{path}/token"):
        assert words in page, words
    text = client.get("/metrics").text
    assert 'orderbridge_webhooks_refused_total{reason="missing",source="walmart"} 1.0' in text
    assert "orderbridge_webhooks_unknown_kind_total 1.0" in text


def an_admin(house: House) -> Any:
    with house.app.app_context(), unit_of_work() as work:
        work.add(UserRow(email="carol@shop.example", role="admin", created_at=clock.now()))
    return signed_in(house.app, "admin")

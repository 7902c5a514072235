"""The same trouble has the same hue on every page: amber goes on by itself, red waits for a person."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.rows import a_store, an_account, an_event, an_order
from webapp import clock
from webapp.models import PollRow
from webapp.unit_of_work import Work, unit_of_work
from webapp.views import pulse

MAINTENANCE = "Magento is in maintenance mode."
REFUSALS = (
    "Magento did not accept the credentials: The consumer is not known.",
    "A firewall or the web server in front of Magento refused the call (403): no reason given",
    "The store's address does not lead to Magento's REST API (404). Check the address and the store view.",
)
OF_WALMART = (
    ("Walmart answered 503: Service Unavailable", "warn"),
    ("Walmart answered 401: the token is refused (UNAUTHORIZED)", "bad"),
    ("Walmart did not accept the client ID and secret. Check them in the account's settings.", "bad"),
)
WRONG_VIEW = (
    "Magento answered 400: Specified request cannot be processed. It says so when the store view's code does not exist."
)
EVERY_HUE = [(WRONG_VIEW, "bad"), (MAINTENANCE, "warn"), *((one, "bad") for one in REFUSALS)]


@pytest.fixture(autouse=True)
def redis_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "redis_is_up", lambda: True)


def one(pattern: str, text: str) -> str:
    found = re.findall(pattern, text, re.DOTALL)
    assert len(found) == 1, found
    return str(found[0])


def late_poll(work: Work, why: str, **whose: int) -> None:
    now = clock.now()
    kind = "shop_orders" if "store_id" in whose else "orders"
    late = {
        "tries": 9,
        "trouble": why,
        "succeeded_at": now - timedelta(hours=9),
        "failing_since": now - timedelta(hours=8),
    }
    work.add(PollRow(kind=kind, name=f"{kind} of it", due_at=now, **late, **whose))


@pytest.mark.parametrize(("why", "hue"), EVERY_HUE)
@pytest.mark.parametrize("is_told_by_calls", [True, False])
def test_a_shop_that_cannot_be_read(
    app: Flask, admin: FlaskClient, why: str, hue: str, *, is_told_by_calls: bool
) -> None:
    with app.app_context(), unit_of_work() as work:
        since = clock.now() - timedelta(hours=8)
        away: dict[str, Any] = {"is_away": True, "trouble": why, "trouble_since": since} if is_told_by_calls else {}
        store = a_store(work, **away)
        key = an_account(work, store).key
        late_poll(work, why, store_id=store.id)
    board = admin.get("/dashboard").text
    assert one(r'<p class="strip trouble (\w+)">', board) == one(r'<div id="pulse" class="pulse (\w+)"', board) == hue
    assert one(r'<li class="t-(\w+)">', board.split('id="flow"')[1]) == hue
    accounts = admin.get("/settings/accounts").text
    assert one(r'<span class="state (\w+)">', accounts) == hue
    assert (
        one(r'<h2>How it goes</h2>\s*<div class="pad"><p class="(\w+)"', admin.get(f"/settings/accounts/{key}").text)
        == {
            "warn": "soon",
            "bad": "bad",
        }[hue]
    )
    assert one(r'<tr class="t-(\w+)">(?=(?:(?!</tr>).)*Late: nothing)', admin.get("/polls").text) == hue
    if is_told_by_calls:
        stores = admin.get("/settings/stores").text.split("<tbody>")[1]
        assert one(r'<small class="(\w+)" dir="auto"><svg', stores) == {"warn": "soon", "bad": "mistake"}[hue]


@pytest.mark.parametrize(("why", "hue"), OF_WALMART)
def test_an_account_that_walmart_does_not_serve(app: Flask, admin: FlaskClient, why: str, hue: str) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        now = clock.now()
        account.trouble, account.trouble_since, account.probe_at = why, now - timedelta(hours=8), now
        late_poll(work, why, account_id=account.id)
        order = an_order(work, account, "2802123876439")
        an_event(work, order, received_at=now - timedelta(minutes=16), state="waiting", handled_at=None)
    board = admin.get("/dashboard").text
    assert one(r'<p class="strip trouble (\w+)">', board) == hue
    assert one(r'<li class="t-(\w+)">', board.split('id="flow"')[1]) == hue


def test_what_nobody_works_off_waits_for_a_person(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        order = an_order(work, account, "2802123876439")
        an_event(work, order, received_at=clock.now() - timedelta(minutes=6), state="received", handled_at=None)
    board = admin.get("/dashboard").text
    assert one(r'<p class="strip trouble (\w+)">', board) == "bad"
    assert one(r'<li class="t-(\w+)">', board.split('id="flow"')[1]) == "bad"


def test_a_poll_whose_turn_does_not_come_waits_for_a_person(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        store = a_store(work)
        an_account(work, store)
        late_poll(work, "", store_id=store.id)
    board = admin.get("/dashboard").text
    assert one(r'<p class="strip trouble (\w+)">', board) == "bad"
    assert one(r'<li class="t-(\w+)">', board.split('id="flow"')[1]) == "bad"
    assert one(r'<tr class="t-(\w+)">(?=(?:(?!</tr>).)*Late: nothing)', admin.get("/polls").text) == "bad"

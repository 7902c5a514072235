"""An empty server says what to do first, checks each step by itself, and says so when nothing is missing."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.rows import a_line, a_store, an_account, an_order
from webapp import clock, shop_choices
from webapp.connectors.magento_probe import FoundView
from webapp.models import AccountRow, PollRow, StoreRow
from webapp.store_test import Found
from webapp.unit_of_work import unit_of_work

STEP = re.compile(r'<li class="(done|open)">.*?<b>(.*?)</b>.*?<small dir="auto">(.*?)</small></div>(.*?)</li>', re.S)


def steps(client: FlaskClient, path: str = "/orders") -> dict[str, tuple[str, str, str]]:
    """Each step by its title: whether it is done, what is said, and where its link leads."""
    found = {}
    for state, title, said, link in STEP.findall(unescape(client.get(path).text)):
        url = re.search(r'href="([^"]+)"', link)
        found[title] = (state, said, url[1] if url else "")
    return found


def test_an_admin_is_led_from_step_to_step(app: Flask, admin: FlaskClient) -> None:
    first = steps(admin)
    assert list(first) == [
        "Connect the Magento store",
        "See that it answers",
        "Connect the Walmart account",
        "Read its orders",
        "Hear of orders within seconds",
        "Be told when something is wrong",
    ]
    assert {state for state, _, _ in first.values()} == {"open"}
    assert first["Connect the Magento store"][2] == "/settings/stores/new"
    assert first["Connect the Walmart account"][2] == "", "an account needs a store"
    with app.app_context(), unit_of_work() as work:
        store = a_store(work, "Main", mode="direct")
        store_key, store_id = store.key, store.id
    second = steps(admin)
    assert second["Connect the Magento store"][:2] == ("done", "Main")
    assert second["See that it answers"] == ("open", "Test Main: it was not yet.", f"/settings/stores/{store_key}")
    assert second["Keep its stock right"][2] == f"/settings/stores/{store_key}#stock"
    assert second["Connect the Walmart account"][2] == "/settings/accounts/new"
    with app.app_context():
        view = FoundView(1, "default", "Default", 1, "base", "USD", "UTC")
        shop_choices.keep_found(store_id, Found("2.4.7", (view,)))
    assert steps(admin)["See that it answers"][:2] == ("done", "Main runs 2.4.7.")
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, work.session.get_one(StoreRow, store_id), "North")
        key, account_id = account.key, account.id
    third = steps(admin)
    assert third["Connect the Walmart account"][:2] == ("done", "North")
    assert third["Hear of orders within seconds"][1].startswith("North: Walmart needs an https address")
    with app.app_context(), unit_of_work() as work:
        at = clock.now() - timedelta(minutes=1)
        work.add(PollRow(kind="orders", name="orders", account_id=account_id, due_at=at, succeeded_at=at))
    assert "Everything is connected." in admin.get("/orders").text
    assert steps(admin, "/settings/accounts") == {}
    with app.app_context(), unit_of_work() as work:
        an_order(work, work.session.get_one(AccountRow, account_id), "1", (a_line(),))
    assert f'data-account="{key}"' in admin.get("/orders").text


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_read_the_steps_and_who_takes_them(viewer: FlaskClient, operator: FlaskClient, role: str) -> None:
    client = {"viewer": viewer, "operator": operator}[role]
    found = steps(client)
    assert {url for _, _, url in found.values()} == {""}
    assert "Only an admin connects shops and accounts." in client.get("/orders").text


def test_the_demo_counts_for_nothing(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        an_account(work, a_store(work, "Demo shop", is_demo=True), "Demo", is_demo=True)
    assert steps(admin, "/settings/accounts")["Connect the Magento store"][0] == "open"

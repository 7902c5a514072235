"""The pages of Magento stores: for admins, mistakes at their fields, each trouble told, secrets never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from sandbox.magento import MagentoSandbox
from tests.rows import an_account
from tests.views.conftest import built, settings_in, signed_in, token_on
from webapp import accounts, shop_facts, store_changes, store_test
from webapp.models import EventRow, SettingChangeRow, StoreRow, db
from webapp.store_changes import StoreChange
from webapp.store_test import Verdict
from webapp.unit_of_work import unit_of_work

NOW = "2026-11-02T12:00:00+00:00"
LIST, NEW = "/settings/stores", "/settings/stores/new"
CANARY = "canary4f3a9c1e7d2b8a6c5e0f1d3b2a"


@pytest.fixture
def app(tmp_path: Path, magento: MagentoSandbox) -> Iterator[Flask]:
    """The stand-in's address is one that the server's own settings allow."""
    made = built(settings_in(tmp_path, allowed_hosts_out=frozenset({magento.url.removeprefix("http://")})))
    yield made
    with made.app_context():
        db.engine.dispose()


def fields(magento: MagentoSandbox, **changes: str) -> dict[str, str]:
    """A filled-in form, by the four keys."""
    own = magento.credentials
    return {
        "name": "Main",
        "url": magento.url,
        "admin_url": f"{magento.url}/admin",
        "way": "oauth",
        "consumer_key": own.consumer_key,
        "consumer_secret": own.consumer_secret,
        "access_token": own.token,
        "token_secret": own.token_secret,
        "store_view": "",
        "mode": "direct",
        **changes,
    }


EMPTY_KEYS = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "token_secret"), "")


def send(client: FlaskClient, path: str, data: dict[str, str], **more: Any) -> Any:
    return client.post(path, data={**data, "csrf_token": token_on(client, "/account")}, **more)


def added(admin: FlaskClient, magento: MagentoSandbox, **changes: str) -> str:
    """The path of a store that was added by the page."""
    answer = send(admin, NEW, fields(magento, **changes))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def stored(app: Flask) -> list[StoreRow]:
    with app.app_context():
        return list(db.session.execute(select(StoreRow).order_by(StoreRow.id)).scalars())


def connection(app: Flask, path: str) -> Any:
    with app.app_context():
        store = accounts.store_named(path.rpartition("/")[2])
        assert store is not None
        return store.connection


def changes(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.execute(select(SettingChangeRow).order_by(SettingChangeRow.id)).scalars()
        return [(row.setting, row.before, row.after) for row in rows]


@pytest.mark.parametrize("way", ["oauth", "token", "admin"])
def test_a_store_is_added_by_each_way_in_and_no_secret_is_shown(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox, way: str
) -> None:
    own = magento.credentials
    path = added(admin, magento, way=way, admin_user=own.admin_user, admin_password=own.admin_password, mode="cart")
    pages = admin.get(path).text + admin.get(LIST).text + admin.get(NEW).text
    for word in ("Main", "Magento/2.4 (Community)", "default, walmart, outlet", "Stored encrypted, set"):
        assert word in pages
    for secret in (own.consumer_key, own.consumer_secret, own.token, own.token_secret, own.admin_password):
        assert secret not in pages
    [row] = stored(app)
    assert (row.store_view, row.store_id, row.currency, row.mode) == ("default", 1, "USD", "cart")
    assert connection(app, path).way_in == way
    assert changes(app)[0][0] == "Store"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "Give the store a name"),
        ({"url": ""}, "Enter the shop&#39;s base address"),
        ({"url": "http://10.0.0.7"}, "must begin with https"),
        ({"url": "https://127.0.0.1"}, "may not be used from here"),
        ({"admin_url": "nowhere"}, "begins with https"),
        ({"token_secret": ""}, "Enter the access token secret"),
        ({"token_secret": CANARY}, "one of the two secrets"),
        ({"way": "magic"}, "Choose one of the three"),
        ({"way": "admin"}, "Enter the password"),
        ({"way": "token", "access_token": CANARY}, "does not accept this access token"),
        ({"store_view": "nowhere"}, "no store view nowhere"),
        ({"mode": ""}, "Choose how orders are created"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_stored(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox, changed: dict[str, str], words: str
) -> None:
    answer = send(admin, NEW, fields(magento, **changed))
    assert answer.status_code == 422
    assert words in answer.text
    assert magento.credentials.consumer_secret not in answer.text
    assert CANARY not in answer.text
    assert stored(app) == []


def test_a_connection_is_tried_as_typed_and_its_store_views_are_offered(
    admin: FlaskClient, magento: MagentoSandbox
) -> None:
    part = send(admin, f"{LIST}/test", fields(magento), headers={"HX-Request": "true"}).text
    assert 'data-cause="well"' in part
    assert '<option value="walmart">' in part
    assert "<html" not in part
    whole = send(admin, f"{LIST}/test", fields(magento, name="Kept as typed")).text
    assert 'value="Kept as typed"' in whole
    magento.settings(rights=("Magento_Sales::actions_view", "Magento_Backend::store"))
    part = send(admin, f"{LIST}/test", fields(magento), headers={"HX-Request": "true"}).text
    assert 'data-cause="missing_right"' in part
    assert "Magento_Sales::ship" in part


def test_the_zone_that_a_test_reads_is_kept(app: Flask, admin: FlaskClient, magento: MagentoSandbox) -> None:
    path = added(admin, magento)
    with app.app_context(), unit_of_work() as work:
        work.session.query(StoreRow).update({"time_zone": "UTC"})
    assert "USD · UTC" in admin.get(LIST).text
    part = send(admin, f"{path}/test", fields(magento), headers={"HX-Request": "true"}).text
    assert "America/Chicago" in part
    assert "USD · America/Chicago" in admin.get(LIST).text


def test_another_store_view_is_added_with_the_credentials_that_are_stored(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox
) -> None:
    first = added(admin, magento)
    like = first.rpartition("/")[2]
    page = admin.get(f"{NEW}?like={like}").text
    assert '<option value="outlet">' in page
    second = added(admin, magento, **EMPTY_KEYS, name="Outlet", store_view="outlet", like=like)
    assert connection(app, second).oauth == connection(app, first).oauth
    assert [(row.name, row.store_view, row.store_id) for row in stored(app)] == [
        ("Main", "default", 1),
        ("Outlet", "outlet", 3),
    ]
    thief = send(admin, NEW, fields(magento, **EMPTY_KEYS, name="Thief", url="https://thief.example", like=like))
    assert "enter the credentials again" in thief.text


def test_changes_are_kept_and_empty_secrets_stay(app: Flask, admin: FlaskClient, magento: MagentoSandbox) -> None:
    path = added(admin, magento)
    before = connection(app, path)
    with app.app_context(), unit_of_work() as work:
        shop_facts.put(work, stored(app)[0].id, "sources", {"stock_id": 1, "sources": ["default"]})
    send(admin, path, fields(magento, **EMPTY_KEYS, name="Renamed", store_view="walmart", mode="cart"))
    after = connection(app, path)
    assert (after.oauth, after.store_view) == (before.oauth, "walmart")
    with app.app_context():
        assert shop_facts.get(stored(app)[0].id, "sources") is None, "another website may have another stock"
    assert changes(app)[1:] == [
        ("Name", "Main", "Renamed"),
        ("Store view", "default", "walmart"),
        ("Mode", "direct", "cart"),
    ]
    send(admin, path, fields(magento, name="Renamed", store_view="walmart", mode="cart", way="token"))
    assert changes(app)[-1] == ("Credentials", "OAuth keys", "access token")
    assert "Renamed" in admin.get(path).text
    moved = send(admin, path, fields(magento, **EMPTY_KEYS, way="token", url="https://thief.example"))
    assert (moved.status_code, "enter the credentials again" in moved.text) == (422, True)


def test_of_two_admins_at_one_store_the_second_sees_both_values(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox
) -> None:
    path = added(admin, magento)
    seen = {"seen": re.findall(r'name="seen" value="(\w+)"', admin.get(path).text)[0]}
    assert send(admin, path, fields(magento, **EMPTY_KEYS, name="Theirs") | seen).status_code == 303
    late = send(admin, path, fields(magento, **EMPTY_KEYS, name="Mine") | seen)
    assert (late.status_code, "Stored by now: Theirs." in late.text) == (409, True)
    assert 'value="Mine"' in late.text
    assert changes(app)[-1] == ("Name", "Main", "Theirs")


def test_who_saves_while_the_other_ones_connection_is_tested_is_not_overwritten(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = added(admin, magento)
    seen = {"seen": re.findall(r'name="seen" value="(\w+)"', admin.get(path).text)[0]}
    test = store_test.try_store

    def meanwhile(*given: Any) -> Verdict:
        store_changes.change(stored(app)[0].id, StoreChange(name="Theirs"), "them")
        return test(*given)

    monkeypatch.setattr(store_test, "try_store", meanwhile)
    late = send(admin, path, fields(magento, **EMPTY_KEYS, name="Mine", store_view="walmart") | seen)
    assert (late.status_code, "Stored by now: Theirs." in late.text) == (409, True)
    assert changes(app)[-1] == ("Name", "Main", "Theirs")


def test_pausing_resuming_and_removing(app: Flask, admin: FlaskClient, magento: MagentoSandbox) -> None:
    path = added(admin, magento)
    send(admin, f"{path}/pause", {})
    assert stored(app)[0].is_paused
    assert "Paused" in admin.get(LIST).text
    send(admin, f"{path}/resume", {})
    assert not stored(app)[0].is_paused
    with app.app_context(), unit_of_work() as work:
        an_account(work, work.execute(select(StoreRow)).scalar_one(), "North")
    page = admin.get(f"{path}/remove").text
    assert ("while accounts send their orders to it" in page, "North" in page) == (True, True)
    assert send(admin, f"{path}/remove", {"name": "Main"}).status_code == 422
    spare = added(admin, magento, name="Spare")
    assert send(admin, f"{spare}/remove", {"name": "Main"}).status_code == 422
    assert send(admin, f"{spare}/remove", {"name": "Spare"}).status_code == 303
    assert [row.name for row in stored(app)] == ["Main"]
    assert admin.get(spare).status_code == 404


def test_direct_stock_carries_a_warning_with_the_cron_line_and_is_read_on_demand(
    admin: FlaskClient, magento: MagentoSandbox
) -> None:
    direct, cart = added(admin, magento), added(admin, magento, name="Cart", mode="cart")
    page = admin.get(direct).text
    assert "was not seen to run yet" in page
    assert "inventory:reservation:create-compensations" in page
    assert "no open order is old enough" in send(admin, f"{direct}/stock", {}, follow_redirects=True).text
    assert "Magento holds their stock itself" in admin.get(cart).text
    assert "create-compensations" not in admin.get(cart).text


def test_each_product_that_may_be_sold_too_often_is_shown_with_its_figures(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox
) -> None:
    path = added(admin, magento)
    seen = {"sku": "MUG-1", "shelf": "10", "salable": "10", "waits": "3", "ours": "3"}
    [row] = stored(app)
    with app.app_context(), unit_of_work() as work:
        shop_facts.put(work, row.id, "stock", {"state": "wrong", "drifts": [seen]})
    page = admin.get(path).text
    assert "Magento may sell more than there is (MUG-1 by 3)" in page
    [cells] = re.findall(r"<tr><td[^>]*>MUG-1</td>(.*?)</tr>", page)
    assert re.findall(r">([\d.]+)<", cells) == ["10", "10", "3"]
    with app.app_context(), unit_of_work() as work:
        shop_facts.put(work, row.id, "stock", {"state": "right", "drifts": [{**seen, "fresh": "3"}], "right_at": NOW})
    page = admin.get(path).text
    assert "Magento holds stock for your open orders as it should." in page
    [cells] = re.findall(r"<tr><td[^>]*>MUG-1</td>(.*?)</tr>", page)
    assert re.findall(r">([\d.]+)<", cells) == ["10", "10", "0"]
    assert "0<small>and 3 of new orders, held within minutes</small>" in cells


def test_a_webhook_secret_is_shown_once_and_the_old_one_counts_until_it_is_retired(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox
) -> None:
    path = added(admin, magento)
    key = path.rpartition("/")[2]
    page = send(admin, f"{path}/webhooks/rotate", {}).text
    addresses = [re.search(r"/webhooks/magento/[^<\s]+", page.partition("copy it now")[2])]
    assert addresses[0] is not None
    address = addresses[0][0]
    assert address not in admin.get(path).text
    assert app.test_client().post(address, data=b"{}").status_code == 200
    page = send(admin, f"{path}/webhooks/mode", {"mode": "header"}).text
    made = re.search(r'copy it now.*?<code class="long copy">([^<]+)</code>', page, re.DOTALL)
    assert made is not None
    for headers, status in (({"X-Api-Key": made[1]}, 200), ({"X-Api-Key": "no"}, 401)):
        assert app.test_client().post(f"/webhooks/magento/{key}", data=b"{}", headers=headers).status_code == status
    assert app.test_client().post(address, data=b"{}").status_code == 200, "the former proof still counts"
    shown = admin.get(path).text
    assert made[1] not in shown
    assert "The last one came" in shown
    assert "Enter in the shop what counts now" in shown, "the refusal is counted, with its reason"
    send(admin, f"{path}/webhooks/retire", {})
    assert app.test_client().post(address, data=b"{}").status_code == 401
    refused = send(admin, f"{path}/webhooks/mode", {"mode": "adobe_commerce"}, follow_redirects=True)
    assert "Paste the public key" in refused.text
    assert send(admin, f"{path}/webhooks/explode", {}).status_code == 404
    with app.app_context():
        assert db.session.execute(select(EventRow)).first() is not None
    assert made[1] not in str(changes(app))


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_than_admins_are_told_why_not(
    app: Flask, admin: FlaskClient, magento: MagentoSandbox, role: str
) -> None:
    path = added(admin, magento)
    client = signed_in(app, role)
    for one in (NEW, path, f"{path}/remove"):
        assert client.get(one).status_code == 403
    for one in (NEW, path, f"{path}/pause", f"{path}/webhooks/rotate", f"{path}/remove", f"{LIST}/test"):
        assert send(client, one, {"name": "Main"}).status_code == 403
    assert len(changes(app)) == 1

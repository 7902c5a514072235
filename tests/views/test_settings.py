"""The settings pages: for admins only, mistakes at their fields, secrets never shown, every change with its author."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from sandbox.walmart import WalmartSandbox
from tests.rows import a_line, a_store, an_account, an_order
from tests.views.conftest import built, settings_in, signed_in, token_on
from webapp import account_changes, accounts, clock, vault
from webapp.models import AccountRow, OrderRow, SettingChangeRow, StoreRow, SubscriptionRow, db
from webapp.unit_of_work import unit_of_work

CANARY = "canary-7f3a-of-the-client"
HOOK = "canary-91bd-of-the-webhooks"
EXPIRED = '{"scopes": {"orders": "full_access"}, "issued_at": "0", "is_valid": false}'
LIST, NEW = "/settings/accounts", "/settings/accounts/new"


@pytest.fixture
def app(tmp_path: Path, walmart: WalmartSandbox) -> Iterator[Flask]:
    """The stand-in's address is one that the server's own settings allow."""
    allowed = frozenset({walmart.url.removeprefix("http://")})
    made = built(settings_in(tmp_path, allowed_hosts_out=allowed))
    yield made
    clock.reset()
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def key(app: Flask, walmart: WalmartSandbox) -> str:
    """An account with canaries for secrets."""
    with app.app_context(), unit_of_work() as work:
        row = an_account(
            work,
            a_store(work, "Shop"),
            "North",
            api_url=walmart.url,
            client_id=walmart.client_id,
            client_secret=vault.seal(CANARY),
            webhook_auth=vault.seal({"mode": "none", "secrets": [HOOK]}),
            number_prefix="WM-",
        )
        return row.key


def fields(walmart: WalmartSandbox, **changes: str) -> dict[str, str]:
    """A filled-in form."""
    return {
        "name": "South",
        "store": "Shop",
        "marketplace": "us",
        "api_url": walmart.url,
        "client_id": walmart.client_id,
        "client_secret": walmart.client_secret,
        "seller_id": "",
        "acknowledge": "after_magento_order",
        "acknowledge_guard": "on",
        "acknowledge_guard_before": "60",
        "create_orders": "on",
        "import_since": "",
        "number_prefix": "SO-",
        **changes,
    }


def send(client: FlaskClient, path: str, data: dict[str, str], **more: Any) -> Any:
    return client.post(path, data={**data, "csrf_token": token_on(client, "/account")}, **more)


def stored(app: Flask, key: str) -> AccountRow:
    with app.app_context():
        return db.session.execute(select(AccountRow).where(AccountRow.key == key)).scalar_one()


def changes(app: Flask) -> list[tuple[str, str, str, str]]:
    with app.app_context():
        rows = db.session.execute(select(SettingChangeRow).order_by(SettingChangeRow.id)).scalars()
        return [(row.setting, row.before, row.after, row.by) for row in rows]


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_than_admins_are_told_why_not(app: Flask, key: str, role: str) -> None:
    client = signed_in(app, role)
    readable = ("/settings", LIST, "/settings/stores", f"{LIST}/{key}/orders") if role == "viewer" else ()
    for path in (NEW, f"{LIST}/{key}", f"{LIST}/{key}/remove", "/settings/alerts", "/settings/people", *readable):
        answer = client.get(path)
        assert answer.status_code == 403, path
        needed = "operator" if path in readable else "admin"
        assert f"needs the role {needed}; you are signed in as {role}" in answer.text
    page = client.get("/orders").text
    assert (f'href="{LIST}"' in page) == (role == "operator")
    assert ("only an admin may change them" if role == "operator" else "Settings are for operators and admins") in page
    for path in (NEW, f"{LIST}/{key}", f"{LIST}/{key}/pause", f"{LIST}/{key}/webhooks/rotate", f"{LIST}/{key}/remove"):
        assert send(client, path, {"name": "North"}).status_code == 403, path
    assert changes(app) == []


def test_an_operator_reads_the_settings_and_cannot_change_them(operator: FlaskClient, key: str) -> None:
    listed = operator.get(LIST).text
    assert f'href="{LIST}/{key}/orders"' in listed
    assert "Add a Walmart account" not in listed
    assert "Add a Magento store" not in operator.get("/settings/stores").text
    page = operator.get(f"{LIST}/{key}/orders").text
    assert "You may read these settings; only an admin may change them." in page
    assert re.findall(r"<fieldset(?! disabled)[^>]* id=", page) == []
    assert ">Save</button>" not in page
    assert send(operator, f"{LIST}/{key}/orders", {"number_prefix": "X"}).status_code == 403


def test_an_admin_finds_the_settings_in_the_head(admin: FlaskClient, key: str) -> None:
    assert f'href="{LIST}"' in admin.get("/orders").text
    page = admin.get(LIST)
    assert "North" in page.text
    assert "Shop" in admin.get("/settings/stores").text


def test_an_account_is_added_with_its_author(app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox) -> None:
    answer = send(admin, NEW, fields(walmart, seller_id=walmart.partner_id))
    assert answer.status_code == 303
    page = admin.get(answer.headers["Location"]).text
    assert "South" in page
    assert walmart.client_secret not in page
    assert changes(app)[0] == ("Account", "", "added, market US", "carol@shop.example")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "Give the account a name"),
        ({"name": "North"}, "There is an account named North already"),
        ({"store": ""}, "Choose the store"),
        ({"store": "Elsewhere"}, "There is no store named Elsewhere"),
        ({"marketplace": "de"}, "Choose a market"),
        ({"client_secret": ""}, "Enter the client secret"),
        ({"api_url": "http://10.0.0.7"}, "must begin with https"),
        ({"api_url": "ftp://x"}, "begins with https"),
        ({"api_url": "https://user@walmart.example"}, "without a user name"),
        ({"acknowledge_guard_before": "999"}, "A whole number from 1 to 240"),
        ({"import_since": "soon"}, "A date such as"),
        ({"number_prefix": "WM-"}, "WM-"),
        ({"number_prefix": "a b"}, "At most 32 letters"),
        ({"seller_id": "<script>"}, "only letters and digits"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_stored(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox, changed: dict[str, str], words: str
) -> None:
    answer = send(admin, NEW, fields(walmart, **changed))
    assert answer.status_code == 422
    assert words in answer.text
    assert walmart.client_secret not in answer.text
    assert changes(app) == []
    with app.app_context():
        assert len(accounts.everyone()) == 1


def test_changes_are_kept_old_and_new_and_a_secret_only_as_changed(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox
) -> None:
    wanted = fields(walmart, name="North two", seller_id="77")
    assert send(admin, f"{LIST}/{key}", wanted).status_code == 303
    kept = {(setting, before, after) for setting, before, after, _ in changes(app)}
    assert kept == {
        ("Name", "North", "North two"),
        ("Seller ID", "", "77"),
        ("Client secret", "", "changed"),
    }
    page = admin.get(f"{LIST}/{key}").text
    assert "North</del> → North two" in page
    assert "carol@shop.example" in page


def test_four_causes_have_four_messages_on_the_page(admin: FlaskClient, key: str, walmart: WalmartSandbox) -> None:
    path, told = f"{LIST}/{key}/test", {}

    def tell(cause: str, **typed: str) -> None:
        text = send(admin, path, fields(walmart, **typed)).text
        found = re.search(rf'data-cause="{cause}">.*?<b>(.*?)</b> (.*?)</div>', text, re.S)
        assert found is not None, cause
        told[cause] = (found[1], found[2])

    tell("wrong_secret", client_secret="not-the-secret-at-all")
    walmart.fault("status", method="GET", path="/v3/token/detail", status=200, body=EXPIRED, times=1)
    tell("expired")
    clock.move(timedelta(minutes=9))
    tell("clock_off")
    walmart.fault("status", path="", status=200, body="<html><body>Welcome to nginx!</body></html>")
    tell("wrong_host")
    assert len({sentence for sentence, _ in told.values()}) == len({step for _, step in told.values()}) == 4


def test_of_two_admins_at_one_account_the_second_sees_both_values(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox
) -> None:
    opened = admin.get(f"{LIST}/{key}").text
    seen = {"seen": re.findall(r'name="seen" value="(\w+)"', opened)[0]}
    same = fields(walmart, name="North", client_secret="")
    assert send(admin, f"{LIST}/{key}", same | seen | {"seller_id": "77"}).status_code == 303
    late = send(admin, f"{LIST}/{key}", same | seen | {"name": "Mine"})
    assert late.status_code == 409
    assert "Stored by now: North." in late.text
    assert "Stored by now: 77." in late.text
    assert 'value="Mine"' in late.text
    tried = send(admin, f"{LIST}/{key}/test", same | seen | {"name": "Mine"})
    assert f'name="seen" value="{seen["seen"]}"' in tried.text, "a test in between does not hide it"
    again = {"seen": re.findall(r'name="seen" value="(\w+)"', late.text)[0]}
    assert send(admin, f"{LIST}/{key}", same | again | {"name": "Mine"}).status_code == 303
    assert [(setting, after) for setting, _, after, _ in changes(app)] == [
        ("Seller ID", "77"),
        ("Name", "Mine"),
        ("Seller ID", ""),
    ]


def test_an_empty_secret_keeps_the_stored_one(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox
) -> None:
    wanted = fields(walmart, name="North", number_prefix="WM-", client_secret="")
    assert send(admin, f"{LIST}/{key}", wanted).status_code == 303
    assert changes(app) == []
    with app.app_context():
        account = accounts.by_key(key)
        assert account is not None
        assert account.connection.client_secret == CANARY


def test_the_stored_secret_is_never_sent_to_an_address_that_was_just_typed(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox
) -> None:
    wanted = fields(walmart, api_url="https://thief.example", client_secret="")
    for path in (f"{LIST}/{key}", f"{LIST}/{key}/test"):
        assert "enter the client secret again" in send(admin, path, wanted).text
    assert stored(app, key).api_url == walmart.url


def test_an_address_typed_here_must_be_public_unless_the_server_allows_it(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox
) -> None:
    send(admin, NEW, fields(walmart))
    send(admin, NEW, fields(walmart, name="Far", api_url="https://marketplace.walmartapis.com", number_prefix="FA-"))
    with app.app_context():
        rows = db.session.execute(select(AccountRow).order_by(AccountRow.id)).scalars().all()
        assert [(row.name, row.public_only) for row in rows] == [("North", False), ("South", False), ("Far", True)]


def test_the_connection_is_tried_as_typed_with_and_without_scripts(
    admin: FlaskClient, key: str, walmart: WalmartSandbox
) -> None:
    typed = fields(walmart)
    part = send(admin, f"{LIST}/test", typed, headers={"HX-Request": "true"}).text
    assert 'data-cause="well"' in part
    assert "<html" not in part
    whole = send(admin, f"{LIST}/test", {**typed, "name": "Kept as typed"}).text
    assert 'data-cause="well"' in whole
    assert 'value="Kept as typed"' in whole
    assert walmart.client_secret not in part + whole
    wrong = send(admin, f"{LIST}/{key}/test", {**typed, "client_secret": ""}).text
    assert 'data-cause="wrong_secret"' in wrong, "the stored secret is a canary that Walmart does not know"
    nothing = send(admin, f"{LIST}/test", {**typed, "client_id": ""}, headers={"HX-Request": "true"}).text
    assert "Enter the client ID" in nothing


def test_pausing_and_resuming(app: Flask, admin: FlaskClient, key: str) -> None:
    send(admin, f"{LIST}/{key}/pause", {})
    assert stored(app, key).is_paused
    assert "Paused" in admin.get(LIST).text
    send(admin, f"{LIST}/{key}/pause", {})
    send(admin, f"{LIST}/{key}/resume", {})
    assert not stored(app, key).is_paused
    assert [(setting, before, after) for setting, before, after, _ in changes(app)] == [
        ("Work", "running", "paused"),
        ("Work", "paused", "running"),
    ]


def test_the_webhooks_are_managed_from_the_page(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox
) -> None:
    send(admin, f"{LIST}/{key}", fields(walmart, name="North", number_prefix="WM-"))
    send(admin, f"{LIST}/{key}/webhooks/subscribe", {})
    page = admin.get(f"{LIST}/{key}").text
    assert page.count(">subscribed<") == 4
    assert HOOK not in page
    send(admin, f"{LIST}/{key}/webhooks/rotate", {})
    assert "is accepted until" in admin.get(f"{LIST}/{key}").text
    send(admin, f"{LIST}/{key}/webhooks/retire", {})
    assert "is accepted until" not in admin.get(f"{LIST}/{key}").text
    send(admin, f"{LIST}/{key}/webhooks/mode", {"mode": "hmac"})
    assert "HMAC-SHA256" in admin.get(f"{LIST}/{key}").text
    answer = send(admin, f"{LIST}/{key}/webhooks/mode", {"mode": "header", "header_name": "Bad Header\n"})
    assert "letters, digits and hyphens" in admin.get(answer.headers["Location"]).text
    send(admin, f"{LIST}/{key}/webhooks/unsubscribe", {})
    assert admin.get(f"{LIST}/{key}").text.count(">subscribed<") == 0
    assert send(admin, f"{LIST}/{key}/webhooks/explode", {}).status_code == 404


@pytest.mark.parametrize("market", ["ca", "mx", "cl"])
def test_where_webhooks_are_not_offered_polling_does_the_work(
    app: Flask, admin: FlaskClient, key: str, market: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        work.execute(select(AccountRow).where(AccountRow.key == key)).scalar_one().marketplace = market
    page = admin.get(f"{LIST}/{key}").text
    assert "polling does the work" in page
    assert "webhooks/subscribe" not in page
    answer = send(admin, f"{LIST}/{key}/webhooks/subscribe", {})
    assert "polling does the work" in admin.get(answer.headers["Location"]).text


def test_removing_asks_first_and_counts_what_goes(app: Flask, admin: FlaskClient, key: str) -> None:
    with app.app_context(), unit_of_work() as work:
        account = work.execute(select(AccountRow).where(AccountRow.key == key)).scalar_one()
        for number in range(3):
            an_order(work, account, f"28021238765{number}", (a_line(),))
        work.add(
            SubscriptionRow(
                account_id=account.id, event_type="PO_CREATED", is_active=True, checked_at=account.created_at
            )
        )
    page = admin.get(f"{LIST}/{key}/remove").text
    assert "<b>3</b> orders" in page
    assert "<b>1</b> webhook subscriptions" in page
    refused = send(admin, f"{LIST}/{key}/remove", {"name": "South"})
    assert refused.status_code == 422
    assert "Nothing was removed" in refused.text
    answer = send(admin, f"{LIST}/{key}/remove", {"name": "North"})
    page = admin.get(answer.headers["Location"]).text
    assert "North is removed" in page
    assert "could not be deleted" in page, "Walmart does not take the canary, and that is said"
    with app.app_context():
        assert accounts.everyone() == []
        assert db.session.execute(select(OrderRow)).first() is None
        kept = db.session.execute(select(SettingChangeRow)).scalars().all()
        assert [(row.subject, row.account_id) for row in kept if row.setting == "Account"] == [("North", None)]


def test_no_secret_reaches_a_page_a_log_or_an_error(
    app: Flask, admin: FlaskClient, key: str, walmart: WalmartSandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = [admin.get(path).text for path in (LIST, NEW, f"{LIST}/{key}", f"{LIST}/{key}/remove", "/settings/stores")]
    typed = fields(walmart, name="North", number_prefix="WM-", client_secret=CANARY)
    seen += [send(admin, path, typed).text for path in (f"{LIST}/{key}/test", f"{LIST}/test", f"{LIST}/{key}", NEW)]
    body = f'{{"error":[{{"code":"X","description":"no {HOOK}"}}]}}'
    walmart.fault("status", method="POST", path="/v3/webhooks", status=400, body=body)
    send(admin, f"{LIST}/{key}", {**typed, "client_secret": walmart.client_secret})
    for act in ("subscribe", "rotate", "send-test", "mode", "unsubscribe"):
        send(admin, f"{LIST}/{key}/webhooks/{act}", {"mode": "basic"})
        seen.append(admin.get(f"{LIST}/{key}").text)
    send(admin, f"{LIST}/{key}/remove", {"name": "x"})
    everything = "\n".join([*seen, caplog.text])
    for secret in (CANARY, HOOK, walmart.client_secret):
        assert secret not in everything
    database = (tmp_path / "test.db").read_bytes() + (tmp_path / "test.db-wal").read_bytes()
    for secret in (CANARY, HOOK, walmart.client_secret):
        assert secret.encode() not in database


def test_repr_of_what_holds_secrets_shows_none(app: Flask, key: str) -> None:
    with app.app_context():
        account = accounts.by_key(key)
        assert account is not None
        said = f"{account!r} {replace(account, name='x')!r}"
    assert CANARY not in said
    assert HOOK not in said
    assert re.search("client_id", said)


def test_an_account_that_was_changed_since_it_was_looked_at_is_not_overwritten(app: Flask, key: str) -> None:
    with app.app_context():
        account = accounts.by_key(key)
        assert account
        seen = account_changes.version(account_changes.told(account))
        mine = account_changes.Change(name="Mine", seen_of_account=seen)
        account_changes.change(account.id, account_changes.Change(seller_id="77"), "them")
        with pytest.raises(account_changes.Stale):
            account_changes.change(account.id, mine, "me")
        after = accounts.by_key(key)
        assert after
        assert (after.name, after.seller_id) == (account.name, "77")


def test_a_new_account_says_that_a_store_comes_first_and_what_its_numbers_will_be(
    app: Flask, admin: FlaskClient
) -> None:
    with app.app_context(), unit_of_work() as work:
        work.session.query(AccountRow).delete()
        work.session.query(StoreRow).delete()
    page = admin.get(NEW).text
    assert re.search(r'none is connected yet\. <a class="link" href="/settings/stores/new">', page)
    assert re.search(r'id="s-number_prefix"[^>]*><b>WM-\d', page), "as an empty prefix becomes"
    assert "Default: WM-, or the next one that is free, such as WM2-." in page
    with app.app_context(), unit_of_work() as work:
        a_store(work)
    assert "none is connected yet" not in admin.get(NEW).text

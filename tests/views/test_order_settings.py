"""The Orders tab: every setting with its default, what a mode cannot honour left out, each change kept."""

from __future__ import annotations

import re
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_line, a_store, an_account, an_order
from tests.views.conftest import token_on
from webapp import accounts, order_settings, stock
from webapp.domain.policy import Policy
from webapp.models import SettingChangeRow, StoreRow, SyncRow, db
from webapp.policy_json import policy_to_json
from webapp.settings import CHECKOUT
from webapp.unit_of_work import unit_of_work

OWN = {"settle_after", "read_daily", "rate_limits"}
"""Fields of the policy that no merchant decides."""


class Fields(HTMLParser):
    """What a browser would send of the settings' form, untouched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._select = ""
        self.feed(text[text.index('id="settings"') : text.index("</form>", text.index('id="settings"'))])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.sent[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.sent):
            self.sent[self._select] = given.get("value", "")


def add(app: Flask, mode: str = "direct", **changes: Any) -> str:
    with app.app_context(), unit_of_work() as work:
        given = {"number_prefix": "WM-", **changes}
        return an_account(work, a_store(work, "Shop", mode=mode), "North", **given).key


def address(key: str) -> str:
    return f"/settings/accounts/{key}/orders"


def save(client: FlaskClient, key: str, **changes: str | None) -> Any:
    """Send the form as it stands on the page, but for what is changed; None leaves a field out."""
    sent = Fields(client.get(address(key)).text).sent | changes
    data = {name: value for name, value in sent.items() if value is not None}
    return client.post(address(key), data={**data, "csrf_token": token_on(client, "/account")})


def follow(client: FlaskClient, answer: Any) -> str:
    """The page that saving led to."""
    assert answer.status_code == 303
    return client.get(answer.headers["Location"]).text


def kept(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.execute(select(SettingChangeRow).order_by(SettingChangeRow.id)).scalars()
        return [(row.setting, row.before, row.after) for row in rows]


def policy(app: Flask, key: str) -> Policy:
    with app.app_context():
        account = accounts.by_key(key)
        assert account is not None
        return account.policy


def test_a_field_that_shows_less_than_is_kept_and_was_not_touched_is_no_change(app: Flask, admin: FlaskClient) -> None:
    since = datetime(2026, 11, 20, 15, 42, 7, tzinfo=UTC)
    key = add(app, settings=policy_to_json(replace(Policy(), import_since=since)))
    assert 'value="2026-11-20"' in admin.get(address(key)).text
    assert "Nothing was different." in follow(admin, save(admin, key))
    said = follow(admin, save(admin, key, hold_above="250"))
    assert "Saved: Hold orders above." in said
    assert policy(app, key).import_since == since
    assert [setting for setting, *_ in kept(app)] == ["Hold orders above"]
    save(admin, key, import_since="2026-11-19")
    assert policy(app, key).import_since == datetime(2026, 11, 19, 8, tzinfo=UTC)


def test_every_field_of_the_policy_has_its_setting() -> None:
    names = [setting.name for setting in order_settings.all_settings()]
    assert sorted(names) == sorted({each.name for each in fields_of(Policy)} - OWN)


def test_the_list_of_settings_for_people_from_m2e_names_them_as_the_page_does() -> None:
    rows = [line.split("|") for line in (CHECKOUT / "docs" / "settings.md").read_text().splitlines() if "*" in line]
    named = {label for cells in rows if len(cells) == 6 for label in re.findall(r"\*([^*]+)\*", cells[3])}
    labels = {one.label for one in order_settings.all_settings()}
    assert named - {"Connection"} <= labels
    assert len(named) >= 30


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_the_page_sent_back_as_it_is_changes_nothing(app: Flask, admin: FlaskClient, mode: str) -> None:
    key = add(app, mode)
    before = policy(app, key)
    assert save(admin, key).status_code == 303
    assert "Nothing was different" in admin.get(address(key)).text
    assert (policy(app, key), kept(app)) == (before, [])


def test_each_change_is_kept_old_and_new_with_its_author(app: Flask, admin: FlaskClient) -> None:
    key = add(app)
    wanted = {"acknowledge": "on_import", "number_prefix": "NO.", "invoice": None, "status_shipped": "picked_up"}
    assert save(admin, key, acknowledge_guard_before="90", unknown_region="refuse", **wanted).status_code == 303
    assert kept(app) == [
        ("Acknowledge", "when the Magento order exists", "as soon as the order arrives"),
        ("Minutes before the deadline", "60", "90"),
        ("A state that Magento does not know", "is written as text", "stops the order until you decide"),
        ("Order number prefix", "WM-", "NO."),
        ("Magento status once Shipped", "", "picked_up"),
        ("Create invoices", "yes", "no"),
    ]
    page = admin.get(address(key)).text
    assert "when the Magento order exists</del> → as soon as the order arrives" in page
    assert "carol@shop.example" in page


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"acknowledge": "never"}, "acknowledge", "Choose one of those that are listed"),
        ({"acknowledge_guard_before": "999"}, "acknowledge_guard_before", "A whole number from 1 to 240"),
        ({"import_since": "soon"}, "import_since", "A date such as"),
        ({"number_prefix": ""}, "number_prefix", "Give a prefix"),
        ({"number_prefix": "A:B"}, "number_prefix", "no blanks"),
        ({"number_prefix": "x" * 33}, "number_prefix", "At most 32 letters"),
        ({"customer": "predefined"}, "customer_id", "Give the id of the Magento customer"),
        ({"customer": "new", "customer_group": ""}, "customer_group", "Give the customer group"),
        ({"hold_above": "£500"}, "hold_above", "The orders of this account are in USD."),
        ({"shipping_method": "flatrate"}, "shipping_method", "Carrier and method"),
        ({"status_canceled": "canceled"}, "status_canceled", "Magento itself brings an order to canceled"),
        ({"own_carriers.0.left": "Abeja", "own_carriers.0.right": "no"}, "own_carriers", "https://"),
        ({"status_unshipped": "In Progress"}, "status_unshipped", "A status code as Magento writes it"),
    ],
)
def test_a_mistake_is_said_at_its_field(
    app: Flask, admin: FlaskClient, changed: dict[str, str], field: str, words: str
) -> None:
    key = add(app)
    answer = save(admin, key, **changed)
    assert answer.status_code == 422
    said = re.search(rf'id="m-{field}" role="alert">.*?</svg>([^<]*)<', answer.text)
    assert said is not None
    assert words in unescape(said[1])
    (marked,) = re.findall(r"<([^<>]*) aria-invalid=[^<>]*>", answer.text)
    assert marked.startswith(("input ", "select ")), "what is marked can have the focus"
    assert answer.text.count(" autofocus") == 1
    assert kept(app) == []


def test_what_a_mode_cannot_honour_is_not_shown(app: Flask, admin: FlaskClient) -> None:
    direct, cart = add(app, "direct"), ""
    with app.app_context(), unit_of_work() as work:
        cart = an_account(work, a_store(work, "Cart shop", mode="cart"), "South", number_prefix="SO-").key
    shown = {key: set(Fields(admin.get(address(key)).text).sent) for key in (direct, cart)}
    assert shown[cart] - shown[direct] == {"tax_source"}
    assert shown[direct] - shown[cart] == {"number_prefix"}
    assert "Magento&#39;s own next number" in admin.get(address(cart)).text
    assert "the cron line on the" in admin.get(address(direct)).text
    assert save(admin, direct, tax_source="magento").status_code == 303, "what is not offered is not read"
    assert kept(app) == []


def test_the_sample_follows_what_is_typed(app: Flask, admin: FlaskClient) -> None:
    key = add(app)
    assert "WM-109000000000001" in admin.get(address(key)).text
    data = {"number_prefix": "US.", "wfs_number_prefix": "", "csrf_token": token_on(admin, "/account")}
    for field, typed, sample in (
        ("number_prefix", "", "US.109000000000001"),
        ("wfs_number_prefix", "", "US.109000000000001"),
        ("wfs_number_prefix", "WFS-", "WFS-109000000000001"),
    ):
        headers = {"HX-Request": "true", "HX-Trigger": field}
        sent = {**data, **({field: typed} if typed else {})}
        assert sample in admin.post(f"{address(key)}/sample", data=sent, headers=headers).text


def test_the_market_and_the_store_must_share_a_currency(app: Flask, admin: FlaskClient) -> None:
    assert "Orders and store are both in USD" in admin.get(address(add(app))).text
    with app.app_context(), unit_of_work() as work:
        key = an_account(
            work, a_store(work, "Euro shop", currency="EUR"), "Ca", marketplace="ca", number_prefix="C-"
        ).key
    assert "in CAD, but the store&#39;s base currency is EUR" in admin.get(address(key)).text


def test_creation_is_switched_on_only_after_its_number_was_said(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(
            work, a_store(work, "Shop"), "North", number_prefix="WM-", settings={"create_orders": False}
        )
        for po in ("1", "2"):
            an_order(work, account, po, (a_line(),), magento=False, ordered_at=datetime(2026, 1, 1, tzinfo=UTC))
        key = account.key
    asked = save(admin, key, create_orders="on")
    assert asked.status_code == 200
    assert "2 orders will be created in Magento as soon as this is saved" in asked.text
    assert not policy(app, key).create_orders
    agreed = Fields(asked.text).sent
    token = {"csrf_token": token_on(admin, "/account")}
    assert admin.post(address(key), data={**agreed, **token, "agreed": "1"}).status_code == 200, "there are more by now"
    assert admin.post(address(key), data={**agreed, **token, "agreed": "2"}).status_code == 303
    assert policy(app, key).create_orders
    assert "2 orders are being created in Magento" in admin.get(address(key)).text
    with app.app_context():
        assert all(row.look_again_at for row in db.session.execute(select(SyncRow)).scalars())


@pytest.mark.parametrize(
    ("before", "changes", "said"),
    [
        ({"hold_above": "5"}, {"hold_above": ""}, "1 order will be created in Magento"),
        ({"hold_above": "5"}, {"hold_above": "20"}, "1 order will be created in Magento"),
        ({"hold_above": "5"}, {"hold_above": "6"}, ""),
        ({"hold_above": "5"}, {"hold_above": "", "hold_skus": "mug-RED"}, ""),
        ({"hold_above": "5"}, {"hold_above": "", "hold_addresses": "on"}, "Up to 1 order will be created in Magento"),
        ({"hold_addresses": True}, {"hold_addresses": None}, "1 order will be created in Magento"),
        ({"hold_skus": "mug-red"}, {"hold_above": "20"}, ""),
        ({"hold_above": "5"}, {"invoice": None}, ""),
    ],
)
def test_a_hold_is_lifted_only_after_the_number_of_its_orders_was_said(
    app: Flask, admin: FlaskClient, before: dict[str, Any], changes: dict[str, str | None], said: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work, "Shop"), "North", number_prefix="WM-", settings=before)
        held = ["Held by a rule of yours: here it stands why."]
        an_order(work, account, "1", (a_line(),), magento=False, waiting_for=held)
        an_order(work, account, "2", (a_line(),), magento=False, waiting_for=["Waiting for a product."])
        key = account.key
    answer = save(admin, key, **changes)
    assert (answer.status_code, said in answer.text) == ((200 if said else 303), True)


def test_a_form_that_was_opened_before_somebody_elses_change_overwrites_nothing(app: Flask, admin: FlaskClient) -> None:
    key = add(app)
    opened = Fields(admin.get(address(key)).text).sent
    save(admin, key, invoice=None)
    token = {"csrf_token": token_on(admin, "/account")}
    late = admin.post(address(key), data={**opened, "status_created": "pending", **token})
    assert late.status_code == 409
    assert "Somebody changed these settings" in late.text
    assert not policy(app, key).invoice
    words = unescape(late.text)
    assert re.search(r'id="m-invoice"[^>]*>(?:<svg.*?</svg>)?Stored by now: no\.', words), "theirs stands beside mine"
    assert re.search(r'id="m-status_created"[^>]*>(?:<svg.*?</svg>)?Stored by now: empty\.', words)
    assert 'id="m-number_prefix"' not in words
    again = Fields(late.text).sent
    assert again["status_created"] == "pending", "what was typed is not lost"
    assert admin.post(address(key), data={**again, **token}).status_code == 303


def test_carriers_are_mapped_in_tables_that_grow(app: Flask, admin: FlaskClient) -> None:
    key = add(app)
    rows = {"carriers.0.left": "fedex_home", "carriers.0.right": "FedEx", "carriers.1.left": "courier"}
    own = {"own_carriers.0.left": "City Bikes", "own_carriers.0.right": "https://bikes.example/{number}"}
    assert "stands alone" in save(admin, key, **rows).text
    refused = save(admin, key, **{**rows, "carriers.1.right": "City Bikes"})
    assert "Walmart has no carrier City Bikes in this market" in refused.text
    assert 'value="City Bikes"' in refused.text, "what was typed is not lost"
    assert save(admin, key, **{**rows, "carriers.1.right": "City Bikes", **own}).status_code == 303
    wanted = policy(app, key)
    assert wanted.carriers == {"fedex_home": "FedEx", "courier": "City Bikes"}
    assert wanted.own_carriers == {"City Bikes": "https://bikes.example/{number}"}
    assert kept(app)[0] == ("Carriers", "", "courier → City Bikes, fedex_home → FedEx")
    page = Fields(admin.get(address(key)).text).sent
    assert {page[f"carriers.{row}.left"] for row in range(5)} == {"courier", "fedex_home", ""}
    assert "begins with https" in save(admin, key, **{"own_carriers.0.right": "bikes.example"}).text


@pytest.mark.parametrize(
    ("market", "cancels", "refunds"),
    [("us", "SELLER_CANCEL_OUT_OF_STOCK", True), ("ca", "CANCEL_BY_SELLER", True), ("mx", "MIRAKL_REFUND_15", False)],
)
def test_each_market_has_its_own_reasons(
    app: Flask, admin: FlaskClient, market: str, cancels: str, refunds: bool
) -> None:
    key = add(app, marketplace=market)
    page = admin.get(address(key)).text
    assert f'value="{cancels}"' in page
    assert "CUSTOMER_REQUESTED_SELLER_TO_CANCEL" not in page, "only for what a buyer asked"
    assert ('name="refund_reason"' in page) is refunds
    assert ("Walmart takes no refunds of orders in this market" in page) is not refunds
    assert save(admin, key, cancel_reason=cancels).status_code == 303
    assert policy(app, key).cancel_reason == cancels
    assert save(admin, key, cancel_reason="BECAUSE").status_code == 422


def test_no_two_prefixes_of_a_store_make_numbers_that_are_taken_for_each_other(app: Flask, admin: FlaskClient) -> None:
    key = add(app)
    with app.app_context(), unit_of_work() as work:
        store = accounts.by_key(key)
        assert store
        row = db.session.get(StoreRow, store.store.id)
        assert row
        an_account(work, row, "Other", number_prefix="X", settings={"create_wfs_orders": True})
        an_account(work, row, "Old", number_prefix="Q1", settings={"create_wfs_orders": True, "wfs_number_prefix": "Q"})
    for prefix, said in (("X1", "Other uses the number prefix X"), ("10", "digits alone"), ("X", "Other uses")):
        refused = save(admin, key, create_wfs_orders="on", wfs_number_prefix=prefix)
        assert (refused.status_code, said in refused.text) == (422, True), prefix
    assert save(admin, key, create_wfs_orders="on", wfs_number_prefix="XM-").status_code == 303
    with app.app_context():
        account = accounts.by_key(key)
        assert account
        cron = stock.cron(account.store)
        assert "-e '^XM-[0-9]" in cron
        assert "^Q" not in cron, "two that were stored before are not told apart, so all of them take stock"

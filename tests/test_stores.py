"""Stores from the command line: added with either kind of key, tried, changed, paused, removed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from sandbox.magento import MagentoSandbox
from tests.house import House
from tests.journeys.shopping import shop_order, use
from webapp import accounts
from webapp.domain.policy import TaxSource
from webapp.models import AttemptRow, SettingChangeRow, StoreRow, db


def flask(house: House, *words: str) -> Result:
    return house.app.test_cli_runner().invoke(args=["stores", *words])


def answer(house: House, *words: str) -> Any:
    result = flask(house, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def oauth_of(magento: MagentoSandbox) -> str:
    keys = asdict(magento.credentials)
    return ":".join(str(keys[name]) for name in ("consumer_key", "consumer_secret", "token", "token_secret"))


def test_a_store_is_added_in_either_mode_with_a_token_or_with_four_keys(house: House) -> None:
    url = house.magento.url
    by_token = answer(house, "add", "By token", "--url", url, "--token", house.magento.token, "--mode", "cart")
    assert set(by_token) == {"key", "name", "webhook_url"}
    house.magento.settings(bearer_enabled=False)
    answer(house, "add", "By keys", "--url", url, "--oauth", oauth_of(house.magento), "--store-view", "walmart")
    modes = {one["name"]: (one["mode"], one["store_view"]) for one in answer(house, "list")}
    assert modes == {"Shop": ("direct", "default"), "By token": ("cart", "default"), "By keys": ("direct", "walmart")}
    assert flask(house, "test", "By keys").exit_code == 0
    refused = flask(house, "test", "By token")
    assert (refused.exit_code, "Bearer" in refused.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--token", "", "--oauth", ""], "Give --token or --oauth"),
        (["--oauth", "a:b:c"], "KEY:SECRET:TOKEN:TOKENSECRET"),
        (["--token", "wrong"], "does not look like one"),
        (["--admin-user", "admin"], "Give --admin-user and --admin-password-stdin together"),
        (["--admin-user", "admin", "--admin-password-stdin"], "Nothing came on standard input"),
        (["--token", "t", "--oauth", "a:b:c:d"], "Give one way in"),
        (["--store-view", "nowhere"], "has no store view nowhere"),
    ],
)
def test_what_cannot_be_added_is_refused_with_a_sentence(house: House, words: list[str], said: str) -> None:
    token = [] if {"--token", "--oauth", "--admin-user"} & set(words) else ["--token", house.magento.token]
    result = flask(house, "add", "Another", "--url", house.magento.url, *token, *words)
    assert result.exit_code == 1
    assert said in result.output


def test_an_admin_user_s_password_comes_by_standard_input_and_their_token_does_the_work(house: House) -> None:
    house.magento.settings(bearer_enabled=False)
    own = house.magento.credentials
    words = ("set", "Shop", "--admin-user", own.admin_user, "--admin-password-stdin", "--json")
    result = house.app.test_cli_runner().invoke(args=["stores", *words], input=f"{own.admin_password}\n")
    assert json.loads(result.output) == [{"setting": "Credentials", "before": "access token", "after": "admin user"}], (
        result.output
    )
    po = house.place()
    house.drain()
    assert shop_order(house, po)["increment_id"] == f"WM-{po}"
    assert len(house.magento.ledger.calls("POST", "/rest/V1/integration/admin/token")) == 1
    with house.app.app_context():
        kept = str(db.session.execute(select(AttemptRow.calls)).all())
    assert own.admin_password not in kept


def test_a_direct_store_is_told_the_exact_cron_line(house: House) -> None:
    result = flask(house, "add", "Another", "--url", house.magento.url, "--token", house.magento.token)
    assert "*/5 * * * * cd " in result.output
    assert "inventory:reservation:create-compensations" in flask(house, "stock", "Another").output


def test_each_change_is_kept_and_secrets_only_as_changed(house: House) -> None:
    logged = answer(house, "set", "Shop", "--rename", "Main", "--mode", "cart", "--oauth", oauth_of(house.magento))
    assert [one["setting"] for one in logged] == ["Name", "Credentials", "Mode"]
    with house.app.app_context():
        kept = db.session.execute(select(SettingChangeRow.subject, SettingChangeRow.after)).all()
        assert house.magento.credentials.consumer_secret not in str(kept)
        assert accounts.by_id(house.account_id).store.connection.oauth is not None
    house.magento.settings(bearer_enabled=False)
    po = house.place()
    house.drain()
    assert shop_order(house, po)["increment_id"] == "000000001"
    assert answer(house, "set", "Main") == []


def test_a_store_with_orders_keeps_its_address_and_a_mode_that_an_account_needs(house: House) -> None:
    house.place()
    house.drain()
    with MagentoSandbox() as other:
        moved = flask(house, "set", "Shop", "--url", other.url, "--token", other.token)
    assert (moved.exit_code, "Orders of this store live in" in moved.output) == (1, True)
    use(house, "cart")
    house.set_policy(tax_source=TaxSource.MAGENTO)
    back = flask(house, "set", "Shop", "--mode", "direct")
    assert (back.exit_code, "Walmart's tax" in back.output) == (1, True)


def test_a_paused_store_is_left_alone_and_catches_up(house: House) -> None:
    assert answer(house, "pause", "Shop")["paused"] is True
    po = house.place()
    house.drain()
    assert house.effects("order_create") == []
    assert answer(house, "resume", "Shop")["paused"] is False
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]


def test_a_store_is_removed_once_no_account_uses_it(house: House) -> None:
    tied = flask(house, "remove", "Shop", "--yes")
    assert (tied.exit_code, "Seller sends orders to Shop" in tied.output) == (1, True)
    answer(house, "add", "Spare", "--url", house.magento.url, "--token", house.magento.token)
    assert answer(house, "remove", "Spare", "--yes") == {"removed": "Spare"}
    with house.app.app_context():
        assert db.session.execute(select(StoreRow.name)).scalars().all() == ["Shop"]
    assert flask(house, "test", "Spare").exit_code == 1


def test_a_missing_right_is_named(house: House) -> None:
    house.magento.settings(rights=("Magento_Sales::actions_view", "Magento_Backend::store"))
    result = flask(house, "test", "Shop")
    assert result.exit_code == 1
    assert "Magento_Catalog::products (finding products)" in result.output
    shown = json.loads(flask(house, "test", "Shop", "--json").output)
    assert (shown["cause"], shown["found"]["version"]) == ("missing_right", "Magento/2.4 (Community)")
    assert {one["name"]: one["given"] for one in shown["rights"]}["Magento_Backend::store"] is True


def test_the_doctor_tries_each_store_s_rights_and_says_where_no_webhook_is_subscribed_to(house: House) -> None:
    house.magento.settings(rights=("Magento_Sales::actions_view", "Magento_Backend::store"))
    result = house.app.test_cli_runner().invoke(args=["doctor", "--json"])
    found = {one["check"]: (one["ok"], one["sentence"]) for one in json.loads(result.output)}
    assert found["store Shop"][0] is False
    assert "Magento_Sales::create (creating orders)" in found["store Shop"][1]
    assert "accounts subscribe" in found["webhooks Seller"][1]

"""`flask accounts …`: sentences for people, one JSON document for scripts, never a secret in either."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result

from tests.house import House
from webapp import accounts
from webapp.models import AccountRow, SettingChangeRow, db


def run(house: House, *words: str, stdin: str = "") -> Result:
    return house.app.test_cli_runner().invoke(args=["accounts", *words], input=stdin)


def told(house: House, *words: str, stdin: str = "", status: int = 0) -> Any:
    result = run(house, *words, "--json", stdin=stdin)
    assert result.exit_code == status, result.output
    return json.loads(result.output)


def add(house: House, *more: str, name: str = "Second", stdin: str | None = None) -> Any:
    words = ["add", name, "--store", "Shop", "--client-id", house.walmart.client_id, "--client-secret-stdin"]
    given = stdin if stdin is not None else f"{house.walmart.client_secret}\n"
    return told(house, *words, "--api-url", house.walmart.url, *more, stdin=given)


def test_an_account_is_added_with_a_private_address_and_every_webhook_mode(house: House) -> None:
    for number, mode in enumerate(("none", "header", "basic", "hmac", "oauth")):
        added = add(house, "--webhook-auth", mode, "--number-prefix", f"X{number}-", name=mode)
        assert added.keys() == {"key", "name", "webhook_url"}
        ends_in_a_secret = not added["webhook_url"].endswith(added["key"])
        assert ends_in_a_secret == (mode == "none")
    with house.app.app_context():
        assert [row.public_only for row in db.session.query(AccountRow)] == [False] * 6


def test_the_connection_is_tried_and_the_status_says_how_it_went(house: House) -> None:
    assert told(house, "test", "Seller")["cause"] == "well"
    told(house, "set", "Seller", "--client-secret-stdin", stdin="wrong-secret-of-mine\n")
    result = run(house, "test", "Seller")
    assert result.exit_code == 1
    assert "does not know this client ID" in result.output
    assert "wrong-secret-of-mine" not in result.output
    assert told(house, "test", "Seller", status=1)["cause"] == "wrong_secret"


def test_settings_are_changed_and_told_old_and_new(house: House) -> None:
    changed = told(house, "set", "Seller", "--acknowledge", "on_import", "--guard-minutes", "30", "--no-invoice")
    assert {(one["setting"], one["before"], one["after"]) for one in changed} == {
        ("Acknowledge", "when the Magento order exists", "as soon as the order arrives"),
        ("Minutes before the deadline", "60", "30"),
        ("Create invoices", "yes", "no"),
    }
    assert told(house, "set", "Seller", "--guard-minutes", "30") == []
    told(house, "set", "Seller", "--carrier", "home=FedEx", "--carrier", "express = UPS")
    shown = {one["option"]: (one["value"], one["default"]) for one in told(house, "settings", "Seller")}
    assert shown["--guard-minutes"] == ("30", "60")
    assert shown["--carrier"][0] == "express\tUPS\nhome\tFedEx"
    assert "--tax-source" not in shown, "a direct store cannot honour it"
    told(house, "set", "Seller", "--rename", "North")
    assert [one["name"] for one in told(house, "list")] == ["North"]
    with house.app.app_context():
        assert {row.by for row in db.session.query(SettingChangeRow)} == {"command line"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["set", "Nobody", "--rename", "x"], "There is no account named Nobody."),
        (["set", "Seller", "--store", "Elsewhere"], "There is no store named Elsewhere."),
        (["set", "Seller", "--cancel-reason", "X"], "those that are listed: SELLER_CANCEL_PRICING_ERROR, SELLER_"),
        (["set", "Seller", "--api-url", "ftp://x"], "begins with https"),
        (["set", "Seller", "--client-secret-stdin"], "No secret came on standard input."),
        (["set", "Seller", "--guard-minutes", "999"], "--guard-minutes: A whole number from 1 to 240."),
        (["set", "Seller", "--status-shipped", "complete"], "Magento itself brings an order to complete"),
        (["set", "Seller", "--carrier", "bikes=City Bikes"], "Walmart has no carrier City Bikes"),
        (["remove", "Seller"], "Nothing was removed."),
    ],
)
def test_a_mistake_is_one_sentence_and_a_status(house: House, words: list[str], sentence: str) -> None:
    result = run(house, *words, stdin="n\n" if "remove" in words else "")
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_pause_resume_and_remove(house: House) -> None:
    po = house.place()
    house.drain()
    assert told(house, "pause", "Seller")["paused"]
    assert not told(house, "resume", "Seller")["paused"]
    gone = told(house, "remove", "Seller", "--yes")
    assert (gone["orders"], gone["trouble"]) == (1, "")
    assert told(house, "list") == []
    assert house.post_webhook(po) == 401
    assert house.effects("order_create") == [f"WM-{po}"], "the shop keeps its order"


def test_the_webhooks(house: House) -> None:
    assert {one["did"] for one in told(house, "subscribe", "Seller")} == {"created"}
    shown = told(house, "webhooks", "Seller")
    assert [event["subscribed"] for event in shown["events"]] == [True] * 4
    assert {one["did"] for one in told(house, "rotate-secret", "Seller")} == {"changed"}
    assert told(house, "webhooks", "Seller")["old_secret_accepted"]
    assert told(house, "retire-secret", "Seller") == {"retired": True}
    assert told(house, "retire-secret", "Seller") == {"retired": False}
    assert {one["did"] for one in told(house, "unsubscribe", "Seller")} == {"deleted"}
    assert told(house, "webhooks", "Seller", "--auth", "hmac")["auth"] == "hmac"
    with house.app.app_context():
        seller = accounts.named("Seller")
        assert seller is not None
        secret = seller.webhook_auth.secrets[0]
    for command in ("list", "webhooks"):
        assert secret not in run(house, command, *(["Seller"] if command == "webhooks" else [])).output


def test_send_test_says_how_walmart_fared(house: House) -> None:
    result = run(house, "send-test", "Seller")
    assert result.exit_code == 1 or "sent" in result.output
    assert "ORDER_UPDATES" in result.output

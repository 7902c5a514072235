"""`accounts add|list|set|test|pause|resume|remove`."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from flask.cli import AppGroup

from webapp import account_changes, account_entry, accounts, demo, removal
from webapp.account_changes import Change
from webapp.accounts import Account, NewAccount, Refused
from webapp.cli.saying import as_json, fail, plainly, show, show_added
from webapp.connection_test import try_connection
from webapp.domain.policy import AcknowledgeWhen, Policy

group = AppGroup("accounts", help="Walmart seller accounts.")

BY = "command line"
MODES = ("none", "header", "basic", "hmac", "oauth")
NO_SECRET = "No secret came on standard input."

acknowledge_option = click.option(
    "--acknowledge", type=click.Choice([each.value for each in AcknowledgeWhen]), default=None
)


@group.command("add")
@click.argument("name")
@click.option("--store", required=True, help="The name of the store that its orders go to.")
@click.option("--marketplace", type=click.Choice(list(account_entry.MARKETS)), default="us")
@click.option("--client-id", required=True)
@click.option("--client-secret-stdin", is_flag=True, help="Read the client secret from standard input.")
@click.option("--api-url", default=accounts.API_URL, help="Walmart's API, or a stand-in's address.")
@click.option("--seller-id", default="", help="The partner id; webhooks that name another one are ignored.")
@click.option("--webhook-auth", type=click.Choice(MODES), default="none")
@click.option("--webhook-header", default="", help="The header that carries the proof.")
@click.option("--webhook-user", default="orderbridge", help="The user name with basic, the client ID with oauth.")
@click.option("--webhook-secret-stdin", is_flag=True, help="Read the webhook secret from standard input, second line.")
@click.option("--number-prefix", default="", help="What the Magento order numbers begin with; WM- where not given.")
@acknowledge_option
@as_json
@plainly
def accounts_add(as_json: bool, **given: Any) -> None:
    """Connect a Walmart seller account."""
    secret = sys.stdin.readline().strip() if given["client_secret_stdin"] else click.prompt("Secret", hide_input=True)
    webhook_secret = sys.stdin.readline().strip() if given["webhook_secret_stdin"] else ""
    acknowledge = AcknowledgeWhen(given["acknowledge"]) if given["acknowledge"] else Policy().acknowledge
    names = given["webhook_header"], given["webhook_user"]
    auth = account_changes.new_auth(given["webhook_auth"], *names, webhook_secret)
    new = NewAccount(
        name=given["name"],
        store=given["store"],
        client_id=given["client_id"],
        client_secret=secret,
        marketplace=given["marketplace"],
        api_url=account_entry.check_url(given["api_url"]),
        seller_id=given["seller_id"],
        policy=Policy(number_prefix=given["number_prefix"], acknowledge=acknowledge),
        webhook_auth=auth,
    )
    row = account_changes.add(new, BY)
    demo.stop()
    show_added("walmart", row, auth, as_json)


@group.command("list")
@as_json
def accounts_list(as_json: bool) -> None:
    """All accounts."""
    found = accounts.everyone()
    document = [_shown(one) for one in found]
    lines = [f"{one.name} → {one.store.name}, {one.marketplace.upper()}{', paused' * one.is_paused}" for one in found]
    show(document, as_json, "\n".join(lines) or "No account yet.")


@group.command("set")
@click.argument("name")
@click.option("--rename", help="The account's new name.")
@click.option("--store", help="The store that its orders go to.")
@click.option("--api-url", help="Walmart's API, or a stand-in's address.")
@click.option("--client-id")
@click.option("--client-secret-stdin", is_flag=True, help="Read a new client secret from standard input.")
@click.option("--seller-id", help="The partner id; webhooks that name another one are ignored.")
@click.option("--number-prefix", help="What the Magento order numbers begin with.")
@click.option("--wfs-number-prefix", help="The same for orders that Walmart fulfils.")
@acknowledge_option
@click.option("--guard/--no-guard", default=None, help="Acknowledge shortly before the deadline in any case.")
@click.option("--guard-minutes", type=click.IntRange(1, 240), help="How many minutes before the deadline.")
@click.option("--create-orders/--no-create-orders", default=None, help="Create Magento orders.")
@click.option("--create-wfs-orders/--no-create-wfs-orders", default=None, help="Also for orders that Walmart fulfils.")
@click.option("--import-since", type=click.DateTime(["%Y-%m-%d"]), help="Only orders from this day on (UTC).")
@click.option("--invoice/--no-invoice", default=None, help="Invoice in Magento.")
@as_json
@plainly
def accounts_set(name: str, as_json: bool, **given: Any) -> None:
    """Change an account; what is not given stays."""
    account = find(name)
    secret = sys.stdin.readline().strip() if given["client_secret_stdin"] else None
    if secret == "":
        raise Refused(NO_SECRET)
    wanted = Change(
        name=given["rename"],
        store=given["store"],
        api_url=account_entry.check_url(given["api_url"]) if given["api_url"] else None,
        public_only=False if given["api_url"] else None,
        client_id=given["client_id"],
        client_secret=secret,
        seller_id=given["seller_id"],
        policy=_policy(account.policy, given),
    )
    logged = account_changes.change(account.id, wanted, BY)
    document = [{"setting": one.setting, "before": one.before, "after": one.after} for one in logged]
    lines = [f"{one.setting}: {one.before or '—'} → {one.after or '—'}" for one in logged]
    show(document, as_json, "\n".join(lines) or "Nothing is different.")


@group.command("test")
@click.argument("name")
@as_json
@plainly
def accounts_test(name: str, as_json: bool) -> None:
    """Try the connection to Walmart, and say what is in the way."""
    verdict = try_connection(find(name).connection)
    sentence = f"{verdict.sentence} {verdict.next_step}".strip()
    document = {"ok": verdict.ok, "cause": verdict.cause, "sentence": verdict.sentence, "next_step": verdict.next_step}
    show(document, as_json, sentence)
    if not verdict.ok:
        sys.exit(1)


@group.command("pause")
@click.argument("name")
@as_json
@plainly
def accounts_pause(name: str, as_json: bool) -> None:
    """Stop all work of an account; its webhooks are still stored."""
    account = find(name)
    account_changes.pause(account.id, BY)
    show(_shown(find(name)), as_json, f"{account.name} is paused. Webhooks are stored; nothing is read or written.")


@group.command("resume")
@click.argument("name")
@as_json
@plainly
def accounts_resume(name: str, as_json: bool) -> None:
    """Let an account work again; what waited is due at once."""
    account = find(name)
    account_changes.resume(account.id, BY)
    show(_shown(find(name)), as_json, f"{account.name} works again; what waited goes on now.")


@group.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@plainly
def accounts_remove(name: str, yes: bool, as_json: bool) -> None:
    """Remove an account with its orders and their log; Walmart's and Magento's orders stay as they are."""
    account = find(name)
    going = removal.what_goes(account)
    question = f"Remove {account.name} with {going.orders} orders, their log and {going.events} stored webhooks?"
    if not yes and not click.confirm(question):
        fail("Nothing was removed.")
    trouble = removal.remove(account, BY)
    document = {"removed": account.name, "orders": going.orders, "trouble": trouble}
    show(document, as_json, f"{account.name} is removed, and {going.orders} orders with it. {trouble}".strip())


def find(name: str) -> Account:
    """The account of this name or key; ends with a sentence where there is none."""
    account = accounts.named(name)
    return account or fail(f"There is no account named {name}.")


def _shown(account: Account) -> dict[str, Any]:
    return {
        "key": account.key,
        "name": account.name,
        "store": account.store.name,
        "marketplace": account.marketplace,
        "api_url": account.connection.api_url,
        "paused": account.is_paused,
        "webhook_auth": account.webhook_auth.mode,
    }


def _policy(kept: Policy, given: dict[str, Any]) -> Policy:
    since, minutes = given["import_since"], given["guard_minutes"]
    chosen = {
        "number_prefix": given["number_prefix"],
        "wfs_number_prefix": given["wfs_number_prefix"],
        "acknowledge": AcknowledgeWhen(given["acknowledge"]) if given["acknowledge"] else None,
        "acknowledge_guard": given["guard"],
        "acknowledge_guard_before": timedelta(minutes=minutes) if minutes else None,
        "create_orders": given["create_orders"],
        "create_wfs_orders": given["create_wfs_orders"],
        "import_since": datetime(since.year, since.month, since.day, tzinfo=UTC) if since else None,
        "invoice": given["invoice"],
    }
    return replace(kept, **{name: value for name, value in chosen.items() if value is not None})

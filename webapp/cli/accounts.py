"""`accounts add|list|set|settings|test|pause|resume|remove`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
from flask.cli import AppGroup

from webapp import account_changes, account_entry, accounts, demo, order_settings, removal, subscriptions
from webapp.account_changes import Change
from webapp.accounts import Account, NewAccount, Refused
from webapp.cli.saying import as_json, fail, plainly, show, show_added
from webapp.connection_test import try_connection
from webapp.domain.policy import AcknowledgeWhen, Policy
from webapp.order_settings.kinds import Choice, Pairs, Setting, Switch, Wrong
from webapp.shop_choices import place_of

group = AppGroup("accounts", help="Walmart seller accounts.")

BY = "command line"
MODES = ("none", "header", "basic", "hmac", "oauth")
NO_SECRET = "No secret came on standard input."

acknowledge_option = click.option(
    "--acknowledge", type=click.Choice([each.value for each in AcknowledgeWhen]), default=None
)


def setting_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for every order setting; what is not given stays."""
    for setting in reversed(list(order_settings.all_settings())):
        command = _option(setting)(command)
    return command


def _option(setting: Setting) -> Callable[[Callable[..., None]], Callable[..., None]]:
    name, words = order_settings.option_of(setting), f"{setting.label}. Default: {order_settings.default_of(setting)}."
    if isinstance(setting.kind, Switch):
        return click.option(f"--{name}/--no-{name}", setting.name, default=None, help=words)
    if isinstance(setting.kind, Pairs):
        words += f" As “{setting.kind.left}={setting.kind.right}”, once for each; “=” alone empties the table."
        return click.option(f"--{name}", setting.name, multiple=True, help=words)
    if isinstance(setting.kind, Choice):
        return click.option(f"--{name}", setting.name, type=click.Choice(list(setting.kind.words)), help=words)
    return click.option(f"--{name}", setting.name, help=words)


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
    if not as_json:
        click.echo(f"Webhooks: {subscriptions.standing(accounts.by_id(row.id))[1]}")


@group.command("list")
@as_json
@plainly
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
@setting_options
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
        policy=_policy(account, given),
    )
    logged = account_changes.change(account.id, wanted, BY)
    document = [{"setting": one.setting, "before": one.before, "after": one.after} for one in logged]
    lines = [f"{one.setting}: {one.before or '—'} → {one.after or '—'}" for one in logged]
    show(document, as_json, "\n".join(lines) or "Nothing is different.")


@group.command("settings")
@click.argument("name")
@as_json
@plainly
def accounts_settings(name: str, as_json: bool) -> None:
    """All order settings of an account, each with its default and what it means."""
    account = find(name)
    place = place_of(account)
    document = [
        {
            "option": f"--{order_settings.option_of(one)}",
            "label": one.label,
            "value": one.kind.show(getattr(account.policy, one.name), place),
            "default": order_settings.default_of(one),
            "help": one.help,
        }
        for one in order_settings.offered(place)
    ]
    lines = [f"{one['option']}  {one['value'] or '—'}\n    {one['label']}. {one['help']}" for one in document]
    show(document, as_json, "\n".join(lines))


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


def _policy(account: Account, given: dict[str, Any]) -> Policy:
    place, chosen = place_of(account), {}
    for setting in order_settings.all_settings():
        value = given[setting.name]
        if value is None or value == ():
            continue
        try:
            chosen[setting.name] = setting.kind.read(_as_text(value), place)
        except Wrong as problem:
            raise Refused(f"--{order_settings.option_of(setting)}: {problem}") from problem
    wanted = replace(account.policy, **chosen)
    wrong = [sentence for name, sentence in order_settings.wrong_in(wanted, place).items() if name in chosen]
    if wrong:
        raise Refused(" ".join(wrong))
    return wanted


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, tuple):
        pairs = [one.partition("=") for one in value]
        return "\n".join(f"{left.strip()}\t{right.strip()}" for left, _, right in pairs if left or right)
    return str(value)

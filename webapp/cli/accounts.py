"""`accounts add|list`."""

from __future__ import annotations

import sys
from typing import Any

import click
from flask.cli import AppGroup

from webapp import accounts, demo
from webapp.accounts import NewAccount
from webapp.cli.saying import as_json, plainly, show, show_added
from webapp.connectors.signatures import WebhookAuth
from webapp.domain.policy import AcknowledgeWhen, Policy
from webapp.unit_of_work import unit_of_work

group = AppGroup("accounts", help="Walmart seller accounts.")


@group.command("add")
@click.argument("name")
@click.option("--store", required=True, help="The name of the store that its orders go to.")
@click.option("--marketplace", type=click.Choice(["us", "ca", "mx", "cl"]), default="us")
@click.option("--client-id", required=True)
@click.option("--client-secret-stdin", is_flag=True, help="Read the client secret from standard input.")
@click.option("--api-url", default=accounts.API_URL, help="Walmart's API, or a stand-in's address.")
@click.option("--seller-id", default="", help="The partner id; webhooks that name another one are refused.")
@click.option("--webhook-auth", type=click.Choice(["none", "header", "basic", "hmac"]), default="none")
@click.option("--webhook-header", default="", help="The header that carries the proof.")
@click.option("--webhook-user", default="orderbridge", help="The user name, with basic.")
@click.option("--webhook-secret-stdin", is_flag=True, help="Read the webhook secret from standard input, second line.")
@click.option("--number-prefix", default="", help="What the Magento order numbers begin with; WM- where not given.")
@click.option("--acknowledge", type=click.Choice([each.value for each in AcknowledgeWhen]), default=None)
@as_json
@plainly
def accounts_add(as_json: bool, **given: Any) -> None:
    """Connect a Walmart seller account."""
    secret = sys.stdin.readline().strip() if given["client_secret_stdin"] else click.prompt("Secret", hide_input=True)
    webhook_secret = sys.stdin.readline().strip() if given["webhook_secret_stdin"] else ""
    acknowledge = AcknowledgeWhen(given["acknowledge"]) if given["acknowledge"] else Policy().acknowledge
    auth = _webhook_auth(given["webhook_auth"], given["webhook_header"], given["webhook_user"], webhook_secret)
    new = NewAccount(
        name=given["name"],
        store=given["store"],
        client_id=given["client_id"],
        client_secret=secret,
        marketplace=given["marketplace"],
        api_url=given["api_url"],
        seller_id=given["seller_id"],
        policy=Policy(number_prefix=given["number_prefix"], acknowledge=acknowledge),
        webhook_auth=auth,
    )
    with unit_of_work() as work:
        row = accounts.add_account(work, new)
    demo.stop()
    show_added("walmart", row, auth, as_json)


@group.command("list")
@as_json
def accounts_list(as_json: bool) -> None:
    """All accounts."""
    found = accounts.everyone()
    document = [{"key": one.key, "name": one.name, "store": one.store.name} for one in found]
    show(document, as_json, "\n".join(f"{one.name} → {one.store.name}" for one in found) or "No account yet.")


def _webhook_auth(mode: str, header: str, user: str, secret: str) -> WebhookAuth:
    if mode == "none":
        return accounts.path_auth()
    made = secret or accounts.path_auth().secrets[0]
    names = {"header": "X-Orderbridge-Key", "basic": "Authorization", "hmac": "X-Walmart-Signature"}
    return WebhookAuth(mode=mode, header_name=header or names[mode], user_name=user, secrets=(made,))

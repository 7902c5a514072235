"""The command line: `flask --app wsgi …`; each command prints sentences, or one JSON document with `--json`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click
import flask_migrate
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from webapp import accounts, claims, demo, doctor, inbox, orders, people, polls, reports, settings
from webapp.accounts import NewAccount, NewStore, Refused
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento import MagentoStore, StoreView
from webapp.connectors.signatures import WebhookAuth
from webapp.domain.policy import AcknowledgeWhen, Policy
from webapp.models import AccountRow, OrderRow, StoreRow, db
from webapp.neighbours import call_shop
from webapp.settings import CHECKOUT
from webapp.sweep import sweep
from webapp.unit_of_work import unit_of_work

WAIT_FOR_TURN = 30.0

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in (
        prepare,
        poll,
        sweep_command,
        doctor_command,
        users,
        stores,
        accounts_group,
        orders_group,
        demo_group,
    ):
        app.cli.add_command(command)


def fail(sentence: str) -> NoReturn:
    """Say what is wrong and end with status 1."""
    click.echo(sentence, err=True)
    sys.exit(1)


def plainly(function: Callable[..., None]) -> Callable[..., None]:
    """What a person can mend is said in one sentence, without a traceback."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except (Refused, people.Refused, ConnectorError) as problem:
            fail(str(problem))

    return wrapped


def show(document: Any, as_json: bool, sentence: str) -> None:
    """One JSON document, or a sentence."""
    click.echo(json.dumps(document, default=str, ensure_ascii=False) if as_json else sentence)


@click.command("prepare")
@as_json
@with_appcontext
def prepare(as_json: bool) -> None:
    """Migrate the database, connect the demo described on standard input, print the first sign-in link."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    flask_migrate.upgrade(directory=str(CHECKOUT / "migrations"))
    settings.note_address()
    link = people.first_link()
    banners = [json.loads(line) for line in sys.stdin if line.strip()]
    document = {"sandbox": demo.connect(banners), "sign_in_path": link, "notice": None}
    show(document, as_json, f"Ready. {link or ''}")


@click.command("poll")
@click.option("--account", "name", default="", help="Only this account; all where it is not given.")
@as_json
@with_appcontext
@plainly
def poll(name: str, as_json: bool) -> None:
    """Read from Walmart now whatever changed, instead of at the next poll."""
    account = accounts.named(name)
    if name and account is None:
        fail(f"There is no account named {name}.")
    asked = polls.ask_now(account.id if account else None)
    while turn := polls.take():
        polls.run(turn)
    inbox.route()
    show({"polls": asked, "troubles": polls.troubles()}, as_json, f"{asked} polled. {' '.join(polls.troubles())}")


@click.command("sweep")
@as_json
@with_appcontext
def sweep_command(as_json: bool) -> None:
    """Ring for whatever is due."""
    rung = [bell.value for bell in sweep()]
    show({"rung": rung}, as_json, f"Rung: {', '.join(rung) or 'nothing is due'}.")


@click.command("doctor")
@as_json
@with_appcontext
def doctor_command(as_json: bool) -> None:
    """Check every connection and setting, and say what to do."""
    findings = doctor.examine()
    lines = [f"{'ok  ' if found.ok else 'FAIL'} {found.what}: {found.sentence}" for found in findings]
    document = [{"check": found.what, "ok": found.ok, "sentence": found.sentence} for found in findings]
    show(document, as_json, "\n".join(lines))
    if not all(found.ok for found in findings):
        sys.exit(1)


users = AppGroup("users", help="People who may sign in.")


@users.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(["viewer", "operator", "admin"]), required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@as_json
@plainly
def users_add(email: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Add a person; without --password-stdin the password is asked for."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else click.prompt("Password", hide_input=True)
    people.add_user(email, role, password)
    show({"email": email, "role": role}, as_json, f"{email} may sign in as {role}.")


@users.command("link")
@click.argument("email")
@as_json
@plainly
def users_link(email: str, as_json: bool) -> None:
    """Print a link that signs a person in once, for instance when the password is forgotten."""
    link = settings.current().address + people.issue_link(email)
    show({"link": link}, as_json, link)


stores = AppGroup("stores", help="Magento stores.")


@stores.command("add")
@click.argument("name")
@click.option("--url", required=True, help="The shop's base address, for instance https://shop.example.")
@click.option("--token", required=True, help="The integration's access token.")
@click.option("--admin-url", default="", help="The admin's address, for links to orders and products.")
@click.option("--store-view", default="", help="The store view's code; the shop's first one where not given.")
@click.option("--mode", type=click.Choice(["direct"]), default="direct", help="How orders are created.")
@as_json
@plainly
def stores_add(name: str, url: str, token: str, admin_url: str, store_view: str, mode: str, as_json: bool) -> None:
    """Connect a Magento store view."""
    view, currency, time_zone = _look_at_shop(url.rstrip("/"), token, store_view)
    new = NewStore(
        name=name,
        url=url,
        token=token,
        admin_url=admin_url,
        store_view=view.code,
        store_id=view.id,
        currency=currency,
        time_zone=time_zone,
        mode=mode,
    )
    with unit_of_work() as work:
        row = accounts.add_store(work, new)
    demo.stop()
    _show_added("magento", row, new.webhook_auth, as_json)


@stores.command("list")
@as_json
def stores_list(as_json: bool) -> None:
    """All stores."""
    rows = db.session.execute(select(StoreRow).order_by(StoreRow.id)).scalars().all()
    document = [{"key": row.key, "name": row.name, "url": row.url, "mode": row.mode} for row in rows]
    show(document, as_json, "\n".join(f"{row.name}  {row.url}" for row in rows) or "No store yet.")


accounts_group = AppGroup("accounts", help="Walmart seller accounts.")


@accounts_group.command("add")
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
    _show_added("walmart", row, auth, as_json)


@accounts_group.command("list")
@as_json
def accounts_list(as_json: bool) -> None:
    """All accounts."""
    found = accounts.everyone()
    document = [{"key": one.key, "name": one.name, "store": one.store.name} for one in found]
    show(document, as_json, "\n".join(f"{one.name} → {one.store.name}" for one in found) or "No account yet.")


orders_group = AppGroup("orders", help="Orders.")
for_account = click.option("--account", "account_name", default="", help="Where a PO is ambiguous.")


@orders_group.command("list")
@as_json
def orders_list(as_json: bool) -> None:
    """All orders, newest first."""
    if as_json:
        click.echo(json.dumps(list(reports.orders()), default=str, ensure_ascii=False))
        return
    for order in reports.orders():
        waiting = " ".join(order["waiting_for"])
        click.echo(f"{order['po']}  {order['status']:<18} {order['magento_increment_id'] or '—':<20} {waiting}")


@orders_group.command("show")
@click.argument("po")
@for_account
@as_json
def orders_show(po: str, account_name: str, as_json: bool) -> None:
    """One order with its lines and its log."""
    account, row = _order(po, account_name)
    document = reports.order(account, row.sync_id)
    lines = [f"{document['po']}  {document['status']}  {document['counts']}", *document["waiting_for"]]
    lines += [f"{entry['at']:%Y-%m-%d %H:%M:%S}  {entry['sentence']}" for entry in document["log"]]
    show(document, as_json, "\n".join(lines))


@orders_group.command("sync")
@click.argument("po")
@for_account
@as_json
@plainly
def orders_sync(po: str, account_name: str, as_json: bool) -> None:
    """Read one order on both sides now, also one that was never imported."""
    account = _account_for(po, account_name)
    inbox.record_wish(account.id, po, by="command line")
    inbox.route()
    claim = claims.wait_for_turn(account.id, po, WAIT_FOR_TURN)
    if claim is None:
        fail(f"The order {po} is being worked on; try again in a minute.")
    orders.sync(claim)
    trouble = claims.trouble(account.id, po)
    if trouble:
        fail(trouble)
    show(reports.order(account, claim.sync_id), as_json, f"{po} is up to date.")


demo_group = AppGroup("demo", help="The demo account and store.")


@demo_group.command("remove")
@as_json
def demo_remove(as_json: bool) -> None:
    """Take the demo's account, store and orders away."""
    removed = demo.remove()
    show({"removed": removed}, as_json, "The demo is gone." if removed else "There is no demo.")


def _look_at_shop(url: str, token: str, wanted: str) -> tuple[StoreView, str, str]:
    """The store view, its base currency and its time zone, as the shop itself says."""
    magento = call_shop(MagentoStore(url=url, token=token))
    views = [view for view in magento.store_views() if view.id != 0]
    chosen = next((view for view in views if wanted in ("", view.code)), None)
    if chosen is None:
        codes = ", ".join(view.code for view in views)
        raise Refused(f"The shop has no store view {wanted or 'at all'}. It has: {codes or 'none'}.")
    config = magento.store_config(chosen.code)
    currency = config.base_currency if config and config.base_currency else "USD"
    return chosen, currency, config.time_zone if config and config.time_zone else "UTC"


def _webhook_auth(mode: str, header: str, user: str, secret: str) -> WebhookAuth:
    if mode == "none":
        return accounts.path_auth()
    made = secret or accounts.path_auth().secrets[0]
    names = {"header": "X-Orderbridge-Key", "basic": "Authorization", "hmac": "X-Walmart-Signature"}
    return WebhookAuth(mode=mode, header_name=header or names[mode], user_name=user, secrets=(made,))


def _show_added(source: str, row: AccountRow | StoreRow, auth: WebhookAuth, as_json: bool) -> None:
    url = accounts.webhook_url(source, row.key, auth)
    document = {"key": row.key, "name": row.name, "webhook_url": url}
    show(document, as_json, f"{row.name} is connected. Webhooks go to {url}")


def _account_for(po: str, name: str) -> accounts.Account:
    """The account that is meant: named, the one that has the PO, or the only one there is."""
    if name:
        account = accounts.named(name)
        return account or fail(f"There is no account named {name}.")
    everyone = accounts.everyone()
    having = set(db.session.execute(select(OrderRow.account_id).where(OrderRow.po == po)).scalars())
    found = [one for one in everyone if one.id in having] or list(everyone)
    if len(found) != 1:
        names = ", ".join(one.name for one in found)
        fail(f"Say which account with --account. There {'are ' + names if names else 'is none yet'}.")
    return found[0]


def _order(po: str, name: str) -> tuple[accounts.Account, OrderRow]:
    account = _account_for(po, name)
    wanted = select(OrderRow).where(OrderRow.account_id == account.id, OrderRow.po == po)
    row = db.session.execute(wanted).scalar_one_or_none()
    return account, row or fail(f"{account.name} has no order {po}. Read it with: flask --app wsgi orders sync {po}")

"""`orders list|show|sync|erase`."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp import accounts, claims, erasing, inbox, orders, reports
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.models import OrderRow, db
from webapp.outbox import Refusal

WAIT_FOR_TURN = 30.0

group = AppGroup("orders", help="Orders.")
for_account = click.option("--account", "account_name", default="", help="Where a PO is ambiguous.")


@group.command("list")
@as_json
@plainly
def orders_list(as_json: bool) -> None:
    """All orders, newest first."""
    if as_json:
        click.echo(json.dumps(list(reports.orders()), default=str, ensure_ascii=False))
        return
    for order in reports.orders():
        waiting = " ".join(order["waiting_for"])
        click.echo(f"{order['po']}  {order['status']:<18} {order['magento_increment_id'] or '—':<20} {waiting}")


@group.command("show")
@click.argument("po")
@for_account
@as_json
@plainly
def orders_show(po: str, account_name: str, as_json: bool) -> None:
    """One order with its lines and its log."""
    account, row = order_of(po, account_name)
    document = reports.order(account, row.sync_id)
    lines = [f"{document['po']}  {document['status']}  {document['counts']}", *document["waiting_for"]]
    lines += [f"{entry['at']:%Y-%m-%d %H:%M:%S}  {entry['sentence']}" for entry in document["log"]]
    show(document, as_json, "\n".join(lines))


@group.command("sync")
@click.argument("po")
@for_account
@as_json
@plainly
def orders_sync(po: str, account_name: str, as_json: bool) -> None:
    """Read one order on both sides now, also one that was never imported."""
    account = account_for(po, account_name)
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


@group.command("erase")
@click.argument("po")
@for_account
@as_json
@plainly
def orders_erase(po: str, account_name: str, as_json: bool) -> None:
    """Erase the buyer's data of one finished order for good; amounts and the log stay."""
    _, row = order_of(po, account_name)
    try:
        sentence = erasing.erase_one(row.id, by="command line")
    except Refusal as refusal:
        fail(str(refusal))
    show({"po": po, "buyer": "erased"}, as_json, sentence)


def account_for(po: str, name: str) -> accounts.Account:
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


def order_of(po: str, name: str) -> tuple[accounts.Account, OrderRow]:
    """The order of this PO with its account; ends with a sentence where there is none, or more than one."""
    account = account_for(po, name)
    wanted = (
        select(OrderRow)
        .where(OrderRow.account_id == account.id, OrderRow.po == po)
        .options(selectinload(OrderRow.lines))
    )
    row = db.session.execute(wanted).scalar_one_or_none()
    return account, row or fail(f"{account.name} has no order {po}. Read it with: flask --app wsgi orders sync {po}")

"""`reimport`: read all orders of some days again, here and now; workers that run take part in it."""

from __future__ import annotations

import time
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from webapp import accounts, polls, reimport
from webapp.accounts import Account
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.reimport import Progress

LOOK_EVERY = 0.2


@click.command("reimport")
@click.argument("account_name", metavar="ACCOUNT")
@click.option("--from", "since", default="", help="The first day, as 2026-11-01, in the store's time zone.")
@click.option("--to", "until", default="", help="The last day.")
@click.option("--cancel", "cancels", is_flag=True, help="Call the running one off instead.")
@as_json
@with_appcontext
@plainly
def reimport_command(account_name: str, since: str, until: str, cancels: bool, as_json: bool) -> None:
    """Read all orders of these days from Walmart again, also those from before the account's first day."""
    account = accounts.named(account_name) or fail(f"There is no account named {account_name}.")
    if cancels:
        _cancel(account, as_json)
        return
    number = reimport.start(account, reimport.chosen(account, since, until), by="command line")
    told = _follow(number, say=not as_json)
    if told.is_running:
        fail(f"{told.sentence} It is reimport {told.id} and is not lost.")
    show(asdict(told), as_json, told.sentence)


def _cancel(account: Account, as_json: bool) -> None:
    running = next((one for one in reimport.of_account(account.id) if one.is_running), None)
    if running is None:
        fail(f"No reimport of {account.name} is running.")
    reimport.cancel(running.id)
    told = reimport.progress(running.id) or running
    show(asdict(told), as_json, told.sentence)


def _follow(number: int, *, say: bool) -> Progress:
    """Read on as long as it goes well, or watch a worker do it; returns how it stands at the end, or at trouble."""
    told, before = _standing(number), ""
    while told.is_running and not told.trouble:
        turn = polls.take_of(reimport.name_of(number))
        if turn:
            polls.run(turn)
        else:
            time.sleep(LOOK_EVERY)
        told = _standing(number)
        if say and told.sentence != before:
            click.echo(f"{told.percent:3d} %  {told.sentence}", err=True)
            before = told.sentence
    return told


def _standing(number: int) -> Progress:
    return reimport.progress(number) or fail("The account was removed, and its reimport with it.")

"""`prepare`, `poll`, `sweep` and `doctor`."""

from __future__ import annotations

import json
import logging
import sys

import click
import flask_migrate
from flask.cli import with_appcontext

from webapp import accounts, demo, doctor, inbox, people, polls, settings
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.settings import CHECKOUT
from webapp.sweep import sweep


@click.command("prepare")
@as_json
@with_appcontext
@plainly
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
    """Read from Walmart and from the shop now whatever changed, instead of at the next poll."""
    account = accounts.named(name)
    if name and account is None:
        fail(f"There is no account named {name}.")
    account_id = account.id if account else None
    asked = polls.ask_now(account_id)
    while turn := polls.take_news(account_id):
        polls.run(turn)
    inbox.route()
    show({"polls": asked, "troubles": polls.troubles()}, as_json, f"{asked} polled. {' '.join(polls.troubles())}")


@click.command("sweep")
@as_json
@with_appcontext
@plainly
def sweep_command(as_json: bool) -> None:
    """Ring for whatever is due."""
    rung = [bell.value for bell in sweep()]
    show({"rung": rung}, as_json, f"Rung: {', '.join(rung) or 'nothing is due'}.")


@click.command("doctor")
@as_json
@with_appcontext
@plainly
def doctor_command(as_json: bool) -> None:
    """Check every connection and setting, and say what to do."""
    findings = doctor.examine()
    lines = [f"{'ok  ' if found.ok else 'FAIL'} {found.what}: {found.sentence}" for found in findings]
    document = [{"check": found.what, "ok": found.ok, "sentence": found.sentence} for found in findings]
    show(document, as_json, "\n".join(lines))
    if not all(found.ok for found in findings):
        sys.exit(1)

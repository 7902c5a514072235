"""`poll`, `sweep` and `doctor`."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from webapp import accounts, doctor, inbox, polls
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.sweep import sweep


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

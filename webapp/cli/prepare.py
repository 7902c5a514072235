"""`prepare` and `db`: what is done once before the services start."""

from __future__ import annotations

import json
import logging
import sys

import click
from flask import Flask
from flask.cli import with_appcontext

from webapp import demo, people, schema, settings
from webapp.cli.saying import as_json, plainly, show


def register(app: Flask) -> None:
    """Add the commands to `flask`; `db` is Flask-Migrate's own."""
    schema.attach(app)
    app.cli.add_command(prepare)


@click.command("prepare")
@as_json
@with_appcontext
@plainly
def prepare(as_json: bool) -> None:
    """Migrate the database, connect the demo described on standard input, print the first sign-in link."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    schema.upgrade()
    settings.note_address()
    link = people.first_link()
    banners = [json.loads(line) for line in sys.stdin if line.strip()]
    document = {"sandbox": demo.connect(banners), "sign_in_path": link, "notice": None}
    show(document, as_json, f"Ready. {link or ''}")

"""`users add|link`."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from webapp import people, settings
from webapp.cli.saying import as_json, plainly, show

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

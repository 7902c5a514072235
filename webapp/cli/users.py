"""`users add|link|list|role|disable|enable|sign-out`."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from webapp import people, settings, team
from webapp.cli.saying import as_json, plainly, show
from webapp.people import Role

users = AppGroup("users", help="People who may sign in.")
ROLES = click.Choice([role.value for role in Role])


@users.command("add")
@click.argument("email")
@click.option("--role", type=ROLES, required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--link", "by_link", is_flag=True, help="No password: print a link that signs the person in once.")
@as_json
@plainly
def users_add(email: str, role: str, password_stdin: bool, by_link: bool, as_json: bool) -> None:
    """Add a person; without --password-stdin or --link the password is asked for."""
    if by_link:
        link = settings.current().address + team.invite(email, role, team.COMMAND_LINE)
        show({"email": email, "role": role, "link": link}, as_json, link)
        return
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else click.prompt("Password", hide_input=True)
    people.add_user(email, role, password)
    show({"email": email, "role": role}, as_json, f"{email} may sign in as {role}.")


@users.command("link")
@click.argument("email")
@as_json
@plainly
def users_link(email: str, as_json: bool) -> None:
    """Print a link that signs a person in once, for instance when the password is forgotten."""
    link = settings.current().address + team.new_link(email, team.COMMAND_LINE)
    show({"link": link}, as_json, link)


@users.command("list")
@as_json
@plainly
def users_list(as_json: bool) -> None:
    """Everybody who is known, with role and state."""
    everyone = team.everyone()
    document = [
        {"email": one.email, "role": one.role, "state": one.state, "browsers": one.browsers, "seen_at": one.seen_at}
        for one in everyone
    ]
    lines = [f"{one.email}  {one.role}  {one.state}  signed in: {one.browsers}" for one in everyone]
    show(document, as_json, "\n".join(lines) or "Nobody yet. Add the first: users add EMAIL --role admin --link")


@users.command("role")
@click.argument("email")
@click.argument("role", type=ROLES)
@as_json
@plainly
def users_role(email: str, role: str, as_json: bool) -> None:
    """Give a person another role; it counts from their next request on."""
    team.change_role(email, role)
    show({"email": email, "role": role}, as_json, f"{email} is {role} now.")


@users.command("disable")
@click.argument("email")
@as_json
@plainly
def users_disable(email: str, as_json: bool) -> None:
    """Shut the door for a person and end all their sessions."""
    team.disable(email)
    show({"email": email, "state": "disabled"}, as_json, f"{email} cannot sign in any more.")


@users.command("enable")
@click.argument("email")
@as_json
@plainly
def users_enable(email: str, as_json: bool) -> None:
    """Open the door for a person again."""
    team.enable(email)
    show({"email": email, "state": "enabled"}, as_json, f"{email} may sign in again.")


@users.command("sign-out")
@click.argument("email")
@as_json
@plainly
def users_sign_out(email: str, as_json: bool) -> None:
    """End all sessions of a person; unused links end too."""
    ended = team.end_sessions(email)
    show({"email": email, "ended": ended}, as_json, f"{email} is signed out everywhere ({ended}).")

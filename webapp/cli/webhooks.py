"""Walmart's webhooks: `accounts subscribe|unsubscribe|send-test|rotate-secret|retire-secret|webhooks`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from webapp import account_changes, accounts, subscriptions
from webapp.accounts import Account
from webapp.cli.accounts import BY, MODES, NO_SECRET, find, group
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.subscriptions import Result

__all__ = ["group"]


@group.command("subscribe")
@click.argument("name")
@as_json
@plainly
def subscribe(name: str, as_json: bool) -> None:
    """Make exactly the wanted webhook subscriptions exist at Walmart."""
    _show_results(subscriptions.subscribe(find(name), BY), as_json)


@group.command("unsubscribe")
@click.argument("name")
@as_json
@plainly
def unsubscribe(name: str, as_json: bool) -> None:
    """Delete this account's webhook subscriptions at Walmart; polling goes on."""
    _show_results(subscriptions.unsubscribe(find(name), BY), as_json)


@group.command("send-test")
@click.argument("name")
@as_json
@plainly
def send_test(name: str, as_json: bool) -> None:
    """Have Walmart send a test notification for each event."""
    _show_results(subscriptions.send_tests(find(name)), as_json)


@group.command("rotate-secret")
@click.argument("name")
@as_json
@plainly
def rotate_secret(name: str, as_json: bool) -> None:
    """Make a new webhook secret and tell Walmart; the old one is accepted for another 24 hours."""
    _show_results(subscriptions.rotate(find(name), BY), as_json, "The new secret counts. Walmart has none to update.")


@group.command("retire-secret")
@click.argument("name")
@as_json
@plainly
def retire_secret(name: str, as_json: bool) -> None:
    """Accept only the present webhook secret from now on."""
    retired = account_changes.retire_old_secrets(find(name).id, BY)
    show({"retired": retired}, as_json, "The old secret is refused from now on." if retired else "There is no old one.")


@group.command("webhooks")
@click.argument("name")
@click.option("--auth", type=click.Choice(MODES), help="Change how webhooks prove their sender.")
@click.option("--header", default="", help="The header that carries the proof.")
@click.option("--user", default="", help="The user name with basic, the client ID with oauth.")
@click.option("--secret-stdin", is_flag=True, help="Read the secret from standard input; else one is made.")
@as_json
@plainly
def webhooks(name: str, auth: str | None, header: str, user: str, secret_stdin: bool, as_json: bool) -> None:
    """Show where webhooks go and when each event last came, or change how they prove their sender."""
    account = find(name)
    if auth:
        secret = sys.stdin.readline().strip() if secret_stdin else ""
        if secret_stdin and not secret:
            fail(NO_SECRET)
        subscriptions.change_mode(account, account_changes.new_auth(auth, header, user, secret), BY)
        account = accounts.by_id(account.id)
    document = _state(account)
    lines = [f"{document['webhook_url']}  ({account.webhook_auth.mode})"]
    if not document["offered"]:
        lines.append(subscriptions.NOT_OFFERED)
    for event in document["events"]:
        state = "subscribed" if event["subscribed"] else "not subscribed"
        lines.append(f"{event['event']}: {state}, last came {event['last_at'] or 'never'}. {event['trouble']}".strip())
    show(document, as_json, "\n".join(lines))


def _state(account: Account) -> dict[str, Any]:
    events = subscriptions.statuses(account)
    return {
        "webhook_url": accounts.webhook_url("walmart", account.key, account.webhook_auth),
        "auth": account.webhook_auth.mode,
        "offered": subscriptions.are_offered(account),
        "old_secret_accepted": account_changes.has_old_secret(account.webhook_auth),
        "events": [
            {"event": one.event_type, "subscribed": one.is_subscribed, "last_at": one.last_at, "trouble": one.trouble}
            for one in events
        ],
    }


def _show_results(results: Sequence[Result], as_json: bool, nothing: str = "Nothing is to be done.") -> None:
    """What became of each event; status 1 when Walmart refused one."""
    document = [{"event": one.event_type, "did": one.did, "sentence": one.sentence} for one in results]
    lines = [f"{one.event_type}: {one.did}. {one.sentence}".strip() for one in results]
    show(document, as_json, "\n".join(lines) or nothing)
    if any(one.did == "refused" for one in results):
        sys.exit(1)

"""A shop's webhooks: `stores webhooks`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from webapp import store_webhooks
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.cli.stores import BY, find, stores
from webapp.store_webhooks import HEADERS, MODES, Changed, Wanted

__all__ = ["stores"]

NO_SECRET = "Nothing came on standard input. Send the secret there, on one line."


@stores.command("webhooks")
@click.argument("name")
@click.option("--auth", type=click.Choice(list(MODES)), help="How the shop's webhooks prove that they are the shop's.")
@click.option("--header", default="", help="The header that carries the proof, with header and hmac.")
@click.option("--user", default="", help="The user name with basic, the client ID with adobe_io.")
@click.option("--secret-stdin", is_flag=True, help="Read the secret from standard input; else one is made.")
@click.option("--public-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of PEM keys.")
@click.option("--drop-former", is_flag=True, help="From now on only the present proof counts.")
@as_json
@plainly
def webhooks(name: str, auth: str | None, drop_former: bool, as_json: bool, **given: str | Path | None) -> None:
    """Show where the shop's webhooks go, or change how they prove that they are the shop's."""
    store = find(name)
    changed = Changed()
    if auth:
        changed = store_webhooks.change(store.id, _wanted(auth, **given), BY)
    if drop_former:
        store_webhooks.drop_former(store.id, BY)
    store = find(store.key)
    document = store_webhooks.to_json(store)
    lines = [f"{document['url']}  ({store_webhooks.told(store.webhook_auth)})"]
    if changed.made:
        document["secret"] = changed.made
        place = f"header {store.webhook_auth.header_name}" if auth in HEADERS else "password"
        lines.append(f"The shop's {place}, shown this once: {changed.made}")
    show(document, as_json, "\n".join(lines))


def _wanted(mode: str, **given: str | Path | None) -> Wanted:
    secret = sys.stdin.readline().strip() if given["secret_stdin"] else ""
    if given["secret_stdin"] and not secret:
        fail(NO_SECRET)
    file = given["public_key"]
    return Wanted(
        mode,
        header_name=str(given["header"]),
        user_name=str(given["user"]),
        secret=secret,
        public_keys=file.read_text("utf-8", "replace") if isinstance(file, Path) else "",
    )

"""How the command line speaks: sentences for people, one JSON document for scripts, a sentence for each mistake."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from webapp import accounts, people
from webapp.connectors.http import ConnectorError
from webapp.connectors.signatures import WebhookAuth
from webapp.models import AccountRow, StoreRow

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


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
        except (accounts.Refused, people.Refused, ConnectorError) as problem:
            fail(str(problem))

    return wrapped


def show(document: Any, as_json: bool, sentence: str) -> None:
    """One JSON document, or a sentence."""
    click.echo(json.dumps(document, default=str, ensure_ascii=False) if as_json else sentence)


def show_added(source: str, row: AccountRow | StoreRow, auth: WebhookAuth, as_json: bool) -> None:
    url = accounts.webhook_url(source, row.key, auth)
    document = {"key": row.key, "name": row.name, "webhook_url": url}
    show(document, as_json, f"{row.name} is connected. Webhooks go to {url}")

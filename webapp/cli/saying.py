"""How the command line speaks: sentences for people, one JSON document for scripts, a sentence for each mistake."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError, SQLAlchemyError

from webapp import accounts, people
from webapp.connectors.http import ConnectorError
from webapp.connectors.signatures import WebhookAuth
from webapp.models import AccountRow, StoreRow
from webapp.outbox import Refusal

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


_LACKS = re.compile(r"no such (table|column)|does not exist")


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
        except (accounts.Refused, people.Refused, Refusal, ConnectorError) as problem:
            fail(str(problem))
        except SQLAlchemyError as problem:
            fail(_of_the_database(problem))

    return wrapped


def _of_the_database(problem: SQLAlchemyError) -> str:
    """What a person can do about it; the database's own words stand behind it, without the statement and its values."""
    words = str(getattr(problem, "orig", None) or type(problem).__name__).strip().partition("\n")[0]
    if isinstance(problem, OperationalError | ProgrammingError) and _LACKS.search(words):
        return f"The database is older than this version. Bring it up to date: flask --app wsgi db upgrade ({words})"
    if isinstance(problem, OperationalError | InterfaceError):
        return f"The database cannot be used just now. Check DATABASE_URL, or DATA_DIR where it is a file. ({words})"
    return f"The database refused that. Nothing was changed. ({words})"


def show(document: Any, as_json: bool, sentence: str) -> None:
    """One JSON document, or a sentence."""
    click.echo(json.dumps(document, default=str, ensure_ascii=False) if as_json else sentence)


def show_added(source: str, row: AccountRow | StoreRow, auth: WebhookAuth, as_json: bool) -> None:
    url = accounts.webhook_url(source, row.key, auth)
    document = {"key": row.key, "name": row.name, "webhook_url": url}
    show(document, as_json, f"{row.name} is connected. Webhooks go to {url}")

"""Magento's ways to refuse: message templates filled in, plain text and HTML, and what each means for the next try."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

from webapp.connectors import redact
from webapp.connectors.http import Answer, ConnectorError
from webapp.connectors.loose import Object, Unreadable, document, part, text
from webapp.domain.commands import Side

DUPLICATE_NUMBER = "duplicate_number"
NO_STORE_VIEW = "Specified request cannot be processed."
NO_ROUTE = "Request does not match any route."
DUPLICATE = "Unique constraint violation found"
BEARER_SETTING = (
    "Stores > Configuration > Services > OAuth > Consumer Settings > "
    "“Allow OAuth Access Tokens to be used as standalone Bearer tokens”"
)
TEMPORARY = frozenset({408, 423, 425, 429})
LONGEST_WAIT_SECONDS = 3600

_PLACE = re.compile(r"%(\w+)")
_TITLE = re.compile(r"<title[^>]*>([^<]*)<", re.IGNORECASE)


def judge(answer: Answer) -> ConnectorError | None:
    """None for a 2xx answer, else the error with Magento's own sentence and what to do about it."""
    status = answer.status
    if 200 <= status < 300:
        return None
    message = message_of(answer)
    return ConnectorError(
        redact.sentence(_in_words(answer, message), answer.call.secrets),
        side=Side.MAGENTO,
        permanent=400 <= status < 500 and status not in TEMPORARY,
        retry_after=_retry_after(answer),
        status=status,
        code=DUPLICATE_NUMBER if status == 400 and message.startswith(DUPLICATE) else "",
        doubtful=status >= 500 and answer.call.acts,
        unauthorized=status == 401,
    )


def judge_lookup(answer: Answer) -> ConnectorError | None:
    """Like `judge`, but an entity that does not exist is no error."""
    return None if is_gone(answer) else judge(answer)


def is_gone(answer: Answer) -> bool:
    """Magento itself says that the entity does not exist; an unknown route or a web server's 404 is no such word."""
    message = _template(answer) if answer.status == 404 else ""
    return bool(message) and message != NO_ROUTE


def message_of(answer: Answer) -> str:
    """Magento's sentence with its parameters filled in; of an HTML page the title, of plain text the text."""
    try:
        body = document(answer.body)
    except Unreadable:
        return _plain(answer.text)
    if isinstance(body, str):
        return " ".join(body.split())
    if not isinstance(body, dict):
        return ""
    more = body.get("errors")
    entries = [body, *(entry for entry in more if isinstance(entry, dict))] if isinstance(more, list) else [body]
    return " ".join(dict.fromkeys(filter(None, (_filled(entry) for entry in entries))))


def _template(answer: Answer) -> str:
    try:
        body = document(answer.body)
    except Unreadable:
        return ""
    return text(body, "message") if isinstance(body, dict) else ""


def _filled(entry: Object) -> str:
    template, parameters = text(entry, "message"), entry.get("parameters")
    named: dict[str, Any] = parameters if isinstance(parameters, dict) else {}
    if isinstance(parameters, list):
        named = {str(place): value for place, value in enumerate(parameters, start=1)}
    filled = _PLACE.sub(lambda found: str(named.get(found[1], found[0])), template)
    return " ".join(filled.split())


def _plain(body: str) -> str:
    if "<" not in body[:200]:
        return " ".join(body[:500].split())
    found = _TITLE.search(body[:8192])
    return " ".join(html.unescape(found[1]).split()) if found else ""


def _in_words(answer: Answer, message: str) -> str:
    status = answer.status
    if status == 401:
        return _not_authorized(answer, message)
    if status == 403:
        return (
            f"A firewall or the web server in front of Magento refused the call (403): {message or 'no reason given'}"
        )
    if status == 404 and not is_gone(answer):
        return "The store's address does not lead to Magento's REST API (404). Check the address and the store view."
    if status == 400 and message == NO_STORE_VIEW:
        return f"Magento answered 400: {message} It says so when the store view's code does not exist."
    if status == 503 and "html" in answer.headers.get("Content-Type", "").lower():
        return "Magento is in maintenance mode."
    return f"Magento answered {status}: {message}" if message else f"Magento answered {status} without a word."


def _not_authorized(answer: Answer, message: str) -> str:
    """Magento gives one answer to three troubles, so all three are said; the missing right is named where it is."""
    if "%resources" not in _template(answer):
        return f"Magento did not accept the credentials: {message or 'no reason given'}"
    try:
        right = text(part(document(answer.body), "parameters"), "resources")
    except Unreadable:
        right = ""
    named = f"the right {right}" if right else "a right"
    return (
        "Magento did not accept the access token. Either the token is wrong, or integration tokens are not allowed as "
        f"Bearer tokens (switch on {BEARER_SETTING}), or the integration lacks {named}."
    )


def _retry_after(answer: Answer) -> timedelta | None:
    value = answer.headers.get("Retry-After", "").strip()
    if not (value.isascii() and value.isdigit()):
        return None
    return timedelta(seconds=min(int(value[:9]), LONGEST_WAIT_SECONDS))

"""Walmart's five error envelopes into one error, and what each answer means for the next try."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.connectors import redact
from webapp.connectors.http import Answer, ConnectorError
from webapp.connectors.loose import Unreadable, document, http_time, instant, text
from webapp.domain.commands import Side

NOTHING_FOUND = "CONTENT_NOT_FOUND"
REFUSED_FOR_NOW = frozenset({423, 429})
ASKED_TO_WAIT = REFUSED_FOR_NOW | {425}
TEMPORARY = ASKED_TO_WAIT | {408}
DEFAULT_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(minutes=5)
CLOCKS_AGREE_WITHIN = timedelta(seconds=5)
REPLENISHED_AT = ("X-Next-Replenishment-Time", "X-Next-Replenish-Time")
MOST_SENTENCES = 3

_XML_FIELD = re.compile(r"<(?:\w+:)?(code|field|description|info)>([^<]*)<")
_HTML_TITLE = re.compile(r"<title[^>]*>([^<]*)<", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of an answer: Walmart's code before the dot, the field it is about and its sentence."""

    code: str
    field: str
    sentence: str


def judge(answer: Answer) -> ConnectorError | None:
    """None for a 2xx answer, else the error with Walmart's own sentence and what to do about it."""
    if 200 <= answer.status < 300:
        return None
    found = complaints(answer)
    code = found[0].code if found else ""
    status = answer.status
    return ConnectorError(
        _message(answer, found),
        side=Side.WALMART,
        permanent=400 <= status < 500 and status not in TEMPORARY and not _is_outage(status, found),
        retry_after=wait_asked_for(answer),
        status=status,
        code=code,
        doubtful=status >= 500 and answer.call.acts,
        unauthorized=is_token_refused(status, code) or status == 403,
    )


def is_token_refused(status: int | None, code: str) -> bool:
    """The access token is the trouble: a fresh one may do. Walmart says so with 401, and with 400 as well."""
    return status == 401 or (status == 400 and code.startswith("INVALID_TOKEN"))


def judge_search(answer: Answer) -> ConnectorError | None:
    """Like `judge`, but Walmart's 404 for an empty result is no error."""
    return None if is_nothing_found(answer) else judge(answer)


def is_nothing_found(answer: Answer) -> bool:
    """A 404 that says CONTENT_NOT_FOUND; any other 404 means a wrong address."""
    return answer.status == 404 and any(found.code == NOTHING_FOUND for found in complaints(answer))


def judge_token(answer: Answer) -> ConnectorError | None:
    """At the token endpoint 400, 401 and 403 have all been seen for wrong credentials."""
    error = judge(answer)
    if error is None or answer.status not in (400, 401, 403):
        return error
    return ConnectorError(
        f"Walmart did not accept the client ID and secret. Check them in the account's settings. {error.message}",
        side=Side.WALMART,
        permanent=True,
        status=answer.status,
        code=error.code,
        unauthorized=True,
    )


def complaints(answer: Answer) -> tuple[Complaint, ...]:
    """Every error that the body names, whatever its envelope: three JSON ones, a single object, or XML."""
    body = answer.text
    if body.lstrip()[:1] in ("{", "["):
        try:
            return tuple(_complaint(entry) for entry in _with_code(document(answer.body), depth=6))
        except Unreadable:
            return ()
    fields: dict[str, str] = {}
    for name, value in _XML_FIELD.findall(body):
        fields.setdefault(name, html.unescape(value))
    return (_complaint(fields),) if "code" in fields else ()


def wait_asked_for(answer: Answer) -> timedelta | None:
    """How long Walmart asks to wait, at most 5 minutes: Retry-After, else when calls are replenished, else a minute.

    None where the answer asks for no wait. The replenishment time is epoch milliseconds, as seen in practice.
    """
    wait = _retry_after(answer)
    if wait is None and answer.status in ASKED_TO_WAIT:
        wait = replenished_in(answer)
        wait = DEFAULT_WAIT if wait is None else wait
    return None if wait is None else min(max(wait, timedelta(0)), LONGEST_WAIT)


def replenished_in(answer: Answer) -> timedelta | None:
    """How long until Walmart gives calls again, at most 5 minutes; None where it does not say.

    The time is by Walmart's clock; where the answer's own date shows that ours is another, the date counts.
    """
    for name in REPLENISHED_AT:
        at = instant(answer.headers.get(name, "").strip())
        if at is not None:
            return min(max(at - _now_at_walmart(answer), timedelta(0)), LONGEST_WAIT)
    return None


def _now_at_walmart(answer: Answer) -> datetime:
    ours = datetime.now(UTC)
    theirs = http_time(answer.headers.get("Date", ""))
    return theirs if theirs and abs(theirs - ours) > CLOCKS_AGREE_WITHIN else ours


def _with_code(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth == 0:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _with_code(entry, depth - 1)
    elif isinstance(value, dict):
        if "code" in value:
            yield value
            return
        for entry in value.values():
            yield from _with_code(entry, depth - 1)


def _complaint(entry: dict[str, Any]) -> Complaint:
    code = re.sub(r"^\d{3}\.", "", text(entry, "code")).partition(".")[0]
    sentence = text(entry, "description") or text(entry, "message") or text(entry, "info")
    return Complaint(code, text(entry, "field"), " ".join(sentence.split()))


def _message(answer: Answer, found: tuple[Complaint, ...]) -> str:
    own = list(dict.fromkeys(_in_words(one) for one in found[:MOST_SENTENCES] if one.sentence or one.code))
    words = redact.sentence("; ".join(own) or _page_title(answer), answer.call.secrets)
    return (
        f"Walmart answered {answer.status}: {words}" if words else f"Walmart answered {answer.status} without a word."
    )


def _in_words(one: Complaint) -> str:
    return f"{one.sentence} ({one.code})" if one.sentence and one.code else one.sentence or one.code


def _page_title(answer: Answer) -> str:
    found = _HTML_TITLE.search(answer.text[:4096])
    return " ".join(html.unescape(found[1]).split()) if found else ""


def _is_outage(status: int, found: tuple[Complaint, ...]) -> bool:
    """A bare "Invalid Request" about no field in particular comes during Walmart's outages and passes."""
    return status == 400 and any(
        one.code == "INVALID_REQUEST" and one.field == "data" and one.sentence.lower() == "invalid request"
        for one in found
    )


def _retry_after(answer: Answer) -> timedelta | None:
    value = answer.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), LONGEST_WAIT.total_seconds()))
    at = http_time(value)
    return at - _now_at_walmart(answer) if at else None

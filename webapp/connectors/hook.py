"""An alert as a POST of JSON, as chat programs and scripts take it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from webapp.connectors import redact
from webapp.connectors.http import Answer, Call, Caller, ConnectorError
from webapp.domain.commands import Side


def post(caller: Caller, url: str, document: Mapping[str, Any], *, public_only: bool) -> None:
    """One POST; any 2xx is taken as done. Raises ConnectorError."""
    caller.send(
        Call(
            side=Side.HOOK,
            method="POST",
            url=url,
            headers={"Content-Type": "application/json"},
            body=json.dumps(document).encode(),
            secrets=_secrets(url),
            public_only=public_only,
        ),
        _judge,
    )


def _secrets(url: str) -> tuple[str, ...]:
    """The address and each part of it that an answer may repeat: the longest first, so that none is left in part."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    pieces = [*parts.path.split("/"), *(word for pair in parts.query.split("&") for word in pair.split("=", 1))]
    found = {url, target, parts.path, parts.path.rstrip("/"), parts.query, *pieces}
    found |= {unquote(each) for each in found}
    return tuple(
        sorted((each for each in found if len(each) >= redact.SHORTEST_SECRET), key=lambda one: (-len(one), one))
    )


def _judge(answer: Answer) -> ConnectorError | None:
    if 200 <= answer.status < 300:
        return None
    words = redact.sentence(answer.text[: redact.LONGEST], answer.call.secrets)
    said = " ".join(words.split())[:120]
    sentence = f"{Side.HOOK} answered with status {answer.status}{': ' + said if said else ''}."
    return ConnectorError(sentence, side=Side.HOOK, status=answer.status)

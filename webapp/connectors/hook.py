"""An alert as a POST of JSON, as chat programs and scripts take it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
            secrets=(url,),
            public_only=public_only,
        ),
        _judge,
    )


def _judge(answer: Answer) -> ConnectorError | None:
    if 200 <= answer.status < 300:
        return None
    said = " ".join(answer.text.split())[:120]
    sentence = f"{Side.HOOK} answered with status {answer.status}{': ' + said if said else ''}."
    return ConnectorError(sentence, side=Side.HOOK, status=answer.status)

"""An admin user's way in: name and password are exchanged for a token that ends after a while."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.connectors.access_tokens import AccessToken
from webapp.connectors.http import Answer, Call, Caller, ConnectorError
from webapp.connectors.loose import Unreadable, document
from webapp.connectors.magento_errors import judge, message_of
from webapp.domain.commands import Side

OPAQUE_LASTS = timedelta(hours=1)
"""How long a token is kept that does not tell when it ends, as those of older shops; they last for an hour at least."""
WRONG_PASSWORD = "wrong_password"
TWO_FACTOR = "two_factor"
_TWO_FACTOR_WORDS = ("2fa", "two-factor", "two factor")


@dataclass(frozen=True, slots=True)
class AdminUser:
    """A user of the shop's admin."""

    name: str
    password: str = field(repr=False)


def fetch_admin_token(caller: Caller, url: str, user: AdminUser, *, public_only: bool = False) -> AccessToken:
    """A new token. Raises ConnectorError, its code WRONG_PASSWORD or TWO_FACTOR where Magento says so."""
    asked_at = datetime.now(UTC)
    call = Call(
        side=Side.MAGENTO,
        method="POST",
        url=f"{url.rstrip('/')}/rest/V1/integration/admin/token",
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        body=json.dumps({"username": user.name, "password": user.password}).encode(),
        correlation_id=str(uuid.uuid4()),
        secrets=(user.password,),
        effect=False,
        hides_answer=True,
        public_only=public_only,
    )
    answer = caller.send(call, _judge)
    try:
        token = document(answer.body)
    except Unreadable:
        token = None
    if not isinstance(token, str) or not token.strip():
        raise ConnectorError(
            "Magento's answer to the admin user's sign-in is no token.", side=Side.MAGENTO, code="unreadable"
        )
    return AccessToken(token.strip(), asked_at + lifetime(token.strip()))


def lifetime(token: str) -> timedelta:
    """How long a token lasts, as it says itself where it is a JWT. Its two times are of one clock: Magento's."""
    try:
        claims = _claims(token)
        return timedelta(seconds=int(claims["exp"]) - int(claims["iat"]))
    except (IndexError, ValueError, KeyError, TypeError, OverflowError):
        return OPAQUE_LASTS


def ends_at(token: str) -> datetime | None:
    """When a person's token ends, by its own words; None for an integration's, which is no JWT and has no end."""
    try:
        return datetime.fromtimestamp(int(_claims(token)["exp"]), UTC)
    except (IndexError, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def _claims(token: str) -> Any:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class OwnToken:
    """The token of one client alone: of somebody who tries what is only typed."""

    def __init__(self, caller: Caller, url: str, user: AdminUser, *, public_only: bool = False) -> None:
        self._caller, self._url, self._user, self._public_only = caller, url, user, public_only
        self._lock = threading.Lock()
        self._value = ""

    def get(self) -> str:
        """The token, fetched by whoever asks first. Raises ConnectorError."""
        with self._lock:
            if not self._value:
                fetched = fetch_admin_token(self._caller, self._url, self._user, public_only=self._public_only)
                self._value = fetched.value
            return self._value

    def renew(self, rejected: str) -> str:
        """None: the one there is was fetched a moment ago."""
        return ""


def _judge(answer: Answer) -> ConnectorError | None:
    error = judge(answer)
    if error is None or not 400 <= answer.status < 500:
        return error
    message = message_of(answer)
    if any(word in message.lower() for word in _TWO_FACTOR_WORDS):
        return _refusal(answer, f"Magento asks the admin user for a second factor: {message}", TWO_FACTOR)
    if answer.status == 401 and _is_magentos(answer):
        return _refusal(answer, f"Magento refused the admin user's name and password: {message}", WRONG_PASSWORD)
    return error


def _refusal(answer: Answer, sentence: str, code: str) -> ConnectorError:
    return ConnectorError(
        sentence, side=Side.MAGENTO, permanent=True, status=answer.status, code=code, unauthorized=True
    )


def _is_magentos(answer: Answer) -> bool:
    """A web server's own password in front of the shop answers 401 as well, with a page."""
    try:
        return isinstance(document(answer.body), dict)
    except Unreadable:
        return False

"""Secrets at rest: encrypted with rotating keys, readable only here, never part of a log line or an error."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from webapp.settings import current

TICKET_SECONDS = 3600


class Unreadable(Exception):
    """A stored secret cannot be decrypted with any of the keys at hand."""


def keyring(keys: tuple[str, ...]) -> MultiFernet:
    """The newest key encrypts, all of them decrypt. Raises ValueError for a key that is not a Fernet key."""
    return MultiFernet([Fernet(key) for key in keys])


def seal(value: Any) -> bytes:
    """Encrypt any JSON value with the application's newest key."""
    return _keyring().encrypt(json.dumps(value).encode())


def unseal(sealed: bytes) -> Any:
    """The value that `seal` was given. Raises Unreadable when the key that sealed it is gone."""
    try:
        return json.loads(_keyring().decrypt(sealed))
    except InvalidToken:
        raise Unreadable(
            "A stored secret cannot be read: the key that encrypted it is not in ENCRYPTION_KEYS any more. "
            "Put the old key back at the end of the list, or enter the secret again."
        ) from None


def new_token() -> str:
    """A random token of 256 bits for links, sessions and webhook addresses."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    """A short random key for a webhook address: 96 bits, only letters and digits."""
    return secrets.token_hex(12)


def digest(token: str) -> str:
    """What is stored of a token that only its holder knows."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_ticket(holder: str) -> str:
    """A token that proves for an hour that we gave it to `holder`; nothing is stored."""
    return _tickets().dumps(holder)


def is_ticket(shown: str, holder: str) -> bool:
    """The token is one that we gave to `holder` less than an hour ago. Never raises on garbage."""
    try:
        return bool(_tickets().loads(shown, max_age=TICKET_SECONDS) == holder)
    except BadData:
        return False


def _tickets() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current().secret_key, salt="webhook bearer token")


def _keyring() -> MultiFernet:
    ring: MultiFernet = current_app.extensions["orderbridge_keyring"]
    return ring

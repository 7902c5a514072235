"""A signature over request, time and body, which Walmart once described for performance webhooks.

Nothing in the subscription API gives a secret for it and no delivery with it has been seen, so it is never asked for:
it is one more proof that an account in the mode `hmac` takes, under that secret. It is the only one with a time in it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

TIMESTAMP, SIGNATURE = "WM_SEC.TIMESTAMP", "WM_SEC.SIGNATURE"
TOLERANCE = timedelta(minutes=5)

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def signature(secret: str, target: str, timestamp: str, body: bytes) -> str:
    """Base64 of the HMAC-SHA256 over method, path with query, epoch seconds and the hex SHA-256 of the raw body.

    `target` is the method, a line feed, and the path with its query as the sender called it.
    """
    text = f"{target}\n{timestamp}\n{hashlib.sha256(body).hexdigest()}"
    signed = text.encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def is_signed(secrets: Iterable[str], given: str, target: str, timestamp: str, body: bytes) -> bool:
    """The signature is right under one of the secrets, whatever its time. Never raises."""
    shown = given.encode("utf-8", "surrogatepass")
    found = False
    for secret in secrets:
        if secret:
            found |= hmac.compare_digest(signature(secret, target, timestamp, body).encode(), shown)
    return found


def is_timely(timestamp: str, now: datetime) -> bool:
    """Whole epoch seconds, at most five minutes from now on either side."""
    if not _SECONDS.fullmatch(timestamp):
        return False
    return abs(int(timestamp) - now.timestamp()) <= TOLERANCE.total_seconds()

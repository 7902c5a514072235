"""OAuth 1.0a as Magento checks it: HMAC-SHA256, parameters in natural order, spaces only as %20."""

import base64
import hashlib
import hmac
import re
import threading
import time
from dataclasses import dataclass
from urllib.parse import quote, unquote

from sandbox.magento_errors import MagentoError, required

FUTURE_SECONDS = 600
NEEDED = (
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_token",
)
HEADER_PART = re.compile(r'([a-zA-Z_]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Credentials:
    """The four secrets of an integration and those of an admin user."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    admin_user: str
    admin_password: str


@dataclass(frozen=True, slots=True)
class Signed:
    """What of a request the signature covers: `url` has no query, `query` is as it came over the wire."""

    method: str
    url: str
    query: str


class Nonces:
    """The nonces seen so far; each is good once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[tuple[str, str]] = set()

    def use(self, nonce: str, timestamp: str) -> bool:
        with self._lock:
            if (nonce, timestamp) in self._seen:
                return False
            self._seen.add((nonce, timestamp))
            return True


def header_parameters(header: str) -> dict[str, str]:
    """The oauth_* parameters of an Authorization header."""
    return {name: unquote(value) for name, value in HEADER_PART.findall(header) if name != "realm"}


def verify(header: str, signed: Signed, credentials: Credentials, nonces: Nonces) -> None:
    """Raise Magento's own error unless the header signs the request (each observed on 2.4.7-p3)."""
    parameters = header_parameters(header)
    for name in NEEDED:
        if not parameters.get(name):
            raise required(name)
    if parameters["oauth_signature_method"] != "HMAC-SHA256":
        raise MagentoError(400, "Signature method %1 is not supported", [parameters["oauth_signature_method"]])
    if parameters["oauth_consumer_key"] != credentials.consumer_key:
        raise MagentoError(401, "A consumer having the specified key does not exist")
    _check_nonce(parameters, nonces)
    if parameters["oauth_token"] != credentials.token:
        raise MagentoError(401, "Specified token does not exist")
    wanted = signature(parameters, signed, credentials)
    if not hmac.compare_digest(wanted.encode(), parameters["oauth_signature"].encode()):
        raise MagentoError(401, "The signature is invalid. Verify and try again.")


def _check_nonce(parameters: dict[str, str], nonces: Nonces) -> None:
    timestamp = parameters["oauth_timestamp"]
    if not timestamp.isdigit():
        raise MagentoError(401, "Incorrect timestamp value in the oauth_timestamp parameter")
    if int(timestamp) > time.time() + FUTURE_SECONDS:
        raise MagentoError(401, "An error occurred validating the nonce")
    if not nonces.use(parameters["oauth_nonce"], timestamp):
        raise MagentoError(401, "The nonce is already being used by the consumer with ID %1", ["1"])


def signature(parameters: dict[str, str], signed: Signed, credentials: Credentials) -> str:
    """The signature that Magento reckons for the request."""
    every = {_encode(name): _encode(value) for name, value in parameters.items() if name != "oauth_signature"}
    for part in signed.query.split("&"):
        if part:
            name, _, value = part.partition("=")
            every[_encode(unquote(name))] = _encode(unquote(value))
    joined = "&".join(f"{name}={every[name]}" for name in sorted(every, key=_natural))
    base = "&".join((signed.method.upper(), _encode(signed.url), _encode(joined)))
    key = f"{_encode(credentials.consumer_secret)}&{_encode(credentials.token_secret)}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _encode(text: str) -> str:
    return quote(text, safe="-._~")


def _natural(text: str) -> list[tuple[int, int, str]]:
    """PHP's strnatcmp as a sort key: numbers inside the text count as numbers."""
    parts = re.split(r"(\d+)", text)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]

"""OAuth 1.0a as Magento checks it: HMAC-SHA256 only, parameters in natural order, blanks as %20."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class OAuthKeys:
    """The four credentials of a Magento integration; they work where Bearer tokens are switched off."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


def authorization(keys: OAuthKeys, method: str, url: str) -> str:
    """The Authorization header for one call. Each carries a nonce of its own, since Magento takes none twice."""
    parameters = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        "oauth_token": keys.token,
        "oauth_version": "1.0",
    }
    parameters["oauth_signature"] = signature(keys, method, url, parameters)
    return "OAuth " + ", ".join(f'{name}="{_escaped(value)}"' for name, value in parameters.items())


def signature(keys: OAuthKeys, method: str, url: str, parameters: dict[str, str]) -> str:
    """The signature over method, address and all parameters; a JSON body is not signed.

    Magento sorts numbers inside a name as numbers, unlike RFC 5849: `filters[2]` before `filters[10]`.
    """
    parts = urlsplit(url)
    pairs = [(unquote(name), unquote(value)) for name, _, value in (p.partition("=") for p in parts.query.split("&"))]
    pairs = [pair for pair in pairs if pair[0]] + list(parameters.items())
    joined = "&".join(f"{name}={value}" for name, value in sorted(map(_pair, pairs), key=_natural))
    base = "&".join((method.upper(), _escaped(f"{parts.scheme}://{_host(url)}{parts.path}"), _escaped(joined)))
    key = f"{_escaped(keys.consumer_secret)}&{_escaped(keys.token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.rpartition(":")[0] if parts.port == DEFAULT_PORTS.get(parts.scheme) else host


def _pair(pair: tuple[str, str]) -> tuple[str, str]:
    return _escaped(pair[0]), _escaped(pair[1])


def _natural(pair: tuple[str, str]) -> list[tuple[int, int, str]]:
    pieces = (piece for piece in re.split(r"(\d+)", pair[0]) if piece)
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces]


def _escaped(value: str) -> str:
    return quote(value, safe="-._~")

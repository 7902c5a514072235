"""OAuth 1.0a as Magento checks it, by oauthlib but for one thing: Magento sorts parameters in natural order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from oauthlib.common import Request
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client
from oauthlib.oauth1.rfc5849 import signature, utils


@dataclass(frozen=True, slots=True)
class OAuthKeys:
    """The four credentials of a Magento integration; they work where Bearer tokens are switched off."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


def authorization(
    keys: OAuthKeys, method: str, url: str, *, nonce: str | None = None, timestamp: str | None = None
) -> str:
    """The Authorization header for one call; a JSON body is not signed.

    Each call needs a nonce of its own, which is made where none is given: Magento takes none twice. The query has to be
    escaped throughout, blanks as %20: Magento refuses a +, whatever it stands for.
    """
    signer = _Signer(
        keys.consumer_key,
        keys.consumer_secret,
        keys.token,
        keys.token_secret,
        signature_method=SIGNATURE_HMAC_SHA256,
        nonce=nonce,
        timestamp=timestamp,
    )
    _, headers, _ = signer.sign(url, method.upper())  # type: ignore[arg-type]
    made: str = headers["Authorization"]
    return made


class _Signer(Client):
    """oauthlib's client, which sorts as RFC 5849 says, but for the order of the parameters."""

    def get_oauth_signature(self, request: Request) -> str:
        query = signature.collect_parameters(uri_query=urlsplit(request.uri).query)
        shown = cast("list[tuple[str, str]]", request.oauth_params)
        base = signature.signature_base_string(
            request.http_method,
            signature.base_string_uri(request.uri),
            _normalized([*query, *shown]),
        )
        made: str = signature.sign_hmac_sha256_with_client(base, self)  # type: ignore[no-untyped-call]
        return made


def _normalized(parameters: Sequence[tuple[str, str]]) -> str:
    """Numbers inside a name count as numbers: `filters[2]` stands before `filters[10]`."""
    pairs = [(utils.escape(name), utils.escape(value)) for name, value in parameters]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs, key=_natural))


def _natural(pair: tuple[str, str]) -> list[tuple[int, int, str]]:
    pieces = (piece for piece in re.split(r"(\d+)", pair[0]) if piece)
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces]

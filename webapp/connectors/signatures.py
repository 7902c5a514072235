"""Who sent a webhook: compared in constant time, closed where nothing is configured, deaf to garbage."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from webapp.connectors import walmart_signature as timed

LONGEST_HEADER = 8192
COMMERCE_SIGNATURE = "x-adobe-commerce-webhook-signature"
IO_SIGNATURES = ("x-adobe-digital-signature-1", "x-adobe-digital-signature-2")


class Flaw(StrEnum):
    """What is the matter with a proof that was refused."""

    MISSING = "missing"
    MALFORMED = "malformed"
    CLOCK = "clock"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Request:
    """What of a webhook may be a proof. `target` is the method, a line feed, and path with query as the sender called
    it; `path_secret` the last part of that path where it is none of the address."""

    path_secret: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime
    target: str = ""


@dataclass(frozen=True, slots=True)
class WebhookAuth:
    """How one account's or store's webhooks prove their sender.

    `mode`: `none` (the secret is a part of the path), `header` (a header of that value), `basic` (`user_name` and the
    secret), `hmac` (SHA-256 of the raw body under the secret) or `oauth` (a bearer token that we issued to the client
    `user_name` for the secret); of shops also `adobe_commerce` (signed for one of `public_keys`) and `adobe_io` (the
    same, and written to the client `user_name`). `secrets` holds the one in use first, `public_keys` (PEM) the newest;
    while either is changed the old one follows. `former` is the proof before the present one, accepted until the
    sender has learnt that another mode counts now.
    """

    mode: str
    header_name: str = "Authorization"
    user_name: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    auth_url: str = ""
    public_keys: tuple[str, ...] = ()
    former: WebhookAuth | None = None

    @property
    def accepted(self) -> tuple[WebhookAuth, ...]:
        """Every proof that counts, the present one first."""
        return (self, *(self.former.accepted if self.former else ()))


def verify_walmart(auth: WebhookAuth, given: Request, issued_tokens: tuple[str, ...] = ()) -> bool:
    """The webhook is Walmart's. Never raises; False where no secret is configured or the mode is not known.

    Walmart does not say whether `Basic ` stands before the credentials, nor how the digest is written: both forms of
    the first and hex, base64 and URL-safe base64 of the second are taken (its page on createSubscription).
    """
    found = False
    for one in auth.accepted:
        if one.mode == "oauth":
            found |= _is_one_of(_bearer(one, given.headers), issued_tokens)
        else:
            found |= _verify(one, given.path_secret, given.headers, given.body)
        if one.mode == "hmac":
            found |= _is_signed_with_time(one, given) and timed.is_timely(_timestamp(given), given.now)
    return found


def flaw(auth: WebhookAuth, given: Request) -> Flaw:
    """What is the matter with the proof of a webhook that was refused; of the present proof, not of a former one."""
    if auth.mode == "hmac" and _is_signed_with_time(auth, given):
        return Flaw.CLOCK
    if auth.mode == "none":
        return Flaw.WRONG if given.path_secret else Flaw.MISSING
    shown = _values(given.headers, auth.header_name)
    if auth.mode == "hmac" and not shown:
        shown = _values(given.headers, timed.SIGNATURE)
    if not any(shown):
        return Flaw.MISSING
    return Flaw.WRONG if len(shown) == 1 and len(shown[0]) <= LONGEST_HEADER else Flaw.MALFORMED


def verify_magento(auth: WebhookAuth, path_secret: str, headers: Mapping[str, str], raw_body: bytes) -> bool:
    """The webhook is this shop's, by any proof that counts. Never raises; False where none is configured.

    Adobe Commerce signs the base64 text of the body, Adobe I/O Events the body itself, both by RSA with SHA-256.
    """
    found = False
    for one in auth.accepted:
        if one.mode == "adobe_commerce":
            found |= _is_signed_for(one.public_keys, [_header(headers, COMMERCE_SIGNATURE)], base64.b64encode(raw_body))
        elif one.mode == "adobe_io":
            shown = [_header(headers, name) for name in IO_SIGNATURES]
            found |= _is_signed_for(one.public_keys, shown, raw_body) and same(_recipient(raw_body), one.user_name)
        else:
            found |= _verify(one, path_secret, headers, raw_body)
    return found


def is_rsa_key(pem: str) -> bool:
    """The text is a public RSA key as PEM, which signatures can be checked with."""
    return _key(pem) is not None


def bearers(auth: WebhookAuth, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The bearer tokens that a webhook shows, where tokens of ours are a proof that counts."""
    shown = (_bearer(one, headers) for one in auth.accepted if one.mode == "oauth")
    return tuple(token for token in shown if token)


def verify_token_request(auth: WebhookAuth, headers: Mapping[str, str]) -> bool:
    """Walmart asks for a bearer token with the client ID and secret that the subscription names. Never raises."""
    oauths = (one for one in auth.accepted if one.mode == "oauth")
    return any(_is_basic(one, _header(headers, one.header_name)) for one in oauths)


def same(one: str, other: str) -> bool:
    """The two are equal, compared in constant time; empty is equal to nothing."""
    equal = hmac.compare_digest(_bytes(one), _bytes(other))
    return equal and bool(one)


def _verify(auth: WebhookAuth, path_secret: str, headers: Mapping[str, str], raw_body: bytes) -> bool:
    if auth.mode == "none":
        return _is_one_of(path_secret, auth.secrets)
    value = _header(headers, auth.header_name)
    if auth.mode == "header":
        return _is_one_of(value, auth.secrets)
    if auth.mode == "basic":
        return _is_basic(auth, value)
    return auth.mode == "hmac" and _is_signed(auth, value, raw_body)


def _is_signed_with_time(auth: WebhookAuth, given: Request) -> bool:
    shown = _header(given.headers, timed.SIGNATURE)
    return bool(shown) and timed.is_signed(auth.secrets, shown, given.target, _timestamp(given), given.body)


def _timestamp(given: Request) -> str:
    return _header(given.headers, timed.TIMESTAMP)


def _is_one_of(value: str, accepted: Iterable[str]) -> bool:
    found = False
    for one in accepted:
        found |= same(value, one)
    return found


def _is_basic(auth: WebhookAuth, value: str) -> bool:
    """Compared in the encoded form, so that nothing has to be decoded."""
    given = _without_word(value, "basic").rstrip("=")
    pairs = [_bytes(f"{auth.user_name}:{secret}") for secret in auth.secrets if secret]
    return _is_one_of(given, [base64.b64encode(pair).decode().rstrip("=") for pair in pairs])


def _is_signed(auth: WebhookAuth, value: str, raw_body: bytes) -> bool:
    given = value.strip()
    if given.lower().startswith("sha256="):
        given = given[len("sha256=") :]
    found = False
    for secret in auth.secrets:
        if secret:
            digest = hmac.new(_bytes(secret), raw_body, hashlib.sha256).digest()
            coded = base64.b64encode(digest).decode().rstrip("=")
            url_safe = coded.replace("+", "-").replace("/", "_")
            found |= same(given.lower(), digest.hex()) | _is_one_of(given.rstrip("="), (coded, url_safe))
    return found


def _is_signed_for(pems: Iterable[str], signatures: Iterable[str], signed: bytes) -> bool:
    keys = [key for pem in pems if (key := _key(pem))]
    given = [raw for text in signatures if (raw := _from_base64(text))]
    return any(_is_signature(key, raw, signed) for key in keys for raw in given)


def _is_signature(key: RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _key(pem: str) -> RSAPublicKey | None:
    try:
        key = load_pem_public_key(_bytes(pem.strip()))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(_bytes(text), validate=True)
    except ValueError:
        return b""


def _recipient(raw_body: bytes) -> str:
    """Whom an event of Adobe I/O was written to."""
    try:
        document = msgspec.json.decode(raw_body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return ""
    given = document.get("recipient_client_id") if isinstance(document, dict) else None
    return given if isinstance(given, str) else ""


def _bearer(auth: WebhookAuth, headers: Mapping[str, str]) -> str:
    return _without_word(_header(headers, auth.header_name), "bearer")


def _header(headers: Mapping[str, str], name: str) -> str:
    """The header's value whatever the case of its name; empty where it is missing or absurdly long."""
    values = _values(headers, name)
    return values[0].strip() if len(values) == 1 and len(values[0]) <= LONGEST_HEADER else ""


def _values(headers: Mapping[str, str], name: str) -> list[str]:
    """Servers do not tell `_` and `-` in a header's name apart, so neither is told apart here."""
    wanted = name.lower().replace("_", "-")
    return [
        value for key, value in headers.items() if len(key) == len(wanted) and key.lower().replace("_", "-") == wanted
    ]


def _without_word(value: str, word: str) -> str:
    first, _, rest = value.partition(" ")
    return rest.strip() if first.lower() == word else value


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

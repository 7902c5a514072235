"""Who sent a webhook: compared in constant time, closed where nothing is configured, deaf to garbage."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LONGEST_HEADER = 8192


@dataclass(frozen=True, slots=True)
class WebhookAuth:
    """How one account's or store's webhooks prove their sender.

    `mode`: `none` (the secret is a part of the path), `header` (a header of that value), `basic` (`user_name` and the
    secret), `hmac` (SHA-256 of the raw body under the secret) or `oauth` (a bearer token that we issued to the client
    `user_name` for the secret). `secrets` holds the one in use first; while it is changed the old one follows.
    `former` is the proof before the present one, accepted until the sender has learnt that another mode counts now.
    """

    mode: str
    header_name: str = "Authorization"
    user_name: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    auth_url: str = ""
    former: WebhookAuth | None = None

    @property
    def accepted(self) -> tuple[WebhookAuth, ...]:
        """Every proof that counts, the present one first."""
        return (self, *(self.former.accepted if self.former else ()))


def verify_walmart(
    auth: WebhookAuth,
    path_secret: str,
    headers: Mapping[str, str],
    raw_body: bytes,
    issued_tokens: tuple[str, ...] = (),
) -> bool:
    """The webhook is Walmart's. Never raises; False where no secret is configured or the mode is not known.

    Walmart does not say whether `Basic ` stands before the credentials, nor how the digest is written: both forms of
    the first and hex, base64 and URL-safe base64 of the second are taken (its page on createSubscription).
    """
    found = False
    for one in auth.accepted:
        if one.mode == "oauth":
            found |= _is_one_of(_bearer(one, headers), issued_tokens)
        else:
            found |= _verify(one, path_secret, headers, raw_body)
    return found


def verify_magento(auth: WebhookAuth, path_secret: str, headers: Mapping[str, str], raw_body: bytes) -> bool:
    """The webhook is this shop's, by the path's secret, a header, Basic or an HMAC of the raw body. Never raises."""
    return _verify(auth, path_secret, headers, raw_body)


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


def _bearer(auth: WebhookAuth, headers: Mapping[str, str]) -> str:
    return _without_word(_header(headers, auth.header_name), "bearer")


def _header(headers: Mapping[str, str], name: str) -> str:
    """The header's value whatever the case of its name; empty where it is missing or absurdly long."""
    wanted = name.lower()
    values = [value for key, value in headers.items() if len(key) == len(wanted) and key.lower() == wanted]
    return values[0].strip() if len(values) == 1 and len(values[0]) <= LONGEST_HEADER else ""


def _without_word(value: str, word: str) -> str:
    first, _, rest = value.partition(" ")
    return rest.strip() if first.lower() == word else value


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

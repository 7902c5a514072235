"""Excerpts that may be kept and shown: secrets, buyers, comments masked; ids, SKUs, amounts and statuses left."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from urllib.parse import unquote_plus, urlsplit, urlunsplit

import msgspec

MASK = "***"
LONGEST = 4096
# Masking changes the length by little; what lies beyond this is cut before any pattern runs over it.
LONGEST_READ = LONGEST + 1024
SHORTEST_SECRET = 4
LONGEST_BODY = 64 * 1024
"""So much of a whole body is shown."""

_SECRETS = r"[\w.\-]*(?:token|passw(?:or)?d|secret|authorization|signature|api_?key|credential)[\w.\-]*"
_BUYER = (
    r"(?:customer_|buyer_)?(?:first|last|middle|full|user|customer|buyer|recipient)?_?name|pick_?up_?by"
    r"|(?:customer_)?(?:prefix|suffix|dob|taxvat|vat_id|company|fax)|remote_ip|x_forwarded_for"
    r"|(?:street|address)(?:_?line)?_?\d?|(?:day|home|cell|mobile)?_?phone\w*|telephone"
    r"|\w*e?mail(?:_?(?:id|address))?|postal_?code|postcode|zip(?:_?code)?|city"
)
_TYPED = "comment"
"""Lines of a Magento order's history and of its documents: people write there, about buyers too."""
_KEYS = rf"(?:{_SECRETS}|{_BUYER}|{_TYPED})"
_STRING = r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)'
_SENSITIVE = re.compile(_KEYS, re.IGNORECASE)
_JSON = re.compile(
    rf'"([\w.\-]{{1,64}})"(\s*:\s*)(?:{_STRING}|\[(?:\s*{_STRING}\s*,?)*\s*\]?|-?[\d.][\w.+\-]*)', re.DOTALL
)
_XML = re.compile(rf"(<(?:\w+:)?{_KEYS}(?:\s[^>]{{0,300}})?>)[^<]*", re.IGNORECASE)
_FORM = re.compile(rf"((?:^|[&?\s]){_KEYS}=)[^&\s]*", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63})+")
_MAIL_IN_ADDRESS = re.compile(r"[\w.+\-%]{1,96}(?:@|%(?:25)*40)[\w\-]{1,63}(?:\.[\w\-]{1,63})+")
_SCHEME = re.compile(r"\b(Bearer|Basic|OAuth)\s+[\w+/=.~\-]{8,}", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w\-]{6,}(?:\.[\w\-]*){0,2}")


def excerpt(text: str, secrets: Iterable[str] = ()) -> str:
    """At most 4096 characters without secrets, buyer data and comments; a value cut in the middle is masked too."""
    cut = len(text) > LONGEST_READ
    masked = _clean(text[:LONGEST_READ], secrets)
    return masked[: LONGEST - 1] + "…" if cut or len(masked) > LONGEST else masked


def body(raw: bytes) -> str:
    """A whole body with the same masked, at most 64 Ki characters; JSON is laid out one field a line."""
    text = raw.decode("utf-8", "replace")
    with suppress(msgspec.DecodeError, RecursionError, ValueError):
        text = msgspec.json.format(text, indent=2)
    masked = _clean(text[: LONGEST_BODY + 1024], ())
    return masked if len(masked) <= LONGEST_BODY else masked[: LONGEST_BODY - 1] + "…"


def sentence(text: str, secrets: Iterable[str] = ()) -> str:
    """A neighbour's sentence without e-mail addresses, tokens and the literal `secrets`."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    text = _JWT.sub(MASK, _SCHEME.sub(rf"\1 {MASK}", text))
    return _MAIL.sub(MASK, text) if "@" in text else text


def address(url: str) -> str:
    """The URL without a password in front of the host and with secrets and buyer data masked in its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, _query(parts.query), ""))
    return _MAIL_IN_ADDRESS.sub(MASK, shown)


def _query(query: str) -> str:
    """Masks what a key names, and in Magento's searches the value whose `[field]`, beside it, names it."""
    pairs = [one.partition("=") for one in query.split("&")]
    read = [unquote_plus(key) for key, _, _ in pairs]
    fields = {key: unquote_plus(value) for key, (_, _, value) in zip(read, pairs, strict=True)}
    shown = []
    for key, (name, equals, value) in zip(read, pairs, strict=True):
        start, bracket, last = key.rpartition("[")
        asked = fields.get(f"{start}[field]", "") if last == "value]" else (last.rstrip("]") if bracket else key)
        shown.append(f"{name}{equals}{MASK if equals and _is_sensitive(asked) else value}")
    return "&".join(shown)


def _clean(text: str, secrets: Iterable[str]) -> str:
    masked = _JSON.sub(_hidden, text)
    if "<" in masked:
        masked = _XML.sub(rf"\1{MASK}", masked)
    if masked[:1] not in ("{", "["):
        masked = _FORM.sub(rf"\1{MASK}", masked)
    return sentence(masked, secrets)


def _hidden(found: re.Match[str]) -> str:
    return f'"{found[1]}"{found[2]}"{MASK}"' if _is_sensitive(found[1]) else found[0]


@lru_cache(maxsize=4096)
def _is_sensitive(key: str) -> bool:
    return _SENSITIVE.fullmatch(key) is not None

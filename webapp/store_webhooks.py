"""How a shop's webhooks prove that they are the shop's: chosen, checked, changed without a gap, and told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from webapp import accounts, clock, plain, vault
from webapp.account_changes import Logged
from webapp.accounts import Refused
from webapp.connectors.signatures import WebhookAuth, is_rsa_key
from webapp.models import EventRow, SettingChangeRow, StoreRow, db
from webapp.unit_of_work import Work, unit_of_work

MODES: Mapping[str, str] = {
    "none": "a secret part of the address",
    "header": "a header of its own",
    "basic": "user name and password",
    "hmac": "an HMAC signature",
    "adobe_commerce": "Adobe Commerce's signature",
    "adobe_io": "Adobe I/O Events' signature",
}
"""Each way in, and what it is called in a sentence."""
HEADERS: Mapping[str, str] = {"header": "X-Api-Key", "hmac": "X-Signature-Sha256"}
"""The header that is looked at where no other is named."""
MOST_KEYS = 2
"""The present public key and, while it is changed, the one before."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]{0,63}\Z")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person enters. An empty secret keeps the present one of the same mode, or lets one be made up.

    `user_name` is that of Basic, or the client ID that Adobe I/O Events writes to. `public_keys` is PEM text, one key
    after the other, the newest first; empty keeps those there are.
    """

    mode: str
    header_name: str = ""
    user_name: str = ""
    secret: str = ""
    public_keys: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did. `made` is the secret that was made up for it: it is shown this once and never again."""

    logged: Sequence[Logged] = ()
    made: str = field(default="", repr=False)


def build(wanted: Wanted, present: WebhookAuth | None = None) -> WebhookAuth:
    """The proof that is asked for. Raises Refused with what is missing or wrong.

    Of the present proof with the same mode, what is not entered stays, and what is replaced is accepted as the former.
    """
    same_mode = present if present is not None and present.mode == wanted.mode else None
    if wanted.mode not in MODES:
        raise Refused(f"There is no way in named {wanted.mode}. Choose one of {', '.join(MODES)}.")
    match wanted.mode:
        case "adobe_commerce":
            return WebhookAuth("adobe_commerce", public_keys=_keys(wanted, same_mode))
        case "adobe_io":
            client = wanted.user_name.strip() or (same_mode.user_name if same_mode else "")
            if not client:
                raise Refused("Enter the client ID of your Adobe project: events name it, and others are refused.")
            return WebhookAuth("adobe_io", user_name=client, public_keys=_keys(wanted, same_mode))
    return WebhookAuth(
        wanted.mode,
        header_name=_header_name(wanted, same_mode),
        user_name=_user_name(wanted, same_mode),
        secrets=_secrets(wanted, same_mode),
    )


def change(store_id: int, wanted: Wanted, by: str) -> Changed:
    """Let this proof count from now on; the one before still does until `drop_former`. Raises Refused."""
    with unit_of_work() as work:
        row = _row(work, store_id)
        present = auth_of(row)
        new = build(wanted, present)
        if new == replace(present, former=None):
            return Changed()
        former = replace(present, former=None) if new.mode != present.mode else present.former
        logged = _keep(work, row, present, replace(new, former=former), by)
    made = new.secrets[0] if new.secrets and new.secrets != present.secrets and not wanted.secret.strip() else ""
    return Changed([logged], made if new.mode != "none" else "")


def rotate(store_id: int, by: str) -> Changed:
    """A new secret, which is shown this once; the one before counts until `drop_former`. Raises Refused."""
    with unit_of_work() as work:
        row = _row(work, store_id)
        present = auth_of(row)
        if not present.secrets:
            raise Refused("Adobe signs with keys of its own: make new ones there, and enter the new public key here.")
        made = vault.new_token()
        logged = _keep(work, row, present, replace(present, secrets=(made, *present.secrets)[:2]), by)
    return Changed([logged], made)


def has_former(auth: WebhookAuth) -> bool:
    """More than the present proof counts."""
    return auth.former is not None or len(auth.secrets) > 1 or len(auth.public_keys) > 1


def last_event(store_id: int) -> datetime | None:
    """When the shop's last webhook came."""
    mine = EventRow.store_id == store_id, EventRow.source == "magento"
    newest = select(EventRow.received_at).where(*mine).order_by(EventRow.received_at.desc(), EventRow.id.desc())
    return db.session.execute(newest.limit(1)).scalar_one_or_none()


def drop_former(store_id: int, by: str) -> Changed:
    """From now on only the present proof counts, with its newest secret or key alone."""
    with unit_of_work() as work:
        row = _row(work, store_id)
        present = auth_of(row)
        new = replace(present, former=None, secrets=present.secrets[:1], public_keys=present.public_keys[:1])
        return Changed([_keep(work, row, present, new, by)] if new != present else ())


def auth_of(row: StoreRow) -> WebhookAuth:
    """The proof of a stored store."""
    return plain.read(vault.unseal(row.webhook_auth), WebhookAuth)


def told(auth: WebhookAuth) -> str:
    """The proof in a few words, without any secret."""
    words = MODES.get(auth.mode, auth.mode)
    if auth.mode in HEADERS:
        words += f" in {auth.header_name}"
    if auth.user_name:
        words += f" for {auth.user_name}"
    held = len(auth.public_keys) if auth.public_keys else len(auth.secrets)
    words += ", also the one before" * (held > 1)
    return f"{words}; until it is dropped, {told(auth.former)}" if auth.former else words


def to_json(store: accounts.Store) -> dict[str, Any]:
    """What a person needs in order to set the shop's webhooks up, without any secret but the address's own."""
    auth = store.webhook_auth
    return {
        "url": accounts.webhook_url("magento", store.key, auth),
        "mode": auth.mode,
        "header_name": auth.header_name if auth.mode in HEADERS else "",
        "user_name": auth.user_name,
        "public_keys": len(auth.public_keys),
        "former": auth.former.mode if auth.former else "",
    }


def _header_name(wanted: Wanted, present: WebhookAuth | None) -> str:
    if wanted.mode not in HEADERS:
        return "Authorization"
    name = wanted.header_name.strip() or (present.header_name if present else HEADERS[wanted.mode])
    if not _HEADER_NAME.match(name):
        raise Refused("A header's name has letters, digits and hyphens only, for instance X-Api-Key.")
    return name


def _user_name(wanted: Wanted, present: WebhookAuth | None) -> str:
    if wanted.mode != "basic":
        return ""
    name = wanted.user_name.strip() or (present.user_name if present else "")
    if not name or ":" in name:
        raise Refused("Enter the user name that the shop sends, without a colon.")
    return name


def _secrets(wanted: Wanted, present: WebhookAuth | None) -> tuple[str, ...]:
    """The new one first, then the one that the shop may still use."""
    old = present.secrets if present else ()
    secret = wanted.secret.strip()
    if not secret:
        return old or (vault.new_token(),)
    if wanted.mode == "none":
        raise Refused("The secret part of the address is made here; leave the secret empty.")
    if len(secret) < 16:
        raise Refused("A secret has at least 16 characters. Leave it empty, and one is made for you.")
    return tuple(dict.fromkeys((secret, *old)))[:2]


def _keys(wanted: Wanted, present: WebhookAuth | None) -> tuple[str, ...]:
    found: Sequence[str] = _PEM.findall(wanted.public_keys)
    if not found and present is not None and not wanted.public_keys.strip():
        return present.public_keys
    if not found or not all(is_rsa_key(one) for one in found):
        raise Refused("Paste the public key as Adobe shows it: it begins with -----BEGIN PUBLIC KEY-----.")
    return tuple(dict.fromkeys((*found, *(present.public_keys if present else ()))))[:MOST_KEYS]


def _row(work: Work, store_id: int) -> StoreRow:
    row = work.session.get(StoreRow, store_id, populate_existing=True)
    if row is None:
        raise Refused("This store was removed meanwhile.")
    return row


def _keep(work: Work, row: StoreRow, before: WebhookAuth, after: WebhookAuth, by: str) -> Logged:
    row.webhook_auth = vault.seal(msgspec.to_builtins(after))
    logged = Logged("Webhooks", told(before), told(after))
    change = {"setting": logged.setting, "before": logged.before, "after": logged.after}
    work.add(SettingChangeRow(store_id=row.id, subject=f"Store {row.name}", at=clock.now(), by=by, **change))
    return logged

"""Walmart accounts and Magento stores: added, found, paused; handed out as frozen values with their secrets opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from flask import current_app
from sqlalchemy import bindparam, literal, select

from webapp import clock, plain, vault
from webapp.connectors.magento import MagentoStore
from webapp.connectors.magento_admin import AdminUser
from webapp.connectors.magento_oauth import OAuthKeys
from webapp.connectors.signatures import WebhookAuth
from webapp.connectors.walmart import WalmartAccount
from webapp.domain.creation_settings import FIRST_PREFIX
from webapp.domain.policy import IMPORT_BACK, Policy, make_alike
from webapp.domain.poll_kinds import STORE_POLLS, kinds_of
from webapp.models import AccountRow, PollRow, StoreRow, db
from webapp.policy_json import policy_from_json as policy_from_json
from webapp.policy_json import policy_to_json as policy_to_json
from webapp.settings import current
from webapp.unit_of_work import Work

API_URL = "https://marketplace.walmartapis.com"


# By table, built once: each batch of webhooks asks.
_ACCOUNTS, _STORES = AccountRow.metadata.tables["accounts"].c, AccountRow.metadata.tables["stores"].c
_PROOFS = {
    "walmart": select(_ACCOUNTS.webhook_auth, _ACCOUNTS.seller_id).where(_ACCOUNTS.id == bindparam("id")),
    "magento": select(_STORES.webhook_auth, literal("").label("seller_id")).where(_STORES.id == bindparam("id")),
}


class Refused(Exception):
    """What was entered cannot be stored; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Store:
    """A Magento store view as the workers need it. `is_failing`: no call to it had succeeded since one had failed."""

    id: int
    key: str
    name: str
    store_id: int
    currency: str
    time_zone: str
    mode: str
    is_demo: bool
    is_paused: bool
    connection: MagentoStore
    webhook_auth: WebhookAuth
    admin_url: str = ""
    credentials_set_at: datetime | None = None
    is_failing: bool = False

    @property
    def zone(self) -> tzinfo:
        """The shop's time zone; UTC where it names one that nobody knows."""
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC


@dataclass(frozen=True, slots=True)
class Account:
    """A Walmart seller account with its store and its policy."""

    id: int
    key: str
    name: str
    marketplace: str
    seller_id: str
    is_demo: bool
    is_paused: bool
    created_at: datetime
    connection: WalmartAccount
    webhook_auth: WebhookAuth
    policy: Policy
    store: Store


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a webhook address belongs to, and how that one proves itself. `sealed` is the proof as it is stored."""

    source: str
    id: int
    key: str
    seller_id: str
    auth: WebhookAuth = field(hash=False)
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewStore:
    """A store to be added. `url` is the shop's base address, without `/rest`; one of the three ways in is given."""

    name: str
    url: str
    token: str = field(default="", repr=False)
    store_view: str = "default"
    store_id: int = 1
    currency: str = "USD"
    time_zone: str = "UTC"
    admin_url: str = ""
    mode: str = "direct"
    is_demo: bool = False
    oauth: OAuthKeys | None = None
    admin: AdminUser | None = None
    public_only: bool = False
    webhook_auth: WebhookAuth = field(default_factory=lambda: path_auth())


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be added to the store named `store`."""

    name: str
    store: str
    client_id: str
    client_secret: str
    marketplace: str = "us"
    api_url: str = API_URL
    public_only: bool = False
    seller_id: str = ""
    is_demo: bool = False
    policy: Policy = field(default_factory=Policy)
    webhook_auth: WebhookAuth = field(default_factory=lambda: path_auth())


def by_id(account_id: int) -> Account:
    """The account with this id. Raises LookupError when it was removed meanwhile."""
    row = db.session.get(AccountRow, account_id)
    if row is None:
        raise LookupError(f"There is no account {account_id}.")
    return _opened(row)


def senders(source: str, key: str) -> Iterator[Sender]:
    """Whom a webhook address names: as this process remembers it, and then, should that not do, as it is stored.

    Opening secrets is slow. What is remembered counts only as far as `unchanged` still knows it.
    """
    if known := _remembered().get((source, key)):
        yield known
    if stored := sender(source, key):
        yield stored


def sender(source: str, key: str) -> Sender | None:
    """Whom a webhook address names, as it is stored."""
    row = _sender_row(source, key)
    if row is None:
        _remembered().pop((source, key), None)
        return None
    seller_id = row.seller_id if isinstance(row, AccountRow) else ""
    auth = _auth_from_json(vault.unseal(row.webhook_auth))
    found = Sender(source, row.id, row.key, seller_id, auth, row.webhook_auth)
    _remembered()[source, key] = found
    return found


def unchanged(work: Work, given: Set[Sender]) -> set[Sender]:
    """Those of the senders that are still stored as they were when they were opened."""
    return {one for one in given if _stored_proof(work, one) == (one.sealed, one.seller_id)}


def store_by_id(store_id: int) -> Store:
    """The store with this id. Raises LookupError when it was removed meanwhile."""
    row = db.session.get(StoreRow, store_id)
    if row is None:
        raise LookupError(f"There is no store {store_id}.")
    return _opened_store(row)


def by_key(key: str) -> Account | None:
    """The account with this key, as addresses name it."""
    row = db.session.execute(select(AccountRow).where(AccountRow.key == key)).scalar_one_or_none()
    return _opened(row) if row else None


def named(name: str) -> Account | None:
    """The account with this name or key, as people type it."""
    found = select(AccountRow).where((AccountRow.name == name) | (AccountRow.key == name))
    row = db.session.execute(found).scalar_one_or_none()
    return _opened(row) if row else None


def everyone() -> Sequence[Account]:
    """All accounts, oldest first."""
    return [_opened(row) for row in db.session.execute(select(AccountRow).order_by(AccountRow.id)).scalars()]


def stores() -> Sequence[Store]:
    """All stores, oldest first."""
    return [_opened_store(row) for row in db.session.execute(select(StoreRow).order_by(StoreRow.id)).scalars()]


def store_named(name: str) -> Store | None:
    """The store with this name or key, as people type it."""
    found = select(StoreRow).where((StoreRow.name == name) | (StoreRow.key == name))
    row = db.session.execute(found).scalar_one_or_none()
    return _opened_store(row) if row else None


def has_real() -> bool:
    """A real account or store is connected, so the demo has done its work."""
    real_store = select(StoreRow.id).where(StoreRow.is_demo.is_(False)).limit(1)
    return db.session.execute(real_store).first() is not None


def add_store(work: Work, new: NewStore) -> StoreRow:
    """Store a Magento store. Raises Refused with the reason."""
    if new.mode not in {"direct", "cart"}:
        raise Refused("The mode is either direct or cart.")
    if db.session.execute(select(StoreRow.id).where(StoreRow.name == new.name)).first():
        raise Refused(f"There is a store named {new.name} already. Choose another name.")
    row = StoreRow(
        key=vault.new_key(),
        name=new.name,
        url=new.url.rstrip("/"),
        public_only=new.public_only,
        admin_url=with_slash(new.admin_url),
        store_view=new.store_view,
        store_id=new.store_id,
        currency=new.currency,
        time_zone=new.time_zone,
        mode=new.mode,
        credentials=vault.seal(credentials_to_json(new.token, new.oauth, new.admin)),
        credentials_set_at=clock.now(),
        webhook_auth=vault.seal(msgspec.to_builtins(new.webhook_auth)),
        is_demo=new.is_demo,
        created_at=clock.now(),
    )
    work.add(row)
    work.flush()
    for kind in STORE_POLLS:
        work.add(PollRow(kind=kind, store_id=row.id, name=f"{kind}:{row.key}", due_at=clock.now()))
    return row


def add_account(work: Work, new: NewAccount) -> AccountRow:
    """Store a Walmart account and its polls. Raises Refused with the reason."""
    is_it = (StoreRow.name == new.store) | (StoreRow.key == new.store)
    store = db.session.execute(select(StoreRow).where(is_it)).scalar_one_or_none()
    if store is None:
        raise Refused(f"There is no store named {new.store}. Add it first: flask --app wsgi stores add …")
    if db.session.execute(select(AccountRow.id).where(AccountRow.name == new.name)).first():
        raise Refused(f"There is an account named {new.name} already. Choose another name.")
    if store.is_demo != new.is_demo:
        raise Refused("The demo's account and store can only be tied to each other. Add a real store first.")
    now = clock.now()
    prefix = _free_prefix(store.id, new.policy.number_prefix)
    row = AccountRow(
        key=vault.new_key(),
        name=new.name,
        store_id=store.id,
        marketplace=new.marketplace,
        api_url=new.api_url.rstrip("/"),
        public_only=new.public_only,
        client_id=new.client_id,
        client_secret=vault.seal(new.client_secret),
        seller_id=new.seller_id,
        webhook_auth=vault.seal(msgspec.to_builtins(new.webhook_auth)),
        number_prefix=prefix,
        settings=policy_to_json(_with_import_since(new.policy, now)),
        is_demo=new.is_demo,
        created_at=now,
    )
    work.add(row)
    work.flush()
    for kind in kinds_of(new.marketplace):
        work.add(PollRow(kind=kind.name, account_id=row.id, name=f"{kind.name}:{row.key}", due_at=now))
    return row


def webhook_url(source: str, key: str, auth: WebhookAuth) -> str:
    """Where a neighbour sends its webhooks; without authentication the address itself carries a second secret."""
    secret = f"/{auth.secrets[0]}" if auth.mode == "none" and auth.secrets else ""
    return f"{current().address}/webhooks/{source}/{key}{secret}"


def token_url(key: str) -> str:
    """Where Walmart fetches the bearer token that its OAUTH webhooks show."""
    return f"{current().address}/webhooks/walmart/{key}/token"


def path_auth() -> WebhookAuth:
    """No authentication but a secret path: the one way that needs no guess about the sender."""
    return WebhookAuth(mode="none", secrets=(vault.new_token(),))


def credentials_to_json(token: str, oauth: OAuthKeys | None, admin: AdminUser | None) -> dict[str, Any]:
    """What opens a shop, as it is sealed."""
    return {"token": token, "oauth": asdict(oauth) if oauth else None, "admin": asdict(admin) if admin else None}


def connection_of(row: StoreRow) -> MagentoStore:
    """Where the shop of a stored store is, and what opens it."""
    kept = vault.unseal(row.credentials)
    return MagentoStore(
        url=row.url,
        token=kept["token"],
        store_view=row.store_view,
        public_only=row.public_only,
        oauth=OAuthKeys(**kept["oauth"]) if kept.get("oauth") else None,
        admin=AdminUser(**kept["admin"]) if kept.get("admin") else None,
    )


def _free_prefix(store_id: int, wanted: str) -> str:
    """Two accounts of one store must never make the same order number, nor numbers that are taken for each other's."""
    rows = db.session.execute(select(AccountRow).where(AccountRow.store_id == store_id)).scalars().all()
    taken = {row.settings.get("wfs_number_prefix") or row.number_prefix for row in rows}
    taken |= {row.number_prefix for row in rows}
    if wanted:
        if any(make_alike(wanted, one) for one in taken):
            raise Refused(f"Another account of this store uses the number prefix {wanted}. Choose another one.")
        return wanted
    candidates = [FIRST_PREFIX] + [f"WM{n}-" for n in range(2, len(taken) + 3)]
    return next(prefix for prefix in candidates if prefix not in taken)


def _remembered() -> dict[tuple[str, str], Sender]:
    known: dict[tuple[str, str], Sender] = current_app.extensions.setdefault("orderbridge_senders", {})
    return known


def _stored_proof(work: Work, one: Sender) -> tuple[bytes, str] | None:
    found = work.execute(_PROOFS[one.source], {"id": one.id}).one_or_none()
    return (found.webhook_auth, found.seller_id) if found else None


def _sender_row(source: str, key: str) -> AccountRow | StoreRow | None:
    if source == "walmart":
        return db.session.execute(select(AccountRow).where(AccountRow.key == key)).scalar_one_or_none()
    return db.session.execute(select(StoreRow).where(StoreRow.key == key)).scalar_one_or_none()


def _with_import_since(policy: Policy, now: datetime) -> Policy:
    return policy if policy.import_since else replace(policy, import_since=(now - IMPORT_BACK).replace(microsecond=0))


def with_slash(url: str) -> str:
    return url.rstrip("/") + "/" if url else ""


def _auth_from_json(kept: dict[str, Any]) -> WebhookAuth:
    return plain.read(kept, WebhookAuth)


def _opened(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        key=row.key,
        name=row.name,
        marketplace=row.marketplace,
        seller_id=row.seller_id,
        is_demo=row.is_demo,
        is_paused=row.is_paused or row.store.is_paused,
        created_at=row.created_at,
        connection=WalmartAccount(
            api_url=row.api_url,
            client_id=row.client_id,
            client_secret=vault.unseal(row.client_secret),
            market=row.marketplace,
            public_only=row.public_only,
        ),
        webhook_auth=_auth_from_json(vault.unseal(row.webhook_auth)),
        policy=policy_from_json(row.settings, number_prefix=row.number_prefix),
        store=_opened_store(row.store),
    )


def _opened_store(row: StoreRow) -> Store:
    return Store(
        id=row.id,
        key=row.key,
        name=row.name,
        store_id=row.store_id,
        currency=row.currency,
        time_zone=row.time_zone,
        mode=row.mode,
        is_demo=row.is_demo,
        is_paused=row.is_paused,
        connection=connection_of(row),
        webhook_auth=_auth_from_json(vault.unseal(row.webhook_auth)),
        admin_url=row.admin_url,
        credentials_set_at=row.credentials_set_at,
        is_failing=row.trouble_since is not None,
    )

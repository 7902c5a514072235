"""The writing side of accounts: added, changed, paused, their webhook secrets rotated, each change kept old and new."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product

import msgspec
from sqlalchemy import delete, func, or_, select, update

from webapp import accounts, circuit, clock, late_creation, order_settings, plain, vault
from webapp.accounts import Account, NewAccount, Refused
from webapp.connectors.signatures import WebhookAuth
from webapp.domain.commands import CommandState
from webapp.domain.creation_settings import problems
from webapp.domain.order import OrderStatus
from webapp.domain.policy import Policy, make_alike
from webapp.models import (
    AccessTokenRow,
    AccountRow,
    CommandRow,
    OrderRow,
    PollRow,
    SettingChangeRow,
    StoreRow,
    SyncRow,
    db,
)
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

OLD_SECRET_LIVES = timedelta(hours=24)
MOST_SECRETS = 4
HEADERS = {"header": "X-Orderbridge-Key", "basic": "Authorization", "hmac": "X-Walmart-Signature"}
"""What each mode's proof arrives in where nothing else is chosen; all others use Authorization."""

_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")

OTHER_PREFIX = "Choose another one, which differs by more than digits at its end."
BINDING = ("CreateMagentoOrder", "CreateProduct", "ReserveStock")
"""Once sent they have to do with that one shop: what is held there is given back there."""

OPEN = (OrderStatus.CREATED.value, OrderStatus.UNSHIPPED.value, OrderStatus.PARTIALLY_SHIPPED.value)


@dataclass(frozen=True, slots=True)
class Change:
    """What an account is to be like from now on; None keeps what is stored."""

    name: str | None = None
    store: str | None = None
    api_url: str | None = None
    public_only: bool | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    seller_id: str | None = None
    policy: Policy | None = None
    seen: str = ""
    """The mark of the policy that the change was made of; empty where nobody looked at one."""
    seen_of_account: str = ""
    """The same of what `told` says."""


class Stale(Exception):
    """Somebody else has changed it since it was looked at."""


def version(stored: Mapping[str, str]) -> str:
    """A short mark of what stood in a form, by which one that was opened before somebody else's change is known."""
    said = "\n".join(f"{name}={value}" for name, value in sorted(stored.items()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def told(account: Account) -> dict[str, str]:
    """What an account's form shows of what is stored."""
    return {
        "name": account.name,
        "store": account.store.name,
        "marketplace": account.marketplace,
        "api_url": account.connection.api_url,
        "client_id": account.connection.client_id,
        "seller_id": account.seller_id,
    }


@dataclass(frozen=True, slots=True)
class Logged:
    """A change as it is kept."""

    setting: str
    before: str
    after: str


def add(new: NewAccount, by: str) -> AccountRow:
    """Add an account. Raises Refused with the reason."""
    with unit_of_work() as work:
        row = accounts.add_account(work, new)
        _log(work, row, by, [Logged("Account", "", f"added, market {row.marketplace.upper()}")])
    return row


def change(account_id: int, wanted: Change, by: str) -> list[Logged]:
    """Change what differs, and say what did. Raises Refused with the reason, or Stale; nothing is changed then."""
    with unit_of_work() as work, work.session.no_autoflush:
        row = _row(work, account_id)
        _check_seen(row, wanted)
        numbers = row.store_id, _prefixes(row)
        logged = [*_identity(work, row, wanted), *_connection(work, row, wanted), *_policy(row, wanted.policy)]
        if numbers != (row.store_id, _prefixes(row)):
            _check_prefixes(work, row)
        _log(work, row, by, logged)
        if any(each.setting != "Name" for each in logged):
            _wake(work, account_id)
        if wanted.policy is not None:
            late_creation.start(work, account_id, wanted.policy)
    return logged


def pause(account_id: int, by: str) -> None:
    """Stop all work of an account; its webhooks are still stored."""
    with unit_of_work() as work:
        row = _row(work, account_id)
        if not row.is_paused:
            row.is_paused = True
            _log(work, row, by, [Logged("Work", "running", "paused")])


def resume(account_id: int, by: str) -> None:
    """Go on: what waited is due at once, and what was missed is polled for."""
    with unit_of_work() as work:
        row = _row(work, account_id)
        if row.is_paused:
            row.is_paused = False
            _log(work, row, by, [Logged("Work", "paused", "running")])
        _wake(work, account_id)


def rotate_secret(account_id: int, by: str) -> None:
    """A new webhook secret; the one before stays accepted until it is retired."""
    with unit_of_work() as work:
        row = _row(work, account_id)
        auth = _auth(row)
        _store_auth(row, replace(auth, secrets=(vault.new_token(), *auth.secrets)[:MOST_SECRETS]))
        row.old_secret_until = None
        _log(work, row, by, [Logged("Webhook secret", "", "changed; the old one is still accepted")])


def change_webhooks(account_id: int, wanted: WebhookAuth, by: str) -> None:
    """Another way for webhooks to prove their sender, with its own secret; the former way is accepted until retired."""
    with unit_of_work() as work:
        row = _row(work, account_id)
        former = _auth(row)
        _store_auth(row, replace(wanted, former=former))
        row.old_secret_until = None
        _log(work, row, by, [Logged("Webhook authentication", former.mode, wanted.mode)])


def end_old_secrets_later(account_id: int) -> None:
    """Walmart has the new secret everywhere now: the old one is retired a day later."""
    with unit_of_work() as work:
        row = _row(work, account_id)
        if has_old_secret(_auth(row)) and row.old_secret_until is None:
            row.old_secret_until = clock.now() + OLD_SECRET_LIVES


def retire_old_secrets(account_id: int, by: str) -> bool:
    """Only the present webhook secret is accepted from now on; False when there was no other."""
    with unit_of_work() as work:
        return _retire(work, _row(work, account_id), by)


def retire_due(by: str = "rule") -> int:
    """Retire the old webhook secrets whose day is over; returns of how many accounts."""
    due = select(AccountRow.id).where(AccountRow.old_secret_until <= clock.now())
    if db.session.execute(due.limit(1)).first() is None:
        return 0
    with unit_of_work() as work:
        rows = work.execute(select(AccountRow).where(AccountRow.old_secret_until <= clock.now())).scalars().all()
        return sum(_retire(work, row, by) for row in rows)


def has_old_secret(auth: WebhookAuth) -> bool:
    """More than the present secret is accepted."""
    return len(auth.secrets) > 1 or auth.former is not None


def old_secret_until(account_id: int) -> datetime | None:
    """Until when an old webhook secret is accepted; None also while Walmart has not taken the new one everywhere."""
    return db.session.execute(select(AccountRow.old_secret_until).where(AccountRow.id == account_id)).scalar_one()


def new_auth(mode: str, header_name: str = "", user_name: str = "", secret: str = "") -> WebhookAuth:
    """A way of proving the sender, with a secret of its own where none is given."""
    made = secret or vault.new_token()
    if mode == "none":
        return WebhookAuth(mode="none", secrets=(made,))
    if mode not in {"header", "basic", "hmac", "oauth"}:
        raise Refused("Webhooks prove their sender by none, header, basic, hmac or oauth.")
    name = header_name or HEADERS.get(mode, "Authorization")
    if not _HEADER.fullmatch(name) or name.lower() in {"content-type", "content-length", "host"}:
        raise Refused("The header's name has letters, digits and hyphens, and is none that HTTP itself needs.")
    if ":" in user_name or not user_name.isprintable():
        raise Refused("The user name has no colon and only ordinary characters.")
    return WebhookAuth(mode=mode, header_name=name, user_name=user_name or "orderbridge", secrets=(made,))


def recent(account_id: int, at_most: int = 50) -> Sequence[SettingChangeRow]:
    """The last changes of an account's settings, newest first."""
    mine = select(SettingChangeRow).where(SettingChangeRow.account_id == account_id)
    return db.session.execute(mine.order_by(SettingChangeRow.id.desc()).limit(at_most)).scalars().all()


def note(account_id: int, by: str, change: Logged) -> None:
    """Keep what somebody did to an account."""
    with unit_of_work() as work:
        _log(work, _row(work, account_id), by, [change])


def _row(work: Work, account_id: int) -> AccountRow:
    locked = {"of": AccountRow, "key_share": True}
    row = work.session.get(AccountRow, account_id, populate_existing=True, with_for_update=locked)
    if row is None:
        raise Refused("This account was removed meanwhile.")
    return row


def _identity(work: Work, row: AccountRow, wanted: Change) -> Iterator[Logged]:
    if wanted.name is not None and wanted.name != row.name:
        if work.execute(select(AccountRow.id).where(AccountRow.name == wanted.name)).first():
            raise Refused(f"There is an account named {wanted.name} already. Choose another name.")
        yield Logged("Name", row.name, wanted.name)
        row.name = wanted.name
    if wanted.store is not None and wanted.store not in (row.store.name, row.store.key):
        store = _other_store(work, row, wanted.store)
        yield Logged("Store", row.store.name, store.name)
        row.store_id = store.id


def _other_store(work: Work, row: AccountRow, name: str) -> StoreRow:
    """The store to move to. Orders that are linked to the old shop would be looked up in the wrong one."""
    found = select(StoreRow).where((StoreRow.name == name) | (StoreRow.key == name))
    store: StoreRow | None = work.execute(found).scalar_one_or_none()
    if store is None:
        raise Refused(f"There is no store named {name}.")
    if store.is_demo != row.is_demo:
        raise Refused("The demo's account and store can only be tied to each other.")
    bound = bound_orders(work, row.id) if store.url != row.store.url else 0
    if bound:
        raise Refused(
            f"{bound} orders of this account live in {row.store.name}, or took stock or made products there, and "
            f"{store.name} is another shop. "
            "Add a second account for the other store instead, and pause this one once its orders are done."
        )
    return store


def bound_orders(work: Work, *account_ids: int) -> int:
    """Orders of these accounts that exist in their shop, or may, or left something there: see BINDING."""
    sent = (
        select(CommandRow.sync_id)
        .join(SyncRow, SyncRow.id == CommandRow.sync_id)
        .where(SyncRow.account_id.in_(account_ids), CommandRow.kind.in_(BINDING), CommandRow.first_sent_at.is_not(None))
    )
    mine = OrderRow.account_id.in_(account_ids), or_(OrderRow.magento_order_id.is_not(None), OrderRow.sync_id.in_(sent))
    return int(work.execute(select(func.count()).select_from(OrderRow).where(*mine)).scalar_one())


def _connection(work: Work, row: AccountRow, wanted: Change) -> list[Logged]:
    logged = []
    for name, words in (("api_url", "API address"), ("client_id", "Client ID"), ("seller_id", "Seller ID")):
        value = getattr(wanted, name)
        if value is not None and value != getattr(row, name):
            logged.append(Logged(words, getattr(row, name), value))
            setattr(row, name, value)
    if wanted.public_only is not None and logged and logged[0].setting == "API address":
        row.public_only = wanted.public_only
    if wanted.client_secret and wanted.client_secret != _secret(row):
        row.client_secret = vault.seal(wanted.client_secret)
        logged.append(Logged("Client secret", "", "changed"))
    if any(each.setting != "Seller ID" for each in logged):
        # The workers' token was made with what no longer counts.
        work.execute(delete(AccessTokenRow).where(AccessTokenRow.account_id == row.id))
    return logged


def _secret(row: AccountRow) -> str:
    """The stored client secret; empty where its key is gone, so that a new one can be entered."""
    try:
        return str(vault.unseal(row.client_secret))
    except vault.Unreadable:
        return ""


def _check_seen(row: AccountRow, wanted: Change) -> None:
    stored = accounts.policy_from_json(row.settings, number_prefix=row.number_prefix)
    if wanted.seen and wanted.seen != order_settings.version(stored):
        raise Stale
    if wanted.seen_of_account and wanted.seen_of_account != version(told(accounts.by_id(row.id))):
        raise Stale


def _policy(row: AccountRow, wanted: Policy | None) -> list[Logged]:
    if wanted is None:
        return []
    before = accounts.policy_from_json(row.settings, number_prefix=row.number_prefix)
    wrong = set(problems(wanted, row.store.mode)) - set(problems(before, row.store.mode))
    if wrong:
        raise Refused(" ".join(sorted(wrong)))
    row.settings, row.number_prefix = accounts.policy_to_json(wanted), wanted.number_prefix
    return [Logged(*each) for each in order_settings.differences(before, wanted)]


def _check_prefixes(work: Work, row: AccountRow) -> None:
    """Two accounts of one store must never make the same order number, nor numbers that are taken for each other's."""
    others = select(AccountRow).where(AccountRow.store_id == row.store_id, AccountRow.id != row.id)
    for other in work.execute(others).scalars():
        for mine, theirs in product(sorted(_prefixes(row)), sorted(_prefixes(other))):
            if make_alike(mine, theirs):
                raise Refused(
                    f"{other.name} uses the number prefix {theirs or '(none)'} in the same store. {OTHER_PREFIX}"
                )


def _prefixes(row: AccountRow) -> set[str]:
    return {row.number_prefix, row.settings.get("wfs_number_prefix") or row.number_prefix}


def _wake(work: Work, account_id: int) -> None:
    """What waited in vain may go now: open orders are read, failed tries repeated, and Walmart is asked for news."""
    circuit.wake(work, account_id)
    now = clock.now()
    still_open = select(OrderRow.sync_id).where(OrderRow.account_id == account_id, OrderRow.status.in_(OPEN))
    turns = SyncRow.account_id == account_id, or_(SyncRow.id.in_(still_open), SyncRow.trouble != "")
    work.execute(update(SyncRow).where(*turns).values(look_again_at=now, hints=SyncRow.hints + 1, tries=0))
    mine = select(SyncRow.id).where(SyncRow.account_id == account_id)
    queued = CommandRow.sync_id.in_(mine), CommandRow.state == CommandState.QUEUED
    work.execute(update(CommandRow).where(*queued).values(next_attempt_at=now))
    work.execute(update(PollRow).where(PollRow.account_id == account_id).values(due_at=now))
    work.ring(Bell.INBOUND)
    work.ring(Bell.OUTBOUND)


def _retire(work: Work, row: AccountRow, by: str) -> bool:
    auth = _auth(row)
    row.old_secret_until = None
    if not has_old_secret(auth):
        return False
    _store_auth(row, replace(auth, secrets=auth.secrets[:1], former=None))
    _log(work, row, by, [Logged("Old webhook secret", "accepted", "retired")])
    return True


def _auth(row: AccountRow) -> WebhookAuth:
    return plain.read(vault.unseal(row.webhook_auth), WebhookAuth)


def _store_auth(row: AccountRow, auth: WebhookAuth) -> None:
    row.webhook_auth = vault.seal(msgspec.to_builtins(auth))


def _log(work: Work, row: AccountRow, by: str, logged: Sequence[Logged]) -> None:
    for each in logged:
        change = {"setting": each.setting, "before": each.before, "after": each.after}
        work.add(SettingChangeRow(account_id=row.id, subject=row.name, at=clock.now(), by=by, **change))

"""The writing side of stores: changed, paused, removed, each change kept old and new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, or_, select, update

from webapp import accounts, clock, late_creation, vault
from webapp.account_changes import Logged, Stale, bound_orders, version
from webapp.accounts import NewStore, Refused, Store
from webapp.connectors.magento_admin import AdminUser
from webapp.connectors.magento_oauth import OAuthKeys
from webapp.connectors.magento_probe import FoundView
from webapp.domain.creation_settings import problems
from webapp.models import (
    AccountRow,
    CommandRow,
    PollRow,
    SettingChangeRow,
    StoreFactRow,
    StoreRow,
    StoreTokenRow,
    SyncRow,
    db,
)
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work


@dataclass(frozen=True, slots=True)
class View:
    """A store view as the shop itself describes it."""

    code: str
    store_id: int
    currency: str
    time_zone: str

    @classmethod
    def of(cls, found: FoundView) -> View:
        """As a test found it; where the shop does not tell them, Magento's own currency and time zone."""
        return cls(found.code, found.id, found.currency or "USD", found.time_zone or "UTC")


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What a store is to be like from now on; None keeps what is stored."""

    name: str | None = None
    url: str | None = None
    admin_url: str | None = None
    token: str | None = field(default=None, repr=False)
    oauth: OAuthKeys | None = field(default=None, repr=False)
    admin: AdminUser | None = field(default=None, repr=False)
    public_only: bool | None = None
    view: View | None = None
    mode: str | None = None
    seen: str = ""
    """The mark of what `told` said when the change was made; empty where nobody looked."""


WAYS = {"oauth": "OAuth keys", "token": "access token", "admin": "admin user"}
"""Each way in, as it is called in the log."""


def told(store: Store) -> dict[str, str]:
    """What a store's form shows of what is stored."""
    connection = store.connection
    return {
        "name": store.name,
        "url": connection.url,
        "admin_url": store.admin_url,
        "way": connection.way_in,
        "store_view": connection.store_view,
        "mode": store.mode,
        "like": "",
    }


def add(new: NewStore, by: str) -> StoreRow:
    """Add a store. Raises Refused with the reason."""
    with unit_of_work() as work:
        row = accounts.add_store(work, new)
        way = accounts.connection_of(row).way_in
        _log(work, row, by, [Logged("Store", "", f"added, by {WAYS[way]}, mode {row.mode}")])
    return row


def recent(store_id: int, at_most: int = 50) -> Sequence[SettingChangeRow]:
    """The last changes of a store's settings, newest first."""
    mine = select(SettingChangeRow).where(SettingChangeRow.store_id == store_id)
    return db.session.execute(mine.order_by(SettingChangeRow.id.desc()).limit(at_most)).scalars().all()


def change(store_id: int, wanted: StoreChange, by: str) -> list[Logged]:
    """Change what differs, and say what did. Raises Refused with the reason, or Stale; nothing is changed then."""
    with unit_of_work() as work, work.session.no_autoflush:
        row = _row(work, store_id)
        if wanted.seen and wanted.seen != version(told(accounts.store_by_id(row.id))):
            raise Stale
        logged = [
            *_names(work, row, wanted),
            *_place(work, row, wanted),
            *_keys(work, row, wanted),
            *_mode(work, row, wanted),
        ]
        _log(work, row, by, logged)
        if logged:
            _wake(work, row)
    return logged


def pause(store_id: int, by: str) -> None:
    """Stop all work of every account of a store; webhooks are still stored."""
    _set_paused(store_id, by, paused=True)


def resume(store_id: int, by: str) -> None:
    """Go on: what waited is due at once."""
    _set_paused(store_id, by, paused=False)


def remove(store_id: int, by: str) -> None:
    """Take a store away. Raises Refused while an account is tied to it; the shop itself is not touched."""
    with unit_of_work() as work:
        row = _row(work, store_id)
        tied = work.execute(select(AccountRow.name).where(AccountRow.store_id == row.id)).scalars().all()
        if tied:
            raise Refused(f"{', '.join(tied)} sends orders to {row.name}. Remove the account first, or move it.")
        _log(work, row, by, [Logged("Store", row.url, "removed")])
        work.execute(delete(StoreRow).where(StoreRow.id == row.id))


def _set_paused(store_id: int, by: str, *, paused: bool) -> None:
    with unit_of_work() as work:
        row = _row(work, store_id)
        if row.is_paused != paused:
            row.is_paused = paused
            words = ("running", "paused") if paused else ("paused", "running")
            _log(work, row, by, [Logged("Work", *words)])
        if not paused:
            _wake(work, row)


def _row(work: Work, store_id: int) -> StoreRow:
    locked = {"of": StoreRow, "key_share": True}
    row = work.session.get(StoreRow, store_id, populate_existing=True, with_for_update=locked)
    if row is None:
        raise Refused("This store was removed meanwhile.")
    return row


def _names(work: Work, row: StoreRow, wanted: StoreChange) -> Iterator[Logged]:
    if wanted.name is not None and wanted.name != row.name:
        if work.execute(select(StoreRow.id).where(StoreRow.name == wanted.name)).first():
            raise Refused(f"There is a store named {wanted.name} already. Choose another name.")
        yield Logged("Name", row.name, wanted.name)
        row.name = wanted.name
    if wanted.admin_url is not None:
        admin_url = accounts.with_slash(wanted.admin_url)
        if admin_url != row.admin_url:
            yield Logged("Admin address", row.admin_url, admin_url)
            row.admin_url = admin_url


def _place(work: Work, row: StoreRow, wanted: StoreChange) -> Iterator[Logged]:
    """Address and store view. Linked orders would be looked up in the wrong shop, so those hold the address."""
    url = wanted.url.rstrip("/") if wanted.url is not None else row.url
    if url != row.url:
        bound = _bound(work, row)
        if bound:
            raise Refused(
                f"Orders of this store live in {row.url}, or took stock or made products there ({bound} of them). If "
                "the shop moved with them, point its name to the new server; for another shop add another store."
            )
        yield Logged("Address", row.url, url)
        row.url = url
        if wanted.public_only is not None:
            row.public_only = wanted.public_only
        work.execute(delete(StoreFactRow).where(StoreFactRow.store_id == row.id))
        work.execute(delete(StoreTokenRow).where(StoreTokenRow.store_id == row.id))
    view = wanted.view
    if view is not None and (view.code, view.store_id) != (row.store_view, row.store_id):
        yield Logged("Store view", row.store_view, view.code)
        # Its website may sell from another stock: sources and the last reading of it no longer count.
        work.execute(delete(StoreFactRow).where(StoreFactRow.store_id == row.id))
    if view is not None:
        row.store_view, row.store_id = view.code, view.store_id
        row.currency, row.time_zone = view.currency, view.time_zone


def _bound(work: Work, row: StoreRow) -> int:
    mine = work.execute(select(AccountRow.id).where(AccountRow.store_id == row.id)).scalars()
    return bound_orders(work, *mine)


def _keys(work: Work, row: StoreRow, wanted: StoreChange) -> Iterator[Logged]:
    if wanted.token is None and wanted.oauth is None and wanted.admin is None:
        return
    before = _way_in(row)
    row.credentials = vault.seal(accounts.credentials_to_json(wanted.token or "", wanted.oauth, wanted.admin))
    row.credentials_set_at = clock.now()
    # The workers' token was fetched with what no longer counts.
    work.execute(delete(StoreTokenRow).where(StoreTokenRow.store_id == row.id))
    after = _way_in(row)
    yield Logged("Credentials", *(("", "changed") if before == after else (before, after)))


def _way_in(row: StoreRow) -> str:
    """Empty where the key of what is stored is gone, so that it can be entered anew."""
    try:
        return WAYS[accounts.connection_of(row).way_in]
    except vault.Unreadable:
        return ""


def _mode(work: Work, row: StoreRow, wanted: StoreChange) -> Iterator[Logged]:
    if wanted.mode is None or wanted.mode == row.mode:
        return
    for account in work.execute(select(AccountRow).where(AccountRow.store_id == row.id)).scalars():
        policy = accounts.policy_from_json(account.settings, number_prefix=account.number_prefix)
        wrong = set(problems(policy, wanted.mode)) - set(problems(policy, row.mode))
        if wrong:
            raise Refused(f"{account.name}: {' '.join(sorted(wrong))}")
    yield Logged("Mode", row.mode, wanted.mode)
    row.mode = wanted.mode


def _wake(work: Work, row: StoreRow) -> None:
    """What waited in vain for the shop may go now."""
    now = clock.now()
    for account in work.execute(select(AccountRow).where(AccountRow.store_id == row.id)).scalars():
        mine = SyncRow.account_id == account.id
        work.execute(
            update(SyncRow).where(mine, SyncRow.trouble != "").values(look_again_at=now, hints=SyncRow.hints + 1)
        )
        waiting = CommandRow.sync_id.in_(select(SyncRow.id).where(mine)), CommandRow.state == "queued"
        work.execute(update(CommandRow).where(*waiting).values(next_attempt_at=now))
        policy = accounts.policy_from_json(account.settings, number_prefix=account.number_prefix)
        late_creation.start(work, account.id, policy)
    tied = select(AccountRow.id).where(AccountRow.store_id == row.id)
    polls = or_(PollRow.store_id == row.id, PollRow.account_id.in_(tied))
    work.execute(update(PollRow).where(polls).values(due_at=now))
    work.ring(Bell.INBOUND)
    work.ring(Bell.OUTBOUND)


def _log(work: Work, row: StoreRow, by: str, logged: Sequence[Logged]) -> None:
    for each in logged:
        change = {"setting": each.setting, "before": each.before, "after": each.after}
        work.add(SettingChangeRow(store_id=row.id, subject=f"Store {row.name}", at=clock.now(), by=by, **change))

"""Access tokens: one per account or store, shared by every worker, fetched by one of them however many need it.

A fetch that fails is shared as well: twenty workers that wait for a token make one call, not twenty, to a neighbour
that is away.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from webapp import clock, vault
from webapp.connectors.access_tokens import AccessToken
from webapp.connectors.http import ConnectorError
from webapp.database import is_sqlite
from webapp.domain.commands import Side
from webapp.limits import MustWait
from webapp.models import AccessTokenRow, StoreTokenRow, db
from webapp.unit_of_work import Work, rest, unit_of_work

RENEW_BEFORE = timedelta(seconds=60)
RENEWAL_LEASE = timedelta(seconds=30)
LOOK_EVERY = 0.05

REFUSAL_HOLDS = timedelta(minutes=10)
"""So long a shop's admin user is not tried again once Magento refused the password: six failures lock the user out."""
YOUNG = timedelta(minutes=1)
"""A shop's token of this age is not renewed for a 401: Magento answers so for a missing right as well."""

Table = type[AccessTokenRow] | type[StoreTokenRow]


@dataclass(frozen=True, slots=True)
class SharedToken:
    """The token of one account or, in the other table, of one store.

    `fetch` asks the neighbour for a new one; only the worker that may renew calls it.
    """

    owner_id: int
    fetch: Callable[[], AccessToken]
    table: Table = AccessTokenRow

    def get(self) -> str:
        """A token that is good for a minute at least. Raises ConnectorError when none is to be had."""
        return self._stored() or self._renew("")

    def renew(self, rejected: str) -> str:
        """A token other than the one that was just rejected; empty where a shop's is too young to have ended."""
        return "" if self._is_young(rejected) else self._renew(rejected)

    @property
    def _side(self) -> Side:
        return Side.WALMART if self.table is AccessTokenRow else Side.MAGENTO

    @property
    def _mine(self) -> ColumnElement[bool]:
        return _owner(self.table) == self.owner_id

    def _is_young(self, token: str) -> bool:
        if self.table is not StoreTokenRow:
            return False
        rest()
        row = db.session.get(StoreTokenRow, self.owner_id, populate_existing=True)
        if row is None or row.token is None or row.fetched_at is None:
            return False
        return bool(row.fetched_at > clock.now() - YOUNG and vault.unseal(row.token) == token)

    def _stored(self, other_than: str = "") -> str | None:
        rest()
        row = db.session.execute(_token_of(self.table), {"owner": self.owner_id}).one_or_none()
        if row is None or row.token is None or row.expires_at is None:
            return None
        if row.expires_at - RENEW_BEFORE <= clock.now():
            return None
        token: str = vault.unseal(row.token)
        return token if token != other_than else None

    def _renew(self, rejected: str) -> str:
        """Fetch it, or wait for the worker that does, and share what that comes to."""
        asked_at = clock.now()
        give_up = time.monotonic() + RENEWAL_LEASE.total_seconds()
        while time.monotonic() < give_up:
            if token := self._stored(rejected):
                return token
            if self._may_fetch(rejected, asked_at):
                return self._fetch()
            if failure := self._failure_since(asked_at):
                raise failure
            time.sleep(LOOK_EVERY)
        raise ConnectorError(f"Another worker has been asking {self._side} for a token for too long.", side=self._side)

    def _may_fetch(self, rejected: str, asked_at: datetime) -> bool:
        now = clock.now()
        with unit_of_work() as work:
            _ensure_row(work, self.table, self.owner_id)
            mine = update(self.table).where(self._mine)
            free = or_(self.table.renewing_until.is_(None), self.table.renewing_until < now)
            if not work.changed(mine.where(free).values(renewing_until=now + RENEWAL_LEASE)):
                return False
            # Looked at after the claim is won: until then another worker may still commit what it got.
            if self._is_settled(work, rejected, asked_at):
                work.execute(mine.values(renewing_until=None))
                return False
            return True

    def _is_settled(self, work: Work, rejected: str, asked_at: datetime) -> bool:
        """Somebody renewed it, or tried to in vain, between our look and our claim."""
        mine = select(self.table).where(self._mine)
        row = work.execute(mine.execution_options(populate_existing=True)).scalar_one()
        if self._counts(row.failed_at, row.failure, asked_at):
            return True
        if row.token is None or row.expires_at is None or row.expires_at - RENEW_BEFORE <= clock.now():
            return False
        return bool(vault.unseal(row.token) != rejected)

    def _failure_since(self, asked_at: datetime) -> ConnectorError | None:
        """What another worker got instead of a token after we asked for one."""
        rest()
        failed = select(self.table.failed_at, self.table.failure).where(self._mine)
        row = db.session.execute(failed).one_or_none()
        if row is None or not row.failure or not self._counts(row.failed_at, row.failure, asked_at):
            return None
        return _as_error(row.failure, self._side)

    def _counts(self, failed_at: datetime | None, failure: dict[str, Any] | None, asked_at: datetime) -> bool:
        """A failure answers everybody who asked before it; a shop's refusal of a password also those who ask soon."""
        if failed_at is None:
            return False
        is_refusal = self.table is StoreTokenRow and bool(failure and failure.get("unauthorized"))
        return failed_at >= (asked_at - REFUSAL_HOLDS if is_refusal else asked_at)

    def _fetch(self) -> str:
        try:
            fetched = self.fetch()
        except MustWait:
            self._record({})
            raise
        except ConnectorError as error:
            self._record({"failed_at": clock.now(), "failure": _as_json(error)})
            raise
        except BaseException:
            self._record({})
            raise
        self._record({"token": vault.seal(fetched.value), "expires_at": fetched.expires_at})
        return fetched.value

    def _record(self, got: dict[str, Any]) -> None:
        values = {"token": None, "expires_at": None, "failed_at": None, "failure": None} | got
        if self.table is StoreTokenRow:
            values["fetched_at"] = clock.now()
        with unit_of_work() as work:
            work.execute(update(self.table).where(self._mine).values(renewing_until=None, **values))


def _as_json(error: ConnectorError) -> dict[str, Any]:
    wait = error.retry_after.total_seconds() if error.retry_after is not None else None
    kept = {name: getattr(error, name) for name in ("permanent", "status", "code", "unauthorized")}
    return {"message": error.message, "retry_after": wait, **kept}


def _as_error(failure: dict[str, Any], side: Side) -> ConnectorError:
    """The inverse of `_as_json`, for the workers that waited."""
    told = dict(failure)
    wait = told.pop("retry_after")
    return ConnectorError(
        told.pop("message"),
        side=side,
        retry_after=timedelta(seconds=wait) if wait is not None else None,
        **told,
    )


def _owner(table: Table) -> InstrumentedAttribute[int]:
    return table.account_id if table is AccessTokenRow else StoreTokenRow.store_id


@cache
def _token_of(table: Table) -> Select[Any, Any]:
    return select(table.token, table.expires_at).where(_owner(table) == bindparam("owner"))


def _ensure_row(work: Work, table: Table, owner_id: int) -> None:
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    work.execute(insert(table).values({_owner(table).key: owner_id}).on_conflict_do_nothing())

"""Walmart's access tokens: one per account, shared by every worker, fetched by one of them however many need it.

A fetch that fails is shared as well: twenty workers that wait for a token make one call, not twenty, to a Walmart that
is away.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock, vault
from webapp.connectors.http import ConnectorError
from webapp.connectors.walmart import AccessToken
from webapp.database import is_sqlite
from webapp.domain.commands import Side
from webapp.limits import MustWait
from webapp.models import AccessTokenRow, db
from webapp.unit_of_work import Work, unit_of_work

RENEW_BEFORE = timedelta(seconds=60)
RENEWAL_LEASE = timedelta(seconds=30)
LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class SharedToken:
    """The token of one account. `fetch` asks Walmart for a new one; only the worker that may renew calls it."""

    account_id: int
    fetch: Callable[[], AccessToken]

    def get(self) -> str:
        """A token that is good for a minute at least. Raises ConnectorError when none is to be had."""
        return self._stored() or self._renew("")

    def renew(self, rejected: str) -> str:
        """A token other than the one Walmart just rejected."""
        return self._renew(rejected)

    def _stored(self, other_than: str = "") -> str | None:
        db.session.rollback()
        row = db.session.execute(
            select(AccessTokenRow.token, AccessTokenRow.expires_at).where(AccessTokenRow.account_id == self.account_id)
        ).one_or_none()
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
        raise ConnectorError("Another worker has been asking Walmart for a token for too long.", side=Side.WALMART)

    def _may_fetch(self, rejected: str, asked_at: datetime) -> bool:
        now = clock.now()
        with unit_of_work() as work:
            _ensure_row(work, self.account_id)
            mine = update(AccessTokenRow).where(AccessTokenRow.account_id == self.account_id)
            free = or_(AccessTokenRow.renewing_until.is_(None), AccessTokenRow.renewing_until < now)
            if not work.changed(mine.where(free).values(renewing_until=now + RENEWAL_LEASE)):
                return False
            # Looked at after the claim is won: until then another worker may still commit what it got.
            if self._is_settled(work, rejected, asked_at):
                work.execute(mine.values(renewing_until=None))
                return False
            return True

    def _is_settled(self, work: Work, rejected: str, asked_at: datetime) -> bool:
        """Somebody renewed it, or tried to in vain, between our look and our claim."""
        mine = select(AccessTokenRow).where(AccessTokenRow.account_id == self.account_id)
        row = work.execute(mine.execution_options(populate_existing=True)).scalar_one()
        if row.failed_at is not None and row.failed_at >= asked_at:
            return True
        if row.token is None or row.expires_at is None or row.expires_at - RENEW_BEFORE <= clock.now():
            return False
        return bool(vault.unseal(row.token) != rejected)

    def _failure_since(self, asked_at: datetime) -> ConnectorError | None:
        """What another worker got instead of a token after we asked for one."""
        db.session.rollback()
        failed = select(AccessTokenRow.failure).where(
            AccessTokenRow.account_id == self.account_id, AccessTokenRow.failed_at >= asked_at
        )
        failure = db.session.execute(failed).scalar_one_or_none()
        return _as_error(failure) if failure else None

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
        with unit_of_work() as work:
            mine = update(AccessTokenRow).where(AccessTokenRow.account_id == self.account_id)
            work.execute(mine.values(renewing_until=None, **values))


def _as_json(error: ConnectorError) -> dict[str, Any]:
    wait = error.retry_after.total_seconds() if error.retry_after is not None else None
    kept = {name: getattr(error, name) for name in ("permanent", "status", "code", "unauthorized")}
    return {"message": error.message, "retry_after": wait, **kept}


def _as_error(failure: dict[str, Any]) -> ConnectorError:
    """The inverse of `_as_json`, for the workers that waited."""
    told = dict(failure)
    wait = told.pop("retry_after")
    return ConnectorError(
        told.pop("message"),
        side=Side.WALMART,
        retry_after=timedelta(seconds=wait) if wait is not None else None,
        **told,
    )


def _ensure_row(work: Work, account_id: int) -> None:
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    work.execute(insert(AccessTokenRow).values(account_id=account_id).on_conflict_do_nothing())

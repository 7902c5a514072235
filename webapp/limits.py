"""Token buckets in the database, one an account and endpoint: what a call takes, what its answer teaches."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock
from webapp.connectors.http import ConnectorError
from webapp.database import is_sqlite
from webapp.domain.commands import Side
from webapp.domain.limits import MINUTE, Bucket, Endpoint, Heard, Limit, limit_of
from webapp.models import AccountRow, BucketRow, db
from webapp.unit_of_work import Work, unit_of_work

HEARD_EVERY = timedelta(seconds=20)
PURSE_LASTS = timedelta(seconds=2)
PURSE_SHARE = 0.25
"""Reads with a high limit take their tokens by the handful, a quarter of what is spared, so that the database is not
asked for each: an unused handful is lost, and what is used late can never exceed what is spared."""

_BUCKET = (
    select(BucketRow)
    .where(BucketRow.account_id == bindparam("account"), BucketRow.endpoint == bindparam("name"))
    .execution_options(populate_existing=True)
)
_BUCKET_LOCKED = _BUCKET.with_for_update()
_GRANTED = select(AccountRow.marketplace, AccountRow.settings).where(AccountRow.id == bindparam("account"))


class MustWait(ConnectorError):
    """Nothing was sent, and nothing failed: the same call may go out at `at`, where `endpoint` has its limit."""

    def __init__(self, sentence: str, at: datetime, endpoint: Endpoint | None = None) -> None:
        wait = max(at - clock.now(), timedelta(0))
        super().__init__(sentence, side=Side.WALMART, retry_after=wait, code="must_wait")
        self.at = at
        self.endpoint = endpoint


@dataclass(frozen=True, slots=True)
class Meter:
    """One account's bucket of one endpoint."""

    account_id: int
    endpoint: Endpoint
    limit: Limit

    @property
    def key(self) -> tuple[int, str]:
        return self.account_id, self.endpoint.value


@dataclass(slots=True)
class _Purse:
    """Tokens that this process took but did not use yet."""

    count: int
    until: datetime


@dataclass(slots=True)
class _Memory:
    """What this process knows of the buckets since its last look; never more than a hint."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    buckets: dict[tuple[int, str], Bucket] = field(default_factory=dict)
    purses: dict[tuple[int, str], _Purse] = field(default_factory=dict)


def forget() -> None:
    """Nothing of what this process knows of the buckets counts any more."""
    current_app.extensions.pop("orderbridge_limits", None)


def meter(account_id: int, endpoint: Endpoint, market: str, granted: Mapping[str, float]) -> Meter:
    """The meter of an account whose market and own limits are known."""
    return Meter(account_id, endpoint, limit_of(endpoint, market, granted))


def meter_of(account_id: int, endpoint: Endpoint) -> Meter:
    """The meter of an account, as its settings stand."""
    row = db.session.execute(_GRANTED, {"account": account_id}).one()
    return meter(account_id, endpoint, row.marketplace, row.settings.get("rate_limits") or {})


def look(of: Meter) -> Bucket:
    """The bucket as it stands; nobody is kept from taking out of it."""
    return _bucket(of.limit, db.session.execute(_BUCKET, _mine(of)).scalar_one_or_none())


def hold(work: Work, of: Meter) -> Bucket:
    """The bucket, which stays as it is until the end of this unit of work."""
    return _bucket(of.limit, _locked(work, of))


def take(work: Work, of: Meter, count: int = 1) -> datetime | None:
    """Take tokens in this unit of work. None when they were there, else the time at which they will be."""
    row = _locked(work, of)
    bucket, now = _bucket(of.limit, row), clock.now()
    if bucket.free(now) < count:
        return max(bucket.ready_at(count), now)
    bucket = bucket.taken(now, count)
    row.full_at = bucket.full_at
    _remember(of, bucket)
    return None


def take_read(of: Meter) -> None:
    """Take a token for a call that changes nothing. Raises MustWait."""
    memory, now = _memory(), clock.now()
    with memory.lock:
        purse = memory.purses.get(of.key)
        if purse and purse.count > 0 and purse.until > now:
            purse.count -= 1
            return
    handful = max(int(of.limit.spare * PURSE_SHARE), 1)
    with unit_of_work() as work:
        at = take(work, of, handful)
        if at is not None and handful > 1:
            handful, at = 1, take(work, of)
        if at is not None:
            at = _stand_in_line(work, of, at)
    if at is not None:
        raise must_wait(of, at)
    with memory.lock:
        memory.purses[of.key] = _Purse(handful - 1, clock.now() + PURSE_LASTS)


def _stand_in_line(work: Work, of: Meter, at: datetime) -> datetime:
    """Reads come back one after the other, not all at the time of the next token."""
    row = _locked(work, of)
    row.line_at = max(at, (row.line_at or at) + of.limit.every)
    return row.line_at


def must_wait(of: Meter, at: datetime) -> MustWait:
    """For a call whose token comes at `at`."""
    return MustWait(of.limit.in_words(of.endpoint, at), at, of.endpoint)


def hear(of: Meter, heard: Heard, sent_at: datetime) -> None:
    """Put the bucket right by what an answer told. Writes only where that changes something."""
    now, known = clock.now(), _memory().buckets.get(of.key)
    if heard.is_refused:
        _memory().purses.pop(of.key, None)
    if heard.left is None or (known and not _teaches(known, heard, sent_at, now)):
        return
    with unit_of_work() as work:
        row = _locked(work, of)
        bucket = _bucket(of.limit, row).corrected(heard, sent_at, now)
        row.full_at, row.heard_at = bucket.full_at, now
        if not of.limit.is_certain:
            row.most_left = max(row.most_left, heard.left)
        _remember(of, replace(bucket, heard_at=now))


def _teaches(known: Bucket, heard: Heard, sent_at: datetime, now: datetime) -> bool:
    """What this process saw last has at most as many takes as the truth: if that needs no correction, nothing does."""
    corrected = known.corrected(heard, sent_at, now).full_at > known.full_at + known.limit.every / 10
    unheard = known.heard_at is None or now - known.heard_at > HEARD_EVERY
    learnt = not known.limit.is_certain and (heard.left or 0) >= known.limit.per_minute
    return corrected or unheard or learnt


def _bucket(limit: Limit, row: BucketRow | None) -> Bucket:
    if row is None:
        return Bucket(limit, clock.now() - MINUTE)
    if not limit.is_certain and row.most_left >= limit.per_minute:
        limit = Limit(row.most_left + 1.0, is_certain=False)
    return Bucket(limit, row.full_at, row.heard_at)


def _locked(work: Work, of: Meter) -> BucketRow:
    row: BucketRow | None = work.execute(_BUCKET_LOCKED, _mine(of)).scalar_one_or_none()
    if row is None:
        insert = sqlite.insert(BucketRow) if is_sqlite() else postgresql.insert(BucketRow)
        new = {"account_id": of.account_id, "endpoint": of.endpoint.value, "full_at": clock.now(), "most_left": 0}
        work.execute(insert.values(**new).on_conflict_do_nothing())
        return work.session.execute(_BUCKET_LOCKED, _mine(of)).scalar_one()
    return row


def _mine(of: Meter) -> dict[str, Any]:
    return {"account": of.account_id, "name": of.endpoint.value}


def _remember(of: Meter, bucket: Bucket) -> None:
    _memory().buckets[of.key] = bucket


def _memory() -> _Memory:
    memory: _Memory = current_app.extensions.setdefault("orderbridge_limits", _Memory())
    return memory

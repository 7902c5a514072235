"""What waits for a person, by cause: many orders that fail alike are one thing to look at, and one click to go on."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, not_, select, text

from webapp import outbox
from webapp.domain.causes import cause
from webapp.domain.commands import CommandState
from webapp.models import IS_OPEN, PAID_PERHAPS, CommandRow, SyncRow, db

MOST = 1_000
"""So many of the newest failures are looked at."""
LOOKED_AT = 5_000
ONE_BY_ONE = (
    "These refunds may have been paid: look in Seller Center, then try each again, or give it up, on its order's page."
)
AT_ONCE = 100
"""Commands that one transaction retries: between two of them others get their turn."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Commands of one kind that failed alike. `sentence` is the whole reason where they say the very same.

    `slug` stands for it in addresses; `since` is when the first of them failed, None while they are tried again.
    """

    slug: str
    kind: str
    sentence: str
    orders: int
    ids: tuple[int, ...]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Causes:
    """The causes, the most orders first; `or_more` where there are older failures that were not looked at."""

    causes: tuple[Cause, ...]
    or_more: bool

    def by_slug(self, slug: str) -> Cause | None:
        """The cause that an address names; None where nothing fails of it any more."""
        return next((one for one in self.causes if one.slug == slug), None)


def parked(account_ids: Collection[int] | None = None) -> Causes:
    """Why commands are parked, of these accounts if they are given; one statement."""
    newest = _columns().where(CommandRow.state == CommandState.PARKED).order_by(CommandRow.id.desc())
    if account_ids is not None:
        theirs = select(SyncRow.id).where(SyncRow.account_id.in_(account_ids))
        newest = newest.where(CommandRow.sync_id.in_(theirs))
    return _grouped(db.session.execute(newest.limit(MOST + 1)).all())


def failing() -> Causes:
    """Why commands that are tried again by themselves have failed so far; one statement."""
    due = select(CommandRow.id).where(text(IS_OPEN)).order_by(CommandRow.next_attempt_at).limit(LOOKED_AT)
    tried = _columns().where(CommandRow.id.in_(due), CommandRow.tries > 0, CommandRow.reason != "")
    return _grouped(db.session.execute(tried.order_by(CommandRow.id.desc()).limit(MOST + 1)).all())


def retry(slug: str, asked_at: datetime, by: str) -> int:
    """Try all of a cause again that were parked by `asked_at`: a second click finds none. Returns how many.

    A refund that may have been paid is not among them. Raises outbox.Refusal where nothing else is.
    """
    ids = _parked_by(slug, asked_at, not_(PAID_PERHAPS))
    if not ids and _parked_by(slug, asked_at):
        raise outbox.Refusal(ONE_BY_ONE)
    return sum(outbox.retry_all(some, by) for some in _slices(ids))


def dismiss(slug: str, asked_at: datetime, reason: str, by: str) -> int:
    """Give all of a cause up, with a reason; likewise. Raises outbox.Refusal without a reason."""
    return sum(outbox.dismiss_all(some, reason, by) for some in _slices(_parked_by(slug, asked_at)))


def _columns() -> Any:
    return select(CommandRow.id, CommandRow.kind, CommandRow.reason, CommandRow.sync_id, CommandRow.ended_at)


def _grouped(rows: Sequence[Any]) -> Causes:
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows[:MOST]:
        groups.setdefault((row.kind, cause(row.reason)), []).append(row)
    causes = (_cause(kind, told, mine) for (kind, told), mine in groups.items())
    return Causes(tuple(sorted(causes, key=lambda one: (-one.orders, one.sentence))), len(rows) > MOST)


def _cause(kind: str, told: str, rows: Sequence[Any]) -> Cause:
    said = {row.reason for row in rows}
    return Cause(
        slug=hashlib.blake2s(f"{kind}:{told}".encode(), digest_size=6).hexdigest(),
        kind=kind,
        sentence=said.pop() if len(said) == 1 and "" not in said else told,
        orders=len({row.sync_id for row in rows}),
        ids=tuple(row.id for row in rows),
        since=min((row.ended_at for row in rows if row.ended_at), default=None),
    )


def _parked_by(slug: str, asked_at: datetime, *conditions: ColumnElement[bool]) -> list[int]:
    found = parked().by_slug(slug)
    mine = select(CommandRow.id).where(CommandRow.id.in_(found.ids if found else ()), CommandRow.ended_at <= asked_at)
    return list(db.session.execute(mine.where(*conditions)).scalars())


def _slices(ids: Sequence[int]) -> Iterable[Collection[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))

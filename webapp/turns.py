"""A hint gives an order its turn: many at once, always in one order, so that no two workers wait for each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

from webapp.database import is_sqlite
from webapp.models import SyncRow
from webapp.unit_of_work import Work

# The table, not the class: many rows in one execution, without the ORM between.
SYNCS = SyncRow.metadata.tables[SyncRow.__tablename__]


@dataclass(frozen=True, slots=True)
class Wake:
    """The order wants to be looked at, at `at` or sooner."""

    account_id: int
    po: str
    at: datetime


def wake(work: Work, wakes: Iterable[Wake]) -> None:
    """Hint at each order; it gets a turn of its own on first mention."""
    rows: dict[tuple[int, str], tuple[datetime, int]] = {}
    for one in wakes:
        at, hints = rows.get((one.account_id, one.po), (one.at, 0))
        rows[one.account_id, one.po] = min(at, one.at), hints + 1
    if not rows:
        return
    _lock(work, rows)
    values = [
        {"account_id": account_id, "po": po, "look_again_at": at, "hints": hints}
        for (account_id, po), (at, hints) in sorted(rows.items())
    ]
    work.session.execute(_hinted(on_sqlite=is_sqlite()), values)


@cache
def _hinted(*, on_sqlite: bool) -> Executable:
    insert = sqlite.insert(SYNCS) if on_sqlite else postgresql.insert(SYNCS)
    earlier = func.min if on_sqlite else func.least
    wanted = insert.excluded.look_again_at
    return insert.on_conflict_do_update(
        index_elements=["account_id", "po"],
        set_={
            "look_again_at": earlier(func.coalesce(SYNCS.c.look_again_at, wanted), wanted),
            "hints": SYNCS.c.hints + insert.excluded.hints,
            "tries": 0,
        },
    )


def _lock(work: Work, rows: Iterable[tuple[int, str]]) -> None:
    """Turns that are there are locked in the order of their ids, as whoever claims or releases several does."""
    if not is_sqlite():
        there = select(SYNCS.c.id).where(tuple_(SYNCS.c.account_id, SYNCS.c.po).in_(list(rows)))
        work.execute(there.order_by(SYNCS.c.id).with_for_update())

"""Orders that somebody chose, with all that an action has to know of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, not_, select
from sqlalchemy.orm import selectinload

from webapp import outbox
from webapp.domain.commands import CommandState, Issued
from webapp.models import PAID_PERHAPS, AccountRow, CommandRow, OrderRow, db

AT_ONCE = 500
"""So many orders are loaded together."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An order, its account, and everything that was ever issued for it."""

    row: OrderRow
    account: AccountRow
    issued: tuple[Issued, ...]

    @property
    def is_paused(self) -> bool:
        return self.account.is_paused or self.account.store.is_paused


def load(order_ids: Iterable[int]) -> list[Chosen]:
    """Those of the orders that are there, in the order in which they were chosen, each once."""
    ids = list(dict.fromkeys(order_ids))
    return [one for start in range(0, len(ids), AT_ONCE) for one in _load(ids[start : start + AT_ONCE])]


def parked_ids(sync_id: int, kind: str = "", *, among_others: bool = False) -> list[int]:
    """The order's commands that wait for a person, of one kind or of all, oldest first.

    Many orders at once leave out refunds that may have been paid: each of those is looked at by itself.
    """
    parked = select(CommandRow.id).where(CommandRow.sync_id == sync_id, CommandRow.state == CommandState.PARKED)
    if among_others:
        parked = parked.where(not_(PAID_PERHAPS))
    if kind:
        parked = parked.where(CommandRow.kind == kind)
    return list(db.session.execute(parked.order_by(CommandRow.id)).scalars())


def newest_command(sync_id: int, kind: str) -> int | None:
    """The order's newest command of a kind."""
    mine = select(func.max(CommandRow.id)).where(CommandRow.sync_id == sync_id, CommandRow.kind == kind)
    return db.session.execute(mine).scalar_one()


def _load(ids: list[int]) -> list[Chosen]:
    wanted = (
        select(OrderRow, AccountRow)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(OrderRow.id.in_(ids))
        .options(selectinload(OrderRow.lines))
        .execution_options(populate_existing=True)
    )
    found = {row.id: (row, account) for row, account in db.session.execute(wanted)}
    issued = outbox.issued([row.sync_id for row, _ in found.values()])
    return [Chosen(*found[one], tuple(issued[found[one][0].sync_id])) for one in ids if one in found]

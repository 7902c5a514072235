"""What was issued for orders before, as the plan wants to know it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select

from webapp import plain
from webapp.domain.commands import KINDS, SIDES, CommandState, Issued
from webapp.models import CommandRow, db
from webapp.unit_of_work import Work

RULE = "rule"
"""Stands for the author of what no person asked for."""

_OF_ORDERS = select(CommandRow).where(CommandRow.sync_id.in_(bindparam("ids", expanding=True))).order_by(CommandRow.id)


def issued(sync_ids: Collection[int]) -> dict[int, list[Issued]]:
    """Everything ever issued for these orders, by their turns' ids, oldest first, as the plan wants it."""
    found: dict[int, list[Issued]] = {sync_id: [] for sync_id in sync_ids}
    for row in db.session.execute(_OF_ORDERS, {"ids": list(sync_ids)}).scalars():
        found[row.sync_id].append(as_issued(row))
    return found


def rows_of(sync_id: int) -> Sequence[CommandRow]:
    """Every command of one order, oldest first, for whoever shows it too."""
    return db.session.execute(_OF_ORDERS, {"ids": [sync_id]}).scalars().all()


def parked(work: Work, command_ids: Collection[int]) -> Sequence[CommandRow]:
    """Those of these commands that wait for a person, locked until the unit of work ends."""
    mine = select(CommandRow).where(CommandRow.id.in_(command_ids), CommandRow.state == CommandState.PARKED)
    found = mine.order_by(CommandRow.id).with_for_update().execution_options(populate_existing=True)
    return list(work.execute(found).scalars())


def as_issued(row: CommandRow) -> Issued:
    """A command as the plan wants it. A kind that this version does not know is told without its command."""
    kind, side = KINDS.get(row.kind), SIDES.get(row.kind, "")
    return Issued(
        kind=row.kind,
        cause=row.cause,
        state=CommandState(row.state),
        done_at=row.ended_at if row.state == CommandState.DONE else None,
        ended_at=row.ended_at,
        reason=f"{side}: {row.reason}" if row.reason and side else row.reason,
        waits=row.reason if row.is_in_line and row.state == CommandState.QUEUED else "",
        given_up=bool(row.dismissed_by),
        was_sent=row.first_sent_at is not None,
        by_person=row.issued_by != RULE,
        by="" if row.issued_by == RULE else row.issued_by,
        command=plain.read(row.arguments, kind) if kind else None,
        frozen=row.frozen or {},
    )

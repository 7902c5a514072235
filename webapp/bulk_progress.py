"""How an action on many orders stands: counted, and order by order with what came of it in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import case, func, literal, select

from webapp.actions.kinds import ACTIONS
from webapp.bulk_items import IS_ON_ITS_WAY, ItemState
from webapp.domain.commands import CommandState
from webapp.models import AccountRow, BulkItemRow, BulkJobRow, CommandRow, LineRow, OrderRow, db
from webapp.order_rows import has_open


class JobState(StrEnum):
    """An action's life. What failed is tried again by an action of its own."""

    DRAFT = "draft"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


WAITING, UNDER_WAY, DONE, FAILED, SKIPPED = "waiting", "under-way", "done", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Item:
    """One order of an action, what came of it and in which words."""

    account_key: str
    po: str
    outcome: str
    sentence: str
    order_id: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Orders that are passed over for the same reason; the first few of them by name."""

    sentence: str
    number: int
    some: tuple[Item, ...]


def counts(job: BulkJobRow) -> dict[str, int]:
    """How many orders came to what."""
    outcome = _outcome(job)
    found = _followed(job, select(outcome, func.count()).select_from(BulkItemRow)).group_by(outcome)
    return {str(row[0]): int(row[1]) for row in db.session.execute(found)}


def items(job: BulkJobRow, outcome: str, after: int, at_most: int) -> tuple[list[Item], int]:
    """The orders that came to this, in the order in which they were chosen, beyond `after`; and where to read on."""
    wanted = select(BulkItemRow, AccountRow.key, OrderRow, CommandRow).select_from(BulkItemRow)
    wanted = _followed(job, wanted).join(AccountRow, AccountRow.id == OrderRow.account_id)
    wanted = wanted.where(BulkItemRow.id > after, _outcome(job) == outcome).order_by(BulkItemRow.id)
    found = db.session.execute(wanted.limit(at_most + 1)).all()
    shown = [
        Item(key, order.po, outcome, _told(job, item, order, command), order.id)
        for item, key, order, command in found[:at_most]
    ]
    return shown, found[at_most - 1][0].id if len(found) > at_most else 0


def failed(job: BulkJobRow) -> list[int]:
    """The orders on which it failed, refused at once or by the other side afterwards."""
    wanted = _followed(job, select(BulkItemRow.order_id).select_from(BulkItemRow)).where(_outcome(job) == FAILED)
    return list(db.session.execute(wanted.order_by(BulkItemRow.id)).scalars())


def _followed(job: BulkJobRow, wanted: Any) -> Any:
    """With each order and the command that tells of it: the one that went out at once, or the one that followed."""
    later = select(func.max(CommandRow.id)).where(CommandRow.sync_id == OrderRow.sync_id)
    later = later.where(CommandRow.kind == ACTIONS[job.action].follows).correlate(OrderRow)
    tells = func.coalesce(BulkItemRow.command_id, later.scalar_subquery())
    of_job = _of(job, wanted.join(OrderRow, OrderRow.id == BulkItemRow.order_id))
    return of_job.outerjoin(CommandRow, CommandRow.id == tells)


def _outcome(job: BulkJobRow) -> Any:
    """What is shown of an order: what became of its command; before there is one, how the order itself stands."""
    action = ACTIONS[job.action]
    stands: Any = literal(DONE)
    if action.follows:
        stands = case((OrderRow.attention.is_not(None), FAILED), else_=UNDER_WAY)
    elif action.reads:
        stands = case((IS_ON_ITS_WAY, UNDER_WAY), else_=DONE)
    came = case(
        (CommandRow.id.is_(None), stands),
        (CommandRow.state == CommandState.PARKED, FAILED),
        (CommandRow.state.in_((CommandState.QUEUED, CommandState.RUNNING)), UNDER_WAY),
        (CommandRow.state == CommandState.DISMISSED, SKIPPED),
        else_=DONE,
    )
    return case((BulkItemRow.state == ItemState.DONE, came), else_=BulkItemRow.state)


def reasons(job: BulkJobRow, most: int = 12, some: int = 5) -> list[Reason]:
    """Why orders are passed over, the most frequent reason first."""
    skipped = BulkItemRow.state == ItemState.SKIPPED
    wanted = _of(job, select(BulkItemRow.sentence, func.count()).where(skipped)).group_by(BulkItemRow.sentence)
    found = db.session.execute(wanted.order_by(func.count().desc(), BulkItemRow.sentence).limit(most)).all()
    return [Reason(sentence, number, _some(job, sentence, some)) for sentence, number in found]


def worth(job: BulkJobRow) -> list[tuple[Decimal, str]]:
    """What the orders that are waiting were sold for, by currency."""
    wanted = select(func.sum(OrderRow.total), OrderRow.currency).join(BulkItemRow, BulkItemRow.order_id == OrderRow.id)
    found = _of(job, wanted.where(BulkItemRow.state == ItemState.WAITING)).group_by(OrderRow.currency)
    return [(amount, currency) for amount, currency in db.session.execute(found.order_by(OrderRow.currency))]


def markets(job: BulkJobRow) -> list[str]:
    """The markets of the orders that are waiting."""
    wanted = select(AccountRow.marketplace).join(OrderRow, OrderRow.account_id == AccountRow.id)
    wanted = wanted.join(BulkItemRow, BulkItemRow.order_id == OrderRow.id)
    found = _of(job, wanted.where(BulkItemRow.state == ItemState.WAITING)).distinct()
    return sorted(db.session.execute(found).scalars())


def wish_all(job: BulkJobRow, market: str) -> bool:
    """Whether the buyer asked to cancel every open line of the orders of this market that are waiting."""
    wanted = select(LineRow.quantities).join(OrderRow, OrderRow.id == LineRow.order_id)
    wanted = wanted.join(AccountRow, AccountRow.id == OrderRow.account_id)
    wanted = wanted.join(BulkItemRow, BulkItemRow.order_id == OrderRow.id)
    unasked = wanted.where(
        BulkItemRow.state == ItemState.WAITING, AccountRow.marketplace == market, LineRow.intent_to_cancel == ""
    )
    return not any(has_open(quantities) for quantities in db.session.execute(_of(job, unasked)).scalars())


def recent(at_most: int = 30) -> Sequence[BulkJobRow]:
    """The newest actions of everybody that were begun."""
    begun = select(BulkJobRow).where(BulkJobRow.state != JobState.DRAFT).order_by(BulkJobRow.id.desc())
    return db.session.execute(begun.limit(at_most)).scalars().all()


def _of(job: BulkJobRow, wanted: Any) -> Any:
    return wanted.where(BulkItemRow.job_id == job.id)


def _some(job: BulkJobRow, sentence: str, most: int) -> tuple[Item, ...]:
    wanted = (
        select(AccountRow.key, OrderRow.po)
        .select_from(BulkItemRow)
        .join(OrderRow, OrderRow.id == BulkItemRow.order_id)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(BulkItemRow.state == ItemState.SKIPPED, BulkItemRow.sentence == sentence)
    )
    found = db.session.execute(_of(job, wanted).order_by(BulkItemRow.id).limit(most))
    return tuple(Item(key, po, SKIPPED, sentence) for key, po in found)


def _told(job: BulkJobRow, item: BulkItemRow, order: OrderRow, command: CommandRow | None) -> str:
    action = ACTIONS[job.action]
    if action.reads and item.state == ItemState.DONE:
        return item.sentence or "It is read again now."
    return _sentence(item, order if action.follows else None, command)


def _sentence(item: BulkItemRow, order: OrderRow | None, command: CommandRow | None) -> str:
    """`order` where it tells how things stand until a command follows."""
    if item.state != ItemState.DONE:
        return item.sentence
    if command is not None:
        said = command.outcome if command.state == CommandState.DONE else command.reason
        return said or item.sentence
    if order is not None:
        return order.attention or next(iter(order.waiting_for), "") or item.sentence
    return item.sentence

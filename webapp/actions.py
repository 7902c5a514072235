"""What a person sets going on orders, one or many: each is judged by itself and told about by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from webapp import clock, order_rows, outbox
from webapp.domain.commands import AcknowledgeOrder, CommandState, Issued, issued_of
from webapp.domain.plan import needs_acknowledgement, shipper
from webapp.domain.policy import Policy
from webapp.models import AccountRow, ChangeRow, CommandRow, OrderRow, SyncRow, db
from webapp.outbox import Refusal
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

MOST_AT_ONCE = 200
KIND = AcknowledgeOrder.__name__
GOES = "Acknowledging at Walmart."


@dataclass(frozen=True, slots=True)
class Result:
    """One order: whether the action is done on it, and what that means or why not."""

    account_key: str
    po: str
    done: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An order that somebody chose, with everything that was issued for it."""

    row: OrderRow
    account: AccountRow
    issued: tuple[Issued, ...]

    def result(self, sentence: str, *, done: bool) -> Result:
        return Result(self.account.key, self.row.po, done, sentence)


def can_acknowledge(order_ids: Iterable[int]) -> list[Result]:
    """What `acknowledge` would do, order by order; nothing is changed. `done` means: it would be."""
    return [
        chosen.result(why_not or f"{chosen.row.counts[:1].upper()}{chosen.row.counts[1:]}.", done=not why_not)
        for chosen in _chosen(order_ids)
        for why_not in [_why_not_acknowledged(chosen)]
    ]


def acknowledge(order_ids: Iterable[int], by: str) -> list[Result]:
    """Acknowledge these orders at Walmart because `by` wants it; each says what came of it.

    Twice is once: what is on its way already is left alone, or hurried where it waits for another try.
    """
    ids = list(order_ids)
    with unit_of_work() as work:
        results = [(chosen, _acknowledge(work, chosen, by)) for chosen in _chosen(ids)]
    return [_retried(chosen, by) if result is None else result for chosen, result in results]


def _acknowledge(work: Work, chosen: _Chosen, by: str) -> Result | None:
    """None where an earlier try is parked: that one has to be tried again."""
    why_not = _why_not_acknowledged(chosen)
    if why_not:
        return chosen.result(why_not, done=False)
    before = issued_of(AcknowledgeOrder, chosen.issued)
    sync_id = chosen.row.sync_id
    if any(one.is_under_way for one in before):
        mine = CommandRow.sync_id == sync_id, CommandRow.kind == KIND, CommandRow.state == CommandState.QUEUED
        hurry = update(CommandRow).where(*mine, CommandRow.is_in_line.is_(False))
        work.execute(hurry.values(next_attempt_at=clock.now()))
        work.ring(Bell.OUTBOUND)
        return chosen.result("It was on its way already; the next try is now.", done=True)
    if any(one.state is CommandState.PARKED for one in before):
        return None
    wanted = [(sync_id, chosen.row.po, [AcknowledgeOrder(len(before) + 1)])]
    if not outbox.issue_all(work, chosen.account.key, wanted, by, deadlines={sync_id: chosen.row.acknowledge_by}):
        return chosen.result("It was on its way already.", done=True)
    asked = "Acknowledge at Walmart: asked for by hand."
    work.add(ChangeRow(sync_id=sync_id, at=clock.now(), kind="person", by=by, sentence=asked))
    chosen.row.under_way, chosen.row.changed_at = True, clock.now()
    work.execute(update(SyncRow).where(SyncRow.id == sync_id).values(hints=SyncRow.hints + 1))
    return chosen.result(GOES, done=True)


def _retried(chosen: _Chosen, by: str) -> Result:
    mine = CommandRow.sync_id == chosen.row.sync_id, CommandRow.kind == KIND
    parked = select(CommandRow.id).where(*mine, CommandRow.state == CommandState.PARKED).order_by(CommandRow.id.desc())
    command_id = db.session.execute(parked.limit(1)).scalar_one_or_none()
    try:
        outbox.retry(command_id or 0, by)
    except Refusal as refusal:
        return chosen.result(str(refusal), done=False)
    return chosen.result("Walmart refused it before; it is tried again now.", done=True)


def _why_not_acknowledged(chosen: _Chosen) -> str:
    """Why nothing is to be done; empty where something is."""
    order, account = order_rows.to_order(chosen.row), chosen.account
    if not order.is_fulfilled_by_seller:
        return f"{shipper(order)}, so there is nothing to acknowledge."
    if not needs_acknowledgement(order):
        return f"Nothing on it is Created any more; it is {order.status.value}."
    if account.is_paused or account.store.is_paused:
        return "Its account is paused. Resume it first."
    taken = [one.done_at for one in issued_of(AcknowledgeOrder, chosen.issued) if one.done_at]
    if taken and clock.now() < max(taken) + Policy().settle_after:
        return "Walmart took it a moment ago and does not show it yet."
    return ""


def _chosen(order_ids: Iterable[int]) -> Sequence[_Chosen]:
    """The orders that are there, in the order in which they were chosen."""
    ids = list(dict.fromkeys(order_ids))[:MOST_AT_ONCE]
    wanted = (
        select(OrderRow, AccountRow)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(OrderRow.id.in_(ids))
        .options(selectinload(OrderRow.lines))
    )
    found = {row.id: (row, account) for row, account in db.session.execute(wanted)}
    issued = outbox.issued([row.sync_id for row, _ in found.values()])
    return [_Chosen(*found[one], tuple(issued[found[one][0].sync_id])) for one in ids if one in found]

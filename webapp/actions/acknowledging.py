"""Acknowledge at Walmart because a person wants it, whatever the account's settings wait for."""

from __future__ import annotations

from sqlalchemy import update

from webapp import at_once, clock, order_rows, outbox
from webapp.actions.chosen import Chosen, load, parked_ids
from webapp.domain.commands import AcknowledgeOrder, CommandState, issued_of
from webapp.domain.order import fulfiller
from webapp.domain.plan import needs_acknowledgement
from webapp.domain.plan.acknowledging import ACKNOWLEDGING, OVER_ONCE_ASKED
from webapp.domain.policy import Policy
from webapp.models import ChangeRow, CommandRow, SyncRow
from webapp.outbox import Refusal
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

KIND = AcknowledgeOrder.__name__


def why_not(chosen: Chosen) -> str:
    """Why nothing is to be done; empty where something is."""
    order = order_rows.to_order(chosen.row)
    if not order.is_fulfilled_by_seller:
        return f"{fulfiller(order)}, so there is nothing to acknowledge."
    if not needs_acknowledgement(order):
        return f"Nothing is left to acknowledge; the status is {order.status.value}."
    if chosen.is_paused:
        return "The account is paused. Resume it first."
    taken = [one.done_at for one in issued_of(AcknowledgeOrder, chosen.issued) if one.done_at]
    if taken and clock.now() < max(taken) + Policy().settle_after:
        return "Walmart took the acknowledgement a moment ago and does not show it yet."
    return ""


def what(chosen: Chosen) -> str:
    """What would be done: how many units are to be acknowledged."""
    return f"{chosen.row.counts[:1].upper()}{chosen.row.counts[1:]}."


def acknowledge(order_id: int, by: str) -> str:
    """Acknowledge it now; what happens then, in a sentence. Raises Refusal with the reason where nothing is to be done.

    Twice is once: what is on its way already is left alone, or hurried where it waits for another try.
    """
    with unit_of_work() as work:
        chosen = next(iter(load([order_id])), None)
        if chosen is None:
            raise Refusal("This order is not known any more; reload the page.")
        reason = why_not(chosen)
        if reason:
            raise Refusal(reason)
        before = issued_of(AcknowledgeOrder, chosen.issued)
        if any(one.is_under_way for one in before):
            return _hurry(work, chosen)
        if not any(one.state is CommandState.PARKED for one in before):
            return _issue(work, chosen, by, len(before) + 1)
        return _retry(work, chosen, by)


def _hurry(work: Work, chosen: Chosen) -> str:
    mine = CommandRow.sync_id == chosen.row.sync_id, CommandRow.kind == KIND, CommandRow.state == CommandState.QUEUED
    work.execute(update(CommandRow).where(*mine, CommandRow.is_in_line.is_(False)).values(next_attempt_at=clock.now()))
    work.ring(Bell.OUTBOUND)
    return "It was on its way already; the next try is now."


def _retry(work: Work, chosen: Chosen, by: str) -> str:
    if not outbox.retry_within(work, parked_ids(chosen.row.sync_id, KIND), by):
        raise Refusal(outbox.NOT_PARKED)
    _say(chosen)
    return "Walmart refused it before; it is tried again now."


def _issue(work: Work, chosen: Chosen, by: str, generation: int) -> str:
    sync_id = chosen.row.sync_id
    wanted = [(sync_id, chosen.row.po, [AcknowledgeOrder(generation)])]
    deadlines = {sync_id: chosen.row.acknowledge_by}
    if not outbox.issue_all(work, chosen.account.key, wanted, by, deadlines=deadlines):
        return "It was on its way already."
    asked = "Acknowledge at Walmart: asked for by hand."
    work.add(ChangeRow(sync_id=sync_id, at=clock.now(), kind="person", by=by, sentence=asked))
    _say(chosen)
    work.execute(update(SyncRow).where(SyncRow.id == sync_id).values(hints=SyncRow.hints + 1))
    return ACKNOWLEDGING


def _say(chosen: Chosen) -> None:
    """On the order, at once; why Walmart refused it before asks nobody any more."""
    refused = {one.reason for one in issued_of(AcknowledgeOrder, chosen.issued) if one.state is CommandState.PARKED}
    others = [one for one in chosen.issued if one.kind != KIND]
    at_once.say(chosen.row, ACKNOWLEDGING, (OVER_ONCE_ASKED | refused).__contains__, others)
    chosen.row.under_way, chosen.row.changed_at = True, clock.now()

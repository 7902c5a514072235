"""An action on many orders: asked first, frozen as it was asked, then worked off order by order by the workers."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, or_, select, update

from webapp import bulk_items, bulk_progress, clock, vault
from webapp.actions.chosen import load
from webapp.actions.doing import PassedOver
from webapp.actions.kinds import ACTIONS, Action, Asked
from webapp.bulk_items import ItemState
from webapp.bulk_progress import JobState
from webapp.columns import NOW
from webapp.models import BulkItemRow, BulkJobRow, db
from webapp.outbox import Refusal
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

MOST = 5_000
"""So many orders at once; of a list that holds more, the first."""
LEASE = timedelta(seconds=60)
SLICE = timedelta(seconds=20)
"""One worker stays with an action so long before it lets others have their turn."""
DRAFTS_KEPT = timedelta(days=1)
HANDFUL = 20
_IS_FREE = or_(BulkJobRow.claimed_until.is_(None), BulkJobRow.claimed_until < NOW)
FREE = select(BulkJobRow.id).where(BulkJobRow.state == JobState.RUNNING, _IS_FREE).order_by(BulkJobRow.id).limit(1)
GONE = "This action is not known any more. Choose the orders again."


class Lost(Exception):
    """Another worker works on this action now: stop at once and write nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An action that is held by this worker."""

    job_id: int
    fence: int


def ask(action: Action, order_ids: Collection[int], by: str, asks: str = "") -> str:
    """Freeze the orders and judge each; nothing is done to them. Returns the key of the question."""
    ids = list(dict.fromkeys(order_ids))
    judged = [
        {"order_id": one.row.id, "state": _judged(why_not), "sentence": why_not or action.what(one)}
        for one in load(ids[:MOST])
        for why_not in [action.why_not(one)]
    ]
    with unit_of_work() as work:
        old = BulkJobRow.state == JobState.DRAFT, BulkJobRow.asked_at < clock.now() - DRAFTS_KEPT
        work.execute(delete(BulkJobRow).where(*old))
        job = BulkJobRow(key=vault.new_key(), action=action.key, by=by, asks=asks, asked_at=clock.now())
        job.was_cut = len(ids) > MOST
        work.add(job)
        work.flush()
        if judged:
            work.execute(BulkItemRow.__table__.insert(), [{"job_id": job.id, **one} for one in judged])  # type: ignore[attr-defined]
        return job.key


def find(key: str) -> BulkJobRow | None:
    """The action with this key, as it is now."""
    wanted = select(BulkJobRow).where(BulkJobRow.key == key).execution_options(populate_existing=True)
    return db.session.execute(wanted).scalar_one_or_none()


def begun(action: Action, asks: str, by: str) -> str | None:
    """The key of what this person began with the same question; None where nothing was."""
    mine = BulkJobRow.action == action.key, BulkJobRow.asks == asks, BulkJobRow.by == by
    wanted = select(BulkJobRow.key).where(*mine, BulkJobRow.state != JobState.DRAFT).order_by(BulkJobRow.id).limit(1)
    return db.session.execute(wanted).scalar_one_or_none()


def start(key: str, options: Mapping[str, str], by: str) -> None:
    """Do it. A second click starts nothing. Raises Refusal where it is not known, or somebody else was asked."""
    with unit_of_work() as work:
        job = _known(work, key)
        if job.by != by:
            raise Refusal(f"{job.by} was asked this. Choose the orders yourself.")
        mine = BulkJobRow.id == job.id, BulkJobRow.state == JobState.DRAFT
        started = {"state": JobState.RUNNING, "options": dict(options), "started_at": clock.now()}
        if work.changed(update(BulkJobRow).where(*mine).values(started)):
            work.ring(Bell.INBOUND)


def stop(key: str) -> None:
    """Do no further orders. What was done stays done. Raises Refusal where it is not known."""
    with unit_of_work() as work:
        job = _known(work, key)
        work.execute(update(BulkJobRow).where(BulkJobRow.id == job.id).values(wants_stop=True))
        work.ring(Bell.INBOUND)


def again(key: str, by: str) -> str:
    """Begin the same action with the orders on which it failed, or ask anew where the action wants that. Returns the
    key of either. Raises Refusal where none failed."""
    job = find(key)
    if job is None:
        raise Refusal(GONE)
    ids, options = bulk_progress.failed(job), {name: one for name, one in job.options.items() if name != "request"}
    if not ids:
        raise Refusal("Nothing of it has failed.")
    action = ACTIONS[job.action]
    fresh = ask(action, ids, by, job.asks)
    if not action.asks_again:
        start(fresh, options, by)
    return fresh


def take() -> Turn | None:
    """The action that waits the longest, held for this worker; None where none does."""
    job_id = db.session.execute(FREE, {"now": clock.now()}).scalar_one_or_none()
    if job_id is None:
        return None
    with unit_of_work() as work:
        held = {"claimed_until": clock.now() + LEASE, "fence": BulkJobRow.fence + 1}
        won = update(BulkJobRow).where(BulkJobRow.id == job_id, _IS_FREE).values(held)
        if not work.changed(won.execution_options(synchronize_session=False), {"now": clock.now()}):
            return None
        return Turn(job_id, work.session.get_one(BulkJobRow, job_id, populate_existing=True).fence)


def run(turn: Turn) -> None:
    """Work it off for a while, then let it go; it comes again as long as an order is left."""
    until = clock.now() + SLICE
    try:
        while clock.now() < until:
            handful = _handful(turn)
            if not handful:
                break
            for item in handful:
                _do(turn, item)
        _let_go(turn)
    except Lost:
        log.info("bulk=%s was taken over", turn.job_id)


def _handful(turn: Turn) -> Sequence[BulkItemRow]:
    """The next few orders; none once it is to stop."""
    stops = exists().where(BulkJobRow.id == turn.job_id, BulkJobRow.wants_stop)
    waiting = select(BulkItemRow).where(BulkItemRow.job_id == turn.job_id, BulkItemRow.state == ItemState.WAITING)
    return db.session.execute(waiting.where(~stops).order_by(BulkItemRow.id).limit(HANDFUL)).scalars().all()


def _do(turn: Turn, item: BulkItemRow) -> None:
    """One order, judged again as it is now. Dying in between is no harm: the act done twice is done once.

    It counts as done from the moment at which that began: a read that was asked for begins later.
    """
    item_id, order_id = item.id, item.order_id
    job = _still_mine(turn)
    if job is None:
        return
    options = {str(name): str(value) for name, value in job.options.items()}
    asked, began = Asked(job.by, f"bulk-{job.key}-{order_id}", options, item.sentence), clock.now()
    try:
        came = _came_of(ACTIONS[job.action], order_id, asked)
    except PassedOver as passed:
        came = {"state": ItemState.SKIPPED, "sentence": str(passed)}
    except Refusal as refusal:
        came = {"state": ItemState.FAILED, "sentence": str(refusal)}
    except Exception as error:
        log.exception("bulk=%s order=%s failed unexpectedly", turn.job_id, order_id)
        sentence = f"An error in Orderbridge itself ({type(error).__name__}); the server's log has the details."
        came = {"state": ItemState.FAILED, "sentence": sentence}
    with unit_of_work() as work:
        _renew(work, turn)
        work.execute(update(BulkItemRow).where(BulkItemRow.id == item_id).values(**came, done_at=began))
        if ACTIONS[job.action].reads:
            bulk_items.catch_up(work, order_id)


def _came_of(action: Action, order_id: int, asked: Asked) -> dict[str, Any]:
    chosen = load([order_id])[0]
    why_not = action.why_not(chosen)
    if why_not:
        return {"state": ItemState.SKIPPED, "sentence": why_not}
    done = action.act(chosen, asked)
    return {"state": ItemState.DONE, "sentence": done.sentence, "command_id": done.command_id}


def _still_mine(turn: Turn) -> BulkJobRow | None:
    """The action, if it goes on; None once it is to stop. Raises Lost where it was taken over."""
    wanted = select(BulkJobRow).where(BulkJobRow.id == turn.job_id).execution_options(populate_existing=True)
    job = db.session.execute(wanted).scalar_one_or_none()
    if job is None or job.fence != turn.fence:
        raise Lost
    return None if job.wants_stop else job


def _renew(work: Work, turn: Turn) -> None:
    mine = BulkJobRow.id == turn.job_id, BulkJobRow.fence == turn.fence
    if not work.changed(update(BulkJobRow).where(*mine).values(claimed_until=clock.now() + LEASE)):
        raise Lost


def _let_go(turn: Turn) -> None:
    """It is over when no order is left or it was told to stop."""
    with unit_of_work() as work:
        _renew(work, turn)
        job = work.session.get_one(BulkJobRow, turn.job_id, populate_existing=True)
        left = select(BulkItemRow.id).where(BulkItemRow.job_id == job.id, BulkItemRow.state == ItemState.WAITING)
        job.claimed_until = None
        if work.execute(left.limit(1)).first() is None:
            job.state, job.ended_at = JobState.DONE, clock.now()
        elif job.wants_stop:
            job.state, job.ended_at = JobState.STOPPED, clock.now()
        else:
            work.ring(Bell.INBOUND)


def _known(work: Work, key: str) -> BulkJobRow:
    found = work.execute(select(BulkJobRow).where(BulkJobRow.key == key).execution_options(populate_existing=True))
    job = found.scalar_one_or_none()
    if job is None:
        raise Refusal(GONE)
    return job  # type: ignore[no-any-return]


def _judged(why_not: str) -> ItemState:
    return ItemState.SKIPPED if why_not else ItemState.WAITING

"""Whether each shop answers, by the calls that are made anyway; when one is back, what waited for it comes at once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, and_, case, func, literal, or_, select, update

from webapp import clock
from webapp.connectors.http import ConnectorError
from webapp.domain.commands import CommandState, Side
from webapp.domain.retry import LONGEST_ASKED_WAIT
from webapp.models import AccountRow, CommandRow, PollRow, StoreRow, SyncRow
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

SURE_AFTER = timedelta(seconds=3)
"""One call that fails says nothing of the shop. So much later the smallest of its polls asks; where that or another
call fails too, and none has succeeded, the shop is away. Many calls that break at the same moment count as one."""
AT_MOST = 1000
"""So many turns, and so many commands, are woken when a shop is back; what else waits keeps to its own time."""
_PROBE = "products"
_PROBE_SOON = timedelta(minutes=1)
_PROBE_AGAIN = timedelta(seconds=20)
_TURNS_AWAY = frozenset({401, 403, 404, 429})
_NO_SYNC = {"synchronize_session": False}


@dataclass(slots=True)
class ShopHealth:
    """One piece of work's view of a shop: as its store was loaded, and as its own calls went since.

    While the shop answers, a call costs no statement.
    """

    store_id: int
    is_failing: bool = False

    def note(self, error: ConnectorError | None) -> None:
        """Learn from how a call went."""
        if error is None and self.is_failing:
            _served(self.store_id)
            self.is_failing = False
        elif error is not None and _is_outage(error):
            _failed(self.store_id, error)
            self.is_failing = True
        elif error is not None and self.is_failing and error.side is Side.MAGENTO and error.status in _TURNS_AWAY:
            _turned_away(self.store_id, error.message)


def wake_from(error: ConnectorError, now: datetime, wait: timedelta | None) -> datetime | None:
    """From when on what failed so may come as soon as its shop is back: not before `wait`, which the shop named or
    which a doubtful act takes to show.

    None where it failed for another reason than the shop's being away.
    """
    return now + min(wait or timedelta(0), LONGEST_ASKED_WAIT) if _is_outage(error) else None


def is_well(work: Work, store_id: int) -> bool:
    """Whether the shop has answered since it last failed. Until the end of the transaction nothing is woken for it."""
    mine = select(StoreRow.trouble_since).where(StoreRow.id == store_id).with_for_update(read=True)
    return work.execute(mine).scalar_one() is None


def comes(work: Work, account_id: int, at: datetime, wakes: datetime | None) -> tuple[datetime, datetime | None]:
    """When a command comes again, and from when on it is woken: where the shop is back by now, neither waits."""
    store_id = select(AccountRow.store_id).where(AccountRow.id == account_id)
    if wakes is None or not is_well(work, work.execute(store_id).scalar_one()):
        return at, wakes
    return min(at, soon(wakes)), None


def soon(wakes: datetime) -> datetime:
    """When what missed the waking comes."""
    return max(wakes, clock.now() + SURE_AFTER)


def forget(store_id: int) -> None:
    """Nothing of ours is in the shop, so that no call may ever tell that it is back, and nobody has to know."""
    with unit_of_work() as work:
        work.execute(_well(store_id).where(StoreRow.trouble_since.is_not(None)))


def _is_outage(error: ConnectorError) -> bool:
    return error.side is Side.MAGENTO and not error.permanent and (error.status is None or error.status >= 500)


def _failed(store_id: int, error: ConnectorError) -> None:
    now = clock.now()
    is_sure = and_(StoreRow.trouble_since.is_not(None), StoreRow.trouble_since <= now - SURE_AFTER)
    told = {"trouble": error.message, "trouble_since": func.coalesce(StoreRow.trouble_since, now), "is_away": is_sure}
    is_news = or_(~StoreRow.is_away, StoreRow.trouble != error.message)
    mine = update(StoreRow).where(StoreRow.id == store_id, is_news)
    with unit_of_work() as work:
        if work.changed(mine.values(told).execution_options(**_NO_SYNC)):
            _ask_soon(work, store_id, now, min(error.retry_after or timedelta(0), LONGEST_ASKED_WAIT))


def _turned_away(store_id: int, sentence: str) -> None:
    """It answers, and serves nobody: that is what has to be known now."""
    mine = update(StoreRow).where(StoreRow.id == store_id, StoreRow.trouble_since.is_not(None))
    with unit_of_work() as work:
        work.execute(mine.where(StoreRow.trouble != sentence).values(trouble=sentence).execution_options(**_NO_SYNC))


def _ask_soon(work: Work, store_id: int, now: datetime, asked: timedelta) -> None:
    """A poll that fails already has its own time, and one that read a moment ago is not asked to again at once."""
    fresh = PollRow.succeeded_at > now - _PROBE_AGAIN
    later, sooner = (literal(now + max(asked, wait), PollRow.due_at.type) for wait in (_PROBE_AGAIN, SURE_AFTER))
    at = case((fresh, later), else_=sooner)
    mine = (PollRow.store_id == store_id, PollRow.kind == _PROBE, PollRow.tries == 0, PollRow.claimed_until.is_(None))
    work.execute(update(PollRow).where(*mine, PollRow.due_at > at).values(due_at=at).execution_options(**_NO_SYNC))


def _served(store_id: int) -> None:
    now = clock.now()
    with unit_of_work() as work:
        away = select(StoreRow.trouble_since).where(StoreRow.id == store_id, StoreRow.is_away).with_for_update()
        since = work.execute(away).scalar_one_or_none()
        still = (StoreRow.trouble_since.is_not(None), StoreRow.is_away == (since is not None))
        work.execute(_well(store_id).where(*still))
        if since is not None:
            _wake(work, store_id, since, now)


def _well(store_id: int) -> Update:
    mine = update(StoreRow).where(StoreRow.id == store_id)
    return mine.values(trouble=None, trouble_since=None, is_away=False).execution_options(**_NO_SYNC)


def _wake(work: Work, store_id: int, since: datetime, now: datetime) -> None:
    """What failed in this outage, the oldest first. It is shared out as ever, and rows that somebody writes at this
    moment are left.

    The try that it waited after is given back: a shop that comes and goes must not use up the tries of three days.
    """
    ours = SyncRow.account_id.in_(select(AccountRow.id).where(AccountRow.store_id == store_id))
    turns = select(SyncRow.id).where(ours, SyncRow.wake_from.between(since, now), SyncRow.look_again_at > now)
    turns = turns.order_by(SyncRow.id).limit(AT_MOST).with_for_update(skip_locked=True)
    commands = select(CommandRow.id).join(SyncRow, SyncRow.id == CommandRow.sync_id)
    commands = commands.where(ours, CommandRow.state == CommandState.QUEUED)
    commands = commands.where(CommandRow.wake_from.between(since, now), CommandRow.next_attempt_at > now)
    commands = commands.order_by(CommandRow.id).limit(AT_MOST).with_for_update(skip_locked=True, of=CommandRow)
    at_once = update(SyncRow).where(SyncRow.id.in_(turns)).values(look_again_at=now, wake_from=None)
    given_back = case((CommandRow.tries > 0, CommandRow.tries - 1), else_=0)
    tried = update(CommandRow).where(CommandRow.id.in_(commands))
    tried = tried.values(next_attempt_at=now, wake_from=None, tries=given_back)
    number = work.changed(at_once.execution_options(**_NO_SYNC)), work.changed(tried.execution_options(**_NO_SYNC))
    _ask_the_rest(work, store_id, now)
    for bell in Bell:
        work.ring(bell)
    log.info("store=%s is back; woke turns=%s commands=%s", store_id, *number)


def _ask_the_rest(work: Work, store_id: int, now: datetime) -> None:
    """A poll that asks whether the shop is back need not: it reads, and where it succeeds it wakes the others."""
    mine = (PollRow.store_id == store_id, PollRow.failing_since.is_not(None), PollRow.claimed_until.is_(None))
    soon = update(PollRow).where(*mine, PollRow.due_at.between(now, now + _PROBE_SOON))
    work.execute(soon.values(due_at=now).execution_options(**_NO_SYNC))
